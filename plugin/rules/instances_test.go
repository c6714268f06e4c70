package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInstancesAreClosed holds that the tenant file's word on who gets in is kept for
// each instance: Pods that no NetworkPolicy selects are open to everyone.
func TestInstancesAreClosed(t *testing.T) {
	const (
		failover = "apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: r, labels: {own: a}}\nspec: {redis: {}, sentinel: {}}\n---\n"
		clients  = ", ingress: [{from: [{namespaceSelector: {}}]}]}\n---\n"
	)
	policyOf := func(name, selector, rest string) string {
		return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + "}\nspec: {podSelector: {" + selector + "}" + rest
	}
	of := func(component string) string {
		return "matchLabels: {app.kubernetes.io/name: r, app.kubernetes.io/component: " + component + ", app.kubernetes.io/part-of: redis-failover}"
	}
	expressions := func(all string) string {
		return "matchLabels: {app.kubernetes.io/name: r}, matchExpressions: [" + all + "]"
	}
	redis, sentinel := policyOf("a", of("redis"), clients), policyOf("b", of("sentinel"), clients)
	team := teamA(t, access)
	for name, test := range map[string]struct{ stream, open string }{
		"each by its own":     {redis + sentinel, ""},
		"both by one":         {policyOf("a", "matchLabels: {app.kubernetes.io/name: r}", clients), ""},
		"by expressions":      {policyOf("a", expressions("{key: app.kubernetes.io/component, operator: In, values: [redis, sentinel]}, {key: own, operator: Exists}, {key: x, operator: DoesNotExist}, {key: q, operator: NotIn, values: [z]}"), clients), ""},
		"by the tenant's":     {policyOf("a", "matchLabels: {tenant-redis.dev/tenant: team-a}", clients), ""},
		"by all of its types": {redis + policyOf("b", of("sentinel"), ", policyTypes: [Egress, Ingress]}\n---\n"), ""},
		"none":                {policyOf("a", "matchLabels: {app: other, tenant-redis.dev/tenant: team-a}", clients), "sentinel"},
		"no Redis":            {sentinel, "redis"},
		"no Sentinel":         {redis, "sentinel"},
		"of another instance": {strings.ReplaceAll(redis+sentinel, "name: r,", "name: q,"), "sentinel"},
		"in another place":    {redis + strings.Replace(sentinel, "name: b}", "name: b, namespace: team-a}", 1), "sentinel"},
		"of egress alone":     {redis + policyOf("b", of("sentinel"), ", policyTypes: [Egress]}\n---\n"), "sentinel"},
		"without a label":     {redis + policyOf("b", expressions("{key: app.kubernetes.io/component, operator: DoesNotExist}"), clients), "sentinel"},
		"of other values":     {redis + policyOf("b", expressions("{key: app.kubernetes.io/component, operator: NotIn, values: [sentinel]}"), clients), "sentinel"},
		"of a hook":           {redis + strings.Replace(sentinel, "name: b}", "name: team-a-b, annotations: {helm.sh/hook: pre-install}}", 1), "sentinel"},
		"of a label":          {redis + policyOf("b", expressions("{key: x, operator: Exists}"), clients), "sentinel"},
		"of no operator":      {redis + policyOf("b", expressions("{key: app.kubernetes.io/component, operator: Never}"), clients), "sentinel"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, stream := range []string{connection + failover + test.stream, connection + test.stream + failover} {
				_, err := Render(team, []byte(stream))
				if test.open == "" {
					require.NoError(t, err)
					continue
				}
				require.ErrorContains(t, err, "RedisFailover r: lets everyone in: no NetworkPolicy for ingress in redis-system selects its "+test.open+" Pods; have the chart make one, "+
					"or add it to spec.exceptions of the tenant file: {group: \"databases.spotahome.com\", kind: RedisFailover, name: r}")
				_, err = Render(teamA(t, access+"  exceptions: [{group: databases.spotahome.com, kind: RedisFailover}, {group: networking.k8s.io, kind: NetworkPolicy}]\n"), []byte(stream))
				require.NoError(t, err)
			}
		})
	}
	// A label that does not reach the Pods.
	filtered := strings.Replace(failover, "spec: {", "spec: {labelWhitelist: [b], ", 1)
	byOwn := policyOf("a", "matchLabels: {own: a, tenant-redis.dev/tenant: team-a}", clients)
	_, err := Render(team, []byte(connection+failover+byOwn))
	require.NoError(t, err)
	_, err = Render(team, []byte(connection+filtered+byOwn))
	require.ErrorContains(t, err, "selects its sentinel Pods")
	for _, spec := range []string{"", strings.Replace(access, "[monitoring]", "[monitoring], optional: true", 1)} {
		_, err := Render(teamA(t, spec), []byte(failover))
		require.NoError(t, err)
	}
}

// TestProxiesAreClosed holds that nobody gets to an instance through proxies that no
// NetworkPolicy selects.
func TestProxiesAreClosed(t *testing.T) {
	const (
		labels  = "app.kubernetes.io/name: r, app.kubernetes.io/component: proxy, app.kubernetes.io/part-of: tenant-redis"
		proxies = connection + failoverR + "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: r-proxy}\nspec: {template: {metadata: {labels: {pool: a, " + labels + "}}}}\n---\n" +
			"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {podSelector: {matchLabels: {app.kubernetes.io/name: r, app.kubernetes.io/part-of: redis-failover}}, ingress: [{from: [{namespaceSelector: {}}]}]}\n---\n"
		own = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {matchLabels: {pool: a, " + labels + "}}}\n"
	)
	_, err := Render(teamA(t, access), []byte(proxies+own))
	require.NoError(t, err)
	_, err = Render(teamA(t, access), []byte(proxies))
	require.ErrorContains(t, err, "Deployment r-proxy: lets everyone in: no NetworkPolicy for ingress in redis-system selects its proxy Pods; have the chart make one, "+
		"or add it to spec.exceptions of the tenant file: {group: \"apps\", kind: Deployment, name: r-proxy}")
	_, err = Render(teamA(t, access+"  exceptions: [{group: apps, kind: Deployment}]\n"), []byte(proxies))
	require.NoError(t, err)
}

// TestHooksThatStay holds that what goes on running is under all rules, even if the chart
// says that all of its objects are hooks.
func TestHooksThatStay(t *testing.T) {
	team := teamA(t, "  alerts: {labels: {a: b}}\n")
	const hook = ", annotations: {helm.sh/hook: post-install}}\n"
	for kind, stays := range map[string]bool{"v1\nkind: Pod": false, "batch/v1\nkind: Job": false, "apps/v1\nkind: Deployment": true, "databases.spotahome.com/v1\nkind: RedisFailover": true} {
		_, err := Render(team, []byte("apiVersion: "+kind+"\nmetadata: {name: team-a-x"+hook))
		if !stays {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "spec.alerts: matches nothing")
	}
}
