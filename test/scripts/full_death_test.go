//go:build full

package scripts

import (
	"testing"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestScriptDiesAtEveryStep has each script die after every step, three times each, stop.sh
// with its Redis and without, the others with all of their Pod:
//
//	go test -tags full -run TestScriptDiesAtEveryStep -v ./test/scripts
const rounds = 3

func TestScriptDiesAtEveryStep(t *testing.T) {
	steps := []step{won, held, promoted, steppedDown, toldOne, toldAll, released}
	d := &deaths{T: t}
	for range rounds {
		t.Run("after", func(t *testing.T) {
			d.each(t, lab.Die, steps...)
			d.each(t, lab.DieWithRedis, steps...)
			d.eachLeader(t, "start.sh", elected, promoted, toldOne)
			d.eachLeader(t, "watch.sh", elected, promoted, toldOne)
		})
	}
	d.table()
}
