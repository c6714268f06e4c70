package rules

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/internal/costtest"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// TestCostIsLinear holds that nothing takes the square of its input.
func TestCostIsLinear(t *testing.T) {
	const deployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"replicas":1,"template":{"spec":{"containers":[{"image":"redis"}]}}}}`
	patch := teamA(t, "  patches: [{target: {group: apps, kind: Deployment}, operations: [{op: replace, path: /spec/replicas, value: 2}, {op: add, path: /spec/paused, value: true}]}]\n")
	oneLine := func(n int) string {
		return `{"apiVersion":"v1","kind":"List","items":[` + strings.Repeat(deployment+",", n-1) + deployment + "]}\n"
	}
	lines := func(n int) string {
		return "apiVersion: v1\nkind: List\nitems:\n" + strings.Repeat("- "+deployment+"\n", n)
	}
	// Fields of an object, of which there are more than there are objects in a list.
	fields := func(n int) string {
		var b strings.Builder
		for i := range 50 * n {
			fmt.Fprintf(&b, "  k%d: a\n", i)
		}
		return b.String()
	}
	output := func(team *tenant.Tenant, stream string) {
		_, err := Output(team, []byte(stream))
		require.NoError(t, err)
	}
	declared, mapped := teamA(t, declaredKinds), teamA(t, "  images: [{from: docker.io, to: mirror.test}]\n")
	many := func(n int, one func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(one(i))
		}
		return b.String()
	}
	gold := teamA(t, "  namespaces: [redis-system]\n  labels: {tier: gold}\n")
	for name, run := range map[string]func(n int){
		"a selector of many values": func(n int) {
			n *= 10
			output(gold, "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x}\nspec: {selector: {matchExpressions: [{key: tenant-redis.dev/tenant, operator: NotIn, values: [team-a"+
				many(5*n, func(i int) string { return fmt.Sprintf(", q%d", i) })+"]}]}}\n"+
				many(n, func(i int) string {
					return fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: x%d, labels: {tenant-redis.dev/tenant: q%d}}\n", i, i)
				}))
		},
		"selectors of what many have": func(n int) {
			output(gold, many(5*n, func(i int) string {
				return fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: x%d, labels: {app: a%d, tier: old}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: x%d}\nspec: {selector: {app: b%d, tier: old}}\n", i, i, i, i)
			}))
		},
		"selectors of a key that few have": func(n int) {
			output(gold, many(5*n, func(i int) string {
				return fmt.Sprintf("---\napiVersion: v1\nkind: Pod\nmetadata: {name: x%d, labels: {app: a%d}}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x%d}\n"+
					"spec: {selector: {matchLabels: {tenant-redis.dev/tenant: team-a}, matchExpressions: [{key: tier, operator: NotIn, values: [gold]}, {key: k%d, operator: Exists}]}}\n", i, i, i, i)
			}))
		},
		"proxies with policies": func(n int) {
			n *= 10
			o := outcome{}
			for i := range n {
				own := fmt.Sprintf("r%d", i)
				o.facts.policies = append(o.facts.policies, closing{"a", []requirement{{partLabel, "In", []string{"tenant-redis"}}, {nameLabel, "In", []string{own}}}})
				o.facts.guarded = append(o.facts.guarded, guarded{labels: map[string]string{nameLabel: own, partLabel: "tenant-redis"}, reference: reference{namespace: "a"}})
			}
			require.Empty(t, openInstances([]*outcome{&o}))
		},
		"a list on one line": func(n int) { output(patch, oneLine(n)) },
		"a list":             func(n int) { output(patch, lines(n)) },
		"an object of a declared kind": func(n int) {
			output(declared, "apiVersion: example.com/v1\nkind: Plain\nmetadata: {name: x}\nspec:\n"+fields(n))
		},
		"a line of other letters": func(n int) {
			output(mapped, "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: \u00e4}"+strings.Repeat(", {image: redis}", 10*n)+"]}\n")
		},
		"a Secret that is shown": func(n int) {
			secret := manifest.Piece{Text: []byte("kind: Secret\nstringData:\n" + fields(n))}
			_, _, ok := manifest.HideSecrets(secret, secret)
			require.True(t, ok)
		},
	} {
		t.Run(name, func(t *testing.T) { costtest.Linear(t, 150, run) })
	}
}
