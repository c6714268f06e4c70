//go:build e2e

package framework

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// StartSidecarLedger is StartProxyLedger with the proxy in the ledger's own Pod,
// where tenant-post has put it.
func (i *Instance) StartSidecarLedger(t *testing.T, name string, writing time.Duration, replicas int) *Ledger {
	t.Helper()
	return i.startLedger(t, name, writing, replicas, func(pod *corev1.PodTemplateSpec) { i.injectSidecar(t, pod) },
		"-clients=proxy,follow", "-rate=100")
}

// injectSidecar has tenant-post render a Job with these Pods.
func (i *Instance) injectSidecar(t *testing.T, pod *corev1.PodTemplateSpec) {
	t.Helper()
	tenant := filepath.Join(t.TempDir(), "tenant.yaml")
	require.NoError(t, os.WriteFile(tenant, []byte(`apiVersion: tenant-redis.dev/v1alpha1
kind: Tenant
metadata: {name: `+i.Name+`}
spec:
  namespace: `+i.Tenant+`
  sidecars:
    - {target: {group: batch, kind: Job}, instance: `+i.Name+`, image: "tenant-redis.local/library/haproxy:3.2.26"}
`), 0o600))
	job := batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: metav1.ObjectMeta{Name: "ledger"},
		Spec:       batchv1.JobSpec{Template: *pod},
	}
	manifest, err := yaml.Marshal(job)
	require.NoError(t, err)
	render := exec.CommandContext(t.Context(), Path("bin/tenant-post"), "--tenant="+tenant)
	render.Stdin = bytes.NewReader(manifest)
	var problems bytes.Buffer
	render.Stderr = &problems
	rendered, err := render.Output()
	require.NoError(t, err, problems.String())
	var with batchv1.Job
	require.NoError(t, yaml.UnmarshalStrict(rendered, &with))
	require.Len(t, with.Spec.Template.Spec.InitContainers, len(pod.Spec.InitContainers)+1)
	*pod = with.Spec.Template
}
