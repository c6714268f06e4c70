package scripts

import (
	"flag"
	"os"
	"testing"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// The tests mostly wait for Sentinels, so more of them may run than there are
// cores.
func TestMain(m *testing.M) {
	flag.BoolVar(&lab.Restricted, "restricted", false, "have Sentinels that take little from those who do not log in (auth.restrictSentinel)")
	flag.Parse()
	_ = flag.Set("test.parallel", "6")
	os.Exit(m.Run())
}
