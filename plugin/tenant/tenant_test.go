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
		want    string
		mapping int
	}{
		"docker.io/library/redis":           {"registry.example/official/redis", 1},
		"docker.io/libraryx/redis":          {"registry.example/hub/libraryx/redis", 0},
		"docker.io/a/b/c":                   {"registry.example/hub/a/b/c", 0},
		"docker.iox/a":                      {"docker.iox/a", -1},
		"quay.io/spotahome/redis-operator":  {"registry.example/operator", 2},
		"quay.io/spotahome/redis-operator2": {"quay.io/spotahome/redis-operator2", -1},
		"quay.io/spotahome":                 {"quay.io/spotahome", -1},
	}
	for repository, test := range tests {
		t.Run(repository, func(t *testing.T) {
			got, mapping := MapRepository(mappings, repository)
			require.Equal(t, test.want, got)
			require.Equal(t, test.mapping, mapping)
		})
	}
}

func TestAllLabels(t *testing.T) {
	t1 := Tenant{Metadata: Metadata{Name: "team-a"}, Spec: Spec{Labels: map[string]string{"team": "a"}}}
	labels := t1.AllLabels()
	require.Equal(t, map[string]string{"team": "a", "tenant-redis.dev/tenant": "team-a"}, labels)
}
