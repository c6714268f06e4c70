package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWithoutCapability(t *testing.T) {
	tests := map[string]struct{ spec, want string }{
		"bundle": {
			`{"process":{"capabilities":{"bounding":["CAP_CHOWN","CAP_SYS_RESOURCE"],"effective":["CAP_SYS_RESOURCE"]}}}`,
			`{"process":{"capabilities":{"bounding":["CAP_CHOWN"],"effective":[]}}}`,
		},
		"process": {
			`{"capabilities":{"bounding":["CAP_SYS_RESOURCE","CAP_KILL"]},"rlimits":[{"hard":18446744073709551615}]}`,
			`{"capabilities":{"bounding":["CAP_KILL"]},"rlimits":[{"hard":18446744073709551615}]}`,
		},
		"no capabilities": {`{"process":{"cwd":"/"}}`, `{"process":{"cwd":"/"}}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := withoutCapability([]byte(test.spec))
			require.NoError(t, err)
			require.JSONEq(t, test.want, string(got))
		})
	}
}

func TestSpecPath(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"create": {[]string{"runc", "--log", "l", "create", "--bundle", "/b", "id"}, "/b/config.json"},
		"exec":   {[]string{"runc", "exec", "--process", "/p.json", "id"}, "/p.json"},
		"kill":   {[]string{"runc", "kill", "id"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, specPath(test.args))
		})
	}
}
