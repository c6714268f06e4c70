// Package make tests how the Makefile's scripts refuse a machine or a call
// that they cannot work with. None of these tests changes anything.
package make

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// nobody is Debian's user without rights.
const nobody = 65534

// scripts copies the scripts to a folder of their own, which nobody may write
// to and read.
func scripts(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	require.NoError(t, os.CopyFS(filepath.Join(dir, "scripts"), os.DirFS("../../scripts")))
	require.NoError(t, filepath.Walk(dir, func(path string, _ os.FileInfo, err error) error {
		require.NoError(t, err)
		return os.Chmod(path, 0o777)
	}))
	return dir
}

// runAsNobody runs a script and returns its output; it must fail.
func runAsNobody(t *testing.T, name string, args, env []string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(scripts(t), "scripts", name), args...)
	cmd.Env = append(os.Environ(), env...)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	output, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	require.ErrorAs(t, err, &failed, string(output))
	return string(output)
}

func TestNoEngineAndNoRoot(t *testing.T) {
	output := runAsNobody(t, "engine.sh", nil, []string{"DOCKER_HOST=unix:///nonexistent.sock"})
	require.Contains(t, output, "no container engine answers, and only root can start one")
	require.Contains(t, output, "sudo apt-get install docker.io")
}

func TestMissingPackagesAndNoRoot(t *testing.T) {
	output := runAsNobody(t, "packages.sh", []string{"no-such-package"}, nil)
	require.Contains(t, output, "sudo apt-get install no-such-package")
}

func TestDemoWithoutCluster(t *testing.T) {
	output := runAsNobody(t, "demo-failover.sh", nil, nil)
	require.Contains(t, output, "no test cluster answers; run: make up")
}

func TestFullDisk(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "bash", "-c", "cd ../..; . scripts/lib.sh; require_space 1 .; require_space 1000000 .").CombinedOutput()
	require.Error(t, err)
	require.Regexp(t, `^error: \. has \d+ GiB of room, and 1000000 are needed: make some, and run the same command again`, string(output))
}

// TestStep holds that a step says why its command failed, and ends it when it is
// interrupted itself.
func TestStep(t *testing.T) {
	script := func(text string) *exec.Cmd {
		return exec.CommandContext(t.Context(), "bash", "-c", "cd ../..; . scripts/lib.sh; "+text)
	}
	output, err := script(`step "testing steps" bash -c "echo reason; exit 3"; echo more`).CombinedOutput()
	require.Error(t, err)
	require.Regexp(t, `    reason\nerror: testing steps failed after \d+ s; the whole log is in \.cache/log/testing-steps\.log\n$`, string(output))

	output, err = script(`step "testing interruption" bash -c "kill $$; exec sleep 60"`).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(output), "error: interrupted; run the same command again to go on\n")
}

func TestUnknownImageMode(t *testing.T) {
	output := runAsNobody(t, "images.sh", nil, []string{"IMAGES=push"})
	require.Contains(t, output, "IMAGES=push: must be auto, pull or build")
}

func TestUnknownSuite(t *testing.T) {
	output := runAsNobody(t, "test.sh", []string{"smoke"}, nil)
	require.Contains(t, output, "no suite is called smoke: allowed are unit, lab, versions, servers, checks, e2e and full")
}

func TestUnknownSection(t *testing.T) {
	output := runAsNobody(t, "bench.sh", []string{"speed"}, nil)
	require.Contains(t, output, "no section is called speed: allowed are renderer, faults and series")
}

func TestRefusedPictures(t *testing.T) {
	for _, test := range []struct{ from, to, says string }{
		{"now", "1 hour ago", "FROM (now) must be before TO (1 hour ago)"},
		{"yesteryear", "now", "FROM: write a time that date -d understands, not yesteryear"},
	} {
		output := runAsNobody(t, "picture.sh", []string{"tenant-redis", "http://127.0.0.1:9090", test.from, test.to, "out.png"}, nil)
		require.Contains(t, output, test.says)
	}
}
