package scripts

import (
	"flag"
	"os"
	"testing"
)

// The tests mostly wait for Sentinels, so more of them may run than there are
// cores.
func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "6")
	os.Exit(m.Run())
}
