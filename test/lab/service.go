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
	Listen(t, ip, s.forward)
	return s
}

// Listen answers on a Sentinel's port until the test ends.
func Listen(t *testing.T, ip string, answer func(net.Conn)) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", net.JoinHostPort(ip, SentinelPort))
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
	defer func() { _ = client.Close() }()
	backends := *s.Backends.Load()
	backend := backends[int(s.next.Add(1))%len(backends)]
	server, err := net.DialTimeout("tcp", net.JoinHostPort(backend.IP, SentinelPort), time.Second)
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
