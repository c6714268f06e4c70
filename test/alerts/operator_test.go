package alerts

// operatorExamples are those of the operator's chart. It has one instance, so
// their faults strike the world.
var operatorExamples = []example{
	{
		alert:  "RedisOperatorDown",
		once:   func(w *world) { each(w.operator, (*scrape).unscraped) },
		want:   alert("No redis-operator in redis-system answers Prometheus: no Redis is repaired, and what a Pod is labelled as stays as it was."),
		silent: faults{"the other takes over": func(i *instance) { i.world.operator[0].vanish() }},
	},
	{
		alert: "RedisOperatorDown",
		once:  func(w *world) { each(w.operator, (*scrape).vanish) },
		want:  alert("No redis-operator in redis-system answers Prometheus: no Redis is repaired, and what a Pod is labelled as stays as it was."),
	},
	{
		alert: "RedisOperatorPodMissing",
		once:  func(w *world) { w.operator[1].vanish() },
		want:  alert("1 of 2 redis-operator Pods in redis-system answer Prometheus."),
	},
	{
		alert: "RedisOperatorNotReconciling",
		once:  func(w *world) { w.operator[0].drop("kooper_controller_processed_event_duration_seconds_count") },
		want:  alert("No redis-operator in redis-system has looked at a Redis for 5 minutes: most likely none has the lead."),
		silent: faults{"there is only a Redis of another kind": func(i *instance) {
			i.world.operator[0].drop("kooper_controller_processed_event_duration_seconds_count")
			for _, other := range i.world.instances {
				other.vanish()
			}
			i.world.operator[0].add(`redis_instance_info{role="master"}`, always(1))
		}},
	},
	{
		alert: "RedisOperatorReconcileFailing",
		once: func(w *world) {
			w.operator[0].set(w.instances[1].clusterOK(), always(0))
			// The one that led before says what was.
			w.operator[1].add(w.instances[1].clusterOK(), always(1))
		},
		want: alerts{{"Each pass over redis-system/other ends with an error.", labelled{"namespace": "redis-system", "name": "other"}}},
	},
	{
		alert: "RedisOperatorCheckFailing",
		once: func(w *world) {
			w.operator[0].grow(`redis_operator_controller_redis_checks_total{status="UNHEALTHY"}`, 2)
		},
		want: alerts{{
			"The redis-operator finds MASTER_COUNT_IS_NOT_ONE at redis-system/cache in every pass.",
			labelled{"namespace": "redis-system", "resource": "cache", "indicator": "MASTER_COUNT_IS_NOT_ONE"},
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
			"The redis-operator finds SENTINEL_NUMBER_IN_MEMORY_MISMATCH at redis-system/cache in every pass.",
			labelled{"namespace": "redis-system", "resource": "cache", "indicator": "SENTINEL_NUMBER_IN_MEMORY_MISMATCH"},
		}},
	},
	{
		alert: "RedisOperatorKubernetesErrors",
		once: func(w *world) {
			w.operator[0].grow(`redis_operator_controller_k8s_operations_total{err="USER_FORBIDDEN_TO_PERFORM_ACTION"}`, 2)
		},
		want: alerts{{
			"UPDATE of StatefulSet fails: USER_FORBIDDEN_TO_PERFORM_ACTION.",
			labelled{"kind": "StatefulSet", "operation": "UPDATE", "err": "USER_FORBIDDEN_TO_PERFORM_ACTION"},
		}},
		silent: faults{"something is not there yet": func(i *instance) {
			i.world.operator[0].grow(`redis_operator_controller_k8s_operations_total{err="RESOURCE_NOT_FOUND"}`, 2)
		}},
	},
}
