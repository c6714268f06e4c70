package alerts

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scope are the labels that belong to each selector alike: one is dropped from
// all of them at once.
var scope = []string{"namespace", "tenant_redis", "job"}

// TestMutants leaves out one part of a rule after the other: a matcher, one
// side of and, or, unless or a comparison, an aggregation, a label of by or on, its
// for, the labels of a record. The examples of the alert must tell each mutant from
// the rule, or the part is not needed.
func TestMutants(t *testing.T) {
	all := everything(t)
	count := 0
	// What reads a record has to tell whether it is right.
	readers := map[string][]stage{}
	for _, name := range all.alerts() {
		rule := all[name]
		record := recordOf(t, all, rule)
		stages := stages(t, all, rule, record)
		for what, expr := range mutants(t, rule.Expr) {
			count++
			mutant := rule
			mutant.Expr = expr
			assert.True(t, slices.ContainsFunc(stages, func(s stage) bool { return s.tells(mutant) }),
				"%s: no example needs %s; without it:\n%s", name, what, expr)
		}
		if rule.For > 0 {
			count++
			hasty := rule
			hasty.For = 0
			assert.True(t, slices.ContainsFunc(stages, func(s stage) bool { return s.tells(hasty) }), "%s: no example needs its for", name)
		}
		if record != nil {
			readers[record.Record] = append(readers[record.Record], stages...)
		}
	}
	for name, stages := range readers {
		for what, mutant := range recordMutants(t, all[name]) {
			count++
			told := slices.ContainsFunc(stages, func(s stage) bool {
				return stage{s.scene, s.rule, s.play(t, s.rule, &mutant)}.tells(s.rule)
			})
			assert.True(t, told, "%s: no example needs %s; without it:\n%s", name, what, mutant.Expr)
		}
	}
	t.Logf("%d mutants", count)
	assert.Greater(t, count, 200)
}

// stage is a scene that has been stored.
type stage struct {
	scene
	rule rulefmt.Rule
	lab  *lab
}

func stages(t *testing.T, all rules, rule rulefmt.Rule, record *rulefmt.Rule) []stage {
	t.Helper()
	var found []stage
	for _, e := range examples() {
		if e.alert != rule.Alert {
			continue
		}
		for _, scene := range e.scenes(all[e.alert]) {
			found = append(found, stage{scene, rule, scene.play(t, rule, record)})
		}
	}
	return found
}

// tells is whether the scene has another outcome with the mutant.
func (s stage) tells(mutant rulefmt.Rule) bool {
	before, after := s.lab.fires(mutant)
	return len(before) > 0 || !assert.ObjectsAreEqual(s.expected(s.rule), after)
}

// recordMutants are a recording rule that lacks one part of its expression or one
// of its labels, by what it lacks.
func recordMutants(t *testing.T, record rulefmt.Rule) map[string]rulefmt.Rule {
	t.Helper()
	found := map[string]rulefmt.Rule{}
	for what, expr := range mutants(t, record.Expr) {
		mutant := record
		mutant.Expr = expr
		found[what] = mutant
	}
	for label := range record.Labels {
		mutant := record
		mutant.Labels = maps.Clone(record.Labels)
		delete(mutant.Labels, label)
		found["its label "+label] = mutant
	}
	return found
}

