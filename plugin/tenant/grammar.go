package tenant

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tenant-redis/tenant-redis/plugin/image"
	"github.com/tenant-redis/tenant-redis/plugin/internal/quantity"
)

// Format is what a string of the tenant file must look like.
type Format struct {
	// Name, Allowed and Fix are for messages: "is not NAME; allowed ALLOWED;
	// FIX".
	Name, Allowed, Fix string
	// Values are all that is allowed, if they can be counted.
	Values []string
	// Pattern is a regular expression of Go and of JSON Schema; empty if Values
	// says it all.
	Pattern string
	// MaxLength is that of the longest string, in characters; 0 if Pattern says
	// it.
	MaxLength int
	// check is stricter than Pattern, if there is one.
	check func(string) bool
}

func (f Format) fits(text string) bool {
	if f.Values != nil {
		return slices.Contains(f.Values, text)
	}
	if f.MaxLength > 0 && len(text) > f.MaxLength {
		return false
	}
	return compiled(f.Pattern).MatchString(text) && (f.check == nil || f.check(text))
}

var patterns sync.Map

// compiled returns a regular expression, which costs time only if it is used.
func compiled(pattern string) *regexp.Regexp {
	known, ok := patterns.Load(pattern)
	if !ok {
		known, _ = patterns.LoadOrStore(pattern, regexp.MustCompile(pattern))
	}
	return known.(*regexp.Regexp)
}

const (
	maxName      = 63
	maxSubdomain = 253

	labelPattern     = `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
	subdomainPattern = labelPattern + `(\.` + labelPattern + `)*`
	namePattern      = `[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?`
)

// Formats are the formats by the name that tags give. The grammars are those
// of Kubernetes, unless they say otherwise.
var Formats = map[string]Format{
	"apiVersion": oneOf("this API", APIVersion),
	"kind":       oneOf("this kind", Kind),
	"name": {
		Name: "a DNS label", Allowed: "are 1 to 63 of a-z, 0-9 and -, with a letter or digit first and last",
		Fix: "write a name such as team-a", Pattern: `^` + labelPattern + `$`, MaxLength: maxName,
	},
	"objectName": {
		Name: "the name of an object", Allowed: "are 1 to 253 of a-z, A-Z, 0-9, -, . and :", Fix: "write the name as kubectl shows it",
		Pattern: `^[A-Za-z0-9]([-A-Za-z0-9.:]*[A-Za-z0-9])?$`, MaxLength: maxSubdomain,
	},
	"labelKey":      keyFormat("a key of labels"),
	"annotationKey": keyFormat("a key of annotations"),
	"labelValue": {
		Name: "the value of a label", Allowed: "are up to 63 of A-Z, a-z, 0-9, -, _ and ., with a letter or digit first and last",
		Fix: "shorten or change it, or make it an annotation", Pattern: `^(` + namePattern + `)?$`, MaxLength: maxName,
	},
	"imagePrefix": {
		Name: "an image prefix", Allowed: "is HOST[:PORT][/PATH] in small letters, without scheme, tag, digest and final slash",
		Fix: "write the full name, such as docker.io/library/redis for redis", Pattern: `^[a-zA-Z0-9][-a-zA-Z0-9.:]*(/[-a-z0-9._/]+)?$`,
		check: image.IsPrefix,
	},
	"pinnedImage": {
		Name: "a pinned image", Allowed: "is [HOST[:PORT]/]PATH with a tag other than latest, or with a sha256 digest", Fix: "add the tag",
		Pattern: `^[a-zA-Z0-9][-a-zA-Z0-9._:/]*(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127}(@sha256:[a-f0-9]{64})?|@sha256:[a-f0-9]{64})$`,
		check: func(text string) bool {
			reference, ok := image.Parse(text)
			return ok && reference.Rest != ":latest"
		},
	},
	"instance": {
		Name: "the name of an instance", Allowed: "are 1 to 48 of a-z, 0-9 and -, with a letter first and no - last", Fix: "write the REDIS_CLUSTER_NAME of its ConfigMap",
		Pattern: `^[a-z]([a-z0-9-]{0,46}[a-z0-9])?$`,
	},
	"resourceName": {
		Name: "the name of a resource", Allowed: "are cpu, memory, ephemeral-storage and [DNS name/]NAME", Fix: "write cpu or memory",
		Pattern: `^(cpu|memory|ephemeral-storage|hugepages-[0-9A-Za-z]+|` + subdomainPattern + `/` + namePattern + `)$`,
	},
	"quantity": {
		Name: "a quantity", Allowed: "is a positive number and m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei or nothing",
		Fix: `write "500m" for half a CPU, 1Gi for memory`, Pattern: `^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$`,
		check: func(text string) bool { q, err := quantity.Parse(text); return err == nil && q.Sign() > 0 },
	},
	"alertKey": {
		Name: "a label's name in Prometheus", Allowed: "are A-Z, a-z, 0-9 and _, with no digit first and not __", Fix: "write a name such as team",
		Pattern: `^([A-Za-z]|_[A-Za-z0-9])[A-Za-z0-9_]*$|^_$`,
	},
	"group": {
		Name: "an API group", Allowed: "is a DNS name, or empty for the core's", Fix: "write what stands before the slash of apiVersion",
		Pattern: `^(` + subdomainPattern + `)?$`, MaxLength: maxSubdomain,
	},
	"kindName": {
		Name: "a kind", Allowed: "is a word that begins with a capital", Fix: "write it as in the manifest, such as Deployment", Pattern: `^[A-Z][A-Za-z0-9]*$`, MaxLength: maxName,
	},
	"pointer": {
		Name: "a JSON pointer to a field", Allowed: "is /KEY and so on, with ~1 for / and ~0 for ~ in a key", Fix: "write a path such as /spec/replicas",
		Pattern: `^(/([^~/]|~[01])+)+$`,
	},
	"fieldPath": {
		Name: "the path of a field", Allowed: "are names joined by dots, with [] behind that of a list", Fix: "write a path such as spec.template or spec.jobs[].template",
		Pattern: `^[A-Za-z0-9_-]+(\[\])?(\.[A-Za-z0-9_-]+(\[\])?)*$`,
	},
	"onExcess":           oneOf("an answer to excess", "refuse", "clamp"),
	"otherImages":        oneOf("an answer to other images", "keep", "refuse"),
	"scope":              oneOf("a scope", "Namespaced", "Cluster"),
	"op":                 oneOf("an operation", "add", "replace", "remove", "test"),
	"tolerationOperator": oneOf("an operator", "Equal", "Exists"),
	"taintEffect":        oneOf("a taint's effect", "NoSchedule", "PreferNoSchedule", "NoExecute"),
}

func oneOf(name string, values ...string) Format {
	allowed := "are " + strings.Join(values, ", ")
	if len(values) == 1 {
		allowed = "is " + values[0]
	}
	return Format{Name: name, Allowed: allowed, Fix: "write " + values[0], Values: values}
}

func keyFormat(name string) Format {
	return Format{
		Name:    name,
		Allowed: "is [DNS name/]NAME, NAME being 1 to 63 of A-Z, a-z, 0-9, -, _ and ., with a letter or digit first and last",
		Fix:     "write a key such as example.com/team",
		Pattern: `^(` + subdomainPattern + `/)?` + namePattern + `$`,
		check: func(text string) bool {
			prefix, name, prefixed := strings.Cut(text, "/")
			return len(prefix) <= maxSubdomain && len(name) <= maxName && (prefixed || len(prefix) <= maxName)
		},
	}
}
