package lab

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// Resolver is a name server at an address, until the test ends. Each of its answers comes
// after a delay: the IPv4 address that a name has, if it has one, or that there is no such
// name.
func Resolver(t *testing.T, at string, look func(name string) (address string, found bool), delay time.Duration) {
	t.Helper()
	var config net.ListenConfig
	server, err := config.ListenPacket(t.Context(), "udp", net.JoinHostPort(at, "53"))
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
				if answer, err := answerOf(buffer[:n], look); err == nil {
					_, _ = server.WriteTo(answer, client)
				}
			})
		}
	}()
}

func answerOf(question []byte, look func(name string) (address string, found bool)) ([]byte, error) {
	var message dnsmessage.Message
	if err := message.Unpack(question); err != nil {
		return nil, err
	}
	message.Response, message.RecursionAvailable, message.Additionals = true, true, nil
	asked := message.Questions[0]
	address, found := look(asked.Name.String())
	switch {
	case !found:
		message.RCode = dnsmessage.RCodeNameError
	case address != "" && asked.Type == dnsmessage.TypeA:
		message.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: asked.Name, Class: asked.Class},
			Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(address).To4())},
		}}
	}
	return message.Pack()
}

// Resolved is a command for whose process alone /etc/resolv.conf has this content. It takes
// root, as the port of a name server does.
func Resolved(t *testing.T, content string, command ...string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "resolv.conf")
	require.NoError(t, os.WriteFile(file, []byte(content), 0o644)) //nolint:gosec // G306: as that of a Pod
	return append([]string{"unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec "$@"`, file}, command...)
}
