package alerts

import (
	"maps"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operators is what alerts about the operator itself have: the namespace of its
// own release, although their expressions keep no label.
var operators = labelled{"namespace": "redis-system"}

// operatorExamples are those of the operator's chart. It has one instance, so
// their faults strike the world.
var operatorExamples = []example{
	{
		alert:  "RedisOperatorDown",
		once:   func(w *world) { each(w.operator, (*scrape).unscraped) },
		want:   alerts{{"No redis-operator in redis-system answers Prometheus: no Redis is repaired, updated or labelled.", operators}},
		silent: faults{"the other takes over": func(i *instance) { i.world.operator[0].vanish() }},
	},
	{
		alert: "RedisOperatorDown",
		once:  func(w *world) { each(w.operator, (*scrape).vanish) },
		want:  alerts{{"No redis-operator in redis-system answers Prometheus: no Redis is repaired, updated or labelled.", operators}},
	},
	{
		alert: "RedisOperatorPodMissing",
		once:  func(w *world) { w.operator[1].vanish() },
		want:  alerts{{"1 of 2 redis-operator Pods in redis-system answer Prometheus.", operators}},
	},
	{
		alert: "RedisOperatorNotReconciling",
		once:  func(w *world) { w.operator[0].drop("kooper_controller_processed_event_duration_seconds_count") },
		want:  alerts{{"No redis-operator in redis-system has looked at a Redis for ten minutes: most likely none has the lead.", operators}},
		silent: faults{"there is only a Redis of another kind": func(i *instance) {
			i.world.operator[0].drop("kooper_controller_processed_event_duration_seconds_count")
			for _, other := range i.world.instances {
				other.vanish()
			}
			i.world.operator[0].add(`redis_instance_info{role="master"}`, always(1))
		}},
	},
	{
		alert:   "RedisOperatorOverloaded",
		once:    func(w *world) { w.wait(10) },
		minutes: 10,
		want:    alerts{{"Instances wait 11s for the redis-operator in redis-system: from 15s on it does not look after each of them every 30 s.", operators}},
		silent:  faults{"they wait for less than 10 s": func(i *instance) { i.world.wait(8.5) }},
	},
	{
		alert: "RedisOperatorReconcileFailing",
		once: func(w *world) {
			w.operator[0].set(w.instances[1].clusterOK(), always(0))
			// The one that led before says what was.
			w.operator[1].add(w.instances[1].clusterOK(), always(1))
		},
		want: alerts{{"Each reconcile of redis-system/other ends with an error.", labelled{"namespace": "redis-system", "name": "other", "tenant_redis": "other"}}},
		silent: faults{
			"it is deleted": func(i *instance) {
				other := i.world.instances[1]
				i.world.operator[0].set(other.clusterOK(), always(0))
				other.unseen()
			},
			"it is deleted, another's objects have its name": (*instance).namesakes,
			"it is deleted, its namesake is not": func(i *instance) {
				i.world.operator[0].set(i.clusterOK(), always(0))
				i.unseen()
			},
		},
	},
	{
		alert: "RedisOperatorCheckFailing",
		once: func(w *world) {
			w.operator[0].grow(`redis_operator_controller_redis_checks_total{status="UNHEALTHY"}`, 2)
		},
		want: alerts{{
			"The redis-operator finds MASTER_COUNT_IS_NOT_ONE at redis-system/cache at each reconcile.",
			labelled{"namespace": "redis-system", "resource": "cache", "tenant_redis": "cache", "indicator": "MASTER_COUNT_IS_NOT_ONE"},
		}},
		silent: faults{"it is repaired": func(i *instance) {
			i.world.operator[0].set(`redis_operator_controller_redis_checks_total{status="UNHEALTHY"}`, steps(1, 1, 2))
		}},
	},
	{
		alert: "RedisOperatorCheckFailing",
		once: func(w *world) {
			w.operator[0].grow(`redis_operator_controller_sentinel_checks_total{status="UNHEALTHY"}`, 2)
		},
		want: alerts{{
			"The redis-operator finds SENTINEL_NUMBER_IN_MEMORY_MISMATCH at redis-system/cache at each reconcile.",
			labelled{"namespace": "redis-system", "resource": "cache", "tenant_redis": "cache", "indicator": "SENTINEL_NUMBER_IN_MEMORY_MISMATCH"},
		}},
	},
	{
		alert: "RedisOperatorKubernetesErrors",
		once: func(w *world) {
			w.operator[0].grow(`redis_operator_controller_k8s_operations_total{err="USER_FORBIDDEN_TO_PERFORM_ACTION"}`, 2)
		},
		want: alerts{{
			"UPDATE of StatefulSet in redis-system fails: USER_FORBIDDEN_TO_PERFORM_ACTION.",
			labelled{"namespace": "redis-system", "kind": "StatefulSet", "operation": "UPDATE", "err": "USER_FORBIDDEN_TO_PERFORM_ACTION"},
		}},
		silent: faults{"something is not there yet": func(i *instance) {
			i.world.operator[0].grow(`redis_operator_controller_k8s_operations_total{err="RESOURCE_NOT_FOUND"}`, 2)
		}},
	},
}

// TestOperatorNamespace holds that alerts about the operator itself have its
// namespace, and that only the label of the rule itself puts it there.
func TestOperatorNamespace(t *testing.T) {
	all, moved := operator(t), render(t, "redis-operator", "redis-operator", "elsewhere")
	var own []string
	for _, e := range operatorExamples {
		rule := all[e.alert]
		if rule.Labels["namespace"] == "" {
			continue
		}
		own = append(own, e.alert)
		assert.Equal(t, "elsewhere", moved[e.alert].Labels["namespace"], e.alert)
		mutant := rule
		mutant.Labels = maps.Clone(rule.Labels)
		delete(mutant.Labels, "namespace")
		played := e.struck(t, rule).play(t, rule, nil)
		for namespace, r := range map[string]rulefmt.Rule{"redis-system": rule, "": mutant} {
			_, after := played.fires(r)
			require.Len(t, after, 1, e.alert)
			assert.Equal(t, namespace, after[0].labels["namespace"], e.alert)
		}
	}
	assert.Equal(t, []string{"RedisOperatorDown", "RedisOperatorNotReconciling", "RedisOperatorOverloaded", "RedisOperatorPodMissing"}, slices.Compact(slices.Sorted(slices.Values(own))))
}

// TestOperatorWithoutInstances holds that an operator may be idle while no Redis
// is in the namespaces that it serves.
func TestOperatorWithoutInstances(t *testing.T) {
	const name = "RedisOperatorNotReconciling"
	e := operatorExamples[slices.IndexFunc(operatorExamples, func(e example) bool { return e.alert == name })]
	holds := func(fires bool, set ...string) {
		rule := operator(t, set...)[name]
		before, after := e.struck(t, rule).play(t, rule, nil).fires(rule)
		assert.Empty(t, before, set)
		assert.Equal(t, fires, len(after) > 0, set)
	}
	holds(false, "watchedNamespaces={without}")
	holds(false, "watchedNamespaces={else}")
	holds(true, "watchedNamespaces={elsewhere}")
	holds(true, "watchedNamespaces={without,elsewhere}")
	holds(true)
}

// struck is the scene in which the fault of an example strikes.
func (e example) struck(t *testing.T, rule rulefmt.Rule) scene {
	t.Helper()
	scenes := e.scenes(rule)
	at := slices.IndexFunc(scenes, func(s scene) bool { return s.name == "fires" })
	require.GreaterOrEqual(t, at, 0, e.alert)
	return scenes[at]
}
