//go:build e2e

package framework

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// LedgerWriters is how many writers each client of a ledger has.
const LedgerWriters = 2

const (
	// readyTimeout covers the start of the ledger's Pod and its first writes,
	// before which a NetworkPolicy may have to be learnt.
	readyTimeout = time.Minute
	// wholeWithin is how long the ledger waits, after its writing, for the
	// instance to be whole.
	wholeWithin = 2 * time.Minute
	// accountStart begins the line of the ledger's output that is the account.
	accountStart = `{"schema":`
)

// Ledger is a Job in the tenant's namespace that keeps account of a fault.
type Ledger struct {
	Job
	writing time.Duration
}

// StartLedger starts a ledger that writes as clients that follow Sentinel and
// as naive ones, and returns at once. In the end it expects as many replicas.
func (i *Instance) StartLedger(t *testing.T, name string, writing time.Duration, replicas int) *Ledger {
	t.Helper()
	return i.startLedger(t, name, writing, replicas, nil, "-clients=follow,naive", "-rate=100")
}

// StartServicesLedger starts a ledger that writes through services alone. They
// may take their time: it is they who give up on Redis.
func (i *Instance) StartServicesLedger(t *testing.T, name string, writing time.Duration, replicas int, services []ledger.Service) *Ledger {
	t.Helper()
	var all []string
	for _, service := range services {
		all = append(all, string(service.Name)+"="+service.URL)
	}
	return i.startLedger(t, name, writing, replicas, nil, "-clients=", "-services="+strings.Join(all, ","), "-rate=20", "-timeout=10s")
}

// StartProxyLedger is StartLedger with clients of the proxy and, beside them,
// ones that follow Sentinel.
func (i *Instance) StartProxyLedger(t *testing.T, name string, writing time.Duration, replicas int) *Ledger {
	t.Helper()
	return i.startLedger(t, name, writing, replicas, nil, "-clients=proxy,follow", "-rate=100")
}

// StartServiceLedger is StartLedger with clients that know nothing but the
// operator's Service for the master.
func (i *Instance) StartServiceLedger(t *testing.T, name string, writing time.Duration, replicas int) *Ledger {
	t.Helper()
	host := corev1.EnvVar{Name: "REDIS_HOST", Value: "rfrm-" + i.Name + "." + i.Namespace}
	return i.startLedger(t, name, writing, replicas, func(pod *corev1.PodTemplateSpec) {
		pod.Spec.Containers[0].Env = []corev1.EnvVar{host}
	}, "-clients=proxy", "-rate=100")
}

func (i *Instance) startLedger(t *testing.T, name string, writing time.Duration, replicas int, change func(*corev1.PodTemplateSpec), flags ...string) *Ledger {
	t.Helper()
	job := i.StartJob(t, i.Tenant, "ledger-"+name, func(pod *corev1.PodTemplateSpec) {
		container := &pod.Spec.Containers[0]
		container.Image = "tenant-redis.local/ledger:local"
		container.Args = slices.Concat(flags, []string{
			fmt.Sprintf("-writers=%d", LedgerWriters), fmt.Sprintf("-replicas=%d", replicas),
			"-duration=" + writing.String(), "-whole-within=" + wholeWithin.String(),
		})
		// The account of all writes is kept in memory until the end.
		container.Resources.Limits = nil
		// The API server and etcd beside it are busiest while a Pod comes or goes. With an
		// example's share of a core it waits behind them, which looks like a gap of Redis.
		container.Resources.Requests[corev1.ResourceCPU] = resource.MustParse("200m")
		onControlPlane(&pod.Spec)
		if change != nil {
			change(pod)
		}
	})
	return &Ledger{Job: job, writing: writing}
}

// onControlPlane puts a client on the one node that no fault befalls.
func onControlPlane(pod *corev1.PodSpec) {
	const controlPlane = "node-role.kubernetes.io/control-plane"
	pod.NodeSelector = map[string]string{controlPlane: ""}
	pod.Tolerations = []corev1.Toleration{{Key: controlPlane, Operator: corev1.TolerationOpExists}}
}

// AwaitReady waits until every client of the ledger has written.
func (l *Ledger) AwaitReady(t *testing.T) {
	t.Helper()
	l.awaitLine(t, "READY", readyTimeout)
}

// AwaitSteady waits until it has written for some seconds: for as long the start of its Pod,
// which every node hears of, costs the machine more than the load does.
func (l *Ledger) AwaitSteady(t *testing.T) {
	t.Helper()
	l.awaitLine(t, " acknowledged, ", readyTimeout)
}

// AwaitWritten waits until the ledger has ended writing.
func (l *Ledger) AwaitWritten(t *testing.T) {
	t.Helper()
	l.awaitLine(t, "waiting for a master with", l.writing+time.Minute)
}

// awaitLine waits for a line of the log that has this in it.
func (l *Ledger) awaitLine(t *testing.T, line string, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	err := wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		return l.follow(ctx, line) == nil, nil
	})
	require.NoError(t, err, "%s in %s did not say %q:\n%s", l.Name, l.Namespace, line, l.Log(t))
}

// follow reads the log until the line. It fails while there is no Pod.
func (l *Ledger) follow(ctx context.Context, line string) error {
	pod, err := l.Pod(ctx)
	if err != nil {
		return err
	}
	log, err := l.client.CoreV1().Pods(l.Namespace).GetLogs(pod, &corev1.PodLogOptions{Follow: true}).Stream(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if strings.Contains(lines.Text(), line) {
			return nil
		}
	}
	return fmt.Errorf("%s has not written %q", pod, line)
}

// Enough ends the writing before its time. Clients should write again by now: what
// they did not get to see has no end in the account.
func (l *Ledger) Enough(t *testing.T) {
	t.Helper()
	pod, err := l.Pod(t.Context())
	require.NoError(t, err)
	signal, err := findProcess(t.Context(), l.Namespace, pod, "client")
	require.NoError(t, err)
	require.NoError(t, signal(t.Context(), "USR1"))
}

// Report waits for the Job's end and returns its account.
func (l *Ledger) Report(t *testing.T) ledger.Report {
	t.Helper()
	succeeded, err := l.AwaitEnd(t.Context(), l.writing+wholeWithin+time.Minute)
	require.NoError(t, err, "%s in %s did not end:\n%s", l.Name, l.Namespace, l.Log(t))
	require.True(t, succeeded, "%s in %s has no account:\n%s", l.Name, l.Namespace, l.Log(t))
	_, account, found := strings.Cut("\n"+l.Job.Log(t), "\n"+accountStart)
	require.True(t, found, "%s in %s has no account:\n%s", l.Name, l.Namespace, l.Log(t))
	var report ledger.Report
	require.NoError(t, json.Unmarshal([]byte(accountStart+account), &report))
	require.Equal(t, ledger.Schema, report.Schema)
	return report
}

// Log is what the Job has written so far for people to read.
func (l *Ledger) Log(t *testing.T) string {
	t.Helper()
	talk, _, _ := strings.Cut("\n"+l.Job.Log(t), "\n"+accountStart)
	return talk
}
