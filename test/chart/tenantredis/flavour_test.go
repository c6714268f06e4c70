package tenantredis

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

const groupLabel = "redis-failover.freshworks.com/operator-group"

// flavoured is the chart with what a flavour needs.
func flavoured(flavour string) render.Chart {
	own := chart
	own.Values = own.With(values{"flavour": text(flavour)})
	switch flavour {
	case "freshworks":
		own.Values["operator.group"] = `"blue"`
	case "saremox":
		own.Kubernetes = "1.32.0"
	}
	return own
}

// TestFlavours holds what each operator gets that the others do not.
func TestFlavours(t *testing.T) {
	for flavour, test := range map[string]struct {
		budgets, sentinelEnabled, passwordInCommand bool
		group                                       string
	}{
		"spotahome-1.3": {budgets: true},
		"spotahome-1.2": {},
		"freshworks":    {budgets: true, group: "blue"},
		"saremox":       {budgets: true, sentinelEnabled: true, passwordInCommand: true},
	} {
		t.Run(flavour, func(t *testing.T) {
			t.Parallel()
			objects := flavoured(flavour).Objects(t, nil)
			rf := render.Get[redisFailover](t, objects, chart.ID("RedisFailover"))

			assert.Equal(t, test.group, rf.Labels[groupLabel])
			assert.False(t, whitelisted(t, rf.Spec.LabelWhitelist, groupLabel))
			assert.Equal(t, test.sentinelEnabled, rf.Spec.Sentinel.Enabled)
			assert.False(t, rf.Spec.Redis.Enabled, "no operator knows such a field")
			if test.passwordInCommand {
				assert.Equal(t, "$(REDIS_PASSWORD)", argument(t, rf.Spec.Redis.Command, "--requirepass"))
				assert.Equal(t, "$(REDIS_PASSWORD)", argument(t, rf.Spec.Redis.Command, "--masterauth"))
				open := render.Get[redisFailover](t, flavoured(flavour).Objects(t, withoutPassword), chart.ID("RedisFailover"))
				assert.NotContains(t, open.Spec.Redis.Command, "--requirepass")
			} else {
				assert.NotContains(t, rf.Spec.Redis.Command, "--requirepass")
			}

			assert.Equal(t, test.budgets, rf.Spec.Redis.DisablePodDisruptionBudget)
			assert.Equal(t, test.budgets, rf.Spec.Sentinel.DisablePodDisruptionBudget)
			for component, id := range map[string]string{"redis": "rfr-" + release, "sentinel": "rfs-" + release} {
				id = "PodDisruptionBudget/" + namespace + "/" + id
				if !test.budgets {
					assert.NotContains(t, objects, id)
					continue
				}
				// Not 0, and no minAvailable as large as a component: the
				// platform refuses both, and a drain would never end.
				assert.Equal(t, policyv1.PodDisruptionBudgetSpec{
					MaxUnavailable:             new(intstr.FromInt32(1)),
					UnhealthyPodEvictionPolicy: new(policyv1.AlwaysAllow),
					Selector:                   &metav1.LabelSelector{MatchLabels: labelsOf(component)},
				}, render.Get[policyv1.PodDisruptionBudget](t, objects, id).Spec)
			}
		})
	}
}

// TestMoveToTheForkChangesNoPod holds that all that an operator makes Pods of is the same
// for Spotahome's and for its living fork: an instance that moves from one to the other, or
// back, restarts nothing.
func TestMoveToTheForkChangesNoPod(t *testing.T) {
	for name, v := range map[string]values{
		"defaults": nil,
		"all that is optional": {
			"purpose": `"session"`, "redis.replicas": "5", "sentinel.replicas": "5", "auth.tenantUser": `"app"`, "auth.restrictSentinel": "true",
			"imagePullSecrets": `[{"name": "mirror"}]`, "placement": `{"priorityClassName": "high"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := theFailover(t, flavoured("spotahome-1.3"), v), theFailover(t, flavoured("freshworks"), v)
			assert.Equal(t, from["spec"], to["spec"])
			labels := to["metadata"].(map[string]any)["labels"].(map[string]any)
			assert.Contains(t, labels, groupLabel)
			delete(labels, groupLabel)
			assert.Equal(t, from["metadata"], to["metadata"])
		})
	}
}

// TestOperatorsBudgetsLeaveAMajority holds that the counts that are accepted with
// the operator's own budgets, two of each component, never let a drain take the
// majority of the Sentinels and never forbid it.
func TestOperatorsBudgetsLeaveAMajority(t *testing.T) {
	const minAvailable = 2
	accepted := 0
	for _, redis := range []int{3, 4, 5} {
		for _, sentinels := range []int{3, 5, 7} {
			_, err := chart.Template(t, values{
				"flavour": `"spotahome-1.2"`, "redis.replicas": strconv.Itoa(redis), "sentinel.replicas": strconv.Itoa(sentinels),
			})
			if err == nil {
				accepted++
				assert.Greater(t, 2*minAvailable, sentinels)
				assert.Less(t, minAvailable, redis)
			}
		}
	}
	require.NotZero(t, accepted)
}
