package image

import (
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/stretchr/testify/require"
)

var seeds = []string{
	"0.0_0/00", "my_host.example/a:1", "a..b/c", "a_.b/c",
	"", "redis", "redis:7", "library/redis", "docker.io/redis", "index.docker.io/library/redis:7", "localhost/a", "localhost:5000/a:1",
	"Redis", "a/Redis", "Host/redis", "a..b/c", "a.b/c__d", "a.b/c___d", "a.b/c--d", "a.b/c.-d", "a.b//c", "/a", "a/", "a.b:x/c", "a.b:/c",
	"a:", "a:-b", "a@sha256:" + strings.Repeat("a", 64), "a:1@sha256:" + strings.Repeat("0", 63), "a@md5:" + strings.Repeat("a", 32),
	strings.Repeat("a", 64), strings.Repeat("a", 65), "docker.io/" + strings.Repeat("a", 64), strings.Repeat("a", 256), "a.b/" + strings.Repeat("c", 252),
	"[::1]:5000/a", "[::1]/a", "a@", "a@@b", "a:b:c", "a:" + strings.Repeat("b", 129), "é", "-a.b/c", "a.b-/c", "a:1/b", "docker.io", "docker.io/",
	"a@sha512:" + strings.Repeat("f", 128), "a@sha384:" + strings.Repeat("A", 96),
}

func TestParse(t *testing.T) {
	got, ok := Parse("redis:7@sha256:" + strings.Repeat("a", 64))
	require.True(t, ok)
	require.Equal(t, Reference{Name: "docker.io/library/redis", Rest: ":7@sha256:" + strings.Repeat("a", 64)}, got)
}

func TestIsPrefix(t *testing.T) {
	for text, want := range map[string]bool{
		"docker.io": true, "docker.io/library": true, "localhost": true, "localhost:5000/a/b": true, "a.b/c_d": true,
		"redis": false, "docker.io/": false, "docker.io/redis:7": false, "https://a.b": false, "a.b/C": false, "": false,
		"index.docker.io": false, "a.b/c@d": false,
	} {
		require.Equal(t, want, IsPrefix(text), text)
	}
}

func TestCanonical(t *testing.T) {
	for text, want := range map[string]string{
		"QUAY.IO/a/b": "quay.io/a/b", "quay.io:443/a": "quay.io/a", "quay.io:0443/a": "quay.io/a", "quay.io:5000/a": "quay.io:5000/a",
		"registry-1.docker.io/library": "docker.io/library", "Index.Docker.IO:443": "docker.io", "docker.io:80/a/b": "docker.io:80/a/b",
		"[FE80::1]:443/a": "[fe80::1]/a", "[::1]/a": "[::1]/a",
	} {
		require.Equal(t, want, Canonical(text), text)
		require.Equal(t, want, Canonical(want), text)
	}
}

func TestRepository(t *testing.T) {
	for text, want := range map[string]string{
		"redis": "docker.io/library/redis", "registry-1.docker.io/redis:7": "docker.io/library/redis", "docker.io/a/b": "docker.io/a/b",
		"Quay.io/a@sha256:" + strings.Repeat("a", 64): "quay.io/a",
	} {
		read, ok := Parse(text)
		require.True(t, ok, text)
		require.Equal(t, want, read.Repository(), text)
	}
}

// FuzzParse holds that Parse and the library of the container runtimes agree.
func FuzzParse(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := reference.ParseNormalizedNamed(text)
		got, ok := Parse(text)
		require.Equal(t, err == nil, ok, "%q: %v", text, err)
		if ok {
			require.Equal(t, want.Name(), got.Name, text)
			require.Equal(t, want.String(), got.Name+got.Rest, text)
		}
	})
}
