package alerts

import (
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/stretchr/testify/assert"
)

// clusters are worlds whose series one Prometheus has, by the label cluster.
type clusters map[string]*world

func (c clusters) scrape(metrics []string) []*series {
	var found []*series
	for name, w := range c {
		for _, s := range w.scrape(metrics) {
			found = append(found, &series{labels.NewBuilder(s.metric).Set("cluster", name).Labels(), s.value})
		}
	}
	return found
}

// TestDashboardsShowOneCluster holds that a dashboard shows nothing of an instance of
// the same name in another cluster of the same Prometheus.
func TestDashboardsShowOneCluster(t *testing.T) {
	for _, audience := range []string{"tenants", "administrators"} {
		asked := questions(t, audience)
		for n := range asked {
			asked[n].expr = strings.NewReplacer(`"$cluster"`, `"here"`, `=~"$namespace"`, `=~".+"`).Replace(asked[n].expr)
		}
		alone := watched(t, clusters{"here": busy(t)}, asked, everything(t, "monitoring.cluster=here"))
		both := watched(t, clusters{"here": busy(t), "there": busy(t)}, asked, everything(t, "monitoring.cluster=here"))
		for _, q := range asked {
			shown := alone.answer(q)
			assert.NotEmpty(t, shown, "%s:\n%s", q.name, q.expr)
			assert.Equal(t, shown, both.answer(q), "%s:\n%s", q.name, q.expr)
		}
		control := question{name: "control", expr: `count(redis_up)`}
		assert.NotEqual(t, alone.answer(control), both.answer(control))
	}
}

// TestClusters holds that with monitoring.cluster each alert is about its own
// cluster and says so: it fires with its fault there, and knows nothing of an
// instance of the same name in another one.
func TestClusters(t *testing.T) {
	all := everything(t, "monitoring.cluster=here")
	for _, e := range examples() {
		rule := all[e.alert]
		assert.Equal(t, "here", rule.Labels["cluster"], e.alert)
		if link, found := rule.Annotations["dashboard_url"]; found {
			assert.Contains(t, link, "&var-cluster=here", e.alert)
		}
		for _, scene := range e.scenes(rule) {
			if scene.want == nil {
				continue
			}
			for name, struck := range map[string]struct {
				cluster string
				want    []fired
			}{"fires": {"here", scene.expected(rule)}, "silent when it is another cluster's": {"there", nil}} {
				t.Run(e.alert+"/"+name, func(t *testing.T) {
					c := clusters{"here": healthy(t), "there": healthy(t)}
					scene.change(c[struck.cluster])
					before, after := scraped(t, c, rule, recordOf(t, all, rule), scene.minutes).fires(rule)
					assert.Empty(t, before, "before the fault")
					assert.Equal(t, struck.want, after)
				})
			}
		}
	}
}
