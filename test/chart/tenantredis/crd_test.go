package tenantredis

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// droppedKeys is what the CRDs of v1.2 drop, and so two Sentinels may end up on
// one node.
const droppedKeys = "spec.sentinel.topologySpreadConstraints[0].matchLabelKeys in body is a forbidden property"

// TestRedisFailoverFitsTheCRD proves that the API server keeps every field:
// what the schema does not name, it drops without a word.
func TestRedisFailoverFitsTheCRD(t *testing.T) {
	installed, err := os.ReadFile(filepath.Join(render.Repository, "charts/redis-operator/files/crds", render.CRDFile))
	require.NoError(t, err)
	t.Run("of the operator's chart", func(t *testing.T) {
		assertFits(t, render.ClosedSchema(t, installed), "spotahome-1.3")
	})
	// Its code knows the keys, and the operator's chart installs the newer CRD for
	// them.
	t.Run("of v1.2.4", func(t *testing.T) {
		assertFits(t, render.ClosedSchema(t, render.UpstreamCRD(t, "redis-operator-1.2")), "spotahome-1.2", droppedKeys)
	})
	t.Run("of freshworks", func(t *testing.T) {
		assertFits(t, freshworksSchema(t), "freshworks")
		spec := theFailover(t, flavoured("freshworks"), values{})["spec"].(map[string]any)
		// With Valkey and a password no Redis would ever be ready.
		assert.NotContains(t, spec, "engine")
		assert.NotContains(t, spec["redis"], "disableMasterRollout")
	})
	t.Run("of saremox", func(t *testing.T) {
		assertFits(t, saremoxSchema(t), "saremox")
	})
}

// wrongSchema is that of the CRD in the chart of v1.2.4. The chart 3.3 of
// github.com/freshworks/redis-operator (charts/redisoperator/crds, commit
// 067c2825) has it with one blank line more, by its length and by its first, a
// middle and its last lines: what the fork must not be given.
func wrongSchema(t *testing.T) *validate.SchemaValidator {
	t.Helper()
	return render.ClosedSchema(t, render.ModuleFile(t, "redis-operator-1.2", "github.com/spotahome/redis-operator", "charts/redisoperator/crds/"+render.CRDFile))
}

// freshworksSchema is that of v1.3.0-rc1 with the fork's own fields: the CRD of manifests/
// in github.com/freshworks/redis-operator at v3.3.5 has both, and more.
func freshworksSchema(t *testing.T) *validate.SchemaValidator {
	t.Helper()
	return extendedSchema(t, map[string]string{"spec engine": "string", "spec redis disableMasterRollout": "boolean"})
}

// saremoxSchema is that of v1.3.0-rc1 with the switch for Sentinel: the API types
// of github.com/saremox/redis-operator (api/redisfailover/v1, commit
// 006d1938) have all fields of the former, and of the others the chart sets this.
func saremoxSchema(t *testing.T) *validate.SchemaValidator {
	t.Helper()
	return extendedSchema(t, map[string]string{"spec sentinel enabled": "boolean"})
}

// extendedSchema is that of v1.3.0-rc1 with more fields, by their paths, each of a type.
func extendedSchema(t *testing.T, fields map[string]string) *validate.SchemaValidator {
	t.Helper()
	crd := render.Decode(t, render.UpstreamCRD(t, "redis-operator-1.3"))
	version := crd["spec"].(map[string]any)["versions"].([]any)[0].(map[string]any)
	for path, kind := range fields {
		at := []string{"schema", "openAPIV3Schema"}
		for step := range strings.FieldsSeq(path) {
			at = append(at, "properties", step)
		}
		require.NoError(t, unstructured.SetNestedMap(version, map[string]any{"type": kind}, at...))
	}
	extended, err := yaml.Marshal(crd)
	require.NoError(t, err)
	return render.ClosedSchema(t, extended)
}

func assertFits(t *testing.T, check *validate.SchemaValidator, flavour string, known ...string) {
	t.Helper()
	for _, v := range []values{
		{},
		withoutPassword,
		{
			"name": `"no"`, "imagePullSecrets": `[{"name": "mirror"}]`, "purpose": `"session"`, "migrateFrom": `"10.1.2.3"`, "auth.tenantUser": `"app"`, "auth.restrictSentinel": "true",
			"placement": `{"nodeSelector": {"a": "b"}, "tolerations": [{"key": "a", "operator": "Exists"}], "priorityClassName": "high"}`,
		},
	} {
		var found []string
		for _, problem := range check.Validate(theFailover(t, flavoured(flavour), v)).Errors {
			found = append(found, problem.Error())
		}
		assert.ElementsMatch(t, known, found, v)
	}
}

func theFailover(t *testing.T, c render.Chart, v values) map[string]any {
	t.Helper()
	for _, o := range c.Objects(t, v) {
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

// TestForksSchemasTellFlavoursApart gives the forks' operators a CRD that is not for them.
func TestForksSchemasTellFlavoursApart(t *testing.T) {
	newFields := func(component string) []string {
		var all []string
		for _, field := range []string{"customLivenessProbe", "customReadinessProbe", "disablePodDisruptionBudget"} {
			all = append(all, "spec."+component+"."+field+" in body is a forbidden property")
		}
		return all
	}
	all := slices.Concat(newFields("redis"), []string{droppedKeys}, newFields("sentinel"))
	assertFits(t, wrongSchema(t), "freshworks", all...)
	assertFits(t, wrongSchema(t), "saremox", append(all, "spec.sentinel.enabled in body is a forbidden property")...)
	assertFits(t, render.ClosedSchema(t, render.UpstreamCRD(t, "redis-operator-1.3")), "saremox", "spec.sentinel.enabled in body is a forbidden property")

	unknown := map[string]any{"spec": map[string]any{"sentinel": map[string]any{"enable": true}}}
	assert.NotEmpty(t, saremoxSchema(t).Validate(unknown).Errors)
}
