//go:build e2e

package framework

import (
	"context"
	"os"
	"testing"

	"github.com/gruntwork-io/terratest/modules/shell"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// kubectl runs kubectl in a namespace of the test cluster, and returns what it prints, which
// is in the test's log, too.
func kubectl(ctx context.Context, t *testing.T, namespace string, args ...string) (string, error) {
	t.Helper()
	command := &shell.Command{Command: "kubectl", Args: append([]string{"--namespace=" + namespace}, args...)}
	return shell.RunCommandContextAndGetOutputE(t, ctx, command)
}

// Output runs kubectl in a namespace and returns what it prints.
func Output(t *testing.T, namespace string, args ...string) string {
	t.Helper()
	out, err := kubectl(t.Context(), t, namespace, args...)
	require.NoError(t, err)
	return out
}

// Apply makes or changes the objects of a file.
func Apply(t *testing.T, file string) {
	t.Helper()
	Output(t, "", "apply", "--filename", file)
}

// Delete deletes the objects of a file after a test, as far as they are there.
func Delete(t *testing.T, file string) {
	t.Helper()
	_, _ = kubectl(CleanupContext(t), t, "", "delete", "--filename", file)
}

// Client speaks with the API server of the test cluster.
func Client(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	require.NoError(t, err)
	client, err := kubernetes.NewForConfig(config)
	require.NoError(t, err)
	return client
}

// ConfigMap is one of the cluster's.
func ConfigMap(t *testing.T, namespace, name string) *corev1.ConfigMap {
	t.Helper()
	configMap, err := Client(t).CoreV1().ConfigMaps(namespace).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	return configMap
}

// Secret is one of the cluster's.
func Secret(t *testing.T, namespace, name string) *corev1.Secret {
	t.Helper()
	secret, err := Client(t).CoreV1().Secrets(namespace).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	return secret
}
