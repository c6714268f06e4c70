//go:build e2e

// Package framework deploys tenants' Redis to the test cluster and asks it
// questions, for the tests in its parent folder.
package framework

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const repository = "../.."

// Main prepares the environment of all tests and runs them. The cluster is
// the one that `make cluster` made; no other kubeconfig is ever read. Its operator
// leaves the drills' namespace to another one. In the end it calls after.
func Main(m *testing.M, after func()) {
	for name, value := range map[string]string{
		"KUBECONFIG": Path(".cache/kubeconfig"),
		"PATH":       Path("bin") + string(os.PathListSeparator) + os.Getenv("PATH"),
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	if _, err := os.Stat(os.Getenv("KUBECONFIG")); err != nil {
		fmt.Fprintln(os.Stderr, "there is no test cluster; run: make test-e2e")
		os.Exit(1)
	}
	if err := prepare(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "the operator cannot be limited to the tests' namespaces:", err)
		os.Exit(1)
	}
	code := m.Run()
	after()
	os.Exit(code)
}

// prepare makes the namespaces that the operator serves, and limits it to them.
func prepare(ctx context.Context) error {
	for _, namespace := range SystemOperator.Serves {
		if err := makeNamespace(ctx, namespace); err != nil {
			return err
		}
	}
	return SystemOperator.Restore(ctx)
}

// makeNamespace makes a namespace that enforces Pod Security "restricted", unless it
// is there.
func makeNamespace(ctx context.Context, name string) error {
	_, err := run(ctx, "bash", Path("scripts/namespace.sh"), name)
	return err
}

// Path returns the absolute path of a file of the repository.
func Path(name string) string {
	path, err := filepath.Abs(filepath.Join(repository, name))
	if err != nil {
		panic(err)
	}
	return path
}

// Namespace makes a namespace that enforces Pod Security "restricted", and
// removes it after the test. One that an interrupted run left is removed first.
func Namespace(t *testing.T, name string) {
	t.Helper()
	remove := func() {
		_, _ = kubectl(CleanupContext(t), t, "", "delete", "namespace", name, "--ignore-not-found", "--timeout=120s")
	}
	remove()
	require.NoError(t, makeNamespace(t.Context(), name))
	t.Cleanup(remove)
}

// CopyInto makes copies of a ConfigMap and a Secret in another namespace.
func CopyInto(t *testing.T, namespace string, configMap *corev1.ConfigMap, secret *corev1.Secret) {
	t.Helper()
	client := Client(t)
	configMap.ObjectMeta = metav1.ObjectMeta{Name: configMap.Name}
	_, err := client.CoreV1().ConfigMaps(namespace).Create(t.Context(), configMap, metav1.CreateOptions{})
	require.NoError(t, err)
	secret.ObjectMeta = metav1.ObjectMeta{Name: secret.Name}
	_, err = client.CoreV1().Secrets(namespace).Create(t.Context(), secret, metav1.CreateOptions{})
	require.NoError(t, err)
}
