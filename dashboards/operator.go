package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// verdicts are those on each Redis that the operator still looks after: of one that
// was deleted it keeps the last. Each reconcile begins with the question for the Service
// rfr-NAME. All else that it asks for is ten times as many series, and may have the name
// of another.
const verdicts = `min by (namespace, name) (redis_operator_controller_cluster_ok{<operators>})
and on (namespace, name) label_replace(
  rate(redis_operator_controller_k8s_operations_total{<operators>,kind="Service",operation="GET",name=~"rfr-.+"}[5m]) > 0, "name", "$1", "name", "rfr-(.+)"
)`

// found counts, by check, how often the operator found something wrong with Redis or
// Sentinel within an interval. A rate would miss the first time, with which the
// series begins.
func found(component string) string {
	checks := "redis_operator_controller_" + component + `_checks_total{<operators>,status="UNHEALTHY"}`
	before := checks + " offset $__rate_interval"
	return "sum by (namespace, resource, indicator) (\n  " + checks + " - " + before + "\n  or " + checks + " unless " + before + "\n) > 0"
}

// operator is about the redis-operator itself.
func operator() *page {
	p := newPage(administrators, "redis-operator", "Redis / Operator",
		"The redis-operator: whether it leads, what it repairs, and what Kubernetes refuses it.",
		cluster(`kooper_controller_event_queue_length{job="redis-operator"}`),
		choice("namespace", "Namespace of the operator", "namespace", `kooper_controller_event_queue_length{cluster="$cluster",job="redis-operator"}`))

	p.row(
		"State",
		figure("Pods up", "none", "Operator Pods that Prometheus reaches. Alerts: RedisOperatorDown, RedisOperatorPodMissing.",
			latest(`sum(up{<operator>})`, "")).
			Mappings([]dashboard.ValueMapping{values(map[string]state{"0": {"None", "red"}}), atLeast(1, state{colour: "green"})}),
		figure("Leader", "string", "Pod that reconciles; the others wait. Alert: RedisOperatorNotReconciling.",
			latest(`sum by (pod) (rate(kooper_controller_processed_event_duration_seconds_count{<operator>}[5m])) > 0`, "{{pod}}")).
			TextMode(common.BigValueTextModeName).NoValue("None"),
		figure("Redis looked after", "none", "RedisFailovers that the operator knows.",
			latest("count("+verdicts+")", "")),
		figure("Redis failing", "none", "RedisFailovers whose reconciliation ended with an error. Alert: RedisOperatorReconcileFailing.",
			latest("count(("+verdicts+") == 0) or vector(0)", "")).
			Mappings([]dashboard.ValueMapping{values(map[string]state{"0": {"None", "green"}}), atLeast(1, state{colour: "red"})}),
		figure("Queue", "none", "Events that wait for a worker.",
			latest(`sum(kooper_controller_event_queue_length{<operator>,controller="redisfailover"})`, "")),
		figure("Mean reconciliation", "s", "Time that one reconciliation takes.",
			latest(`sum(rate(kooper_controller_processed_event_duration_seconds_sum{<operator>}[5m]))
/ (sum(rate(kooper_controller_processed_event_duration_seconds_count{<operator>}[5m])) > 0)`, "")),
	)

	p.row(
		"Reconciliation",
		timeline("Verdict on each Redis", "Whether the last reconciliation ended well. It does while a Pod is missing: look at the fleet for that. Alert: RedisOperatorReconcileFailing.", full,
			yesNo("Well", "Failed"),
			query(verdicts, "{{namespace}}/{{name}}")),
		graph("Reconciliations", "ops", "Reconciliations by each Pod. Each Redis has one every 30 s at least. Alert: RedisOperatorNotReconciling.", third,
			query(`sum by (pod, success) (rate(kooper_controller_processed_event_duration_seconds_count{<operator>}[$__rate_interval]))`, "{{pod}} success={{success}}")),
		graph("Duration", "s", "Mean time that one reconciliation takes.", third,
			query(`sum by (pod) (rate(kooper_controller_processed_event_duration_seconds_sum{<operator>}[$__rate_interval]))
/ (sum by (pod) (rate(kooper_controller_processed_event_duration_seconds_count{<operator>}[$__rate_interval])) > 0)`, "{{pod}}")),
		graph("Queue", "none", "Events that wait for a worker. It is empty most of the time. Alert: RedisOperatorOverloaded.", third,
			query(`sum by (pod) (kooper_controller_event_queue_length{<operator>,controller="redisfailover"})`, "{{pod}}")),
	)

	p.row(
		"Repairs and errors",
		graph("Failed checks of Redis", "none", "How often the operator finds something wrong with Redis and then repairs. Alert: RedisOperatorCheckFailing.", half,
			query(found("redis"), "{{namespace}}/{{resource}} {{indicator}}")),
		graph("Failed checks of Sentinel", "none", "How often the operator finds something wrong with Sentinel and then repairs. Alert: RedisOperatorCheckFailing.", half,
			query(found("sentinel"), "{{namespace}}/{{resource}} {{indicator}}")),
		recorded("redis-operator", graph("Calls of Kubernetes", "ops", "What the operator does, by kind and operation, in the mean of five minutes.", half,
			query(`sum by (kind, operation) (redis_operator:k8s_operations:rate5m{<operators>})`, "{{operation}} {{kind}}"))),
		graph("Refused calls of Kubernetes", "cps", "Calls that failed, but for what is not there yet. Alert: RedisOperatorKubernetesErrors.", half,
			query(`sum by (kind, operation, err) (rate(redis_operator_controller_k8s_operations_total{<operators>,status="FAIL",err!="RESOURCE_NOT_FOUND"}[$__rate_interval])) > 0`, "{{operation}} {{kind}}: {{err}}")),
	)
	return p
}
