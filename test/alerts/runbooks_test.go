package alerts

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const runbooks = repository + "/docs/runbooks"

var (
	heading = regexp.MustCompile(`(?m)^## (.+)$`)
	block   = regexp.MustCompile("(?s)```sh\n(.*?)```")
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
)

// TestRunbooks holds that each alert has a runbook and each runbook an alert,
// all built alike.
func TestRunbooks(t *testing.T) {
	files, err := filepath.Glob(runbooks + "/*.md")
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".md"))
	}
	assert.Equal(t, everything(t).alerts(), names)

	for n, file := range files {
		t.Run(names[n], func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			text := string(data)
			assert.True(t, strings.HasPrefix(text, "# "+names[n]+"\n\n```sh\nNAMESPACE="), "title, then the variables")

			var headings []string
			for _, match := range heading.FindAllStringSubmatch(text, -1) {
				headings = append(headings, match[1])
			}
			assert.Equal(t, []string{"Meaning", "Impact", "Diagnosis", "Mitigation"}, headings)
			for _, match := range link.FindAllStringSubmatch(text, -1) {
				assert.FileExists(t, filepath.Join(runbooks, match[1]))
			}
			assertShell(t, text)
		})
	}
}

// assertShell holds that the commands are Bash, and need no variable but those
// that the runbook sets.
func assertShell(t *testing.T, text string) {
	t.Helper()
	blocks := block.FindAllStringSubmatch(text, -1)
	require.GreaterOrEqual(t, len(blocks), 2, "variables, and how to look")
	assert.Regexp(t, `^NAMESPACE=\S+\nNAME=\S+\n$`, blocks[0][1])
	var script strings.Builder
	for _, b := range blocks {
		script.WriteString(b[1])
	}
	command := exec.CommandContext(t.Context(), "shellcheck", "--shell=bash", "--exclude=SC2016", "-")
	command.Stdin = strings.NewReader(script.String())
	out, err := command.CombinedOutput()
	assert.NoError(t, err, string(out))
}
