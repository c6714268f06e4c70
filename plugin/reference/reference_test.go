package reference

import (
	"bytes"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// accepts tells whether the schema accepts a tenant file.
func accepts(t *testing.T, file string) bool {
	t.Helper()
	text, err := Schema()
	require.NoError(t, err)
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("tenant.json", document))
	schema, err := compiler.Compile("tenant.json")
	require.NoError(t, err)
	var value any
	require.NoError(t, yaml.Unmarshal([]byte(file), &value))
	return schema.Validate(value) == nil
}

func TestExampleIsGood(t *testing.T) {
	_, err := tenant.Read("example", []byte(Example()))
	require.NoError(t, err)
	require.True(t, accepts(t, Example()))
}

// TestSchemaAgreesWithTheReader holds that what the schema refuses, the reader
// refuses too; it is the reader that decides.
func TestSchemaAgreesWithTheReader(t *testing.T) {
	const head = "apiVersion: tenant-redis.dev/v1alpha1\nkind: Tenant\nmetadata: {name: a}\nspec:\n  namespace: a\n"
	require.True(t, accepts(t, head))
	for _, bad := range []string{
		"kind: Tenant\n", head + "  lables: {}\n", head + "  labels: {a b: c}\n", head + "  labels: {a: 1}\n", head + "  namespaces: [A]\n",
		head + "  resources: {onExcess: warn}\n", head + "  images: [{from: docker.io}]\n", head + "  resources: {onExcess: clamp, limits: {cpu: 1x}}\n",
		head + "  patches: [{target: {kind: pod}, operations: []}]\n",
	} {
		require.False(t, accepts(t, bad), bad)
		_, err := tenant.Read("bad", []byte(bad))
		require.Error(t, err, bad)
	}
}
