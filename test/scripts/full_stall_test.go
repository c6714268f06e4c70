//go:build full

package scripts

import (
	"testing"
	"time"
)

// TestStallsOfAllLengths has the master's Pod freeze for 1 to 30 s in steps of half a
// second, and Redis be busy with a script for as long, and the Pod wake up to 2 s after
// another Redis was promoted in steps of 0.1 s. With each of them ten times it takes an hour
// or two on two cores that do nothing else:
//
//	go test -tags full -run TestStallsOfAllLengths -timeout 4h -parallel 16 -v ./test/scripts -args -stalls 10
func TestStallsOfAllLengths(t *testing.T) {
	var lengths, delays []time.Duration
	for d := time.Second; d <= 30*time.Second; d += 500 * time.Millisecond {
		lengths = append(lengths, d)
	}
	for d := time.Duration(0); d <= 2*time.Second; d += 100 * time.Millisecond {
		delays = append(delays, d)
	}
	s := &stalls{T: t}
	t.Run("of", func(t *testing.T) {
		for range stallsOfEach {
			s.each(t, wakesLate, delays...)
			s.each(t, frozenPod, lengths...)
			s.each(t, written, lengths...)
			s.each(t, frozenRedis, 2500*time.Millisecond, 3*time.Second, 4*time.Second, 8*time.Second, 15*time.Second)
			s.each(t, sleeping, 2500*time.Millisecond, 4*time.Second, 8*time.Second)
			s.each(t, script, 2500*time.Millisecond, 3*time.Second, 8*time.Second)
		}
	})
	s.table()
}
