package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// TestNoOutageByLabel holds that a label of Pods is not changed under what selects
// them by it.
func TestNoOutageByLabel(t *testing.T) {
	const (
		labels     = "  labels: {tier: gold}\n  namespaces: [a]\n"
		deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web, tier: frontend}}}}\n---\n"
		lost       = "asks for the label tier=frontend, which Pods of Deployment web would lose: spec.labels.tier of the tenant file makes it gold; " +
			"remove the label from the tenant file, or change both in the chart's values"
	)
	for selector, path := range map[string]string{
		"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {app: web, tier: frontend}}\n":                                                                            "Service x: .spec.selector",
		"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x}\nspec: {selector: {matchLabels: {tier: frontend, tenant-redis.dev/tenant: team-a}}}\n":                   "PodDisruptionBudget x: .spec.selector.matchLabels",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelector: {matchLabels: {tier: frontend, tenant-redis.dev/tenant: team-a}}}\n":           "NetworkPolicy x: .spec.podSelector.matchLabels",
		"apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata: {name: x}\nspec: {selector: {matchExpressions: [{key: tier, operator: In, values: [backend, frontend]}]}}\n": "PodMonitor x: .spec.selector.matchExpressions[0]",
	} {
		for _, stream := range []string{deployment + selector, selector + "---\n" + deployment} {
			_, err := Render(teamA(t, labels), []byte(stream))
			require.ErrorContains(t, err, path+": "+lost)
		}
		_, err := Render(teamA(t, labels), []byte(selector))
		require.NoError(t, err, "nothing is lost")
		_, err = Render(teamA(t, ""), []byte(deployment+selector))
		require.NoError(t, err, "nothing is set")
	}
	for _, stream := range []string{
		"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {app: web, tier: gold}}\n",
		"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {tier: backend}}\n",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelector: {matchLabels: {tenant-redis.dev/tenant: team-a}}, ingress: [{from: [{namespaceSelector: {matchLabels: {tier: frontend}}}]}]}\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nspec: {matchExpressions: [{key: tier, operator: In, values: [frontend, gold]}]}\n",
	} {
		_, err := Render(teamA(t, labels), []byte(deployment+stream))
		require.NoError(t, err)
	}
	_, err := Render(teamA(t, labels), []byte("apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: r, labels: {tier: frontend}}\n---\n"+
		"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {tier: frontend}}\n"))
	require.ErrorContains(t, err, "which Pods of RedisFailover r would lose")
}

