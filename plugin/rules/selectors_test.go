package rules

import (
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
		"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x}\nspec: {selector: {matchLabels: {tier: frontend}}}\n":                                                    "PodDisruptionBudget x: .spec.selector.matchLabels",
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelector: {matchLabels: {tier: frontend}}}\n":                                            "NetworkPolicy x: .spec.podSelector.matchLabels",
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
		"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {ingress: [{from: [{namespaceSelector: {matchLabels: {tier: frontend}}}]}]}\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\nspec: {matchExpressions: [{key: tier, operator: In, values: [frontend, gold]}]}\n",
	} {
		_, err := Render(teamA(t, labels), []byte(deployment+stream))
		require.NoError(t, err)
	}
	_, err := Render(teamA(t, labels), []byte("apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: r, labels: {tier: frontend}}\n---\n"+
		"apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {selector: {tier: frontend}}\n"))
	require.ErrorContains(t, err, "which Pods of RedisFailover r would lose")
}

// TestHooksAlone holds that hooks, which Helm 4 may send alone, need not be what the
// rules are about.
func TestHooksAlone(t *testing.T) {
	team := teamA(t, "  alerts: {labels: {a: b}}\n")
	const hook = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {helm.sh/hook: test}}\n"
	_, err := Render(team, []byte(hook))
	require.NoError(t, err)
	_, err = Render(team, []byte(hook+"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: z}\n"))
	require.ErrorContains(t, err, "spec.alerts: matches nothing")
}
