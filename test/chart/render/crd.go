package render

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"
)

// CRDFile is the name of the file with the CRD of RedisFailovers.
const CRDFile = "databases.spotahome.com_redisfailovers.yaml"

// UpstreamCRD returns the CRD of the operator's Go module that the given folder
// under ci/sources pins.
func UpstreamCRD(t *testing.T, source string) []byte {
	t.Helper()
	return ModuleFile(t, source, "github.com/spotahome/redis-operator", "manifests/"+CRDFile)
}

// ModuleFile returns a file of a Go module that the given folder under
// ci/sources pins.
func ModuleFile(t *testing.T, source, module, file string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "-C", Repository+"/ci/sources/"+source, "mod", "download", "-json", module)
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)

	var downloaded struct{ Dir string }
	require.NoError(t, json.Unmarshal(out, &downloaded))
	data, err := os.ReadFile(filepath.Join(downloaded.Dir, file))
	require.NoError(t, err)
	return data
}

// Decode returns a YAML document as a map.
func Decode(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var decoded map[string]any
	require.NoError(t, yaml.Unmarshal(data, &decoded))
	return decoded
}

// Schema returns the schema of the only version that a CRD has.
func Schema(t *testing.T, crd []byte) map[string]any {
	t.Helper()
	versions := Decode(t, crd)["spec"].(map[string]any)["versions"].([]any)
	require.Len(t, versions, 1)
	return versions[0].(map[string]any)["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)
}

// ClosedSchema returns a CRD's schema as one that refuses what the API server
// would drop.
func ClosedSchema(t *testing.T, crd []byte) *validate.SchemaValidator {
	t.Helper()
	tree := Schema(t, crd)
	closeObjects(tree)
	data, err := json.Marshal(tree)
	require.NoError(t, err)
	var schema spec.Schema
	require.NoError(t, json.Unmarshal(data, &schema))
	return validate.NewSchemaValidator(&schema, nil, "", strfmt.Default)
}

func closeObjects(schema map[string]any) {
	properties, object := schema["properties"].(map[string]any)
	if object && schema["x-kubernetes-preserve-unknown-fields"] != true {
		schema["additionalProperties"] = false
	}
	for _, child := range properties {
		closeObjects(child.(map[string]any))
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if child, ok := schema[key].(map[string]any); ok {
			closeObjects(child)
		}
	}
}
