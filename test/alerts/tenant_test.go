package alerts

import (
	"fmt"
	"time"
)

// tenantExamples are those of the tenant chart. Faults strike Redis 0, the
// master, only where that matters.
var tenantExamples = []example{
	{
		alert: "RedisMasterMissing",
		fault: func(i *instance) { i.redis[0].role("slave") },
		want:  alert("No Pod of redis-system/cache says that it is master: nothing can be written."),
		silent: faults{
			"nothing is scraped": func(i *instance) { i.vanish() },
			"failover within seconds": func(i *instance) {
				i.redis[0].role("slave")
				i.redis[1].role("master")
			},
		},
	},
	{
		alert: "RedisMasterMissing",
		fault: func(i *instance) { i.redis[0].denied(); i.redis[1].vanish(); i.redis[2].unscraped() },
		want:  alert("No Pod of redis-system/cache says that it is master: nothing can be written."),
	},
	{
		// As when its connections are used up.
		alert: "RedisMasterMissing",
		fault: func(i *instance) { i.redis[0].denied() },
		want:  alert("No Pod of redis-system/cache says that it is master: nothing can be written."),
	},
	{
		alert: "RedisMultipleMasters",
		fault: func(i *instance) { i.redis[1].role("master") },
		want:  alert("2 Pods of redis-system/cache say that they are master: what is written to one is lost when the other wins, and the operator repairs nothing."),
	},
	{
		alert: "RedisNotAnswering",
		fault: func(i *instance) { i.redis[1].denied(); i.sentinel[2].denied() },
		want: alerts{
			{"rfr-cache-1 (redis) of redis-system/cache does not answer.", labelled{"component": "redis", "pod": "rfr-cache-1"}},
			{"rfs-cache-2 (sentinel) of redis-system/cache does not answer.", labelled{"component": "sentinel", "pod": "rfs-cache-2"}},
		},
	},
	{
		alert: "RedisExporterDenied",
		fault: func(i *instance) { each(i.redis, (*scrape).denied) },
		want:  alert("Sentinel sees the master of redis-system/cache, but no exporter gets an answer from Redis: most likely their password is wrong. The other alerts are blind."),
		silent: faults{
			"Redis is down": func(i *instance) {
				each(i.redis, (*scrape).denied)
				each(i.sentinel, func(s *scrape) { s.set("redis_sentinel_master_status", always(0)) })
			},
			"one exporter is denied": func(i *instance) { i.redis[0].denied() },
		},
	},
	{
		alert: "RedisNotScraped",
		fault: func(i *instance) { i.sentinel[0].unscraped() },
		want:  alerts{{"Prometheus does not reach the exporter of rfs-cache-0 (sentinel) of redis-system/cache.", labelled{"component": "sentinel", "pod": "rfs-cache-0"}}},
		silent: faults{
			"a Pod is gone":           func(i *instance) { i.redis[1].vanish() },
			"the prober is not there": func(i *instance) { i.probe.unscraped() },
		},
	},
	{
		alert: "RedisPodMissing",
		fault: func(i *instance) { i.redis[2].vanish() },
		want:  alerts{{"redis-system/cache has 2 Pods of redis, and should have 3 of redis and 3 of sentinel.", labelled{"component": "redis"}}},
		silent: faults{"a Pod is replaced": func(i *instance) {
			i.redis[2].set("up", func(minute int) (float64, bool) { return 1, minute > 3 })
		}},
	},
	{
		alert: "RedisPodMissing",
		fault: func(i *instance) { i.sentinel[2].vanish() },
		want:  alerts{{"redis-system/cache has 2 Pods of sentinel, and should have 3 of redis and 3 of sentinel.", labelled{"component": "sentinel"}}},
	},
	{
		// The count over nothing is nothing.
		alert: "RedisPodMissing",
		fault: func(i *instance) { each(i.redis, (*scrape).vanish); each(i.sentinel, (*scrape).vanish) },
		want: alerts{
			{"redis-system/cache has 0 Pods of redis, and should have 3 of redis and 3 of sentinel.", labelled{"component": "redis"}},
			{"redis-system/cache has 0 Pods of sentinel, and should have 3 of redis and 3 of sentinel.", labelled{"component": "sentinel"}},
		},
	},
	{
		alert: "RedisHealingBlocked",
		fault: func(i *instance) { each(i.redis, (*scrape).vanish); each(i.sentinel, (*scrape).vanish) },
		want:  alert("redis-system/cache has 0 of 6 Pods. Until all are there, the operator repairs nothing: only Sentinel acts."),
	},
	{
		alert: "RedisHealingBlocked",
		fault: func(i *instance) { i.sentinel[2].vanish() },
		want:  alert("redis-system/cache has 5 of 6 Pods. Until all are there, the operator repairs nothing: only Sentinel acts."),
		silent: faults{"a Sentinel more while they are replaced": func(i *instance) {
			i.sentinel = append(i.sentinel, i.pod("sentinel", "sentinel", "rfs-cache-3", 24, 9355))
		}},
	},
	{
		alert: "RedisMetricsAbsent",
		fault: func(i *instance) { each(i.redis, (*scrape).vanish) },
		want:  alerts{{"Prometheus has no metrics of any Redis of redis-system/cache: most of its alerts cannot fire.", labelled{"component": "redis"}}},
		silent: faults{
			"Redis is down, its exporters are not": func(i *instance) { each(i.redis, (*scrape).denied) },
			"one is left":                          func(i *instance) { each(i.redis[1:], (*scrape).vanish) },
		},
	},
	{
		alert:  "RedisSentinelMetricsAbsent",
		fault:  func(i *instance) { each(i.sentinel, (*scrape).unscraped) },
		want:   alert("Prometheus has no metrics of any Sentinel of redis-system/cache: nobody would see that failover does not work."),
		silent: faults{"one is left": func(i *instance) { each(i.sentinel[1:], (*scrape).vanish) }},
	},
	{
		alert: "RedisReplicaMissing",
		fault: func(i *instance) { i.serve(1, 2) },
		want:  alert("The master of redis-system/cache has 1 of 2 replicas."),
		silent: faults{
			"a replica restarts":                func(i *instance) { i.redis[0].set("redis_connected_slaves", steps(4, 1, 2)) },
			"the master's exporter is shut out": func(i *instance) { i.redis[0].denied() },
		},
	},
	{
		alert: "RedisReplicaNone",
		fault: func(i *instance) { i.serve(0, 1) },
		want:  alert("The master of redis-system/cache has no replica: if it fails, nothing takes over."),
		silent: faults{
			"one is left":                       func(i *instance) { i.redis[0].set("redis_connected_slaves", always(1)) },
			"the master's exporter is shut out": func(i *instance) { i.redis[0].denied() },
		},
	},
	{
		alert: "RedisReplicationBroken",
		fault: func(i *instance) { i.redis[1].set("redis_master_link_up", always(0)) },
		want:  alerts{{"Replica rfr-cache-1 of redis-system/cache has no link to its master.", labelled{"pod": "rfr-cache-1"}}},
		silent: faults{"the master changes": func(i *instance) {
			i.redis[1].follows(i.ip+"13", 1)
		}},
	},
	{
		// The address changes while the link is down: the alert must not begin again.
		alert: "RedisReplicationBroken",
		fault: func(i *instance) {
			i.redis[1].set("redis_master_link_up", func(minute int) (float64, bool) { return 0, minute < 2 })
			i.redis[1].add(`redis_master_link_up{master_host="`+i.ip+`13",master_port="6379"}`, func(minute int) (float64, bool) { return 0, minute >= 2 })
		},
		want:    alerts{{"Replica rfr-cache-1 of redis-system/cache has no link to its master.", labelled{"pod": "rfr-cache-1"}}},
		minutes: 3,
	},
	{
		alert: "RedisReplicationLagging",
		fault: func(i *instance) {
			i.redis[0].set("redis_master_repl_offset", always(100e6))
			i.redis[0].set(`redis_connected_slave_offset_bytes{slave_ip=~".*12"}`, always(100e6-20<<20))
			i.redis[0].set(`redis_connected_slave_offset_bytes{slave_ip=~".*13"}`, always(100e6))
		},
		want: alerts{{"Replica 10.1.0.12 of redis-system/cache is 20MiB behind: that much is lost if the master is.", labelled{"slave_ip": "10.1.0.12"}}},
		silent: faults{"a replica scraped later is ahead": func(i *instance) {
			i.redis[0].set("redis_master_repl_offset", always(100e6))
			i.redis[0].set("redis_connected_slave_offset_bytes", always(100e6))
			i.redis[1].set("redis_master_repl_offset", always(200e6))
		}},
	},
	{
		alert:   "RedisFullResyncRepeating",
		fault:   func(i *instance) { i.redis[0].grow("redis_replica_resyncs_full", 0.1) },
		want:    alert("The master of redis-system/cache sent 5.085 full copies within an hour."),
		minutes: 50,
		silent:  faults{"each replica loads once": func(i *instance) { i.redis[0].set("redis_replica_resyncs_full", steps(1, 2, 4)) }},
	},
	{
		alert:   "RedisRestarting",
		fault:   func(i *instance) { i.redis[2].set("redis_uptime_in_seconds", steps(3, 1, 100, 1, 100, 1, 100)) },
		want:    alerts{{"rfr-cache-2 (redis) of redis-system/cache restarted 3 times within an hour.", labelled{"component": "redis", "pod": "rfr-cache-2"}}},
		minutes: 20,
		silent: faults{"the computed start time is off by a second": func(i *instance) {
			i.redis[2].set("redis_start_time_seconds", func(minute int) (float64, bool) { return float64(minute % 2), true })
		}},
	},
	{
		alert: "RedisFailover",
		fault: func(i *instance) { each(i.sentinel, i.failover(steps(1, 1))) },
		want:  alert("Sentinel failed redis-system/cache over 1 times within 15 minutes."),
		silent: faults{
			"a new Sentinel begins at 0": func(i *instance) { i.sentinel[1].set("redis_sentinel_master_config_epoch", always(0)) },
			"all begin at 0, repaired": func(i *instance) {
				each(i.sentinel, func(s *scrape) { s.set("redis_sentinel_master_config_epoch", always(0)) })
			},
			"it was half an hour ago": func(i *instance) { each(i.sentinel, i.failover(steps(1, 1))) },
		},
		silentAfter: 40,
	},
	{
		alert:   "RedisFailoverFlapping",
		fault:   func(i *instance) { each(i.sentinel, i.failover(steps(5, 1, 2, 3, 4))) },
		want:    alert("Sentinel failed redis-system/cache over 4 times within an hour."),
		minutes: 20,
		silent:  faults{"a drain of all nodes": func(i *instance) { each(i.sentinel, i.failover(steps(5, 1, 2, 3))) }},
	},
	{
		alert: "RedisForeignMaster",
		fault: func(i *instance) { i.redis[1].follows("10.9.9.9", 1) },
		want:  alerts{{"rfr-cache-1 of redis-system/cache follows 10.9.9.9, which is no Pod of this instance: its data is replaced by what is there.", labelled{"pod": "rfr-cache-1", "pod_ip": "10.9.9.9"}}},
		silent: faults{
			"the master's Pod is gone":  func(i *instance) { i.redis[0].vanish() },
			"the other is the master":   func(i *instance) { i.redis[1].follows(i.ip+"13", 1) },
			"the master is not scraped": func(i *instance) { i.redis[0].unscraped() },
		},
	},
	{
		// That of a proxy is no Redis' either.
		alert: "RedisForeignMaster",
		fault: func(i *instance) { i.redis[1].follows(i.ip+"31", 1) },
		want:  alerts{{"rfr-cache-1 of redis-system/cache follows 10.1.0.31, which is no Pod of this instance: its data is replaced by what is there.", labelled{"pod": "rfr-cache-1", "pod_ip": "10.1.0.31"}}},
	},
	{
		alert: "RedisForeignMaster",
		fault: func(i *instance) { i.redis[1].unscraped(); i.redis[2].follows("127.0.0.1", 0) },
		want:  alerts{{"rfr-cache-2 of redis-system/cache follows 127.0.0.1, which is no Pod of this instance: its data is replaced by what is there.", labelled{"pod": "rfr-cache-2", "pod_ip": "127.0.0.1"}}},
	},
	{
		alert:  "RedisUnreachable",
		fault:  func(i *instance) { i.probe.set("probe_success", always(0)) },
		want:   alert("rfs-cache.redis-system:26379 accepts no connection: clients cannot find the master."),
		silent: faults{"there is no prober": func(i *instance) { i.probe.unscraped() }},
	},
	{
		alert:  "RedisProbeAbsent",
		fault:  func(i *instance) { i.probe.unscraped() },
		want:   alert("Prometheus learns nothing from the Blackbox exporter about rfs-cache.redis-system:26379: nobody would see that clients cannot reach it."),
		silent: faults{"Sentinel is not reached": func(i *instance) { i.probe.set("probe_success", always(0)) }},
	},
	{
		// The operator still has its last verdict, and that it once looked.
		alert:   "RedisNotReconciled",
		fault:   (*instance).unseen,
		want:    alert("An operator runs, but does not look after redis-system/cache: nothing is repaired or updated."),
		minutes: 5,
		silent: faults{
			"the operator is not scraped": func(i *instance) {
				i.world.operator[0].vanish()
				i.world.operator[1].vanish()
			},
			"it is scraped without honorLabels": func(i *instance) { i.world.override() },
			"the operator is overloaded":        func(i *instance) { i.unseen(); i.world.wait(90) },
			"it is overloaded, and scraped without honorLabels": func(i *instance) {
				i.world.override()
				i.unseen()
				i.world.wait(90)
			},
		},
	},
	{
		// An overloaded operator that has forgotten it.
		alert:   "RedisNotReconciled",
		fault:   func(i *instance) { i.forgotten(); i.world.wait(90) },
		want:    alert("An operator runs, but does not look after redis-system/cache: nothing is repaired or updated."),
		minutes: 5,
	},
	{
		alert:   "RedisNotReconciled",
		fault:   func(i *instance) { i.world.override(); i.forgotten(); i.world.wait(90) },
		want:    alert("An operator runs, but does not look after redis-system/cache: nothing is repaired or updated."),
		minutes: 5,
	},
	{
		// It is not: its other events do not wait.
		alert:   "RedisNotReconciled",
		fault:   func(i *instance) { i.unseen(); i.world.wait(55) },
		want:    alert("An operator runs, but does not look after redis-system/cache: nothing is repaired or updated."),
		minutes: 5,
	},
	{
		alert:   "RedisNotReconciled",
		fault:   func(i *instance) { i.world.override(); i.unseen() },
		want:    alert("An operator runs, but does not look after redis-system/cache: nothing is repaired or updated."),
		minutes: 5,
	},
	{
		alert:   "RedisSentinelQuorumLost",
		fault:   func(i *instance) { each(i.sentinel, (*scrape).vanish) },
		want:    alert("No Sentinel of redis-system/cache can reach a quorum of 2: if the master fails, nothing takes over."),
		minutes: 5,
		silent:  faults{"their exporters are not reached": func(i *instance) { each(i.sentinel, (*scrape).unscraped) }},
	},
	{
		alert: "RedisSentinelQuorumLost",
		fault: func(i *instance) { each(i.sentinel, (*scrape).quorumless) },
		want:  alert("No Sentinel of redis-system/cache can reach a quorum of 2: if the master fails, nothing takes over."),
		silent: faults{"one has a quorum": func(i *instance) {
			each(i.sentinel[1:], (*scrape).quorumless)
		}},
	},
	{
		// Sentinel's words change while there is no quorum.
		alert: "RedisSentinelQuorumLost",
		fault: func(i *instance) {
			each(i.sentinel, func(s *scrape) {
				s.set("redis_sentinel_master_ckquorum_status", func(minute int) (float64, bool) { return 0, minute%2 == 0 })
				s.add(`redis_sentinel_master_ckquorum_status{master_name="mymaster",message="other words"}`, func(minute int) (float64, bool) { return 0, minute%2 == 1 })
			})
		},
		want: alert("No Sentinel of redis-system/cache can reach a quorum of 2: if the master fails, nothing takes over."),
	},
	{
		alert:  "RedisSentinelIsolated",
		fault:  func(i *instance) { i.sentinel[1].quorumless() },
		want:   alerts{{"rfs-cache-1 of redis-system/cache sees no quorum, while other Sentinels do.", labelled{"pod": "rfs-cache-1"}}},
		silent: faults{"none has a quorum": func(i *instance) { each(i.sentinel, (*scrape).quorumless) }},
	},
	{
		alert: "RedisSentinelMasterDown",
		fault: func(i *instance) {
			each(i.sentinel, func(s *scrape) {
				s.replace("redis_sentinel_master_status", `redis_sentinel_master_status{master_address="`+i.ip+`11:6379",master_name="mymaster",master_status="odown"}`, always(0))
			})
		},
		want:   alert("All Sentinels of redis-system/cache consider the master down, and none has replaced it."),
		silent: faults{"one sees it": func(i *instance) { i.sentinel[0].set("redis_sentinel_master_status", always(0)) }},
	},
	{
		alert:  "RedisSentinelDisagree",
		fault:  func(i *instance) { i.sentinel[2].watches(i.ip + "12") },
		want:   alert("The Sentinels of redis-system/cache name 2 different masters: which one a client writes to is chance."),
		silent: faults{"all change": func(i *instance) { each(i.sentinel, func(s *scrape) { s.watches(i.ip + "12") }) }},
	},
	{
		alert: "RedisSentinelWrongMaster",
		fault: func(i *instance) { each(i.sentinel, func(s *scrape) { s.watches(i.ip + "12") }) },
		want:  alerts{{"3 Sentinels of redis-system/cache send clients to 10.1.0.12, which is not the master.", labelled{"pod_ip": "10.1.0.12"}}},
		silent: faults{
			"no master is seen": func(i *instance) { i.redis[0].denied() },
			"there are two": func(i *instance) {
				i.redis[1].role("master")
				i.sentinel[0].watches(i.ip + "13")
			},
		},
	},
	{
		// RedisForeignMaster tells nothing of it before a replica follows.
		alert: "RedisSentinelForeignMaster",
		fault: func(i *instance) { each(i.sentinel, func(s *scrape) { s.watches("10.9.9.9") }) },
		want:  alerts{{"3 Sentinels of redis-system/cache name 10.9.9.9 as the master, which is no Pod of this instance: clients log in there with their password.", labelled{"pod_ip": "10.9.9.9"}}},
		silent: faults{
			"a Pod is not known yet": func(i *instance) {
				i.redis[1].vanish()
				each(i.sentinel, func(s *scrape) { s.watchesFrom("10.9.9.9", 1) })
			},
			"a replica is named":           func(i *instance) { each(i.sentinel, func(s *scrape) { s.watches(i.ip + "12") }) },
			"the operator's word for none": func(i *instance) { each(i.sentinel, func(s *scrape) { s.watches("127.0.0.1") }) },
			"the same while a Pod is missing": func(i *instance) {
				i.redis[1].vanish()
				each(i.sentinel, func(s *scrape) { s.watches("127.0.0.1") })
			},
		},
	},
	{
		// At once, and where an exporter does not answer.
		alert: "RedisSentinelForeignMaster",
		fault: func(i *instance) {
			i.redis[1].unscraped()
			each(i.sentinel, func(s *scrape) { s.watchesFrom("10.9.9.9", margin) })
		},
		want: alerts{{"3 Sentinels of redis-system/cache name 10.9.9.9 as the master, which is no Pod of this instance: clients log in there with their password.", labelled{"pod_ip": "10.9.9.9"}}},
	},
	{
		alert: "RedisSentinelForeignMaster",
		fault: func(i *instance) {
			i.redis[1].vanish()
			i.sentinel[0].watches("10.9.9.9")
			i.sentinel[1].watchesFrom("10.9.9.9", 1)
		},
		want:        alerts{{"1 Sentinels of redis-system/cache name 10.9.9.9 as the master, which is no Pod of this instance: clients log in there with their password.", labelled{"pod_ip": "10.9.9.9"}}},
		silent:      faults{"the master is lost, and nothing takes over": func(i *instance) { i.redis[0].vanish() }},
		silentAfter: 30,
	},
	{
		// That of a proxy is none, at once and while a Pod is missing.
		alert: "RedisSentinelForeignMaster",
		fault: func(i *instance) { each(i.sentinel, func(s *scrape) { s.watches(i.ip + "31") }) },
		want:  alerts{{"3 Sentinels of redis-system/cache name 10.1.0.31 as the master, which is no Pod of this instance: clients log in there with their password.", labelled{"pod_ip": "10.1.0.31"}}},
	},
	{
		alert: "RedisSentinelForeignMaster",
		fault: func(i *instance) { i.redis[1].vanish(); each(i.sentinel, func(s *scrape) { s.watches(i.ip + "31") }) },
		want:  alerts{{"3 Sentinels of redis-system/cache name 10.1.0.31 as the master, which is no Pod of this instance: clients log in there with their password.", labelled{"pod_ip": "10.1.0.31"}}},
	},
	{
		alert: "RedisSentinelEpochSpent",
		fault: func(i *instance) {
			each(i.redis, func(s *scrape) { s.add(`redis_errors_total{err="SENTINELEPOCH"}`, from0(never, grows(30))) })
		},
		want: alert("A Sentinel of redis-system/cache is at an epoch after which there are none: if the master fails, nothing takes over."),
		silent: faults{
			"it is over":             func(i *instance) { i.redis[0].add(`redis_errors_total{err="SENTINELEPOCH"}`, from0(never, always(30))) },
			"errors of another kind": func(i *instance) { i.redis[0].grow(`redis_errors_total{err="NOAUTH"}`, 30) },
		},
	},
	{
		alert: "RedisSentinelCountsWrong",
		fault: func(i *instance) { i.sentinel[0].set("redis_sentinel_master_sentinels", always(4)) },
		want:  alerts{{"rfs-cache-0 of redis-system/cache knows 4 Pods of a kind; right would be 3 Sentinels and 2 replicas.", labelled{"pod": "rfs-cache-0"}}},
		silent: faults{"until the operator resets it": func(i *instance) {
			i.sentinel[0].set("redis_sentinel_master_sentinels", steps(10, 4, 3))
		}},
	},
	{
		alert: "RedisSentinelCountsWrong",
		fault: func(i *instance) { i.sentinel[0].set("redis_sentinel_master_slaves", always(0)) },
		want:  alerts{{"rfs-cache-0 of redis-system/cache knows 0 Pods of a kind; right would be 3 Sentinels and 2 replicas.", labelled{"pod": "rfs-cache-0"}}},
	},
	{
		alert: "RedisSentinelNoCandidate",
		fault: func(i *instance) {
			each(i.sentinel, func(s *scrape) { s.set("redis_sentinel_master_ok_slaves", always(0)) })
		},
		want:   alert("No Sentinel of redis-system/cache knows a usable replica: if the master fails, nothing takes over."),
		silent: faults{"one knows some": func(i *instance) { i.sentinel[0].set("redis_sentinel_master_ok_slaves", always(0)) }},
	},
	{
		alert: "RedisSentinelMasterCountWrong",
		fault: func(i *instance) {
			i.sentinel[0].set("redis_sentinel_masters", always(0))
			i.sentinel[1].set("redis_sentinel_masters", always(2))
		},
		want: alerts{
			{"rfs-cache-0 of redis-system/cache watches 0 masters instead of one.", labelled{"pod": "rfs-cache-0"}},
			{"rfs-cache-1 of redis-system/cache watches 2 masters instead of one.", labelled{"pod": "rfs-cache-1"}},
		},
	},
	{
		alert:  "RedisSentinelTilt",
		fault:  func(i *instance) { i.sentinel[0].set("redis_sentinel_tilt", always(1)) },
		want:   alerts{{"rfs-cache-0 of redis-system/cache is in TILT mode: it takes no part in failovers.", labelled{"pod": "rfs-cache-0"}}},
		silent: faults{"it is over": func(i *instance) { i.sentinel[0].set("redis_sentinel_tilt", steps(1, 1, 0)) }},
	},
	settingLost("redis_sentinel_master_setting_down_after_milliseconds", 30000, 2000),
	settingLost("redis_sentinel_master_setting_failover_timeout", 180000, 6000),
	settingLost("redis_sentinel_master_setting_ckquorum", 1, 2),
	{
		alert: "RedisMemoryNearLimit",
		fault: func(i *instance) { i.redis[1].set("redis_memory_used_bytes", always(0.9*maxmemory)) },
		want:  alert("90 % of the memory of redis-system/cache is used. When it is full, new sessions are refused."),
		silent: faults{
			"maxmemory is not set": func(i *instance) { i.redis[1].set("redis_memory_max_bytes", always(0)) },
			"it is half full":      func(i *instance) { i.redis[1].set("redis_memory_used_bytes", always(0.5*maxmemory)) },
		},
	},
	{
		alert: "RedisWritesRefused",
		fault: func(i *instance) { i.redis[0].grow(`redis_errors_total{err="OOM"}`, 60) },
		want:  alerts{{"Redis of redis-system/cache refused 180 writes within 3 minutes: OOM.", labelled{"err": "OOM"}}},
		silent: faults{
			"errors of another kind": func(i *instance) { i.redis[0].grow(`redis_errors_total{err="NOAUTH"}`, 60) },
			"a failover": func(i *instance) {
				i.redis[1].add(`redis_errors_total{err="NOREPLICAS"}`, from0(always(1), steps(5, 1, 40)))
			},
		},
	},
	{
		alert: "RedisSessionsEvicted",
		fault: func(i *instance) { i.redis[0].grow("redis_evicted_keys_total", 1) },
		want:  alert("Redis of redis-system/cache dropped 3 keys within 15 minutes because its memory is full."),
	},
	{
		alert: "RedisCacheTooSmall",
		fault: func(i *instance) {
			// Replicas hold the same keys, not more.
			i.redis[0].grow("redis_evicted_keys_total", 50)
			each(i.redis, func(s *scrape) { s.set(`redis_db_keys{db="db0"}`, always(1400)) })
		},
		want:    alert("The cache of redis-system/cache drops 3k keys within an hour, which is more than it holds."),
		minutes: 90,
		silent: faults{"much is held, in two databases": func(i *instance) {
			i.redis[0].grow("redis_evicted_keys_total", 50)
			i.redis[0].set(`redis_db_keys{db=~"db[01]"}`, always(2000))
		}},
	},
	{
		alert:  "RedisMemoryNearKill",
		fault:  func(i *instance) { i.redis[1].set("redis_memory_used_rss_bytes", always(0.95*container)) },
		want:   alerts{{"rfr-cache-1 of redis-system/cache takes 95 % of the 256 MiB that its container has; at 100 % it is killed.", labelled{"pod": "rfr-cache-1"}}},
		silent: faults{"it takes less": func(i *instance) { i.redis[1].set("redis_memory_used_rss_bytes", always(0.85*container)) }},
	},
	{
		alert: "RedisMemoryFragmented",
		fault: func(i *instance) {
			i.redis[1].set("redis_mem_fragmentation_ratio", always(1.75))
			i.redis[1].set("redis_memory_used_bytes", always(0.6*maxmemory))
		},
		want: alerts{{"rfr-cache-1 of redis-system/cache takes 1.75 times the memory that its data needs.", labelled{"pod": "rfr-cache-1"}}},
		silent: faults{
			"Redis is nearly empty": func(i *instance) { i.redis[1].set("redis_mem_fragmentation_ratio", always(10)) },
			"there are few holes": func(i *instance) {
				i.redis[1].set("redis_mem_fragmentation_ratio", always(1.2))
				i.redis[1].set("redis_memory_used_bytes", always(0.6*maxmemory))
			},
		},
	},
	{
		alert: "RedisConnectionsRejected",
		fault: func(i *instance) {
			i.redis[0].grow("redis_rejected_connections_total", 1)
			i.sentinel[1].grow("redis_rejected_connections_total", 2)
		},
		want: alerts{
			{"rfr-cache-0 (redis) of redis-system/cache refused 3 connections within 5 minutes.", labelled{"component": "redis", "pod": "rfr-cache-0"}},
			{"rfs-cache-1 (sentinel) of redis-system/cache refused 6 connections within 5 minutes.", labelled{"component": "sentinel", "pod": "rfs-cache-1"}},
		},
		silent: faults{"the exporter is refused, too": func(i *instance) {
			i.redis[0].grow("redis_rejected_connections_total", 1)
			i.redis[0].denied()
		}},
	},
	{
		alert: "RedisClientsNearLimit",
		fault: func(i *instance) { i.redis[0].set("redis_connected_clients", always(8500)) },
		want:  alerts{{"rfr-cache-0 (redis) of redis-system/cache has 85 % of the connections that it allows, or of the memory for them.", labelled{"component": "redis", "pod": "rfr-cache-0"}}},
	},
	{
		alert: "RedisClientsNearLimit",
		fault: func(i *instance) { i.redis[0].set("redis_mem_clients_normal", always(0.9*16*1024*1024)) },
		want:  alerts{{"rfr-cache-0 (redis) of redis-system/cache has 90 % of the connections that it allows, or of the memory for them.", labelled{"component": "redis", "pod": "rfr-cache-0"}}},
	},
	{
		alert: "RedisCommandsSlow",
		fault: func(i *instance) {
			i.redis[0].grow(`redis_commands_total{cmd="set"}`, 600)
			i.redis[0].grow(`redis_commands_duration_seconds_total{cmd="set"}`, 60)
			i.redis[0].grow(`redis_commands_total{cmd="psync"}`, 60000)
		},
		want: alerts{{"A command takes 100 ms in the mean at rfr-cache-0 of redis-system/cache.", labelled{"pod": "rfr-cache-0"}}},
		silent: faults{
			"a client waits in a queue": func(i *instance) {
				i.redis[0].grow(`redis_commands_total{cmd="set"}`, 600)
				for _, command := range []string{"blpop", "brpop", "bzpopmin", "blmove", "xreadgroup", "wait", "waitaof"} {
					i.redis[0].add(`redis_commands_total{cmd="`+command+`"}`, grows(1))
					i.redis[0].add(`redis_commands_duration_seconds_total{cmd="`+command+`"}`, grows(60))
				}
			},
			"there are hardly any commands": func(i *instance) {
				i.redis[0].grow(`redis_commands_total{cmd="set"}`, 1)
				i.redis[0].grow(`redis_commands_duration_seconds_total{cmd="set"}`, 1)
			},
		},
	},
	{
		alert: "RedisCPUSaturated",
		fault: func(i *instance) {
			i.redis[0].grow("redis_cpu_user_main_thread_seconds_total", 30)
			i.redis[0].grow("redis_cpu_sys_main_thread_seconds_total", 27)
		},
		minutes: 8,
		want:    alerts{{"The main thread of rfr-cache-0 (redis) of redis-system/cache takes 95% of a CPU.", labelled{"component": "redis", "pod": "rfr-cache-0"}}},
	},
	{
		alert: "RedisWritesToReplica",
		fault: func(i *instance) { i.redis[1].grow(`redis_errors_total{err="READONLY"}`, 6) },
		want:  alerts{{"Replica rfr-cache-1 of redis-system/cache refused 30 writes within 5 minutes: some client is stuck to an old master.", labelled{"pod": "rfr-cache-1"}}},
		silent: faults{
			"a failover":             func(i *instance) { i.redis[1].set(`redis_errors_total{err="READONLY"}`, steps(1, 1, 50)) },
			"errors of another kind": func(i *instance) { i.redis[0].grow(`redis_errors_total{err="OOM"}`, 6) },
		},
	},
	{
		alert: "RedisLoginsRefused",
		fault: func(i *instance) { i.redis[0].grow(`redis_errors_total{err="NOAUTH"}`, 6) },
		want:  alerts{{"Redis of redis-system/cache answered 30 times NOAUTH within 5 minutes.", labelled{"err": "NOAUTH"}}},
		silent: faults{
			"one typing error":       func(i *instance) { i.redis[0].set(`redis_errors_total{err="NOAUTH"}`, steps(1, 1, 2, 3)) },
			"errors of another kind": func(i *instance) { i.redis[0].grow(`redis_errors_total{err="OOM"}`, 6) },
		},
	},
	{
		alert:  "RedisSaveFailing",
		fault:  func(i *instance) { i.redis[0].set("redis_rdb_last_bgsave_status", always(0)) },
		want:   alerts{{"rfr-cache-0 of redis-system/cache failed to save: if all Redis restart, what is newer than the last save is lost.", labelled{"pod": "rfr-cache-0"}}},
		silent: faults{"the next save succeeds": func(i *instance) { i.redis[0].set("redis_rdb_last_bgsave_status", steps(4, 0, 1)) }},
	},
	{
		alert:  "RedisProxyWithoutMaster",
		fault:  func(i *instance) { i.proxy[1].set(`haproxy_backend_active_servers{proxy="master"}`, always(0)) },
		want:   alerts{{"Proxy cache-proxy-1 of redis-system/cache has no master: its clients cannot write.", labelled{"pod": "cache-proxy-1"}}},
		silent: faults{"there is no replica to read from": func(i *instance) { i.proxy[0].set(`haproxy_backend_active_servers{proxy="replicas"}`, always(0)) }},
	},
	{
		alert: "RedisProxyMissing",
		fault: func(i *instance) { i.proxy[0].vanish() },
		want:  alert("redis-system/cache has 1 of 2 proxies. Clients without Sentinel depend on the rest."),
		silent: faults{"a Pod is replaced": func(i *instance) {
			i.proxy[0].set("up", func(minute int) (float64, bool) { return 1, minute > 3 })
		}},
	},
	{
		alert: "RedisProxyMissing",
		fault: func(i *instance) { each(i.proxy, (*scrape).vanish) },
		want:  alert("redis-system/cache has 0 of 2 proxies. Clients without Sentinel depend on the rest."),
	},
	{
		alert: "RedisProxyConnectionsNearLimit",
		fault: func(i *instance) { i.proxy[0].set(`haproxy_frontend_current_sessions{proxy="write"}`, always(801)) },
		want: alerts{{
			"Proxy cache-proxy-0 of redis-system/cache has 80.1 % of the clients that its write port serves.",
			labelled{"pod": "cache-proxy-0", "proxy": "write"},
		}},
		silent: faults{
			"there are fewer":               func(i *instance) { i.proxy[0].set(`haproxy_frontend_current_sessions{proxy="read"}`, always(800)) },
			"the port of metrics is in use": func(i *instance) { i.proxy[0].set(`haproxy_frontend_current_sessions{proxy="metrics"}`, always(99)) },
		},
	},
	{
		// How it is with the record of writes: TestServiceLevelByWrites.
		alert: "RedisWriteProbeAbsent",
		fault: func(i *instance) { i.probe.unscraped() },
		want:  alert("Prometheus learns nothing from redis-system/cache-probe, which writes as the tenant does: minutes in which the service is down are not counted."),
	},
	{
		alert:   "RedisErrorBudgetFastBurn",
		fault:   func(i *instance) { i.probe.set("probe_success", downs(3, 60)) },
		want:    alerts{{"Through sentinel, redis-system/cache was down for 3 minutes within 6 hours. At this rate the 43 minutes that 99.9 % leave for a month are used up in days.", labelled{"way": "sentinel"}}},
		minutes: 125,
		silent: faults{
			"it was two minutes":     func(i *instance) { i.probe.set("probe_success", downs(2, 120)) },
			"it is over for an hour": func(i *instance) { i.probe.set("probe_success", downs(3, 10)) },
			"the master is replaced within a minute": func(i *instance) {
				for n := range 3 {
					i.redis[n].drop("redis_instance_info")
					i.redis[n].add(`redis_instance_info{role="master"}`, func(minute int) (float64, bool) { return 1, minute%10 != 0 && minute/10%3 == n })
				}
			},
			"the prober is away": func(i *instance) { i.probe.unscraped() },
		},
	},
	{
		alert: "RedisErrorBudgetFastBurn",
		fault: func(i *instance) {
			each(i.redis, func(s *scrape) { s.role("slave") })
		},
		want:    alerts{{"Through sentinel, redis-system/cache was down for 5 minutes within 6 hours. At this rate the 43 minutes that 99.9 % leave for a month are used up in days.", labelled{"way": "sentinel"}}},
		minutes: 5,
	},
	{
		alert:   "RedisErrorBudgetSlowBurn",
		fault:   func(i *instance) { i.probe.set("probe_success", downs(5, 90)) },
		want:    alerts{{"Through sentinel, redis-system/cache was down for 5 minutes within 3 days. At this rate it is down for more than the 43 minutes that 99.9 % leave for a month.", labelled{"way": "sentinel"}}},
		minutes: 400,
		silent: faults{
			"it was four minutes":      func(i *instance) { i.probe.set("probe_success", downs(4, 90)) },
			"it is over for six hours": func(i *instance) { i.probe.set("probe_success", downs(5, 5)) },
		},
	},
	{
		// One of the proxies has not taken the new certificate over.
		alert: "RedisCertificateExpiring",
		fault: func(i *instance) { i.certificates[1].ends("tls.crt", 6*24*time.Hour) },
		want:  alerts{{"tls.crt that a proxy of redis-system/cache uses ends in 5d 23h 52m 0s: then its clients can no longer connect with TLS.", labelled{"file": "tls.crt"}}},
		silent: faults{
			"it is good for more than a week": func(i *instance) { i.certificates[1].ends("tls.crt", 7*24*time.Hour+10*time.Minute) },
			"it was renewed in between": func(i *instance) {
				i.certificates[0].set(`redis_proxy_certificate_expiry_timestamp_seconds{file="ca.crt"}`, steps(4, float64(at(0).Add(time.Hour).Unix()), float64(at(0).AddDate(0, 3, 0).Unix())))
			},
		},
	},
}

