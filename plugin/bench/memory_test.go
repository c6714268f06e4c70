package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// shapes are ways to write some n objects, or one object of n entries.
var shapes = map[string]func(tb testing.TB, n int) []byte{
	"documents": func(_ testing.TB, n int) []byte { return manifests(n) },
	"list": func(_ testing.TB, n int) []byte {
		return []byte("apiVersion: v1\nkind: List\nitems:\n" + items(n))
	},
	"json": func(tb testing.TB, n int) []byte {
		tb.Helper()
		var items []string
		for _, document := range strings.Split(string(manifests(n)), "---\n")[1:] {
			item, err := yaml.YAMLToJSON([]byte(document))
			require.NoError(tb, err)
			items = append(items, string(item))
		}
		return []byte(`{"apiVersion":"v1","kind":"List","items":[` + strings.Join(items, ",") + "]}\n")
	},
	// What kustomize hands to a function, the tenant file among it.
	"function": func(_ testing.TB, n int) []byte {
		return []byte(functionHead + items(n))
	},
	// What is said of each is larger than the object itself.
	"function-of-small": func(_ testing.TB, n int) []byte {
		var b bytes.Buffer
		b.WriteString(functionHead)
		for i := range 3 * n {
			fmt.Fprintf(&b, `- apiVersion: v1
  kind: ConfigMap
  metadata:
    name: settings-%[1]d
    labels:
      app: web-%[1]d
  data:
    level: info
    workers: "4"
    greeting: Hello, this is settings-%[1]d.
`, i)
		}
		return b.Bytes()
	},
	// What each of them gets is larger than it is.
	"tiny": func(_ testing.TB, n int) []byte {
		return []byte(strings.Repeat("---\n"+tinyObject, tinyObjects*n))
	},
	"tiny-list": func(_ testing.TB, n int) []byte {
		return []byte("apiVersion: v1\nkind: List\nitems:\n" + strings.Repeat(item("- ", tinyObject), tinyObjects*n))
	},
	"tiny-json": func(_ testing.TB, n int) []byte {
		object := `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`
		return []byte(`{"apiVersion":"v1","kind":"List","items":[` + strings.Repeat(object+",", tinyObjects*n-1) + object + "]}\n")
	},
	"function-of-tiny": func(_ testing.TB, n int) []byte {
		return []byte(functionHead + strings.Repeat(item("- ", tinyObject), tinyObjects*n))
	},
	"object": func(_ testing.TB, n int) []byte {
		var b bytes.Buffer
		b.WriteString("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n")
		for i := range 2 * n {
			fmt.Fprintf(&b, "  key-%d: %s\n", i, strings.Repeat("x", 400))
		}
		return b.Bytes()
	},
}

// tinyObject is as small as an object can be, and there are tinyObjects of them for one of
// another shape.
const (
	tinyObject  = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	tinyObjects = 9
)

// functionHead is a function's list up to its items.
var functionHead = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n" + item("  ", tenantFile) + "items:\n"

// items are n objects as items of a list.
func items(n int) string {
	var b strings.Builder
	for _, document := range strings.Split(string(manifests(n)), "---\n")[1:] {
		b.WriteString(item("- ", document))
	}
	return b.String()
}

// item is a text with what leads to it, and as many blanks before its other lines.
func item(lead, text string) string {
	return lead + strings.TrimSuffix(strings.ReplaceAll(text, "\n", "\n  "), "  ")
}

// commandFor is how tenant-post is called with a shape.
func commandFor(command []string, shape string) []string {
	if strings.HasPrefix(shape, "function") {
		return command[:1]
	}
	return command
}

const (
	// maxMemory is how many times its input tenant-post may take.
	maxMemory = 12
	// fewest are so many that what is written of them does not fit into a pipe: the program
	// waits there while its memory is read.
	fewest = 200
)

// TestMemoryIsBounded holds what an input takes above a small one, per byte of it.
func TestMemoryIsBounded(t *testing.T) {
	command := build(t, "tenant-post")
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			command := commandFor(command, name)
			few, many := shape(t, fewest), shape(t, 1500)
			// Where other work has the processors, memory is collected late: the lower of two.
			more := min(peak(t, command, many), peak(t, command, many)) - peak(t, command, few)
			require.Less(t, more, maxMemory*float64(len(many)-len(few)))
		})
	}
}

// memoryBefore is how many times its size an object of 11 MB took before there was a bound.
const memoryBefore = 48

// BenchmarkMemory reports the most memory that tenant-post holds, per byte of
// its input, and for one large object as a ratio to what that was before.
func BenchmarkMemory(b *testing.B) {
	command := build(b, "tenant-post")
	for name, shape := range shapes {
		for _, n := range []int{fewest, 2000, 10_000} {
			b.Run(fmt.Sprintf("%s=%d", name, n), func(b *testing.B) {
				stream := shape(b, n)
				var most float64
				for b.Loop() {
					most = max(most, peak(b, commandFor(command, name), stream))
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(float64(len(stream))/1e6, "MB-in")
				b.ReportMetric(most/1e6, "MB")
				b.ReportMetric(most/float64(len(stream)), "memory/input")
				if name == "object" {
					b.ReportMetric(most/float64(len(stream))/memoryBefore, "memory/before")
				}
			})
		}
	}
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak returns a command's largest resident memory, in bytes. It has it when the
// first byte comes out, and is ended then.
func peak(tb testing.TB, command []string, stream []byte) float64 {
	tb.Helper()
	ctx, end := context.WithCancel(tb.Context())
	defer end()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin = bytes.NewReader(stream)
	out, err := cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, 1))
	require.NoError(tb, err)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	require.NoError(tb, err)
	end()
	_ = cmd.Wait()
	require.LessOrEqual(tb, cmd.ProcessState.ExitCode(), 0, "it has not failed by itself")
	match := highWater.FindSubmatch(status)
	require.NotNil(tb, match)
	kilobytes, err := strconv.Atoi(string(match[1]))
	require.NoError(tb, err)
	return float64(kilobytes) * 1024
}
