//go:build e2e

package framework

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/tenant-redis/tenant-redis/test/clients"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// exampleTimeout covers the start of all examples' Pods at the same time.
const exampleTimeout = 3 * time.Minute

// Deploy deploys examples of examples/clients into the tenant's namespace, waits
// until they are ready, and returns them as services of a ledger.
func (i *Instance) Deploy(t *testing.T, examples []clients.Client) []ledger.Service {
	t.Helper()
	client := Client(t)
	var services []ledger.Service
	for _, example := range examples {
		deployment, service, err := example.Manifest(Path("."), i.Name)
		require.NoError(t, err)
		// One image has them all.
		deployment.Spec.Template.Spec.Containers[0].Image = "tenant-redis.local/examples/clients:local"
		onControlPlane(&deployment.Spec.Template.Spec)
		_, err = client.AppsV1().Deployments(i.Tenant).Create(t.Context(), &deployment, metav1.CreateOptions{})
		require.NoError(t, err)
		_, err = client.CoreV1().Services(i.Tenant).Create(t.Context(), &service, metav1.CreateOptions{})
		require.NoError(t, err)
		services = append(services, ledger.Service{Name: ledger.Kind(example.Name), URL: "http://" + example.Name + "/keys"})
	}
	for _, example := range examples {
		err := wait.PollUntilContextTimeout(t.Context(), time.Second, exampleTimeout, true, func(ctx context.Context) (bool, error) {
			deployment, err := client.AppsV1().Deployments(i.Tenant).Get(ctx, example.Name, metav1.GetOptions{})
			return err == nil && deployment.Status.ReadyReplicas == *deployment.Spec.Replicas, err
		})
		if err != nil {
			pods := "--selector=app=" + example.Name
			require.NoError(t, err, "%s is not ready:\n%s\n%s", example.Name,
				Output(t, i.Tenant, "logs", pods, "--prefix", "--tail=20"), Output(t, i.Tenant, "describe", "pods", pods))
		}
	}
	return services
}
