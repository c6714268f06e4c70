//go:build scale

package scale

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
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

	"github.com/tenant-redis/tenant-redis/test/scale/figures"
)

const (
	// resync is the operator's own period.
	resync = 30 * time.Second
	// watched is how long an operator's work is counted: two periods, less the begin of a
	// third.
	watched = 2*resync - 3*time.Second
	// faults are at most so many, each of an instance of its own.
	faults = 40
	// limit is how long a pass, and a repair, is waited for.
	limit = 20 * time.Minute
	// perNamespace are the instances of one tenant.
	perNamespace = 10
	// model is the name that the chart renders, and instances take the place of.
	model = "instance-0000"
)

var kinds = map[string]schema.GroupVersionResource{
	"ConfigMap":     {Version: "v1", Resource: "configmaps"},
	"RedisFailover": {Group: "databases.spotahome.com", Version: "v1", Resource: "redisfailovers"},
}

// bed is an API server with more and more instances.
type bed struct {
	*plane
	*pods
	made int
}

// TestScale measures what SCALE_MATRIX, a file, lists, or of it what has one of the
// numbers of instances in SCALE_INSTANCES, and writes what it has found to the file of
// SCALE_ROWS.
func TestScale(t *testing.T) {
	matrix, err := figures.Matrix(os.Getenv("SCALE_MATRIX"))
	require.NoError(t, err)
	if sizes := strings.Fields(os.Getenv("SCALE_INSTANCES")); len(sizes) > 0 {
		matrix = slices.DeleteFunc(matrix, func(s figures.Setting) bool { return !slices.Contains(sizes, strconv.Itoa(s.Instances)) })
	}
	require.NotEmpty(t, matrix, "no line of SCALE_MATRIX has one of SCALE_INSTANCES")
	p := newPlane(t)
	p.install(t, systems[0])
	b := &bed{plane: p, pods: runPods(t, p.typed)}
	for _, s := range matrix {
		b.grow(t, s.Instances)
		row := b.measure(t, s)
		require.NoError(t, figures.Add(os.Getenv("SCALE_ROWS"), row))
		t.Logf("%s", figures.Line(row))
		// What the formula in docs/scale.md and the chart's capacity rest on. A reconcile
		// ends early at a Redis that does not answer, and the last ones of an operator that
		// is too slow have not ended.
		if s.Silent == 0 && row.Pass < (watched-resync).Seconds() {
			assert.InDelta(t, 57, row.Calls, 2, "calls of the API server in a reconcile")
		}
	}
}

// grow makes instances until there are n, and has an operator that nothing holds back
// begin them.
func (b *bed) grow(t *testing.T, n int) {
	t.Helper()
	if b.made == n {
		return
	}
	begin := time.Now()
	create(t, b.plane, b.made, n)
	b.made = n
	b.delay.Store(0)
	_, stop := b.operators(t, figures.Setting{Operator: "1.3", Shards: 1, Workers: 30, Queries: 5000})
	require.Eventually(t, func() bool { return served(b.pods) == n }, limit, time.Second, "all instances have one master that all follow")
	stop()
	t.Logf("%d instances serve after %.0f s", n, time.Since(begin).Seconds())
}

// operators starts those of a setting, and returns what stops them, too.
func (b *bed) operators(t *testing.T, s figures.Setting) (all []*operator, stop func()) {
	t.Helper()
	arguments := []string{fmt.Sprintf("--concurrency=%d", s.Workers), fmt.Sprintf("--k8s-cli-qps-limit=%d", s.Queries), fmt.Sprintf("--k8s-cli-burstable-limit=%d", s.Queries)}
	alike := []settings{{system: systems[0], version: s.Operator, arguments: arguments}}
	if s.Shards > 1 {
		alike = nil
		for shard := range s.Shards {
			system := systems[shard+1]
			alike = append(alike, settings{system, s.Operator, slices.Concat(arguments, b.share(t, system, shard, s.Shards))})
		}
	}
	// They begin together, so that what is counted is of the same time.
	for _, o := range alike {
		b.freeLead(t, o.system)
		all = append(all, startOperator(t, b.plane, o))
	}
	return all, func() {
		for _, o := range all {
			o.stop()
		}
	}
}

// share installs an operator for its share of the namespaces, and returns the argument
// by which it knows them.
func (b *bed) share(t *testing.T, system string, shard, shards int) []string {
	t.Helper()
	var namespaces []string
	for n := shard; n*perNamespace < b.made; n += shards {
		namespaces = append(namespaces, tenant(n))
	}
	b.install(t, system, "--set", "crds.create=false,watchedNamespaces={"+strings.Join(namespaces, ",")+"}")
	deployment, err := b.plane.typed.AppsV1().Deployments(system).Get(t.Context(), "redis-operator", metav1.GetOptions{})
	require.NoError(t, err)
	return slices.DeleteFunc(deployment.Spec.Template.Spec.Containers[0].Args, func(argument string) bool {
		return !strings.HasPrefix(argument, "--supported-namespaces-regex=")
	})
}

func tenant(n int) string { return fmt.Sprintf("tenant-%d", n) }

