package tenantredis

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// TestRedisFailoverFitsTheCRD proves that the API server keeps every field:
// what the schema does not name, it drops without a word.
func TestRedisFailoverFitsTheCRD(t *testing.T) {
	installed, err := os.ReadFile(filepath.Join(render.Repository, "charts/redis-operator/files/crds", render.CRDFile))
	require.NoError(t, err)
	t.Run("of the operator's chart", func(t *testing.T) {
		assertFits(t, installed, "spotahome-1.3")
	})
	// Its code knows the field, and the operator's chart installs the newer CRD
	// for it. Beside upstream's, two Sentinels may end up on one node.
	t.Run("of v1.2.4", func(t *testing.T) {
		assertFits(t, render.UpstreamCRD(t, "redis-operator-1.2"), "spotahome-1.2",
			"spec.sentinel.topologySpreadConstraints[0].matchLabelKeys in body is a forbidden property")
	})
}

func assertFits(t *testing.T, crd []byte, flavour string, known ...string) {
	t.Helper()
	check := render.ClosedSchema(t, crd)
	for _, v := range []values{
		{},
		withoutPassword,
		{
			"name": `"no"`, "imagePullSecrets": `[{"name": "mirror"}]`, "purpose": `"session"`, "migrateFrom": `"10.1.2.3"`,
			"placement": `{"nodeSelector": {"a": "b"}, "tolerations": [{"key": "a", "operator": "Exists"}], "priorityClassName": "high"}`,
		},
	} {
		v = maps.Clone(v)
		v["flavour"] = text(flavour)
		var found []string
		for _, problem := range check.Validate(theFailover(t, v)).Errors {
			found = append(found, problem.Error())
		}
		assert.Equal(t, known, found, v)
	}
}

func theFailover(t *testing.T, v values) map[string]any {
	t.Helper()
	for _, o := range chart.Objects(t, v) {
		if o.GetKind() == "RedisFailover" {
			return o.Object
		}
	}
	require.FailNow(t, "no RedisFailover")
	return nil
}

func TestCRDCheckFindsMistakes(t *testing.T) {
	check := render.ClosedSchema(t, render.UpstreamCRD(t, "redis-operator-1.2"))
	redis := func(field string, value any) map[string]any {
		return map[string]any{"spec": map[string]any{"redis": map[string]any{field: value}}}
	}
	assert.Empty(t, check.Validate(redis("replicas", int64(3))).Errors)
	assert.NotEmpty(t, check.Validate(redis("replicas", "3")).Errors, "wrong type")
	assert.NotEmpty(t, check.Validate(redis("replica", int64(3))).Errors, "unknown field")
	assert.NotEmpty(t, check.Validate(redis("disablePodDisruptionBudget", true)).Errors, "field of a newer version")
	assert.NotEmpty(t, check.Validate(redis("exporter", map[string]any{"port": int64(1)})).Errors, "unknown field further down")
}
