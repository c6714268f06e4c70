package metrics

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestLookWhileCounting has a worker count, and looks meanwhile for what has not been
// counted for long, as the operator does every five minutes. It is written in the Go of
// the operator's module.
func TestLookWhileCounting(t *testing.T) {
	const instances = 200
	r := NewRecorder("operator", prometheus.NewRegistry())
	count := func() {
		for i := 0; i < instances; i++ {
			r.RecordK8sOperation("tenant", "StatefulSet", fmt.Sprintf("rfr-%d", i), "GET", SUCCESS, "NA")
			r.RecordRedisOperation(KIND_REDIS, fmt.Sprintf("10.0.0.%d", i), IS_MASTER, SUCCESS, "NA")
		}
	}
	count()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for t.Context().Err() == nil {
			count()
		}
	}()
	t.Cleanup(func() { <-ended })
	for looks := 0; looks < 10_000; looks++ {
		getLabelsOfStaleMetrics()
	}
}
