package tenant

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMapRepository(t *testing.T) {
	mappings := []ImageMapping{
		{From: "docker.io", To: "registry.example/hub"},
		{From: "docker.io/library", To: "registry.example/official"},
		{From: "quay.io/spotahome/redis-operator", To: "registry.example/operator"},
	}
	tests := map[string]struct {
		want   string
		mapped bool
	}{
		"docker.io/library/redis":           {"registry.example/official/redis", true},
		"docker.io/libraryx/redis":          {"registry.example/hub/libraryx/redis", true},
		"docker.io/a/b/c":                   {"registry.example/hub/a/b/c", true},
		"docker.iox/a":                      {"docker.iox/a", false},
		"quay.io/spotahome/redis-operator":  {"registry.example/operator", true},
		"quay.io/spotahome/redis-operator2": {"quay.io/spotahome/redis-operator2", false},
		"quay.io/spotahome":                 {"quay.io/spotahome", false},
	}
	for repository, test := range tests {
		t.Run(repository, func(t *testing.T) {
			got, mapped := MapRepository(mappings, repository)
			require.Equal(t, test.want, got)
			require.Equal(t, test.mapped, mapped)
		})
	}
}

func TestAllLabels(t *testing.T) {
	labels := Tenant{Name: "team-a", Labels: map[string]string{"team": "a"}}.AllLabels()
	require.Equal(t, map[string]string{"team": "a", "tenant-redis.dev/tenant": "team-a"}, labels)
}
