package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

const (
	// failoverQuery is above 0 once the Sentinels have agreed on another
	// failover. Two minutes hold two evaluations of the recording rule.
	failoverQuery = `changes(tenant_redis:config_epoch:max{<instance>}[2m]) > 0`

	roleQuery = `2 * max by (pod) (redis_instance_info{<instance>,role="master"})
or max by (pod) (redis_instance_info{<instance>,role="slave"})
or 0 * max by (pod) (redis_up{<instance>,component="redis"})`

	replicasQuery = `tenant_redis:connected_replicas:max{<instance>}`

	// statusQuery is how many masters there are, and half of one more while a critical
	// alert fires.
	statusQuery = `max(tenant_redis:masters:count{<instance>})
+ (0.5 * (count(ALERTS{<instance>,alertstate="firing",severity="critical"}) > bool 0) or vector(0))`
)

// Of each replica, by its Pod.
var (
	lagQuery          = byPod("slave_ip", `tenant_redis:replication_lag_bytes:max{<instance>}`)
	confirmationQuery = byPod("slave_ip", `max by (slave_ip) (redis_connected_slave_lag_seconds{<instance>})`)
)

// firing are the alerts that fire, each Pod's once: an alert has a series of each address
// that it names, or of each Sentinel's words.
func firing(labels, selector string) string {
	return `max by (` + labels + `alertname, severity, pod) (ALERTS{` + selector + `,alertstate="firing"})`
}

// byPod names the Pod of each Redis that a query has by its address, in this label; the
// address stays where no Pod has it.
func byPod(address, query string) string {
	return query + `
* on (` + address + `) group_left (pod) group by (pod, ` + address + `) (label_replace(redis_up{<instance>,component="redis"}, "` + address + `", "$1", "pod_ip", "(.+)"))
or on (` + address + `) label_replace(` + query + `, "pod", "$1", "` + address + `", "(.+)")`
}

// roles are the states of roleQuery.
var roles = []dashboard.ValueMapping{values(map[string]state{
	"0": {"Not answering", "red"}, "1": {"Replica", "blue"}, "2": {"Master", "green"},
})}

