//go:build e2e

package framework

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/k8s"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

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
)

// Ledger is a Job in the tenant's namespace that keeps account of a fault.
type Ledger struct {
	instance *Instance
	name     string
	writing  time.Duration
	client   kubernetes.Interface
}

// StartLedger starts a ledger's Job that writes as clients that follow
// Sentinel and as naive ones, and returns at once.
func (i *Instance) StartLedger(t *testing.T, name string, writing time.Duration) *Ledger {
	t.Helper()
	client, err := k8s.GetKubernetesClientFromOptionsContextE(t, t.Context(), Kubectl(i.Tenant))
	require.NoError(t, err)
	l := &Ledger{instance: i, name: "ledger-" + name, writing: writing, client: client}
	_, err = client.BatchV1().Jobs(i.Tenant).Create(t.Context(), l.job(t), metav1.CreateOptions{})
	require.NoError(t, err)
	return l
}

// job is the example client's, with another program.
func (l *Ledger) job(t *testing.T) *batchv1.Job {
	t.Helper()
	manifest, err := os.ReadFile(Path("examples/go/job.yaml"))
	require.NoError(t, err)
	var job batchv1.Job
	require.NoError(t, yaml.UnmarshalStrict([]byte(strings.ReplaceAll(string(manifest), "team-a-cache", l.instance.Name)), &job))
	job.Name = l.name
	container := &job.Spec.Template.Spec.Containers[0]
	container.Image = "tenant-redis.local/ledger:local"
	container.Args = []string{
		"-clients=follow,naive", fmt.Sprintf("-writers=%d", LedgerWriters), "-rate=100",
		"-duration=" + l.writing.String(), "-whole-within=" + wholeWithin.String(),
	}
	// No fault befalls the control plane's node, so none befalls the client.
	const controlPlane = "node-role.kubernetes.io/control-plane"
	job.Spec.Template.Spec.NodeSelector = map[string]string{controlPlane: ""}
	job.Spec.Template.Spec.Tolerations = []corev1.Toleration{{Key: controlPlane, Operator: corev1.TolerationOpExists}}
	// The account of all writes is kept in memory until the end.
	container.Resources.Limits = nil
	return &job
}

// AwaitReady waits until every client of the ledger has written.
func (l *Ledger) AwaitReady(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	err := wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		return l.follow(ctx) == nil, nil
	})
	require.NoError(t, err, "%s of %s did not get to write:\n%s", l.name, l.instance.Name, l.Log(t))
}

// follow reads the log until the line READY. It fails while there is no Pod.
func (l *Ledger) follow(ctx context.Context) error {
	pod, err := l.pod(ctx)
	if err != nil {
		return err
	}
	log, err := l.client.CoreV1().Pods(l.instance.Tenant).GetLogs(pod, &corev1.PodLogOptions{Follow: true}).Stream(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if lines.Text() == "READY" {
			return nil
		}
	}
	return fmt.Errorf("%s has not written READY", pod)
}

// pod is the name of the Job's only Pod.
func (l *Ledger) pod(ctx context.Context) (string, error) {
	pods, err := l.client.CoreV1().Pods(l.instance.Tenant).List(ctx, metav1.ListOptions{LabelSelector: "job-name=" + l.name})
	if err != nil {
		return "", err
	}
	if len(pods.Items) == 0 {
		return "", fmt.Errorf("%s has no Pod yet", l.name)
	}
	return pods.Items[0].Name, nil
}

// Report waits for the Job's end and returns its account.
func (l *Ledger) Report(t *testing.T) ledger.Report {
	t.Helper()
	succeeded := false
	err := wait.PollUntilContextTimeout(t.Context(), time.Second, l.writing+wholeWithin+time.Minute, true, func(ctx context.Context) (bool, error) {
		job, err := l.client.BatchV1().Jobs(l.instance.Tenant).Get(ctx, l.name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		succeeded = job.Status.Succeeded > 0
		return succeeded || job.Status.Failed > 0, nil
	})
	account, talk := l.log(t)
	require.NoError(t, err, "%s of %s did not end:\n%s", l.name, l.instance.Name, talk)
	require.True(t, succeeded, "%s of %s has no account:\n%s", l.name, l.instance.Name, talk)
	var report ledger.Report
	require.NoError(t, json.Unmarshal([]byte(account), &report), account)
	require.Equal(t, ledger.Schema, report.Schema)
	return report
}

// accountStart begins the last line of the ledger's output, the account.
const accountStart = `{"schema":`

// Log is what the Job has written so far for people to read.
func (l *Ledger) Log(t *testing.T) string {
	t.Helper()
	_, talk := l.log(t)
	return talk
}

// log takes the Job's log apart.
func (l *Ledger) log(t *testing.T) (account, talk string) {
	t.Helper()
	ctx := CleanupContext(t)
	pod, err := l.pod(ctx)
	if err != nil {
		return "", err.Error()
	}
	log, err := l.client.CoreV1().Pods(l.instance.Tenant).GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(ctx)
	if err != nil {
		return "", err.Error()
	}
	talk, account, found := strings.Cut(string(log), accountStart)
	if found {
		account = accountStart + account
	}
	return account, talk
}
