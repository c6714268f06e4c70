package alerts

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// TestServiceLevelByWrites holds that minutes in which the Pods that write as the tenant
// does could not are counted, whichever way it is that does not work, and nothing else.
func TestServiceLevelByWrites(t *testing.T) {
	all := written(t)
	record := all["tenant_redis:service_down"]
	known := emitted(t, "")
	for _, sample := range recorded(t, "probe-writes") {
		known[sample.metric.Get("__name__")] = map[string]bool{"db": true, "key": true}
	}
	assert.Empty(t, unknown(t, known, record.Expr))

	// A write every five seconds, or none for so long.
	ages := func(down value, seconds float64) value {
		return func(minute int) (float64, bool) {
			if up, _ := down(minute); minute >= 0 && up == 0 {
				return seconds, true
			}
			return 4, true
		}
	}
	well := ages(always(1), 0)
	const hours, days = "redis-system/cache was down for 3 minutes within 6 hours. At this rate the 43 minutes that 99.9 % leave for a month are used up in days.",
		"redis-system/cache was down for 5 minutes within 3 days. At this rate it is down for more than the 43 minutes that 99.9 % leave for a month."
	through := func(way, description string) alerts {
		return alerts{{"Through " + way + ", " + description, labelled{"way": way}}}
	}
	for name, c := range map[string]struct {
		alert           string
		sentinel, proxy value
		want            alerts
		minutes         int
	}{
		"no write through Sentinel for 31 s":  {"RedisErrorBudgetFastBurn", ages(downs(3, 60), 31), well, through("sentinel", hours), 125},
		"no write through the proxy for 31 s": {"RedisErrorBudgetFastBurn", well, ages(downs(3, 60), 31), through("proxy", hours), 125},
		"no write on both ways for 31 s":      {"RedisErrorBudgetFastBurn", ages(downs(3, 60), 31), ages(downs(4, 40), 31), append(through("proxy", strings.Replace(hours, "3 minutes", "4 minutes", 1)), through("sentinel", hours)...), 125},
		"failovers of 20 s":                   {"RedisErrorBudgetFastBurn", ages(downs(3, 60), 20), ages(downs(3, 60), 20), nil, 125},
		"two minutes":                         {"RedisErrorBudgetFastBurn", ages(downs(2, 60), 600), well, nil, 125},
		"a Pod that is away":                  {"RedisErrorBudgetFastBurn", from0(well, never), from0(well, never), nil, 125},
		"a minute five times in three days":   {"RedisErrorBudgetSlowBurn", ages(downs(5, 90), 60), well, through("sentinel", days), 400},
		"a Pod that is away for long":         {"RedisWriteProbeAbsent", from0(well, never), from0(well, never), alert("Prometheus learns nothing from redis-system/cache-probe, which writes as the tenant does: minutes in which the service is down are not counted."), 15},
		"a Redis that takes no writes":        {"RedisWriteProbeAbsent", ages(always(0), 3600), ages(always(0), 3600), nil, 15},
	} {
		t.Run(c.alert+" and "+name, func(t *testing.T) {
			s := scene{name, func(w *world) {
				w.instances[0].writes(c.sentinel, c.proxy)
				w.instances[0].writes(c.sentinel, c.proxy)
				w.instances[1].writes(well, well)
				w.instances[2].writes(well, well)
			}, c.want, c.minutes}
			before, after := s.play(t, all[c.alert], &record).fires(all[c.alert])
			assert.Empty(t, before, "before the fault")
			assert.Equal(t, s.expected(all[c.alert]), after)
		})
	}
}

// TestTroubleOfOneNode holds that an instance is up while one of the Pods can write.
func TestTroubleOfOneNode(t *testing.T) {
	all := written(t)
	record, rule := all["tenant_redis:service_down"], all["RedisErrorBudgetFastBurn"]
	cannot, can := always(3600), always(4)
	for name, other := range map[string]value{"writes": can, "is away": never} {
		s := scene{name, func(w *world) {
			w.instances[0].writes(cannot, cannot)
			w.instances[0].writes(other, other)
		}, nil, 10}
		_, after := s.play(t, rule, &record).fires(rule)
		assert.Equal(t, name == "is away", len(after) > 0, "the other one %s", name)
	}
}

// TestMonthOfEachWay holds that the month's figures tell a proxy that is down from Sentinel,
// and that the fleet has the worse one of each instance, the prober's too.
func TestMonthOfEachWay(t *testing.T) {
	var asked []question
	for _, title := range []string{"Availability in 30 days", "Minutes left of 43"} {
		asked = append(asked, panelOf(t, "tenants", title)...)
	}
	for _, q := range panelOf(t, "administrators", "Instances") {
		if strings.Contains(q.expr, "ratio30d") {
			asked = append(asked, q)
		}
	}
	require.Len(t, asked, 3)
	w := healthy(t)
	w.instances[0].writes(always(4), always(600))
	w.instances[1].writes(always(4), always(4))
	l := watched(t, w, asked, written(t))
	ways := map[string]string{}
	for series, ratio := range l.lastOf(asked[0]) {
		metric, err := promql.ParseMetric(series)
		require.NoError(t, err)
		ways[metric.Get("way")] = ratio
	}
	assert.Equal(t, map[string]string{"sentinel": "1", "proxy": "0"}, ways)
	assert.Len(t, l.lastOf(asked[1]), 2)
	assert.Equal(t, map[string]string{
		`{namespace="redis-system", tenant_redis="cache"}`: "0",
		`{namespace="redis-system", tenant_redis="other"}`: "1",
	}, l.lastOf(asked[2]))

	l = shown(t, healthy(t), asked[2:])
	assert.Len(t, l.lastOf(asked[2]), 3)
}

// TestMonthIsReadSeldom holds that the rule which reads 30 days is evaluated less often than
// the others, and often enough for an instant query to find what it recorded.
func TestMonthIsReadSeldom(t *testing.T) {
	for _, level := range []string{"monitoring.probe.prober=blackbox:9115", "monitoring.probe.writes=true", ""} {
		set := []string{"auth.enabled=false"}
		if level != "" {
			set = append(set, level)
		}
		var rule struct {
			Spec struct {
				Groups []struct {
					Name, Interval string
					Rules          []struct{ Record, Expr string }
				}
			}
		}
		require.NoError(t, yaml.Unmarshal([]byte(template(t, "tenant-redis", target.name, target.namespace, "prometheusrule", set...)), &rule))
		found := 0
		for _, group := range rule.Spec.Groups {
			require.NotEmpty(t, group.Rules, group.Name)
			for _, one := range group.Rules {
				if !strings.Contains(one.Expr, "[30d]") {
					assert.Empty(t, group.Interval, one.Record)
					continue
				}
				found++
				interval, err := time.ParseDuration(group.Interval)
				require.NoError(t, err)
				assert.Greater(t, interval, time.Minute)
				assert.Less(t, interval, 5*time.Minute)
			}
		}
		assert.Equal(t, level != "", found == 1, level)
	}
}
