package main

// proxy is what HAProxy says of itself, where an instance has one. There is
// nothing about bytes: it counts those of a connection when that has ended.
func proxy(l limits) []panel {
	const ports = `<instance>,proxy=~"write|read"`
	return []panel{
		timeline("Proxies", "Whether Prometheus reaches each proxy. A gap means that its Pod is not there. Alert: RedisProxyMissing.", third,
			yesNo("Up", "Not scraped"), query(`max by (pod) (up{<instance>,component="proxy"})`, "{{pod}}")),
		timeline("Master of each proxy",
			"Whether each proxy has a master to send writes to. Which Redis that is, HAProxy does not say: see Role of each Redis. Alert: RedisProxyWithoutMaster.", third,
			yesNo("Master", "No master"), query(`max by (pod) (haproxy_backend_active_servers{<instance>,proxy="master"})`, "{{pod}}")),
		graph("Replicas to read from", "none", "Replicas that each proxy sends reads to. Without any, reads go to the master.", third,
			query(`max by (pod) (haproxy_backend_active_servers{<instance>,proxy="replicas"})`, "{{pod}}")),
		limited("Sessions in percent", "percent", "Clients of each port in percent of those that it serves. Beyond, they wait to be let in. Alert: RedisProxyConnectionsNearLimit.",
			l.ClientsPercent,
			query(`100 * max by (pod, proxy) (haproxy_frontend_current_sessions{`+ports+`} / haproxy_frontend_limit_sessions{`+ports+`})`, "{{pod}} {{proxy}}")),
		graph("Sessions", "short", "Clients of each port, and how many it serves. A fall to zero is a master that was disconnected, and all sessions with it.", third,
			query(`max by (pod, proxy) (haproxy_frontend_current_sessions{`+ports+`})`, "{{pod}} {{proxy}}"),
			query(`max(haproxy_frontend_limit_sessions{`+ports+`})`, "Limit")).
			OverrideByName(dashed("Limit")),
		graph("New sessions", "cps", "Clients that connect, per second. Many beside few sessions are clients that connect for each request.", third,
			query(`sum by (pod, proxy) (rate(haproxy_frontend_sessions_total{`+ports+`}[$__rate_interval]))`, "{{pod}} {{proxy}}")),
		graph("Certificates end in", "s", "How long the certificates are good that the proxies use for TLS, if they do. Alert: RedisCertificateExpiring (a week).", third,
			query(`min by (file) (redis_proxy_certificate_expiry_timestamp_seconds{<instance>} - time())`, "{{file}}")),
		graph("Masters let go", "none", "How often within five minutes each proxy left its master: it was replaced, did not answer, or was no master any more. Each time all sessions on it are cut.", third,
			query(`sum by (pod) (increase(haproxy_backend_check_up_down_total{<instance>,proxy="master"}[5m]))`, "{{pod}}")),
		graph("Connection errors", "cps", "Clients per second for whom there was no Redis. They are disconnected at once.", third,
			query(`sum by (pod, proxy) (rate(haproxy_backend_connection_errors_total{<instance>,proxy=~"master|replicas"}[$__rate_interval]))`, "{{pod}} {{proxy}}")),
	}
}
