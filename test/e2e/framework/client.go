//go:build e2e

package framework

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gruntwork-io/terratest/modules/k8s"
	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/yaml"
)

// clientTimeout covers the Pod's start and the client's own 20 s.
const clientTimeout = 90 * time.Second

// Result is how a client's Job ended.
type Result struct {
	Succeeded bool
	// Output is what it printed.
	Output string
}

// RunClient runs the example client of examples/go as a Job in a namespace,
// against the instance, with the given labels on its Pod.
func (i *Instance) RunClient(t *testing.T, namespace, name string, labels map[string]string) Result {
	t.Helper()
	manifest, err := os.ReadFile(Path("examples/go/job.yaml"))
	require.NoError(t, err)
	var job batchv1.Job
	require.NoError(t, yaml.UnmarshalStrict([]byte(strings.ReplaceAll(string(manifest), "team-a-cache", i.Name)), &job))
	job.Name = name
	job.Spec.Template.Labels = labels

	client, err := k8s.GetKubernetesClientFromOptionsContextE(t, t.Context(), Kubectl(namespace))
	require.NoError(t, err)
	jobs := client.BatchV1().Jobs(namespace)
	_, err = jobs.Create(t.Context(), &job, metav1.CreateOptions{})
	require.NoError(t, err)

	var result Result
	err = wait.PollUntilContextTimeout(t.Context(), time.Second, clientTimeout, true, func(ctx context.Context) (bool, error) {
		current, err := jobs.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		result.Succeeded = current.Status.Succeeded > 0
		return result.Succeeded || current.Status.Failed > 0, nil
	})
	require.NoError(t, err, "the client %s in %s did not end:\n%s", name, namespace, Output(t, namespace, "describe", "pods"))
	result.Output = Output(t, namespace, "logs", "job/"+name)
	return result
}
