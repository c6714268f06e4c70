package make

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
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

// TestPageOfModules holds that the page on modules and build tags has a row for each that
// is there, and none for another.
func TestPageOfModules(t *testing.T) {
	modules, tags := inTheTree(t)
	page, err := os.ReadFile("../../docs/design/modules.md")
	require.NoError(t, err)
	ofModules, ofTags, found := strings.Cut(string(page), "\n## Build tags\n")
	require.True(t, found)
	assertRows(t, firstCells(ofModules), modules)
	assert.NotContains(t, firstCells(ofModules), "ci/sources/*", "each program is another")
	assertRows(t, firstCells(ofTags), tags)
}

// inTheTree are the folders of this repository's modules, and its build tags.
func inTheTree(t *testing.T) (modules, tags []string) {
	t.Helper()
	constraint := regexp.MustCompile(`(?m)^//go:build (.+)$`)
	root := os.DirFS("../..")
	require.NoError(t, fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(name, ".") && name != "." || slices.Contains([]string{"bin", "dist"}, name)):
			return fs.SkipDir
		case path.Ext(name) == ".mod":
			modules = append(modules, path.Dir(name))
		case path.Ext(name) == ".go":
			text, err := fs.ReadFile(root, name)
			if expression := constraint.FindSubmatch(text); expression != nil {
				tags = append(tags, regexp.MustCompile(`\w+`).FindAllString(string(expression[1]), -1)...)
			}
			return err
		}
		return nil
	}))
	slices.Sort(tags)
	return modules, slices.Compact(tags)
}

// firstCells is what the first cells of a page's rows have as code.
func firstCells(page string) []string {
	var cells []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(page, -1) {
		cells = append(cells, match[1])
	}
	return cells
}

// assertRows holds that each of what is there matches one row, and each row something.
func assertRows(t *testing.T, rows, there []string) {
	t.Helper()
	unused := slices.Clone(rows)
	for _, name := range there {
		row := slices.IndexFunc(rows, func(row string) bool {
			matches, err := path.Match(row, name)
			return err == nil && matches
		})
		if assert.GreaterOrEqual(t, row, 0, "%s has no row", name) {
			unused = slices.DeleteFunc(unused, func(other string) bool { return other == rows[row] })
		}
	}
	assert.Empty(t, unused, "rows of what is not there")
}