// TestNoOutageByPatch holds that a patch takes no label from under what selects by it.
func TestNoOutageByPatch(t *testing.T) {
	const (
		labels     = "/spec/template/metadata/labels"
		deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {own: web}}, template: {metadata: {labels: {app: web, own: web, tier: a}}}}\n---\n"
		service    = "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {app: web}}\n"
		istio      = "apiVersion: networking.istio.io/v1\nkind: "
	)
	patch := func(operation string) *tenant.Tenant {
		return teamA(t, "  kinds: [{group: networking.istio.io, kind: Sidecar, scope: Namespaced}, {group: networking.istio.io, kind: DestinationRule, scope: Namespaced}]\n"+
			"  namespaces: [redis-system]\n  patches: [{target: {group: apps, kind: Deployment}, operations: ["+operation+"]}]\n")
	}
	replaced, removed := patch("{op: replace, path: "+labels+"/app, value: web2}"), patch("{op: remove, path: "+labels+"/app}")
	for selector, path := range map[string]string{
		service: "Service x: .spec.selector",
		"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x}\nspec: {selector: {matchLabels: {app: web}}}\n":                                        "PodDisruptionBudget x: .spec.selector.matchLabels",
		"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x}\nspec: {selector: {matchExpressions: [{key: app, operator: In, values: [b, web]}]}}\n": "PodDisruptionBudget x: .spec.selector.matchExpressions[0]",
		istio + "Sidecar\nmetadata: {name: x}\nspec: {workloadSelector: {labels: {app: web}}}\n":                                                                      "Sidecar x: .spec.workloadSelector.labels",
		istio + "DestinationRule\nmetadata: {name: x}\nspec: {subsets: [{name: a, labels: {app: web}}]}\n":                                                            "DestinationRule x: .spec.subsets[0].labels",
		"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {app: web, pod-template-hash: a}}\n":                                                    "Service x: .spec.selector",
		"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {app: web, tenant-redis.dev/tenant: team-a}}\n":                                         "Service x: .spec.selector",
	} {
		for _, stream := range []string{deployment + selector, selector + "---\n" + deployment} {
			_, err := Render(replaced, []byte(stream))
			require.ErrorContains(t, err, path+": asks for the label app=web, which Pods of Deployment web would lose: spec.patches of the tenant file makes it web2")
			_, err = Render(removed, []byte(stream))
			require.ErrorContains(t, err, path+": asks for the label app=web, which Pods of Deployment web would lose: spec.patches of the tenant file removes it")
		}
	}
	own := patch("{op: replace, path: " + labels + "/own, value: other}")
	_, err := Render(own, []byte(deployment))
	require.ErrorContains(t, err, "Deployment web: .spec.selector.matchLabels: asks for the label own=web, which Pods of Deployment web would lose")
	added := patch("{op: add, path: " + labels + "/new, value: a}")
	const without = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x}\nspec: {selector: {matchLabels: {app: web}, matchExpressions: [{key: new, operator: DoesNotExist}]}}\n"
	_, err = Render(added, []byte(deployment+without))
	require.ErrorContains(t, err, "shuts Pods with the label new=a out, which Pods of Deployment web would get from spec.patches of the tenant file")
	for _, stream := range []string{
		service, deployment + service, deployment + strings.Replace(service, "app: web", "app: web, tier: b", 1),
		deployment + strings.Replace(without, "app: web", "app: b", 1), deployment + strings.Replace(without, "app: web}", "app: web, x: y}", 1),
	} {
		tier := patch("{op: replace, path: " + labels + "/tier, value: c}, {op: add, path: " + labels + "/new, value: a}")
		if stream == service {
			stream += "---\n" + strings.ReplaceAll(deployment, "web", "other")
		}
		_, err := Render(tier, []byte(stream))
		require.NoError(t, err)
	}
	// Both are patched, and a second time.
	both := teamA(t, "  patches: [{target: {group: apps, kind: Deployment}, operations: [{op: replace, path: "+labels+"/app, value: b}]}, "+
		"{target: {kind: Service}, operations: [{op: replace, path: /spec/selector/app, value: b}]}]\n")
	got, err := render(both, []byte(deployment+service))
	require.NoError(t, err)
	_, err = Render(both, got)
	require.NoError(t, err)
}

// TestWhoWasNeverSelected holds that a selector loses nothing by the label of what it has not
// selected before.
func TestWhoWasNeverSelected(t *testing.T) {
	const web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {metadata: {labels: {app: web, tier: old}}}}\n---\n"
	team := teamA(t, "  labels: {tier: new}\n")
	for selector, isLost := range map[string]bool{
		"{app: outside, tier: old}": false, "{other: outside, tier: old}": false, "{app: web, tier: old}": true, "{tier: old}": true,
		"{app: web, tier: old, pod-template-hash: a}": true, "{app: web, tier: new}": false, "{app: web, tier: older}": false,
	} {
		_, err := Render(team, []byte(web+"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: "+selector+"}\n"))
		require.Equal(t, isLost, err != nil, "%s: %v", selector, err)
	}
	// What operators make may have labels that nobody sees here.
	const server = "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: p}\nspec: {podMetadata: {labels: {tier: old}}}\n---\n"
	_, err := Render(team, []byte(server+"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {prometheus: p, tier: old}}\n"))
	require.ErrorContains(t, err, "which Pods of Prometheus p would lose")
	_, err = Render(team, []byte("apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: r, labels: {tier: old}}\nspec: {redis: {}, sentinel: {}}\n---\n"+
		"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {app.kubernetes.io/component: redis, app.kubernetes.io/name: r, redisfailovers-role: master, tier: old}}\n"))
	require.ErrorContains(t, err, "which Pods of RedisFailover r would lose")
}