// downs are minutes of the probe in which Sentinel's Service is not reached, and up in
// between: so many, of which each follows the last one after so long.
func downs(count, apart int) value {
	return func(minute int) (float64, bool) {
		if minute%apart == 0 && minute/apart < count {
			return 0, true
		}
		return 1, true
	}
}

// ends has a certificate end so long after the fault.
func (s *scrape) ends(file string, after time.Duration) {
	s.set(fmt.Sprintf(`redis_proxy_certificate_expiry_timestamp_seconds{file=%q}`, file), always(float64(at(0).Add(after).Unix())))
}

const (
	// maxmemory is that of the recordings, in bytes.
	maxmemory = 64 << 20
	// container is the memory of size small, in bytes.
	container = 256 << 20
)

func settingLost(metric string, lost, right float64) example {
	return example{
		alert: "RedisSentinelSettingsLost",
		fault: func(i *instance) { i.sentinel[1].set(metric, always(lost)) },
		want: alerts{{
			fmt.Sprintf("rfs-cache-1 of redis-system/cache has a setting of %.0f. It should have 2000 ms until the master counts as down, 6000 ms for a failover and a quorum of 2.", lost),
			labelled{"pod": "rfs-cache-1"},
		}},
		silent: faults{"until the next reconcile": func(i *instance) { i.sentinel[1].set(metric, steps(10, lost, right)) }},
	}
}
