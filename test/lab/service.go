package lab

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Service stands for the Sentinels' Service: it hands each connection to the
// next backend, a dead one included, as Kubernetes does for a while.
type Service struct {
	IP       string
	Backends atomic.Pointer[[]*Process]
	next     atomic.Int32
}

func newService(t *testing.T, ip string, backends []*Process) *Service {
	t.Helper()
	s := &Service{IP: ip}
	s.Backends.Store(&backends)
	Listen(t, net.JoinHostPort(ip, SentinelPort), s.forward)
	return s
}

// Listen answers at an address until the test ends.
func Listen(t *testing.T, address string, answer func(net.Conn)) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go answer(client)
		}
	}()
}

func (s *Service) forward(client net.Conn) {
	backends := *s.Backends.Load()
	backend := backends[int(s.next.Add(1))%len(backends)]
	Forward(client, net.JoinHostPort(backend.IP, SentinelPort))
}

// Forward copies all that comes from a client to an address, and back.
func Forward(client net.Conn, address string) {
	defer func() { _ = client.Close() }()
	server, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(client, server)
}
