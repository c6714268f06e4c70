//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/clients"
	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// block is a command block of a page.
type block struct {
	script string
	// prints is what the text block below it says; nil if there is none.
	prints *string
}

// TestPageForTenants runs the page for application developers, block by block.
func TestPageForTenants(t *testing.T) {
	t.Parallel()
	i := framework.Install(t, framework.Release{Name: "e2e-page-cache", Tenant: "e2e-page"})
	i.AwaitServing(t)
	names := strings.NewReplacer(clients.Instance, i.Name, "team-a", i.Tenant)
	page, err := os.ReadFile(framework.Path("docs/for-tenants.md"))
	require.NoError(t, err)
	blocks := blocks(names.Replace(string(page)))
	require.Greater(t, len(blocks), 5, "the page's blocks are found")
	// A tenant has no copy of the repository.
	checkBlocks(t, t.TempDir(), blocks)
}

// checkBlocks runs blocks in one shell and compares what they print.
func checkBlocks(t *testing.T, folder string, blocks []block) {
	t.Helper()
	printed := runBlocks(t, folder, blocks)
	for n, b := range blocks {
		if b.prints != nil {
			require.Equal(t, *b.prints, printed[n], b.script)
		}
	}
}

// blocks are the bash blocks of a page, each with the text block that follows.
func blocks(page string) []block {
	var found []block
	parts := strings.Split(page, "\n```")
	for n := 1; n < len(parts); n += 2 {
		language, content, _ := strings.Cut(parts[n], "\n")
		content = strings.TrimSpace(content)
		follows := n >= 2 && strings.TrimSpace(parts[n-1]) == ""
		switch {
		case language == "bash":
			found = append(found, block{script: content})
		case language == "text" && follows && len(found) > 0:
			found[len(found)-1].prints = &content
		}
	}
	return found
}

// runBlocks runs the blocks in one shell, in a folder, and returns what each has
// printed.
func runBlocks(t *testing.T, folder string, blocks []block) []string {
	t.Helper()
	const mark = "--- block %d"
	var script strings.Builder
	fmt.Fprintln(&script, "set -o errexit -o nounset -o pipefail")
	for n, b := range blocks {
		fmt.Fprintf(&script, "printf '\\n"+mark+"\\n'\n%s\n", n, b.script)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-c", script.String())
	shell.Dir = folder
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	var printed []string
	rest := string(out)
	for n := range blocks {
		_, after, found := strings.Cut(rest, fmt.Sprintf(mark+"\n", n))
		require.True(t, found)
		own, _, _ := strings.Cut(after, fmt.Sprintf("\n"+mark+"\n", n+1))
		printed, rest = append(printed, strings.TrimSpace(own)), after
	}
	return printed
}
