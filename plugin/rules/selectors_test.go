package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