// TestOnlyItsNamespaceIsSelected holds that a selector loses nothing by the Pods of namespaces
// that it is not about.
func TestOnlyItsNamespaceIsSelected(t *testing.T) {
	const web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: NAMESPACE}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}\n---\n"
	here, there := strings.Replace(web, ", namespace: NAMESPACE", "", 1), strings.Replace(web, "NAMESPACE", "team-a", 1)
	team := teamA(t, "  namespaces: [team-a]\n  kinds: [{group: networking.istio.io, kind: Sidecar, scope: Namespaced}]\n  patches: [{target: {kind: Deployment, group: apps, namespace: redis-system}, operations: ["+
		"{op: replace, path: /spec/template/metadata/labels/app, value: web2}, {op: replace, path: /spec/selector/matchLabels/app, value: web2}]}]\n")
	for selector, isLost := range map[string]bool{
		"apiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: team-a}\nspec: {selector: {app: web}}\n":                                                                         false,
		"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {app: web}}\n":                                                                                            true,
		"apiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: redis-system}\nspec: {selector: {app: web}}\n":                                                                   true,
		"apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata: {name: x, namespace: team-a}\nspec: {selector: {matchLabels: {app: web}}}\n":                                 false,
		"apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata: {name: x, namespace: team-a}\nspec: {namespaceSelector: {any: true}, selector: {matchLabels: {app: web}}}\n": true,
		"apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: x, namespace: team-a}\nspec: {workloadSelector: {labels: {app: web}}}\n":                                   true,
		inTeamA(networkPolicy) + "from: [{podSelector: {matchLabels: {app: web}}}]\n":                                                                                                   false,
		inTeamA(networkPolicy) + "from: [{podSelector: {matchLabels: {app: web}}, namespaceSelector: {}}]\n":                                                                            true,
	} {
		for _, stream := range []string{here + there + selector, selector + "---\n" + there + here} {
			_, err := Render(team, []byte(stream))
			if !isLost {
				require.NoError(t, err)
				continue
			}
			require.ErrorContains(t, err, "asks for the label app=web, which Pods of Deployment web would lose")
		}
	}
}

func inTeamA(object string) string {
	return strings.Replace(object, "{name: n}", "{name: n, namespace: team-a}", 1)
}

// TestWorkloadsSelectTheirOwn holds that a workload loses nothing by the Pods of another.
func TestWorkloadsSelectTheirOwn(t *testing.T) {
	const web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}\n---\n"
	stream := web + strings.Replace(web, "name: web", "name: canary", 1)
	patch := func(more string) *tenant.Tenant {
		return teamA(t, "  patches: [{target: {kind: Deployment, group: apps, name: canary}, operations: [{op: replace, path: /spec/template/metadata/labels/app, value: canary}"+more+"]}]\n")
	}
	_, err := Render(patch(", {op: replace, path: /spec/selector/matchLabels/app, value: canary}"), []byte(stream))
	require.NoError(t, err)
	_, err = Render(patch(""), []byte(stream))
	require.ErrorContains(t, err, "Deployment canary: .spec.selector.matchLabels: asks for the label app=web, which Pods of Deployment canary would lose")
	require.NotContains(t, err.Error(), "Deployment web")
}

// TestSelectorsOfLines holds that a label with a line feed is one.
func TestSelectorsOfLines(t *testing.T) {
	const server = "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: p}\nspec: {podMetadata: {labels: {tier: old}}}\n---\n"
	const patch = "  patches: [{target: {kind: ConfigMap}, optional: true, operations: [{op: add, path: /data, value: {}}]}]\n"
	for _, selector := range []string{`{a: "b\ntier In old"}`, `{"a\ntier": old}`, `{a: "b,c"}`, `{"a b": c}`} {
		_, err := Render(teamA(t, "  labels: {tier: gold}\n"+patch), []byte(server+"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: "+selector+"}\n"))
		require.NoError(t, err)
	}
}

// TestFieldsThatAreNoSelectors holds that fields which are only called so are left alone, as
// in the schema of a kind.
func TestFieldsThatAreNoSelectors(t *testing.T) {
	team := teamA(t, "  exceptions: [{group: apiextensions.k8s.io, kind: CustomResourceDefinition}]\n  patches: [{target: {kind: ConfigMap}, optional: true, operations: [{op: add, path: /data, value: {}}]}]\n")
	for _, schema := range []string{"{matchLabels: {type: object, properties: {a: {type: string}}}, matchExpressions: {type: array, items: {type: object}}}", "[a]", "a", "{dnsZones: [a]}"} {
		_, err := Render(team, []byte("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {selector: "+schema+"}\n"))
		require.NoError(t, err)
	}
	for _, expressions := range []string{"[{key: a, operator: Gt, values: [4]}]", "[{a: b}]", "[a]"} {
		_, err := Render(teamA(t, declaredKinds), []byte("apiVersion: example.com/v1\nkind: Plain\nmetadata: {name: x}\nspec: {a: {matchExpressions: "+expressions+"}}\n"))
		require.NoError(t, err)
	}
}