// create makes RedisFailovers and what they need, as the chart renders them, from one
// number to before another.
func create(t *testing.T, p *plane, from, to int) {
	t.Helper()
	rendered, err := exec.CommandContext(t.Context(), repository+"/bin/helm", "template", model, repository+"/charts/tenant-redis",
		"--namespace", "tenant", "--set", "auth.existingSecret="+model+"-auth").Output()
	require.NoError(t, err)
	for i := from; i < to; i++ {
		namespace := tenant(i / perNamespace)
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

// measure looks at the operators of a setting from the moment at which they queue all
// instances, as they do every 30 s, and harms some meanwhile.
func (b *bed) measure(t *testing.T, s figures.Setting) figures.Row {
	t.Helper()
	all := b.all()
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	b.delay.Store(int64(s.Delay) * int64(time.Millisecond))
	for _, i := range all[:s.Silent] {
		i.hang()
		defer i.wake()
	}
	answering := all[s.Silent:]
	for _, i := range all {
		i.forget()
	}
	operators, stop := b.operators(t, s)
	defer stop()
	require.Eventually(t, func() bool {
		return !slices.ContainsFunc(operators, func(o *operator) bool { return !o.leads() })
	}, 2*time.Minute, 10*time.Millisecond, "the operator leads")

	from := b.count(t, operators, all)
	// Its first reconciles have begun.
	from.operator = counters{}
	repairs := harm(answering[:min(faults, len(answering))])
	time.Sleep(time.Until(from.at.Add(watched)))
	row := b.count(t, operators, all).since(from)
	row.Setting, row.Cores = s, runtime.NumCPU()
	row.Pass = passOver(t, answering) + row.Reconcile
	row.Between = max(resync.Seconds(), float64(s.Instances)/row.Rate)
	row.All, row.Series = b.listed(t), row.Series/float64(s.Instances)
	for range min(faults, len(answering)) {
		took := <-repairs
		assert.Less(t, took, limit, "a fault was not repaired")
		row.Repairs = append(row.Repairs, took.Seconds())
	}
	slices.Sort(row.Repairs)
	return row
}

func wasAsked(i *instance) bool {
	_, at := i.heard()
	return !at.IsZero()
}

// passOver waits until each instance was asked, and returns the seconds between the first
// one and the last one.
func passOver(t *testing.T, all []*instance) float64 {
	t.Helper()
	require.Eventually(t, func() bool { return !slices.ContainsFunc(all, func(i *instance) bool { return !wasAsked(i) }) }, limit, 200*time.Millisecond, "each instance is looked at")
	var first, last time.Time
	for _, i := range all {
		_, at := i.heard()
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return last.Sub(first).Seconds()
}

// harm breaks each instance at its own moment of the operator's period, a replica of one
// and a Sentinel of the next.
func harm(all []*instance) <-chan time.Duration {
	repairs := make(chan time.Duration, len(all))
	for n, i := range all {
		go func() {
			time.Sleep(resync * time.Duration(n) / time.Duration(len(all)))
			i.harm(n%2 == 0)
			repairs <- i.repaired(limit)
		}()
	}
	return repairs
}

// counts are what was counted up to a moment.
type counts struct {
	at            time.Time
	operator, api counters
	cpu, most     figures.Programs
	questions     float64
}

func (b *bed) count(t *testing.T, operators []*operator, all []*instance) counts {
	t.Helper()
	var pids []int
	for _, o := range operators {
		pids = append(pids, o.pid())
	}
	of := func(figure func(*testing.T, ...int) float64) figures.Programs {
		return figures.Programs{Operator: figure(t, pids...), API: figure(t, b.api.pid()), Etcd: figure(t, b.etcd.pid()), Redis: figure(t, os.Getpid())}
	}
	// The memory before those metrics of the operator that are as many as its instances.
	c := counts{at: time.Now(), most: of(memory)}
	forgetMemory(t, append(pids, b.api.pid(), b.etcd.pid(), os.Getpid())...)
	c.cpu, c.api, c.operator = of(cpu), b.metrics(t), metrics(t, operators)
	for _, i := range all {
		asked, _ := i.heard()
		c.questions += float64(asked)
	}
	return c
}

// since returns what was done from one moment to another.
func (c counts) since(from counts) figures.Row {
	took := c.at.Sub(from.at).Seconds()
	grew := func(name string) float64 { return c.operator[name] - from.operator[name] }
	asked := func(name string) float64 { return c.api[name] - from.api[name] }
	passes := grew("kooper_controller_processed_event_duration_seconds_count")
	used := figures.Programs{Operator: c.cpu.Operator - from.cpu.Operator, API: c.cpu.API - from.cpu.API, Etcd: c.cpu.Etcd - from.cpu.Etcd, Redis: c.cpu.Redis - from.cpu.Redis}
	row := figures.Row{
		Reconcile: grew("kooper_controller_processed_event_duration_seconds_sum") / passes,
		Wait:      grew("kooper_controller_event_in_queue_duration_seconds_sum") / grew("kooper_controller_event_in_queue_duration_seconds_count"),
		Rate:      passes / took,
		Calls:     (grew("redis_operator_controller_k8s_operations_total") + asked(listsOfPods)) / passes,
		Questions: (c.questions - from.questions) / passes,
		Requests:  map[string]float64{},
		CPU:       used.Per(passes), CPUs: used.Per(took), MiB: c.most,
		List:   asked("apiserver_response_sizes_sum LIST") / max(asked("apiserver_response_sizes_count LIST"), 1) / 1024,
		Watch:  asked("apiserver_watch_events_sizes_sum") / took / 1024,
		Series: c.operator[samples],
	}
	for _, verb := range []string{"GET", "LIST", "POST", "PUT", "PATCH", "DELETE"} {
		row.Requests[verb] = asked("apiserver_request_total "+verb) / took
	}
	return row
}

// listed is the size of the list of all RedisFailovers, in KiB.
func (b *bed) listed(t *testing.T) float64 {
	t.Helper()
	all, err := b.plane.typed.Discovery().RESTClient().Get().AbsPath("/apis/databases.spotahome.com/v1/redisfailovers").DoRaw(t.Context())
	require.NoError(t, err)
	return float64(len(all)) / 1024
}
