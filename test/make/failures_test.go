package make

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFailuresAreToldInShort holds that a failure can be understood from the end
// of the log: by the test that failed by itself, with its reason and no dump.
func TestFailuresAreToldInShort(t *testing.T) {
	log := filepath.Join(t.TempDir(), "tests.json")
	require.NoError(t, os.WriteFile(log, []byte(strings.Join([]string{
		`{"Action":"output","Package":"p","Test":"TestA/within","Output":"    a_test.go:3: before\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA/within","Output":"        \tError Trace:\ta_test.go:4\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA/within","Output":"        \tError:      \tnot equal\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA/within","Output":"        \tTest:       \tTestA/within\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA/within","Output":"        \tMessages:   \tno alert fires\n"}`,
		`{"Action":"output","Package":"p","Test":"TestA/within","Output":"    dump.go:4: === a dump\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestA/within"}`,
		`{"Action":"pass","Package":"p","Test":"TestA/beside"}`,
		`{"Action":"fail","Package":"p","Test":"TestA"}`,
		`{"Action":"fail","Package":"p"}`,
		`{"Action":"output","Package":"q","Output":"panic: no more time\n"}`,
		`{"Action":"output","Package":"q","Output":"FAIL\tq\t4s\n"}`,
		`{"Action":"fail","Package":"q"}`,
	}, "\n")), 0o600))
	out, err := exec.CommandContext(t.Context(), "../../scripts/failures.sh", log).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, `FAILED: p TestA/within
    Error:      	not equal
    Messages:   	no alert fires
FAILED: q 
    panic: no more time
`, string(out))
}