// TestNoObjectIsLostByLabel holds that a label of a Service, or of what else is selected
// by its own labels, is not changed under a monitor or an operator that selects it.
func TestNoObjectIsLostByLabel(t *testing.T) {
	const (
		labels  = "  labels: {tier: gold}\n"
		monitor = "---\napiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: x}\nspec: {selector: {matchLabels: {tier: frontend}}}\n"
		server  = "---\napiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: x}\nspec: {ruleSelector: {matchExpressions: [{key: tier, operator: In, values: [frontend]}]}}\n"
	)
	service := func(tier string) string {
		return "apiVersion: v1\nkind: Service\nmetadata: {name: web, labels: {tier: " + tier + "}}\nspec: {selector: {app: web}}\n"
	}
	rule := strings.NewReplacer("apiVersion: v1", "apiVersion: monitoring.coreos.com/v1", "kind: Service", "kind: PrometheusRule").Replace(service("frontend"))
	for stream, owner := range map[string]string{service("frontend") + monitor: "Service web", rule + server: "PrometheusRule web"} {
		_, err := Render(teamA(t, labels), []byte(stream))
		require.ErrorContains(t, err, "asks for the label tier=frontend, which "+owner+" would lose: spec.labels.tier of the tenant file makes it gold")
	}
	for _, other := range []string{"serviceMonitorSelector", "podMonitorSelector", "probeSelector", "scrapeConfigSelector", "alertmanagerConfigSelector", "ingress: {selector"} {
		selects := strings.Replace(server, "ruleSelector", other, 1) + strings.Repeat("}", strings.Count(other, "{"))
		_, err := Render(teamA(t, labels), []byte(rule+strings.Replace(selects, "\n}", "}\n", 1)))
		require.ErrorContains(t, err, "which PrometheusRule web would lose", other)
	}
	const home = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, labels: {tier: frontend}}\n---\n"
	for peer, isLost := range map[string]bool{"{namespaceSelector: {matchLabels: {tier: frontend}}}": true, "{podSelector: {matchLabels: {tier: frontend}}}": false} {
		_, err := Render(teamA(t, labels+"  namespaces: [team-a]\n"), []byte(home+networkPolicy+"from: ["+peer+"]\n"))
		if !isLost {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "which Namespace team-a would lose")
	}
	for _, stream := range []string{
		service("backend") + monitor, service("gold") + monitor, service("''") + monitor, rule + strings.ReplaceAll(server, "tier", "other"),
		service("''") + strings.ReplaceAll(server, "operator: In, values: [frontend]", "operator: DoesNotExist"),
	} {
		_, err := Render(teamA(t, labels), []byte(stream))
		require.NoError(t, err)
	}
}

// TestNoPodIsShutOutByLabel holds that Pods do not get a label under what selects
// those without it.
func TestNoPodIsShutOutByLabel(t *testing.T) {
	const (
		deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {metadata: {labels: {app: web}}}}\n---\n"
		bare       = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n---\n"
	)
	policy := func(expression string) string {
		return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelector: {matchLabels: {tenant-redis.dev/tenant: team-a}, matchExpressions: [" + expression + "]}}\n"
	}
	team := teamA(t, "  labels: {tier: gold}\n")
	for expression, lost := range map[string]bool{
		"{key: tier, operator: NotIn, values: [gold, silver]}": true,
		"{key: tier, operator: DoesNotExist}":                  true,
		"{key: tier, operator: NotIn, values: [silver]}":       false,
		"{key: tier, operator: Exists}":                        false,
		"{key: other, operator: DoesNotExist}":                 false,
	} {
		for kind, made := range map[string]string{"Deployment": deployment, "Pod": bare} {
			_, err := Render(team, []byte(made+policy(expression)))
			if !lost {
				require.NoError(t, err)
				continue
			}
			require.ErrorContains(t, err, "NetworkPolicy x: .spec.podSelector.matchExpressions[0]: shuts Pods with the label tier=gold out, which Pods of "+kind+" web would get from spec.labels.tier of the tenant file")
		}
		_, err := Render(team, []byte(policy(expression)))
		require.NoError(t, err, "no Pod gets the label")
	}
}

// TestHooksAlone holds that hooks, which Helm 4 may send alone, need not be what the
// rules are about.
func TestHooksAlone(t *testing.T) {
	team := teamA(t, "  alerts: {labels: {a: b}}\n")
	const hook = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: team-a-x, annotations: {helm.sh/hook: test}}\n"
	_, err := Render(team, []byte(hook))
	require.NoError(t, err)
	_, err = Render(team, []byte(hook+"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: z}\n"))
	require.ErrorContains(t, err, "spec.alerts: matches nothing")
}
