//go:build scale

package scale

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
)

const (
	// resync is the operator's own period.
	resync = 30 * time.Second
	// perNamespace are the instances of one tenant.
	perNamespace = 10
	// model is the name that the chart renders, and instances take the place of.
	model = "instance-0000"
)

var kinds = map[string]schema.GroupVersionResource{
	"ConfigMap":     {Version: "v1", Resource: "configmaps"},
	"RedisFailover": {Group: "databases.spotahome.com", Version: "v1", Resource: "redisfailovers"},
}

// TestScale prints one row of the table in docs/scale.md. The environment says which:
// SCALE_INSTANCES, SCALE_CONCURRENCY, SCALE_QUERIES, SCALE_OPERATOR (1.2 or 1.3),
// SCALE_SILENT, which is how many of the instances have a Redis that answers nothing, and
// SCALE_SECONDS, which is how long the operator is looked at.
func TestScale(t *testing.T) {
	n := number(t, "SCALE_INSTANCES", 10)
	concurrency, queries, silent := number(t, "SCALE_CONCURRENCY", 6), number(t, "SCALE_QUERIES", 614), number(t, "SCALE_SILENT", 0)
	require.Less(t, silent, n, "SCALE_SILENT leaves no instance to break and to see repaired")
	s := settings{
		system: "redis-system", version: cmp.Or(os.Getenv("SCALE_OPERATOR"), "1.3"), environment: strings.Fields(os.Getenv("SCALE_ENV")),
		arguments: []string{fmt.Sprintf("--concurrency=%d", concurrency), fmt.Sprintf("--k8s-cli-qps-limit=%d", queries), fmt.Sprintf("--k8s-cli-burstable-limit=%d", queries)},
	}
	watched := time.Duration(number(t, "SCALE_SECONDS", 90)) * time.Second

	p := newPlane(t)
	p.install(t, s.system)
	pods := runPods(t, p.typed)
	create(t, p, n)
	o := startOperator(t, p, s)

	begin := time.Now()
	require.Eventually(t, func() bool { return served(pods) == n }, 5*time.Minute+time.Duration(n)*2*time.Second, 200*time.Millisecond, "all instances have one master that all follow")
	t.Logf("%d instances serve %.0f s after the operator's start", n, time.Since(begin).Seconds())
	for _, i := range pods.all()[:silent] {
		i.hang()
	}
	// What was queued while they began is done.
	time.Sleep(resync)

	m := measure(t, p, o, pods, watched)
	t.Logf("%d instances have a Redis that answers nothing", silent)
	t.Logf("\n%s\n%s", header, m.row(s.version, n, concurrency, queries))
	t.Logf("calls in a reconcile by verb: %s; the operator's series: %.1f of an instance", m.verbs, m.series/float64(n))
	assert.Zero(t, m.unrepaired, "faults that were not repaired within %s", limit)
	// What the formula in docs/scale.md and the chart's capacity rest on. A reconcile ends
	// early at a Redis that does not answer.
	if silent == 0 {
		assert.InDelta(t, 46, m.calls, 2, "calls of the API server in a reconcile")
	}
}

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, variable)
	return n
}

// create makes so many RedisFailovers and what they need, as the chart renders them.
func create(t *testing.T, p *plane, n int) {
	t.Helper()
	rendered, err := exec.CommandContext(t.Context(), repository+"/bin/helm", "template", model, repository+"/charts/tenant-redis",
		"--namespace", "tenant", "--set", "auth.existingSecret="+model+"-auth").Output()
	require.NoError(t, err)
	for i := range n {
		namespace := fmt.Sprintf("tenant-%d", i/perNamespace)
		if i%perNamespace == 0 {
			p.namespace(t, namespace)
		}
		name := fmt.Sprintf("instance-%04d", i+1)
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name + "-auth"}, StringData: map[string]string{"password": password}}
		_, err := p.typed.CoreV1().Secrets(namespace).Create(t.Context(), secret, metav1.CreateOptions{})
		require.NoError(t, err)
		decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(bytes.ReplaceAll(rendered, []byte(model), []byte(name))), 4096)
		for {
			object := &unstructured.Unstructured{}
			err := decoder.Decode(object)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			kind, wanted := kinds[object.GetKind()]
			if !wanted {
				continue
			}
			object.SetNamespace(namespace)
			_, err = p.dynamic.Resource(kind).Namespace(namespace).Create(t.Context(), object, metav1.CreateOptions{})
			require.NoError(t, err)
		}
	}
}

