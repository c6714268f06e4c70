//go:build e2e

package framework

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
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
	job := i.StartJob(t, namespace, name, func(pod *corev1.PodTemplateSpec) { pod.Labels = labels })
	succeeded, err := job.AwaitEnd(t.Context(), clientTimeout)
	if err != nil {
		t.Fatalf("the client %s in %s did not end: %v\n%s", name, namespace, err, Output(t, namespace, "describe", "pods"))
	}
	return Result{Succeeded: succeeded, Output: job.Log(t)}
}
