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
	flag.IntVar(&stallsOfEach, "stalls", 1, "how many stalls of each length TestStallsOfAllLengths has")
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		_ = flag.Set("test.parallel", "6")
	}
	os.Exit(m.Run())
}
