//go:build e2e

package framework

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Witness reads along with the logs of all Redis and Sentinels of an instance:
// what a Pod wrote is gone with it, and what a master did before it went is
// what a test of faults wants to know.
type Witness struct {
	instance *Instance
	client   kubernetes.Interface
	since    metav1.Time
	stop     context.CancelFunc
	readers  sync.WaitGroup

	mu    sync.Mutex
	lines []Line
	seen  map[string]bool
}

// Line is one line of a container's log.
type Line struct {
	At   time.Time
	Pod  string
	Text string
}

// String is how the line stands in a file.
func (l Line) String() string {
	return l.At.Format("15:04:05.000") + " " + l.Pod + "  " + l.Text
}

// Watch starts reading the logs, from now on.
func (i *Instance) Watch(t *testing.T) *Witness {
	t.Helper()
	client := Client(t)
	ctx, stop := context.WithCancel(t.Context())
	w := &Witness{instance: i, client: client, since: metav1.Now(), stop: stop, seen: map[string]bool{}}
	for _, pod := range w.pods(t.Context(), t) {
		w.readers.Go(func() { _ = w.read(ctx, pod, true) })
	}
	t.Cleanup(stop)
	return w
}

// Lines stops reading and returns all lines in order, those of Pods and
// containers that came later included.
func (w *Witness) Lines(t *testing.T) []Line {
	t.Helper()
	w.stop()
	w.readers.Wait()
	ctx := CleanupContext(t)
	for _, pod := range w.pods(ctx, t) {
		if err := w.read(ctx, pod, false); err != nil {
			t.Log(err)
		}
	}
	slices.SortStableFunc(w.lines, func(a, b Line) int { return a.At.Compare(b.At) })
	return w.lines
}

func (w *Witness) pods(ctx context.Context, t *testing.T) []corev1.Pod {
	t.Helper()
	pods, err := w.client.CoreV1().Pods(w.instance.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: w.instance.Selector(""),
	})
	require.NoError(t, err)
	return pods.Items
}

func (w *Witness) read(ctx context.Context, pod corev1.Pod, follow bool) error {
	options := &corev1.PodLogOptions{
		Container: pod.Labels["app.kubernetes.io/component"], Follow: follow, SinceTime: &w.since, Timestamps: true,
	}
	log, err := w.client.CoreV1().Pods(w.instance.Namespace).GetLogs(pod.Name, options).Stream(ctx)
	if err != nil {
		return fmt.Errorf("the log of %s: %w", pod.Name, err)
	}
	defer func() { _ = log.Close() }()
	for scanner := bufio.NewScanner(log); scanner.Scan(); {
		w.note(pod.Name, scanner.Text())
	}
	return nil
}

// note adds a line, unless it has been read before.
func (w *Witness) note(pod, line string) {
	stamp, text, _ := strings.Cut(line, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if key := pod + line; !w.seen[key] {
		w.seen[key] = true
		w.lines = append(w.lines, Line{At: at, Pod: pod, Text: text})
	}
}

// Text is all lines, as a file has them.
func Text(lines []Line) []byte {
	var out bytes.Buffer
	for _, line := range lines {
		fmt.Fprintln(&out, line)
	}
	return out.Bytes()
}