// mutants returns the expressions that lack one part, by what they lack.
func mutants(t *testing.T, expr string) map[string]string {
	t.Helper()
	found := map[string]string{}
	root, err := promql.ParseExpr(expr)
	require.NoError(t, err)
	walk(&root, func(slot *parser.Expr) {
		original := *slot
		put := func(what string, part parser.Expr) {
			*slot = part
			found[what] = root.String()
			*slot = original
		}
		switch e := original.(type) {
		case *parser.AggregateExpr:
			put("the aggregation of "+e.String(), e.Expr)
			without(e.Grouping, func(less []string, label string) {
				fewer := *e
				fewer.Grouping = less
				put("by "+label+" of "+e.String(), &fewer)
			})
		case *parser.BinaryExpr:
			if e.Op.IsSetOperator() {
				put("the left side of "+e.String(), e.RHS)
			}
			if e.VectorMatching != nil {
				without(e.VectorMatching.MatchingLabels, func(less []string, label string) {
					fewer, matching := *e, *e.VectorMatching
					matching.MatchingLabels, fewer.VectorMatching = less, &matching
					put("on "+label+" of "+e.String(), &fewer)
				})
			}
			if e.Op.IsSetOperator() || e.Op.IsComparisonOperator() {
				put("the right side of "+e.String(), e.LHS)
			}
		case *parser.VectorSelector:
			for n, m := range e.LabelMatchers {
				if m.Name == model.MetricNameLabel || slices.Contains(scope, m.Name) {
					continue
				}
				all := e.LabelMatchers
				e.LabelMatchers = slices.Delete(slices.Clone(all), n, n+1)
				put(m.String()+" of "+e.Name, e)
				e.LabelMatchers = all
			}
		}
	})
	for _, name := range scope {
		if strings.Contains(expr, name+"=") {
			found[name] = unscoped(t, expr, name)
		}
	}
	return found
}

// without calls a function with all but one of some labels, for each of them.
func without(labels []string, do func(less []string, label string)) {
	for n, label := range labels {
		do(slices.Delete(slices.Clone(labels), n, n+1), label)
	}
}

func unscoped(t *testing.T, expr, name string) string {
	t.Helper()
	root, err := promql.ParseExpr(expr)
	require.NoError(t, err)
	walk(&root, func(slot *parser.Expr) {
		if e, ok := (*slot).(*parser.VectorSelector); ok {
			e.LabelMatchers = slices.DeleteFunc(e.LabelMatchers, func(m *labels.Matcher) bool { return m.Name == name })
		}
	})
	return root.String()
}

// walk visits each expression below the slot, which the visitor may replace.
func walk(slot *parser.Expr, visit func(*parser.Expr)) {
	visit(slot)
	switch e := (*slot).(type) {
	case *parser.AggregateExpr:
		walk(&e.Expr, visit)
	case *parser.BinaryExpr:
		walk(&e.LHS, visit)
		walk(&e.RHS, visit)
	case *parser.Call:
		for n := range e.Args {
			walk(&e.Args[n], visit)
		}
	case *parser.MatrixSelector:
		walk(&e.VectorSelector, visit)
	case *parser.ParenExpr:
		walk(&e.Expr, visit)
	case *parser.SubqueryExpr:
		walk(&e.Expr, visit)
	}
}

// selectors returns the matchers of each selector, by label.
func selectors(t *testing.T, expr string) []map[string]string {
	t.Helper()
	root, err := promql.ParseExpr(expr)
	require.NoError(t, err)
	var found []map[string]string
	for _, matchers := range parser.ExtractSelectors(root) {
		selector := map[string]string{}
		for _, m := range matchers {
			selector[m.Name] = m.Value
		}
		found = append(found, maps.Clone(selector))
	}
	return found
}

// TestMutantsOfAnExample is the control of the mutation itself.
func TestMutantsOfAnExample(t *testing.T) {
	assert.Equal(t, map[string]string{
		`b="c" of a`:                               `sum(a) > 1 or x`,
		`the aggregation of sum(a{b="c"})`:         `a{b="c"} > 1 or x`,
		`the right side of sum(a{b="c"}) > 1`:      `sum(a{b="c"}) or x`,
		`the left side of sum(a{b="c"}) > 1 or x`:  `x`,
		`the right side of sum(a{b="c"}) > 1 or x`: `sum(a{b="c"}) > 1`,
	}, mutants(t, `sum(a{b="c"}) > 1 or x`))
	assert.Equal(t, map[string]string{
		`the aggregation of max by (d) (a)`:             `a and on (d) b`,
		`by d of max by (d) (a)`:                        `max(a) and on (d) b`,
		`on d of max by (d) (a) and on (d) b`:           `max by (d) (a) and on () b`,
		`the left side of max by (d) (a) and on (d) b`:  `b`,
		`the right side of max by (d) (a) and on (d) b`: `max by (d) (a)`,
	}, mutants(t, `max by (d) (a) and on (d) b`))
}
