package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// instance is a lab with the chart's scripts.
type instance struct {
	*lab.Instance
}

// newInstance makes an instance of which nothing runs yet.
func newInstance(t *testing.T) *instance {
	t.Helper()
	i := &instance{Instance: lab.New(t)}
	return i
}

// running makes an instance that serves.
func running(t *testing.T, options ...func(*instance)) *instance {
	t.Helper()
	i := newInstance(t)
	for _, option := range options {
		option(i)
	}
	i.Serve()
	return i
}

// patient has Sentinels that wait ten times as long before they consider a master down. Pods
// leave it to them when they are about to act, and beside forty processes that wait for two
// cores it takes up to 5 s to start the scripts' programs, and nine beside sixty.
func patient(i *instance) { i.Detection = 10 * lab.Detection }

// withPassword sets a password, and with it another shell: the one of Alpine's
// Redis images.
func withPassword(i *instance) {
	i.Password = "secret-of-the-lab"
	bin := filepath.Join(i.Dir, "busybox")
	require.NoError(i.T, os.Mkdir(bin, 0o755))
	busybox, err := exec.LookPath("busybox")
	require.NoError(i.T, err, "apt-get install busybox")
	applets, err := exec.CommandContext(i.T.Context(), busybox, "--list").Output()
	require.NoError(i.T, err)
	for applet := range strings.FieldsSeq(string(applets)) {
		require.NoError(i.T, os.Symlink(busybox, filepath.Join(bin, applet)))
	}
	i.Shell = filepath.Join(bin, "sh")
}

// restricted has Sentinels that take little from those who do not log in.
func restricted(i *instance) {
	withPassword(i)
	i.Restrict()
}

// waiting is the role of a Redis that leaves all to Sentinel and the operator.
func waiting(role string) bool {
	return strings.HasPrefix(role, "replica of 127.0.0.1,")
}
