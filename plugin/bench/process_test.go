package bench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// programs are what is compared, by the folder of their source.
var programs = map[string]string{"floor": "./cmd/floor", "tenant-post": "../cmd/tenant-post", "kio": "./cmd/kio", "krusty": "./cmd/krusty"}

// rounds are how often each program runs on n objects; the best counts, because
// other work on the machine only ever adds to it.
var rounds = map[int]int{20: 60, 200: 15, 2000: 1}

// build returns the command of a program.
func build(tb testing.TB, name string) []string {
	tb.Helper()
	folder := tb.TempDir()
	binary := filepath.Join(folder, name)
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, programs[name])
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	out, err := cmd.CombinedOutput()
	require.NoError(tb, err, "%s", out)
	if name != "tenant-post" {
		return []string{binary}
	}
	file := filepath.Join(folder, "tenant.yaml")
	require.NoError(tb, os.WriteFile(file, []byte(tenantFile), 0o600))
	return []string{binary, "--tenant", file}
}

// spent returns the processor time of a program, and how long it ran. Only the
// first says something while other work keeps the processors busy.
func spent(b *testing.B, command []string, stream []byte) (processor, elapsed time.Duration) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stream), io.Discard, os.Stderr
	start := time.Now()
	require.NoError(b, cmd.Run())
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(start)
}

// best holds the shortest time of each program.
type best map[string]time.Duration

func (t best) add(name string, took time.Duration) {
	if known, ok := t[name]; !ok || took < known {
		t[name] = took
	}
}

func (t best) report(b *testing.B, kind string) {
	b.Helper()
	own := t["tenant-post"].Seconds()
	b.ReportMetric(own*1000, "tenant-post-"+kind+"-ms")
	b.ReportMetric(own/t["floor"].Seconds(), "tenant-post/floor-"+kind)
	b.ReportMetric(t["kio"].Seconds()/own, "kio/tenant-post-"+kind)
	b.ReportMetric(t["krusty"].Seconds()/own, "krusty/tenant-post-"+kind)
}

// BenchmarkProcess runs whole programs, taking turns, and reports how they
// compare. Run it with -benchtime 1x, and alone.
func BenchmarkProcess(b *testing.B) {
	commands := map[string][]string{}
	for name := range programs {
		commands[name] = build(b, name)
	}
	for _, n := range []int{20, 200, 2000} {
		b.Run(fmt.Sprintf("objects=%d", n), func(b *testing.B) {
			stream := manifests(n)
			processor, elapsed := best{}, best{}
			for b.Loop() {
				for range rounds[n] {
					for name, command := range commands {
						p, e := spent(b, command, stream)
						processor.add(name, p)
						elapsed.add(name, e)
					}
				}
			}
			b.ReportMetric(0, "ns/op")
			processor.report(b, "cpu")
			elapsed.report(b, "wall")
		})
	}
}
