// Package input reads what the commands are given, within limits.
package input

import (
	"fmt"
	"io"
	"os"

	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// MaxManifests is the size of the largest stream of manifests, in bytes.
const MaxManifests = 32 << 20

// Tenant reads a tenant file. The error names the file.
func Tenant(name string) (*tenant.Tenant, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the tenant file: %w; check --tenant", err)
	}
	defer func() { _ = file.Close() }()
	text, err := readAll(file, tenant.MaxSize)
	if err != nil {
		return nil, fmt.Errorf("cannot read the tenant file %s: %w", name, err)
	}
	return tenant.Read(name, text)
}

// Manifests reads a stream of manifests.
func Manifests(from io.Reader) ([]byte, error) {
	text, err := readAll(from, MaxManifests)
	if err != nil {
		err = fmt.Errorf("cannot read the manifests: %w", err)
	}
	return text, err
}

// readAll reads at most limit bytes; more is an error.
func readAll(from io.Reader, limit int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(from, limit+1))
	if err == nil && int64(len(text)) > limit {
		return nil, fmt.Errorf("there are more than %d MiB", limit>>20)
	}
	return text, err
}
