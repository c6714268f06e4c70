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
// milliseconds of a core, and they are most of what a crash costs. 11 of them are
// redis-cli: one question to each Sentinel, one to each replica, and for each Sentinel
// its vote and the connection on which it is told. It was 115 when each question
// was one of its own, and is 35.
const mostPrograms = 40

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
	programs := strings.Split(string(log), "\n")
	promotion := slices.IndexFunc(programs, func(p string) bool {
		return strings.HasPrefix(p, "redis-cli ") && strings.HasSuffix(p, " -p "+lab.RedisPort+" ")
	})
	require.Positive(t, promotion, "%q", programs)
	count := map[string]int{}
	for _, p := range programs[:promotion-1] { // and what ends that redis-cli in time
		name, _, _ := strings.Cut(p, " ")
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

// starts is the file with the programs that the scripts of a Pod have started.
func starts(p *lab.Process) string { return filepath.Join(p.Dir, "started") }

// notesStarts has them noted, a redis-cli with its words.
func (i *instance) notesStarts(p *lab.Process) {
	i.T.Helper()
	for _, name := range strings.Fields("awk cat cut date grep head mkdir mkfifo mktemp mv od paste redis-cli rm sed sleep sort tail timeout tr wc") {
		path, err := exec.LookPath(name)
		require.NoError(i.T, err)
		words := ""
		if name == "redis-cli" {
			words = "$*"
		}
		i.Write(filepath.Join(p.Dir, name), fmt.Sprintf("#!/bin/sh\necho \"%s %s \" >>%s\nexec %s \"$@\"\n", name, words, starts(p), path), 0o755)
	}
}
