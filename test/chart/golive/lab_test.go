package golive

import (
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

const password = "secret-of-the-lab"

// running makes an instance that serves and finds a loss quickly.
func running(t *testing.T, password string) *lab.Instance {
	t.Helper()
	i := lab.New(t)
	i.Password, i.Detection = password, 1500*time.Millisecond
	i.Serve()
	return i
}

// tenant walks the checklist once with a password, empty for none, by the shell
// that the container has.
func tenant(t *testing.T, i *lab.Instance, password string, shell ...string) (string, error) {
	t.Helper()
	return run(t, i, "", password, append(shell, script, "tenant", "0", "3", "3"))
}

func stranger(t *testing.T, i *lab.Instance, targets ...string) (string, error) {
	t.Helper()
	return run(t, i, "", i.Password, append([]string{"sh", script, "stranger"}, targets...))
}

func run(t *testing.T, i *lab.Instance, user, password string, command []string) (string, error) {
	t.Helper()
	return with(t, user, password, []string{
		"REDIS_SENTINEL_HOST=" + i.Sentinels[0].IP, "REDIS_SENTINEL_PORT=" + lab.SentinelPort, "REDIS_SENTINEL_MASTER=" + lab.MasterName,
	}, command)
}

// with runs a command with what a ConfigMap and a Secret have.
func with(t *testing.T, user, password string, connection, command []string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), connection...)
	if user != "" {
		cmd.Env = append(cmd.Env, "REDIS_USERNAME="+user)
	}
	if password != "" {
		cmd.Env = append(cmd.Env, "REDIS_PASSWORD="+password)
	}
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// answer has something other than Redis answer at an address, as an exporter
// does.
func answer(t *testing.T, address string) {
	t.Helper()
	lab.Listen(t, address, func(connection net.Conn) {
		_, _ = io.WriteString(connection, "HTTP/1.1 400 Bad Request\r\n\r\n")
		_ = connection.Close()
	})
}
