// Package costtest holds costs to the size of what causes them.
package costtest

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// times is how many times the input is.
const times = 8

// Linear holds that some times the input costs about as many times as much as n does.
// What is quadratic costs the square. It counts the processor's time, because other
// programs run beside tests.
func Linear(t *testing.T, n int, run func(n int)) {
	t.Helper()
	cost := func(n int) time.Duration {
		before := ProcessorTime(t)
		run(n)
		return ProcessorTime(t) - before
	}
	cost(n / 2)
	few, many := cost(n), cost(times*n)
	require.Less(t, many, 3*times*max(few, 20*time.Millisecond))
}

// ProcessorTime returns that of this process so far.
func ProcessorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	require.NoError(tb, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
