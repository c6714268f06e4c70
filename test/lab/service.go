package lab

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
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

var instances atomic.Int32

// newService opens the Service of a network that no other instance has, and tells
// the first three bytes of that: other test programs, too, run instances, and who
// listens first has the network.
func newService(t *testing.T) (*Service, string) {
	t.Helper()
	for {
		network := fmt.Sprintf("127.%d.%d", 20+os.Getpid()%200, instances.Add(1)%256)
		s := &Service{IP: network + ".100"}
		err := listen(t, net.JoinHostPort(s.IP, SentinelPort), s.forward)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		require.NoError(t, err)
		return s, network
	}
}

// Listen answers at an address until the test ends.
func Listen(t *testing.T, address string, answer func(net.Conn)) {
	t.Helper()
	require.NoError(t, listen(t, address, answer))
}

func listen(t *testing.T, address string, answer func(net.Conn)) error {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", address)
	if err != nil {
		return err
	}
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
	return nil
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
