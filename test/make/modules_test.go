package make

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// shared are the modules that Kubernetes' client and what belongs to it are made of.
var shared = []string{
	"k8s.io/", "sigs.k8s.io/json", "sigs.k8s.io/structured-merge-diff/", "sigs.k8s.io/yaml", "golang.org/x/", "google.golang.org/protobuf",
	"github.com/fxamacker/cbor/", "github.com/google/gnostic-models", "go.yaml.in/",
}

// TestModulesShareWhatIsCompiled holds that everything made of Kubernetes' client is
// made of the same version of it: Go compiles that once, minutes of two cores. The
// operator is left out, which is tested with the versions that it was released with.
func TestModulesShareWhatIsCompiled(t *testing.T) {
	files, err := filepath.Glob("../../ci/*/*/go.mod")
	require.NoError(t, err)
	required := map[string]map[string]string{}
	modules := 0
	for _, file := range append(files, "../../go.mod", "../alerts/go.mod") {
		versions := requirements(t, file)
		if versions["k8s.io/client-go"] == "" || versions["github.com/spotahome/redis-operator"] != "" {
			continue
		}
		modules++
		for path, version := range versions {
			if required[path] == nil {
				required[path] = map[string]string{}
			}
			required[path][version] = file
		}
	}
	require.Greater(t, modules, 10)
	for path, versions := range required {
		for _, prefix := range shared {
			if strings.HasPrefix(path, prefix) {
				assert.Len(t, versions, 1, path)
			}
		}
	}
}

// requirements are the versions of a module's requirements, by path.
func requirements(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	module, err := modfile.Parse(file, text, nil)
	require.NoError(t, err)
	versions := map[string]string{}
	for _, requirement := range module.Require {
		versions[requirement.Mod.Path] = requirement.Mod.Version
	}
	return versions
}
