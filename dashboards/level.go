package main

// level is how much of the time the service was up, where an instance has a prober.
func level() []panel {
	return []panel{
		figure("Availability in 30 days", "percentunit", "Share of the last 30 days in which the service was up, through Sentinel and through the proxy, or of as many as Prometheus keeps. 99.9 % are promised.",
			latest(`tenant_redis:service_availability:ratio30d{<instance>}`, "{{way}}")).
			Decimals(3),
		figure("Minutes left of 43", "none", "What a service level of 99.9 % leaves for 30 days, less what was used. Alerts: RedisErrorBudgetFastBurn, RedisErrorBudgetSlowBurn.",
			latest(`43.2 - 43200 * (1 - tenant_redis:service_availability:ratio30d{<instance>})`, "{{way}}")).
			Decimals(1),
		timeline("Service", "Whether Sentinel's Service takes connections and some Redis is master, or a tenant's writes get through. Alerts: RedisUnreachable, RedisMasterMissing, RedisWriteProbeAbsent.", 2*third,
			yesNo("Up", "Down"), query(`1 - tenant_redis:service_down{<instance>}`, "{{way}}")),
	}
}