// overview is what a tenant and whoever is on call look at first.
func overview(l limits) *page {
	p := newPage(tenants, "tenant-redis", "Redis / Overview",
		"One Redis with Sentinel: whether it serves, and how it is used.", oneInstance()...)
	p.annotate("Failover", failoverQuery, "Sentinel made another Redis the master.")

	p.row(
		"State",
		status(),
		master(),
		figure("Redis answering", "none", "Redis processes that answer their exporter. Alert: RedisNotAnswering.",
			latest(`sum(redis_up{<instance>,component="redis"})`, "")).
			Mappings([]dashboard.ValueMapping{values(map[string]state{"0": {"None", "red"}})}),
		replicas(),
		quorum(),
		figure("Firing alerts", "none", "Alerts of this instance that fire now, as Prometheus says. The list is below.",
			latest(`count(`+firing("", `<instance>`)+`) or vector(0)`, "")).
			Mappings([]dashboard.ValueMapping{
				values(map[string]state{"0": {"None", "green"}}), atLeast(1, state{colour: "red"}),
			}),
		timeline("Role of each Redis",
			"Who is master. A gap means that nothing is known of the Pod: it is not there, or not scraped. Alerts: RedisMasterMissing, RedisMultipleMasters.",
			2*third, roles, query(roleQuery, "{{pod}}")),
		list("Firing alerts",
			"What fires now. Each alert links to its runbook where alerts are shown.", third,
			[]string{"alertname", "severity", "pod"},
			latest(firing("", `<instance>`), "")),
	)

	p.row(
		"Use",
		graph("Commands", "ops", "Commands that each Redis runs, those of Sentinel, replication and the exporter included.", third,
			query(`sum by (pod) (rate(redis_commands_processed_total{<instance>,component="redis"}[$__rate_interval]))`, "{{pod}}")),
		limited("Mean latency", "ms", "Time that a command takes within Redis, without those that wait by design. Alert: RedisCommandsSlow.",
			l.CommandMilliseconds,
			query(`1000 * sum by (pod) (rate(redis_commands_duration_seconds_total{<instance>,<commands>}[$__rate_interval]))
/ (sum by (pod) (rate(redis_commands_total{<instance>,<commands>}[$__rate_interval])) > 0)`, "{{pod}}")),
		graph("Hit ratio", "percentunit", "Reads that find their key, of all Redis together. No reads, no ratio.", third,
			query(`sum(rate(redis_keyspace_hits_total{<instance>,component="redis"}[$__rate_interval]))
/ (
  sum(rate(redis_keyspace_hits_total{<instance>,component="redis"}[$__rate_interval]))
  + sum(rate(redis_keyspace_misses_total{<instance>,component="redis"}[$__rate_interval]))
  > 0
)`, "Hit ratio")).Max(1),
		graph("Commands by name", "ops", "The ten commands that are run most often.", third,
			query(`topk(10, sum by (cmd) (rate(redis_commands_total{<instance>}[$__rate_interval])))`, "{{cmd}}")),
		limited("Connections", "percent", "Connections in percent of maxclients. Alerts: RedisClientsNearLimit, RedisConnectionsRejected.",
			l.ClientsPercent,
			query(`100 * max by (pod) (redis_connected_clients{<instance>,component="redis"} / redis_max_clients{<instance>,component="redis"})`, "{{pod}}")),
		graph("Connected clients", "short", "Connections to each Redis, those of Sentinel, the exporter and the operator included.", third,
			query(`max by (pod) (redis_connected_clients{<instance>,component="redis"})`, "{{pod}}")),
		graph("Errors", "cps", "Errors that Redis answered, by their first word. Alerts: RedisWritesRefused (OOM, NOREPLICAS), RedisWritesToReplica (READONLY), RedisLoginsRefused (NOAUTH, WRONGPASS, NOPERM), RedisSentinelEpochSpent (SENTINELEPOCH).",
			third, query(`sum by (err) (rate(redis_errors_total{<instance>,component="redis"}[$__rate_interval]))`, "{{err}}")),
		graph("Network", "Bps", "Bytes that each Redis sends, and below zero those that it receives, replication included.", third,
			query(`sum by (pod) (rate(redis_net_output_bytes_total{<instance>,component="redis"}[$__rate_interval]))`, "{{pod}} sent"),
			query(`-sum by (pod) (rate(redis_net_input_bytes_total{<instance>,component="redis"}[$__rate_interval]))`, "{{pod}} received")).
			AxisCenteredZero(true),
		limited("CPU", "percentunit", "Share of one CPU that the main thread takes: it runs all commands. Alert: RedisCPUSaturated.", 0.9,
			query(`sum by (pod) (
  rate(redis_cpu_user_main_thread_seconds_total{<instance>,component="redis"}[$__rate_interval])
  + rate(redis_cpu_sys_main_thread_seconds_total{<instance>,component="redis"}[$__rate_interval])
)`, "{{pod}}")),
	)

	p.row(
		"Memory",
		limited("Memory used", "percent", "Memory in percent of maxmemory. A cache is meant to be full; sessions are refused then. Alert: RedisMemoryNearLimit (sessions only).",
			l.MemoryPercent,
			query(`100 * max by (pod) (redis_memory_used_bytes{<instance>} / (redis_memory_max_bytes{<instance>} > 0))`, "{{pod}}")).Max(100),
		graph("Memory", "bytes", "Memory that data and buffers take, what the process has of the kernel (resident), and maxmemory. Alert: RedisMemoryNearKill.", third,
			query(`max by (pod) (redis_memory_used_bytes{<instance>})`, "{{pod}} used"),
			query(`max by (pod) (redis_memory_used_rss_bytes{<instance>})`, "{{pod}} resident"),
			query(`max(redis_memory_max_bytes{<instance>})`, "maxmemory")).
			OverrideByName(dashed("maxmemory")),
		graph("Keys", "short", "Keys on each Redis. Alert: RedisCacheTooSmall.", third,
			query(`sum by (pod) (redis_db_keys{<instance>,component="redis"})`, "{{pod}}")),
		graph("Evictions and expirations", "cps", "Keys per second that are dropped because memory is full, or because their time is over. Alerts: RedisSessionsEvicted, RedisCacheTooSmall.", third,
			query(`sum(rate(redis_evicted_keys_total{<instance>,component="redis"}[$__rate_interval]))`, "Evicted"),
			query(`sum(rate(redis_expired_keys_total{<instance>,component="redis"}[$__rate_interval]))`, "Expired")),
		limited("Fragmentation", "none", "Memory that the process has of the kernel, by what its data needs. High while Redis is nearly empty, which is no fault. Alert: RedisMemoryFragmented (from half of maxmemory on).", 1.5,
			query(`max by (pod) (redis_mem_fragmentation_ratio{<instance>})`, "{{pod}}")),
		limited("Replication lag", "bytes", "Bytes that a replica has not confirmed yet: a failover loses that much at most. Alert: RedisReplicationLagging.",
			l.ReplicationLagBytes, query(lagQuery, "{{pod}}")),
	)

	p.fold("Service level", level()...)
	p.fold("Proxy", proxy(l)...)
	return p
}

// status tells whether Redis can be written to.
func status() panel {
	return figure("Status", "none", "Whether there is exactly one master, and no critical alert. Alerts: RedisMasterMissing, RedisMultipleMasters, and all that are critical.",
		latest(statusQuery, "")).
		Mappings([]dashboard.ValueMapping{
			values(map[string]state{
				"0": {"No master", "red"}, "0.5": {"No master", "red"},
				"1": {"Up", "green"}, "1.5": {"Critical alert", "orange"},
			}),
			atLeast(2, state{"Several masters", "red"}),
		}).
		Thresholds(steps(step("red")))
}

func master() panel {
	return figure("Master", "string", "Pod of the master.",
		latest(`max by (pod) (redis_instance_info{<instance>,role="master"})`, "{{pod}}")).
		TextMode(common.BigValueTextModeName)
}

func replicas() panel {
	return figure("Replicas connected", "none", "Replicas that the master serves. Without any, nothing can take over. Alerts: RedisReplicaNone, RedisReplicaMissing.",
		latest(replicasQuery, "")).
		Thresholds(steps(step("red"), from(1, "green")))
}

func quorum() panel {
	return figure("Sentinels with quorum", "none", "Sentinels that could start a failover. Alerts: RedisSentinelQuorumLost, RedisSentinelIsolated.",
		latest(`sum(max by (pod) (redis_sentinel_master_ckquorum_status{<instance>}))`, "")).
		Mappings([]dashboard.ValueMapping{
			values(map[string]state{"0": {"None", "red"}}), atLeast(1, state{colour: "green"}),
		})
}
