package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// fleet is for whoever looks after all instances: one line each.
func fleet(l limits) *page {
	p := newPage(administrators, "tenant-redis-fleet", "Redis / Fleet",
		"All Redis instances of a platform, for its administrators.", allInstances()...)
	p.annotate("Failover", `sum by (namespace, tenant_redis) (changes(tenant_redis:config_epoch:max{<fleet>}[2m])) > 0`,
		"{{namespace}}/{{tenant_redis}}")

	none := []dashboard.ValueMapping{values(map[string]state{"0": {"None", "green"}}), atLeast(1, state{colour: "red"})}
	p.row(
		"State",
		figure("Instances", "none", "Instances of which Prometheus knows at least one Pod, or an alert.",
			latest(`count(`+existing+`)`, "")),
		figure("Without one master", "none", "Instances with no master, or more than one; also those of which no Redis is known. Alerts: RedisMasterMissing, RedisMultipleMasters.",
			latest(`count(`+known(`max by (namespace, tenant_redis) (tenant_redis:masters:count{<fleet>})`)+` != 1) or vector(0)`, "")).Mappings(none),
		figure("Without a replica", "none", "Instances whose master has no replica. Alert: RedisReplicaNone.",
			latest(`count(tenant_redis:connected_replicas:max{<fleet>} < 1) or vector(0)`, "")).Mappings(none),
		figure("Without a quorum", "none", "Instances of which no Sentinel could start a failover; also those of which no Sentinel is known. Alert: RedisSentinelQuorumLost.",
			latest(`count(`+known(`max by (namespace, tenant_redis) (redis_sentinel_master_ckquorum_status{<fleet>})`)+` == 0) or vector(0)`, "")).Mappings(none),
		figure("Critical alerts", "none", "Alerts of severity critical that fire now.",
			latest(`count(`+firing("namespace, tenant_redis, ", `<fleet>,severity="critical"`)+`) or vector(0)`, "")).Mappings(none),
		figure("Failovers in 24 h", "none", "Failovers of all instances, planned hand-overs included. Alerts: RedisFailover, RedisFailoverFlapping.",
			latest(`sum(changes(tenant_redis:config_epoch:max{<fleet>}[24h]))`, "")),
		instances(l),
	)

	p.row(
		"The ten that stand out",
		graph("Commands", "ops", "Instances that run most commands.", third,
			query(`topk(10, sum by (namespace, tenant_redis) (rate(redis_commands_processed_total{<fleet>,component="redis"}[$__rate_interval])))`, eachInstance)),
		recorded("tenant-redis", limited("Memory used", "percent", "Instances that fill most of maxmemory. Caches are meant to be full. Alert: RedisMemoryNearLimit (sessions only).", l.MemoryPercent,
			query(`topk(10, 100 * max by (namespace, tenant_redis) (tenant_redis:memory_used_ratio:max{<fleet>}))`, eachInstance)).Max(100)),
		recorded("tenant-redis", limited("Mean latency", "ms", "Instances with the slowest Redis, in the mean of five minutes. Alert: RedisCommandsSlow.", l.CommandMilliseconds,
			query(`topk(10, 1000 * max by (namespace, tenant_redis) (tenant_redis:command_seconds:max{<fleet>}))`, eachInstance))),
		graph("Evictions", "cps", "Instances that drop most keys because memory is full. Alerts: RedisSessionsEvicted, RedisCacheTooSmall.", third,
			query(`topk(10, sum by (namespace, tenant_redis) (rate(redis_evicted_keys_total{<fleet>,component="redis"}[$__rate_interval])))`, eachInstance)),
		graph("Memory of all", "bytes", "Memory that the Redis processes have of the kernel, and the sum of their limits (maxmemory).", third,
			query(`sum(redis_memory_used_rss_bytes{<fleet>})`, "Resident"),
			query(`sum(redis_memory_max_bytes{<fleet>})`, "maxmemory")).
			OverrideByName(dashed("maxmemory")),
		graph("Firing alerts", "none", "Alerts that fire, by severity.", third,
			query(`count by (severity) (`+firing("namespace, tenant_redis, ", `<fleet>`)+`)`, "{{severity}}")),
	)
	return p
}

// eachInstance is the legend of what is of one instance.
const eachInstance = "{{namespace}}/{{tenant_redis}}"

// existing are all instances. One whose Pods are all gone has alerts.
const existing = `count by (namespace, tenant_redis) (up{<fleet>,component!=""} or ALERTS{<fleet>})`

// known is what a query says of each instance, and 0 of one of which it says nothing: when
// all Sentinels are gone, none is left to say that it has no quorum.
func known(query string) string {
	return `(` + query + ` or 0 * ` + existing + `)`
}

// instances is a table with one line for each.
func instances(l limits) panel {
	const each = `by (namespace, tenant_redis) `
	t := newColumns("Instances", "One line for each instance; its name leads to its own dashboard. Availability is the worse of Sentinel and the proxy, where the service level is counted.", 12)
	t.add("Masters", "none", known(`max `+each+`(tenant_redis:masters:count{<fleet>})`),
		steps(step("red"), from(1, "green"), from(2, "red")))
	t.add("Redis", "none", `sum `+each+`(redis_up{<fleet>,component="redis"})`, nil)
	t.add("Replicas", "none", `max `+each+`(tenant_redis:connected_replicas:max{<fleet>})`, steps(step("red"), from(1, "green")))
	t.add("Quorum", "none", known(`sum `+each+`(max by (namespace, tenant_redis, pod) (redis_sentinel_master_ckquorum_status{<fleet>}))`),
		steps(step("red"), from(1, "green")))
	t.add("Alerts", "none", known(`count `+each+`(`+firing("namespace, tenant_redis, ", `<fleet>`)+`)`),
		steps(step("green"), from(1, "red")))
	t.add("Available, 30 days", "percentunit", `min `+each+`(tenant_redis:service_availability:ratio30d{<fleet>})`,
		steps(step("red"), from(0.999, "green")), dashboard.DynamicConfigValue{Id: "decimals", Value: 3})
	t.add("Failovers 24 h", "none", `max `+each+`(changes(tenant_redis:config_epoch:max{<fleet>}[24h]))`, nil)
	t.add("Memory", "percent", `100 * max `+each+`(tenant_redis:memory_used_ratio:max{<fleet>})`,
		steps(step("green"), from(l.MemoryPercent, "orange")))
	t.add("maxmemory", "bytes", `max `+each+`(redis_memory_max_bytes{<fleet>})`, nil)
	t.add("Connections", "percent", `100 * max `+each+`(redis_connected_clients{<fleet>,component="redis"} / redis_max_clients{<fleet>,component="redis"})`,
		steps(step("green"), from(l.ClientsPercent, "orange")))
	t.add("Commands", "ops", `sum `+each+`(rate(redis_commands_processed_total{<fleet>,component="redis"}[$__rate_interval]))`, nil)
	t.add("Lag", "bytes", `max `+each+`(
  redis_master_repl_offset{<fleet>}
  - on (namespace, pod) group_right (tenant_redis)
  redis_connected_slave_offset_bytes{<fleet>}
)`, steps(step("green"), from(l.ReplicationLagBytes, "orange")))
	return t.table()
}
