package rules

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestCostIsLinear holds that eight times the input takes about eight times as long.
// What was quadratic took 64 times as long. It counts the processor's time, because
// other programs run beside tests.
func TestCostIsLinear(t *testing.T) {
	const deployment = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"replicas":1,"template":{"spec":{"containers":[{"image":"redis"}]}}}}`
	patch := teamA(t, "  patches: [{target: {group: apps, kind: Deployment}, operations: [{op: replace, path: /spec/replicas, value: 2}, {op: add, path: /spec/paused, value: true}]}]\n")
	oneLine := func(n int) string {
		return `{"apiVersion":"v1","kind":"List","items":[` + strings.Repeat(deployment+",", n-1) + deployment + "]}\n"
	}
	lines := func(n int) string {
		return "apiVersion: v1\nkind: List\nitems:\n" + strings.Repeat("- "+deployment+"\n", n)
	}
	for name, stream := range map[string]func(int) string{"a list on one line": oneLine, "a list": lines} {
		t.Run(name, func(t *testing.T) {
			cost := func(n int) time.Duration {
				text := []byte(stream(n))
				before := processorTime(t)
				_, err := Output(patch, text)
				require.NoError(t, err)
				return processorTime(t) - before
			}
			cost(100)
			few, many := cost(150), cost(8*150)
			require.Less(t, many, 24*max(few, 20*time.Millisecond))
		})
	}
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
