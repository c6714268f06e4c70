package ledger

import (
	"bytes"
	"context"
	"net"
	"sync"
	"time"
)

// sentLog knows which keys have left this process, and to which server. It
// tells a write that certainly was not applied from one that may have been.
type sentLog struct {
	prefix []byte

	mu      sync.Mutex
	keys    map[string]bool
	targets []Target
}

func newSentLog(prefix string) *sentLog {
	return &sentLog{prefix: []byte(prefix), keys: map[string]bool{}}
}

// dial connects; the connection reports what is sent over it.
func (l *sentLog) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &loggedConn{TCPConn: conn.(*net.TCPConn), log: l}, nil
}

// take tells whether the key was sent, and forgets it.
func (l *sentLog) take(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent := l.keys[key]
	delete(l.keys, key)
	return sent
}

// note finds the first key in what was sent.
func (l *sentLog) note(data []byte, server string) {
	start := bytes.Index(data, l.prefix)
	if start < 0 {
		return
	}
	key, _, _ := bytes.Cut(data[start:], []byte("\r\n"))
	l.mark(string(key), server)
}

// mark notes that a key may have reached a server.
func (l *sentLog) mark(key, server string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys[key] = true
	if n := len(l.targets); n == 0 || l.targets[n-1].Server != server {
		l.targets = append(l.targets, Target{At: stamp(time.Now()), Server: server})
	}
}

// loggedConn embeds the TCP connection itself, because go-redis looks at its
// socket to find connections that the server has closed.
type loggedConn struct {
	*net.TCPConn
	log *sentLog
}

// Write notes the keys in data as sent, unless not one byte was taken.
func (c *loggedConn) Write(data []byte) (int, error) {
	n, err := c.TCPConn.Write(data)
	if n > 0 {
		c.log.note(data, c.RemoteAddr().String())
	}
	return n, err
}
