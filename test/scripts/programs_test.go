package scripts

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// mostPrograms is how many programs start.sh may start from the end of its Redis until it
// promotes another one, with three Redis and three Sentinels: each takes some
// milliseconds of a core, and they are most of what a crash costs. Five of them are
// redis-cli, a line to each Sentinel and each replica. They were 115 when each question
// was a program of its own, 35 when each conversation was, and are 21.
const mostPrograms = 25

// TestProgramsUntilPromotion counts them. The Sentinels leave the time for it.
func TestProgramsUntilPromotion(t *testing.T) {
	t.Parallel()
	i, old := parented(t, func(i *instance) {
		i.Detection = 10 * time.Second
		for _, p := range i.Redis { // before their shells know where the programs are
			i.notesStarts(p)
		}
	})
	old.Beside(syscall.SIGKILL) // the watcher starts some, too
	i.Write(starts(old), "", 0o644)
	old.Crash()
	log, err := os.ReadFile(starts(old))
	require.NoError(t, err)
	programs := strings.Fields(string(log))
	// The promotion and the announcement start none, and then the lines are removed.
	promotion := slices.Index(programs, "rm")
	require.Positive(t, promotion, "%q", programs)
	count := map[string]int{}
	for _, name := range programs[:promotion] {
		count[name]++
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(count)) {
		t.Log(count[name], name)
		total += count[name]
	}
	t.Logf("%d programs until the promotion", total)
	require.LessOrEqual(t, total, mostPrograms)
	require.Contains(t, i.Logged(old), "start.sh: replaced by ")
}

// starts is the file with the names of the programs that the scripts of a Pod have started.
func starts(p *lab.Process) string { return filepath.Join(p.Dir, "started") }

// notesStarts has them noted.
func (i *instance) notesStarts(p *lab.Process) {
	i.T.Helper()
	for _, name := range strings.Fields("awk cat cut date grep head mkdir mkfifo mktemp mv od paste redis-cli rm sed sleep sort tail timeout tr wc") {
		path, err := exec.LookPath(name)
		require.NoError(i.T, err)
		i.Write(filepath.Join(p.Dir, name), fmt.Sprintf("#!/bin/sh\necho %s >>%s\nexec %s \"$@\"\n", name, starts(p), path), 0o755)
	}
}
