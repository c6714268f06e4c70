//go:build e2e

package framework

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"
)

// Job is a client of an instance, in one Pod.
type Job struct {
	Namespace, Name string
	client          kubernetes.Interface
}

// StartJob starts the Job of examples/go/job.yaml against the instance, with
// what a test changes in its Pod, and returns at once.
func (i *Instance) StartJob(t *testing.T, namespace, name string, change func(*corev1.PodTemplateSpec)) Job {
	t.Helper()
	manifest, err := os.ReadFile(Path("examples/go/job.yaml"))
	require.NoError(t, err)
	var job batchv1.Job
	require.NoError(t, yaml.UnmarshalStrict([]byte(strings.ReplaceAll(string(manifest), "team-a-cache", i.Name)), &job))
	job.Name = name
	// The page says to build it; here it is in the nodes.
	job.Spec.Template.Spec.Containers[0].Image = "tenant-redis.local/examples/go:local"
	change(&job.Spec.Template)

	client := Client(t)
	_, err = client.BatchV1().Jobs(namespace).Create(t.Context(), &job, metav1.CreateOptions{})
	require.NoError(t, err)
	return Job{Namespace: namespace, Name: name, client: client}
}

// AwaitEnd waits for the Job's end and returns whether it succeeded. The error
// is that it did not end in time.
func (j Job) AwaitEnd(ctx context.Context, within time.Duration) (succeeded bool, err error) {
	err = wait.PollUntilContextTimeout(ctx, time.Second, within, true, func(ctx context.Context) (bool, error) {
		current, err := j.client.BatchV1().Jobs(j.Namespace).Get(ctx, j.Name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		succeeded = current.Status.Succeeded > 0
		return succeeded || current.Status.Failed > 0, nil
	})
	return succeeded, err
}

// Pod is the name of the Job's only Pod.
func (j Job) Pod(ctx context.Context) (string, error) {
	pods, err := j.client.CoreV1().Pods(j.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "job-name=" + j.Name})
	if err != nil {
		return "", err
	}
	if len(pods.Items) == 0 {
		return "", fmt.Errorf("%s has no Pod yet", j.Name)
	}
	return pods.Items[0].Name, nil
}

// Log is what the Job has written so far, or why that cannot be told.
func (j Job) Log(t *testing.T) string {
	t.Helper()
	ctx := CleanupContext(t)
	pod, err := j.Pod(ctx)
	if err != nil {
		return err.Error()
	}
	log, err := j.client.CoreV1().Pods(j.Namespace).GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(ctx)
	if err != nil {
		return err.Error()
	}
	return string(log)
}
