package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const page = repository + "/docs/for-tenants.md"

// fences are the names that Markdown has for the programs' languages.
var fences = map[string]string{".go": "go", ".py": "python", ".js": "js", ".rb": "ruby", ".php": "php", ".pl": "perl"}

// TestSnippets holds that what tenants are shown is what is tested.
// go test ./test/clients -run Snippets -update writes it anew.
func TestSnippets(t *testing.T) {
	for _, c := range All {
		text := snippet(t, c)
		if *update {
			require.NoError(t, Replace(page, "snippet "+c.Name, text))
		}
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		require.Contains(t, string(content), "<!-- snippet "+c.Name+" -->\n"+text+"<!-- end -->", "run go test ./test/clients -run Snippets -update")
	}
}

// snippet is the part of an example that connects, without its indentation.
func snippet(t *testing.T, c Client) string {
	t.Helper()
	program, err := os.ReadFile(filepath.Join(repository, c.Folder(), c.Program))
	require.NoError(t, err)
	var (
		lines  []string
		indent string
		inside bool
	)
	for line := range strings.Lines(string(program)) {
		switch {
		case strings.Contains(line, "snippet:begin"):
			inside = true
			indent = line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		case strings.Contains(line, "snippet:end"):
			inside = false
		case inside:
			lines = append(lines, strings.TrimPrefix(line, indent))
		}
	}
	require.NotEmpty(t, lines, "%s has no snippet", c.Name)
	return "```" + fences[filepath.Ext(c.Program)] + "\n" + strings.Join(lines, "") + "```\n"
}
