package make

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLongestTests holds that no test counts for the time in which its parts wait for
// others, and that one whose parts run one after the other counts as a whole.
func TestLongestTests(t *testing.T) {
	log := filepath.Join(t.TempDir(), "tests.json")
	require.NoError(t, os.WriteFile(log, []byte(strings.Join([]string{
		`{"Action":"pause","Package":"p","Test":"TestA/all/one/of/many"}`,
		`{"Action":"pass","Package":"p","Test":"TestA/all/one/of/many","Elapsed":20}`,
		`{"Action":"pass","Package":"p","Test":"TestA/all/another","Elapsed":10}`,
		`{"Action":"pass","Package":"p","Test":"TestA/all","Elapsed":90}`,
		`{"Action":"fail","Package":"p","Test":"TestA","Elapsed":90}`,
		`{"Action":"pause","Package":"p","Test":"TestB"}`,
		`{"Action":"pass","Package":"p","Test":"TestB/one","Elapsed":15}`,
		`{"Action":"pass","Package":"p","Test":"TestB","Elapsed":30}`,
		`{"Action":"pass","Package":"q","Test":"TestA","Elapsed":5}`,
		`{"Action":"pass","Package":"q","Elapsed":50}`,
	}, "\n")), 0o600))
	times := exec.CommandContext(t.Context(), "../../scripts/times.sh", "1", "2", log)
	times.Env = append(os.Environ(), "START=1") // not that of a make which runs this test
	out, err := times.CombinedOutput()
	require.NoError(t, err, "%s", out)
	_, table, found := strings.Cut(string(out), "The longest tests:\n")
	require.True(t, found, "%s", out)
	require.Equal(t, `    30 s  TestB (p)
    20 s  TestA/all/one/of/many (p)
    10 s  TestA/all/another (p)
     5 s  TestA (q)
`, strings.TrimSuffix(table, "\n"))
}
