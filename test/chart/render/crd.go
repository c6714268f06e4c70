package render

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// CRDFile is the name of the file with the CRD of RedisFailovers.
const CRDFile = "databases.spotahome.com_redisfailovers.yaml"

// UpstreamCRD returns the CRD of the operator's Go module that the given folder
// under ci/sources pins.
func UpstreamCRD(t *testing.T, source string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "-C", Repository+"/ci/sources/"+source,
		"mod", "download", "-json", "github.com/spotahome/redis-operator")
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)

	var module struct{ Dir string }
	require.NoError(t, json.Unmarshal(out, &module))
	crd, err := os.ReadFile(filepath.Join(module.Dir, "manifests", CRDFile))
	require.NoError(t, err)
	return crd
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
