package golive

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestSlowDNS holds that what a DNS does is not taken for a refusal: one that takes
// longer than a question to Redis, and one that never answers.
func TestSlowDNS(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("takes root, for a resolver's port and a resolv.conf")
	}
	i := running(t, password)
	target := "rfr-cache.redis-system:" + lab.RedisPort
	for name, tt := range map[string]struct {
		delay time.Duration
		seen  string
	}{
		"slow":   {2500 * time.Millisecond, "NOAUTH"},
		"silent": {time.Hour, "rfr-cache.redis-system does not resolve"},
	} {
		t.Run(name, func(t *testing.T) {
			resolver := i.Network + ".53"
			if name == "silent" {
				resolver = i.Network + ".54"
			}
			resolve(t, resolver, i.Redis[0].IP, tt.delay)
			file := filepath.Join(t.TempDir(), "resolv.conf")
			i.Write(file, "nameserver "+resolver+"\noptions timeout:30 attempts:1\n", 0o644)
			//nolint:gosec // G204: a shell with a resolv.conf of its own
			cmd := exec.CommandContext(t.Context(), "unshare", "--mount", "sh", "-c",
				`mount --bind "$0" /etc/resolv.conf && exec sh "$@"`, file, script, "stranger", target)
			output, err := cmd.CombinedOutput()
			assertFails(t, string(output), err, map[string]string{"policies": tt.seen})
		})
	}
}

// resolve answers each question for an IPv4 address with the given one, after a delay,
// and says that there is no other.
func resolve(t *testing.T, resolver, address string, delay time.Duration) {
	t.Helper()
	var config net.ListenConfig
	server, err := config.ListenPacket(t.Context(), "udp", net.JoinHostPort(resolver, "53"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		for {
			buffer := make([]byte, 512)
			n, client, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			time.AfterFunc(delay, func() {
				if answer, err := answerOf(buffer[:n], address); err == nil {
					_, _ = server.WriteTo(answer, client)
				}
			})
		}
	}()
}

func answerOf(question []byte, address string) ([]byte, error) {
	var message dnsmessage.Message
	if err := message.Unpack(question); err != nil {
		return nil, err
	}
	message.Response, message.Additionals = true, nil
	if asked := message.Questions[0]; asked.Type == dnsmessage.TypeA {
		message.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: asked.Name, Class: asked.Class},
			Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(address).To4())},
		}}
	}
	return message.Pack()
}
