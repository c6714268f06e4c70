// Package registry serves an empty image registry to a test.
package registry

import (
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
)

// Serve returns HOST:PORT of a registry on loopback that keeps what is pushed until the
// test ends. It speaks HTTP without TLS, as clients expect it on loopback, and asks for no
// password.
func Serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
