package main

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

// Masters, by their Pods.
var (
	namedQuery = byPod("master_ip",
		`count by (master_ip) (label_replace(redis_sentinel_master_status{<instance>}, "master_ip", "$1", "master_address", "(.+):[0-9]+"))`)
	followedQuery = byPod("master_host", `count by (master_host) (redis_slave_info{<instance>})`)
)

// failover is where to look when a failover happened, or should have.
func failover(l limits) *page {
	p := newPage(tenants, "tenant-redis-failover", "Redis / Failover and Sentinel",
		"One Redis with Sentinel: who is master, who says so, and whether a failover would work.", oneInstance()...)
	p.annotate("Failover", failoverQuery, "Sentinel made another Redis the master.")

	p.row(
		"State",
		status(),
		master(),
		replicas(),
		quorum(),
		figure("Usable replicas", "none", "Replicas that Sentinel would promote. Alert: RedisSentinelNoCandidate.",
			latest(`max(redis_sentinel_master_ok_slaves{<instance>})`, "")).
			Thresholds(steps(step("red"), from(1, "green"))),
		figure("Failovers", "none", "Failovers in the time shown, planned hand-overs included. Alerts: RedisFailover, RedisFailoverFlapping.",
			latest(`changes(tenant_redis:config_epoch:max{<instance>}[$__range])`, "")),
		timeline("Role of each Redis",
			"Who is master. A gap means that nothing is known of the Pod: it is not there, or not scraped. Alerts: RedisMasterMissing, RedisMultipleMasters.",
			half, roles, query(roleQuery, "{{pod}}")),
		graph("Master that Sentinels name", "none", "How many Sentinels name which Pod, or which address if no Pod has it. Clients go where the Sentinel that they ask sends them. Alerts: RedisSentinelDisagree, RedisSentinelForeignMaster, RedisSentinelWrongMaster.", half,
			query(namedQuery, "{{pod}}")),
	)

	p.row(
		"Sentinel",
		timeline("Master as each Sentinel sees it", "Whether it answers. Alert: RedisSentinelMasterDown.", third,
			yesNo("Up", "Down"), query(`max by (pod) (redis_sentinel_master_status{<instance>})`, "{{pod}}")),
		timeline("Quorum", "Whether the Sentinel reaches enough others to agree on a failover. Alerts: RedisSentinelQuorumLost, RedisSentinelIsolated.", third,
			yesNo("Quorum", "No quorum"), query(`max by (pod) (redis_sentinel_master_ckquorum_status{<instance>})`, "{{pod}}")),
		timeline("TILT", "In TILT mode a Sentinel mistrusts its clock and takes no part in failovers. Alert: RedisSentinelTilt.", third,
			[]dashboard.ValueMapping{values(map[string]state{"0": {"Normal", "green"}, "1": {"TILT", "red"}})},
			query(`max by (pod) (redis_sentinel_tilt{<instance>})`, "{{pod}}")),
		graph("Master's last answer", "s", "Time since the master last answered each Sentinel, and the time after which Sentinel considers it down.", third,
			query(`max by (pod) (redis_sentinel_master_last_ok_ping_reply_seconds{<instance>})`, "{{pod}}"),
			query(`max(redis_sentinel_master_setting_down_after_milliseconds{<instance>}) / 1000`, "down-after-milliseconds")).
			OverrideByName(dashed("down-after-milliseconds")),
		graph("Configuration epoch", "none", "Each failover raises it. A Sentinel that stays behind did not hear of the last one.", third,
			query(`max by (pod) (redis_sentinel_master_config_epoch{<instance>})`, "{{pod}}")),
		graph("Peers known", "none", "Sentinels and replicas that each Sentinel knows of, and masters that it watches: one. What is gone stays known until the operator resets Sentinel. Alerts: RedisSentinelCountsWrong, RedisSentinelMasterCountWrong.", third,
			query(`max by (pod) (redis_sentinel_master_sentinels{<instance>})`, "{{pod}} Sentinels"),
			query(`max by (pod) (redis_sentinel_master_slaves{<instance>})`, "{{pod}} replicas"),
			query(`max by (pod) (redis_sentinel_masters{<instance>})`, "{{pod}} masters")),
		graph("Detection and failover time", "ms", "Sentinel's settings down-after-milliseconds and failover-timeout. All should agree. Alert: RedisSentinelSettingsLost.", half,
			query(`max by (pod) (redis_sentinel_master_setting_down_after_milliseconds{<instance>})`, "{{pod}} down-after"),
			query(`max by (pod) (redis_sentinel_master_setting_failover_timeout{<instance>})`, "{{pod}} failover-timeout")),
		graph("Quorum needed and usable Sentinels", "none", "Sentinels that must agree that the master is down, and those that each Sentinel can reach, itself included. Alert: RedisSentinelSettingsLost.", half,
			query(`max by (pod) (redis_sentinel_master_ok_sentinels{<instance>})`, "{{pod}}"),
			query(`max(redis_sentinel_master_setting_ckquorum{<instance>})`, "Quorum")).
			OverrideByName(dashed("Quorum")),
	)

	p.row(
		"Replication",
		timeline("Link to the master", "Whether each replica is connected to its master. It is not while it loads a full copy. Alert: RedisReplicationBroken.", half,
			yesNo("Up", "Down"), query(`max by (pod) (redis_master_link_up{<instance>})`, "{{pod}}")),
		graph("Master that replicas follow", "none", "How many replicas follow which Pod, or which address if no Pod has it. Alert: RedisForeignMaster.", half,
			query(followedQuery, "{{pod}}")),
		limited("Replication lag", "bytes", "Bytes that a replica has not confirmed yet: a failover loses that much at most. Alert: RedisReplicationLagging.",
			l.ReplicationLagBytes, query(lagQuery, "{{pod}}")),
		graph("Last confirmation", "s", "Time since the master last heard from each replica, in whole seconds. One is normal.", third,
			query(confirmationQuery, "{{pod}}")),
		graph("Replicas connected", "none", "Replicas that the master serves. Alerts: RedisReplicaNone, RedisReplicaMissing.", third,
			query(replicasQuery, "Replicas")),
		graph("Resynchronisations", "none", "Full copies that masters sent in the last five minutes, and resynchronisations from the backlog, accepted and denied. Alert: RedisFullResyncRepeating.", third,
			query(`sum(increase(redis_replica_resyncs_full{<instance>}[5m]))`, "Full"),
			query(`sum(increase(redis_replica_partial_resync_accepted{<instance>}[5m]))`, "Partial accepted"),
			query(`sum(increase(redis_replica_partial_resync_denied{<instance>}[5m]))`, "Partial denied")),
		graph("Replication backlog", "bytes", "History that a replica can catch up from without a full copy, and its size.", third,
			query(`max by (pod) (redis_repl_backlog_history_bytes{<instance>})`, "{{pod}}"),
			query(`max(redis_replication_backlog_bytes{<instance>})`, "Size")).
			OverrideByName(dashed("Size")),
		graph("Replication offset", "bytes", "How far each Redis is in the master's stream of writes. A step back is another master's stream.", third,
			query(`max by (pod) (redis_master_repl_offset{<instance>})`, "{{pod}}")),
	)

	p.row(
		"What clients notice",
		graph("Errors", "cps", "Errors that Redis answered, by their first word. READONLY comes from clients of a deposed master. Alerts: RedisWritesRefused, RedisWritesToReplica.", third,
			query(`sum by (err) (rate(redis_errors_total{<instance>,component="redis"}[$__rate_interval]))`, "{{err}}")),
		graph("New connections", "cps", "Connections per second to each Redis. After a failover clients move over.", third,
			query(`sum by (pod) (rate(redis_connections_received_total{<instance>,component="redis"}[$__rate_interval]))`, "{{pod}}")),
		graph("Commands", "ops", "Commands that each Redis runs. After a failover they move to the new master.", third,
			query(`sum by (pod) (rate(redis_commands_processed_total{<instance>,component="redis"}[$__rate_interval]))`, "{{pod}}")),
	)

	p.row(
		"Processes",
		limited("Restarts", "none", "Restarts of each Redis and Sentinel within the last hour, in a Pod that stays. Alert: RedisRestarting.", 2,
			query(`sum by (pod) (resets(redis_uptime_in_seconds{<instance>}[1h]))`, "{{pod}}")),
		graph("Uptime", "s", "Time since each Redis and Sentinel started.", third,
			query(`max by (pod) (redis_uptime_in_seconds{<instance>})`, "{{pod}}")),
		timeline("Exporter", "Whether Prometheus reaches the exporter beside each Redis and Sentinel. Alerts: RedisNotScraped, RedisPodMissing, RedisMetricsAbsent, RedisSentinelMetricsAbsent.", third,
			yesNo("Scraped", "Not scraped"), query(`max by (pod) (up{<instance>,component!=""})`, "{{pod}}")),
		timeline("Redis and Sentinel as their exporters see them", "Whether each answers its exporter. Alerts: RedisNotAnswering, RedisExporterDenied.", third,
			yesNo("Answers", "Does not answer"), query(`max by (pod) (redis_up{<instance>})`, "{{pod}}")),
		timeline("Saves", "Whether the last save went well. A cache saves nothing. Alert: RedisSaveFailing (sessions only).", third,
			yesNo("Saved", "Failed"), query(`max by (pod) (redis_rdb_last_bgsave_status{<instance>})`, "{{pod}}")),
		timeline("From outside", "The operator's verdict on this instance, and whether the Blackbox exporter, if there is one, reaches Sentinel through its Service. Alerts: RedisNotReconciled, RedisHealingBlocked, RedisUnreachable, RedisProbeAbsent.", third,
			yesNo("Well", "Failed"),
			query(`min(redis_operator_controller_cluster_ok{<failover>})`, "Operator"),
			query(`max(probe_success{<instance>})`, "Blackbox exporter")),
	)
	return p
}
