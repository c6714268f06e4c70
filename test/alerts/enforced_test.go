package alerts

import (
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// enforced is an expression as the Prometheus Operator makes it of one where
// enforcedNamespaceLabel is namespace: each selector takes its rule's namespace alone.
func enforced(t *testing.T, expr, namespace string) string {
	t.Helper()
	parsed, err := promql.ParseExpr(expr)
	require.NoError(t, err, expr)
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			selector.LabelMatchers = slices.DeleteFunc(selector.LabelMatchers, func(m *labels.Matcher) bool { return m.Name == "namespace" })
			selector.LabelMatchers = append(selector.LabelMatchers, labels.MustNewMatcher(labels.MatchEqual, "namespace", namespace))
		}
		return nil
	})
	return parsed.String()
}

// TestEnforcedNamespace holds that where the namespace of series and rules is enforced
// each alert does what it does elsewhere. One reads what the operator says: it does
// so where the operator is in the instance's namespace, and is silent otherwise.
func TestEnforcedNamespace(t *testing.T) {
	const reads = "RedisNotReconciled"
	all := tenant(t, "purpose=session")
	for name, rule := range all {
		same := sameSelectors(t, rule.Expr, enforced(t, rule.Expr, target.namespace))
		assert.Equal(t, name != reads, same, "%s: %s", name, rule.Expr)
	}

	rule := all[reads]
	rule.Expr = enforced(t, rule.Expr, target.namespace)
	for place, fires := range map[string]bool{target.namespace: true, "operators": false} {
		for fault, struck := range map[string]bool{"looked after": false, "not looked after": true} {
			t.Run(place+"/"+fault, func(t *testing.T) {
				w := healthy(t)
				for _, s := range w.operator {
					s.move(place)
				}
				w.override()
				if struck {
					w.instances[0].unseen()
				}
				_, after := scraped(t, w, rule, nil, 25).fires(rule)
				assert.Equal(t, fires && struck, len(after) > 0)
			})
		}
	}
}

// move puts a target into another namespace.
func (s *scrape) move(namespace string) {
	s.labels["namespace"] = namespace
}

// sameSelectors tells whether two expressions select the same.
func sameSelectors(t *testing.T, one, other string) bool {
	t.Helper()
	return assert.ObjectsAreEqual(selectors(t, one), selectors(t, other))
}
