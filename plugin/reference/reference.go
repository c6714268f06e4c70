// Package reference makes the JSON Schema and the documentation of the tenant
// file from its Go type.
package reference

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// Schema returns the JSON Schema (2020-12) of the tenant file, for editors. The
// reader is stricter in what one field says about another.
func Schema() ([]byte, error) {
	schema := schemaOf(reflect.TypeFor[tenant.Tenant](), "")
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = tenant.Kind
	text, err := json.MarshalIndent(schema, "", "  ")
	return append(text, '\n'), err
}

func schemaOf(t reflect.Type, format string) map[string]any {
	switch {
	case t == reflect.TypeFor[*yaml.Node]():
		return map[string]any{}
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem(), format)
	case t.Kind() == reflect.Struct:
		return structSchema(t)
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), format)}
	case t.Kind() == reflect.Map:
		keys, values, _ := strings.Cut(format, ":")
		return map[string]any{"type": "object", "propertyNames": stringSchema(keys), "additionalProperties": stringSchema(values)}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	default:
		return stringSchema(format)
	}
}

func structSchema(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range tenant.Fields(t) {
		property := schemaOf(f.Type, f.Format)
		property["description"] = f.Doc
		if f.Default != "" {
			property["default"] = f.Default
		}
		properties[f.Key] = property
		if !f.Optional {
			required = append(required, f.Key)
		}
	}
	schema := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}

func stringSchema(name string) map[string]any {
	schema := map[string]any{"type": "string"}
	if format := tenant.Formats[name]; format.Values != nil {
		schema["enum"] = format.Values
	} else if format.Pattern != "" {
		schema["pattern"] = format.Pattern
		if format.MaxLength > 0 {
			schema["maxLength"] = format.MaxLength
		}
	}
	return schema
}

// Markdown returns the documentation of the tenant file: an example with every
// key, and a table of the keys.
func Markdown() string {
	var b strings.Builder
	b.WriteString("# The tenant file\n\n" +
		"Made from the Go type `tenant.Tenant` by `go generate ./plugin/...`; `helm tenant schema` prints it as JSON Schema.\n" +
		"Unknown and duplicate keys, anchors, tags and wrong types are errors with file, line and column. " +
		"A rule that is about nothing in the manifests is an error, unless it says `optional: true`.\n\n" +
		"Every key, with an example:\n\n```yaml\n" + Example() + "```\n\n")
	b.WriteString("| key | needed | what it says | allowed |\n|---|---|---|---|\n")
	writeRows(&b, reflect.TypeFor[tenant.Tenant](), "")
	return b.String()
}

func writeRows(b *strings.Builder, t reflect.Type, path string) {
	for _, f := range tenant.Fields(t) {
		key := path + f.Key
		needed := "yes"
		if f.Optional {
			needed = ""
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", key, needed, f.Doc, allowed(f))
		inner, suffix := f.Type, "."
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			if inner.Kind() == reflect.Slice {
				suffix = "[]."
			}
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && f.Type != reflect.TypeFor[*yaml.Node]() {
			writeRows(b, inner, key+suffix)
		}
	}
}

// allowed says what a field's strings may be, in the words of the reader's
// errors.
func allowed(f tenant.Field) string {
	keys, values, isMap := strings.Cut(f.Format, ":")
	text := words(keys)
	if isMap && values != "" {
		text = "keys: " + text + ". Values: " + words(values)
	}
	if f.Default != "" {
		text += "; " + f.Default + " if missing"
	}
	return text
}

func words(format string) string {
	_, text, _ := strings.Cut(tenant.Formats[format].Allowed, " ")
	return strings.ReplaceAll(text, "|", `\|`)
}

// Example returns a tenant file with every key.
func Example() string {
	var b strings.Builder
	writeExample(&b, reflect.TypeFor[tenant.Tenant](), "")
	return b.String()
}

func writeExample(b *strings.Builder, t reflect.Type, indent string) {
	for _, f := range tenant.Fields(t) {
		b.WriteString(indent + f.Key + ":")
		writeValue(b, f.Type, f.Example, indent)
	}
}

func writeValue(b *strings.Builder, t reflect.Type, example, indent string) {
	switch {
	case t == reflect.TypeFor[*yaml.Node]() || t.Kind() == reflect.String || t.Kind() == reflect.Bool:
		b.WriteString(" " + scalarText(t, example) + "\n")
	case t.Kind() == reflect.Pointer:
		writeValue(b, t.Elem(), example, indent)
	case t.Kind() == reflect.Map:
		key, value, _ := strings.Cut(example, "=")
		b.WriteString("\n" + indent + "  " + key + ": " + scalarText(reflect.TypeFor[string](), value) + "\n")
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		b.WriteString("\n" + indent + "  - " + scalarText(t.Elem(), example) + "\n")
	case t.Kind() == reflect.Slice:
		var item strings.Builder
		writeExample(&item, t.Elem(), indent+"    ")
		b.WriteString("\n" + indent + "  - " + strings.TrimPrefix(item.String(), indent+"    "))
	default:
		b.WriteString("\n")
		writeExample(b, t, indent+"  ")
	}
}

// scalarText writes a value so that it keeps its type.
func scalarText(t reflect.Type, example string) string {
	if t.Kind() == reflect.Bool {
		return example
	}
	text, err := yaml.Marshal(example)
	if err != nil {
		return `""`
	}
	return strings.TrimSuffix(string(text), "\n")
}
