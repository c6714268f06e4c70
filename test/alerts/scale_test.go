package alerts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// load is an operator at work: how many instances it has, and how many reconciles of one
// of them it gets done a second.
type load struct {
	instances  int
	reconciles float64
}

const (
	// resync is how often all instances are queued, memory how long the operator
	// remembers what it has asked for, both in seconds and fixed in its source. It
	// forgets every so many seconds what is older than that.
	resync = 30
	memory = 300
	// calls are those with which it asks for the StatefulSet in a reconcile.
	calls = 12
	// start is the minute at which it begins, long before anything is looked at.
	start, end = -120, 60
)

// history is what an operator has counted, by the minute.
type history struct {
	waited, reconciles []float64
	// asked are the calls for each instance, negative where it has forgotten them.
	asked [][]float64
}

// played is the history of a load, second by second, with the operator's queue: an
// instance that is in it is not queued again. From the minute unseen on, the first is
// not queued at all.
func (l load) played(unseen int) history {
	h := history{asked: make([][]float64, l.instances)}
	asked, last, queuedAt := make([]float64, l.instances), make([]int, l.instances), make([]int, l.instances)
	for i := range l.instances {
		asked[i], queuedAt[i] = -1, -1
	}
	var queue []int
	var waited, reconciles, free float64
	for second := range (end - start) * 60 {
		if second%resync == 0 {
			for i := range l.instances {
				if queuedAt[i] < 0 && (i > 0 || second/60+start < unseen) {
					queuedAt[i] = second
					queue = append(queue, i)
				}
			}
		}
		free = min(free+l.reconciles, max(l.reconciles, 1))
		for ; free >= 1 && len(queue) > 0; free-- {
			i := queue[0]
			queue = queue[1:]
			reconciles++
			waited += float64(second - queuedAt[i])
			asked[i], last[i], queuedAt[i] = max(asked[i], 0)+calls, second, -1
		}
		if second%memory == 0 {
			for i := range l.instances {
				if second-last[i] > memory {
					asked[i] = -1
				}
			}
		}
		if second%60 == 0 {
			h.waited, h.reconciles = append(h.waited, waited), append(h.reconciles, reconciles)
			for i := range l.instances {
				h.asked[i] = append(h.asked[i], asked[i])
			}
		}
	}
	return h
}

// loaded gives the world's operator a history, the target being the first of its
// instances.
func (w *world) loaded(h history) {
	w.t.Helper()
	leader := w.operator[0]
	at := func(counted []float64) value {
		return func(minute int) (float64, bool) {
			f := counted[minute-start]
			return f, f >= 0
		}
	}
	replace := func(metric string, v value) {
		for _, s := range leader.match(metric) {
			s.value = v
		}
	}
	replace("kooper_controller_event_in_queue_duration_seconds_sum", at(h.waited))
	replace("kooper_controller_event_in_queue_duration_seconds_count", at(h.reconciles))
	replace("kooper_controller_processed_event_duration_seconds_count", at(h.reconciles))
	replace(w.instances[0].asked(), never)
	replace(w.instances[0].looks(), at(h.asked[0]))
	for n, asked := range h.asked[1:] {
		i := instance{id: id{"many", fmt.Sprintf("r%d", n+1)}}
		leader.add(i.clusterOK(), always(1))
		leader.add(i.looks(), at(asked))
	}
}

// aboutOperator are the alerts that depend on how often the operator gets to an
// instance.
func aboutOperator(all rules) []string {
	found := []string{"RedisNotReconciled"}
	for _, name := range all.alerts() {
		if strings.HasPrefix(name, "RedisOperator") {
			found = append(found, name)
		}
	}
	return found
}

// TestAlertsAtSize holds that no alert fires for an operator that gets to each instance
// within 30 s, and only that it is overloaded for one that does not; and that alerts
// tell for both which instance they do not look after, and that they look after none.
func TestAlertsAtSize(t *testing.T) {
	const overloaded, unseen, idle = "RedisOperatorOverloaded", "RedisNotReconciled", "RedisOperatorNotReconciling"
	all := everything(t)
	for name, test := range map[string]struct {
		load
		want []string
	}{
		"1":                        {load{1, 2}, nil},
		"100":                      {load{100, 7}, nil},
		"100 in 25 s":              {load{100, 4}, []string{overloaded}},
		"1000":                     {load{1000, 60}, nil},
		"1000, three workers":      {load{1000, 3 / 0.41}, []string{overloaded}},
		"1000, 100 calls a second": {load{1000, 100. / 57}, []string{overloaded}},
	} {
		t.Run(name, func(t *testing.T) {
			fire := func(h history, strike func(*world), of ...string) []string {
				var found []string
				for _, alert := range of {
					s := scene{change: func(w *world) { w.loaded(h); strike(w) }, minutes: 40}
					if _, after := s.play(t, all[alert], recordOf(t, all, all[alert])).fires(all[alert]); len(after) > 0 {
						found = append(found, alert)
					}
				}
				return found
			}
			seen := test.played(end)
			assert.Equal(t, test.want, fire(seen, func(*world) {}, aboutOperator(all)...))
			if test.instances > 1 {
				assert.NotEmpty(t, fire(test.played(0), func(*world) {}, unseen), "one is not looked after")
			}
			assert.NotEmpty(t, fire(seen, func(w *world) {
				w.operator[0].drop("kooper_controller_processed_event_duration_seconds_count")
			}, idle))
		})
	}
}