func served(p *pods) int {
	count := 0
	for _, i := range p.all() {
		if i.healthy() {
			count++
		}
	}
	return count
}

// limit is how long a repair is waited for.
const limit = 10 * time.Minute

// measured is what one operator does in a while.
type measured struct {
	// pass is the mean time of one reconcile of one instance, wait that in the queue before
	// it, between that between two reconciles of an instance.
	pass, wait, between time.Duration
	// calls are those in a reconcile, and rate those in a second.
	calls, rate float64
	// series are those that the operator exports.
	series float64
	verbs  string
	// cores are the CPUs that the operator and the API server use.
	operatorCores, apiCores   float64
	operatorMemory, apiMemory int
	cpu                       time.Duration
	repairs                   []time.Duration
	unrepaired                int
}

const header = "| operator | instances | workers | calls/s allowed | one reconcile | wait | between two | repaired, median | 95 % | calls | calls/s | CPU | CPUs | MiB | API server: CPUs | API server: MiB |"

func (m measured) row(version string, n, concurrency, queries int) string {
	slices.Sort(m.repairs)
	at := func(share float64) time.Duration { return m.repairs[int(share*float64(len(m.repairs)-1))] }
	return fmt.Sprintf("| %s | %d | %d | %d | %.3f s | %.1f s | %.1f s | %.1f s | %.1f s | %.1f | %.0f | %.3f s | %.2f | %d | %.2f | %d |",
		version, n, concurrency, queries, m.pass.Seconds(), m.wait.Seconds(), m.between.Seconds(), at(0.5).Seconds(), at(0.95).Seconds(),
		m.calls, m.rate, m.cpu.Seconds(), m.operatorCores, m.operatorMemory, m.apiCores, m.apiMemory)
}

// measure looks at the operator for a while, and harms instances meanwhile, one
// after the other.
func measure(t *testing.T, p *plane, o *operator, pods *pods, watched time.Duration) measured {
	t.Helper()
	m := measured{}
	repairs := make(chan time.Duration)
	const faults = 40
	go func() {
		all := slices.DeleteFunc(pods.all(), func(i *instance) bool { return i.silent != "" })
		random := rand.New(rand.NewPCG(1, 2))
		for fault := range faults {
			i := all[random.IntN(len(all))]
			time.Sleep(watched / (faults + 1))
			go func() {
				i.repaired(limit)
				i.harm(fault%2 == 0)
				took, done := i.repaired(limit)
				if !done {
					took = -1
				}
				repairs <- took
			}()
		}
	}()

	before, apiBefore := o.metrics(t), p.metrics(t)
	cpu, apiCPU, begin := o.cpu(t), p.api.cpu(t), time.Now()
	time.Sleep(watched)
	took := time.Since(begin).Seconds()
	after, apiAfter := o.metrics(t), p.metrics(t)
	m.operatorCores, m.apiCores = (o.cpu(t)-cpu).Seconds()/took, (p.api.cpu(t)-apiCPU).Seconds()/took
	m.operatorMemory, m.apiMemory = o.memory(t), p.api.memory(t)

	grew := func(name string) float64 { return after[name] - before[name] }
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	passes := grew("kooper_controller_processed_event_duration_seconds_count")
	m.pass = seconds(grew("kooper_controller_processed_event_duration_seconds_sum") / passes)
	m.wait = seconds(grew("kooper_controller_event_in_queue_duration_seconds_sum") / grew("kooper_controller_event_in_queue_duration_seconds_count"))
	m.between = seconds(resync.Seconds() * grew("kooper_controller_queued_events_total") / passes)
	m.cpu = seconds(m.operatorCores * took / passes)
	// Without those of the leader election.
	m.series = after[samples]
	m.calls = grew("redis_operator_controller_k8s_operations_total") / passes
	var verbs []string
	for _, verb := range []string{"GET", "LIST", "WATCH", "POST", "PUT", "PATCH", "DELETE"} {
		calls := apiAfter[verb] - apiBefore[verb]
		if verb != "WATCH" {
			m.rate += calls / took
		}
		verbs = append(verbs, fmt.Sprintf("%s %.1f", verb, calls/passes))
	}
	m.verbs = strings.Join(verbs, ", ")
	for range faults {
		took := <-repairs
		if took < 0 {
			m.unrepaired++
		}
		m.repairs = append(m.repairs, took)
	}
	return m
}
