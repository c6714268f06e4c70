//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

const developer = "e2e-developer"

// checkRights asks the API server, as a subject of the tenant, what it may do:
// read its own ConfigMap and Secret and reach its own Redis Pods, and nothing
// else.
func checkRights(t *testing.T, i *framework.Instance) {
	t.Helper()
	may := func(namespace, question string) bool {
		args := append([]string{"auth", "can-i", "--as", developer, "--namespace", namespace}, strings.Fields(question)...)
		// It exits with 1 for "no", and says so.
		answer, err := framework.Ask(t.Context(), args...)
		if err == nil {
			require.Equal(t, "yes", answer)
		} else {
			require.ErrorContains(t, err, "no")
		}
		return err == nil
	}
	for _, namespace := range []string{i.Tenant, framework.SystemNamespace} {
		for _, question := range []string{"get configmap/" + i.Name, "get secret/" + i.Name} {
			require.True(t, may(namespace, question), "%s may not %s in %s", developer, question, namespace)
		}
		for _, question := range []string{
			"list configmaps", "list secrets", "get configmap/other", "get secret/other",
			"update configmap/" + i.Name, "delete secret/" + i.Name, "create pods", "get redisfailovers/" + i.Name,
		} {
			require.False(t, may(namespace, question), "%s may %s in %s", developer, question, namespace)
		}
	}
	for _, question := range []string{"create pods/rfr-" + i.Name + "-0 --subresource=portforward", "get pods/rfr-" + i.Name + "-2"} {
		require.True(t, may(framework.SystemNamespace, question), "%s may not %s", developer, question)
	}
	for _, question := range []string{
		"create pods/rfr-" + i.Name + "-3 --subresource=portforward",
		"create pods/rfr-other-0 --subresource=portforward",
		"create pods/rfr-" + i.Name + "-0 --subresource=exec",
		"get pods/rfr-" + i.Name + "-0 --subresource=log",
		// It holds the password that the operator wrote into redis.conf.
		"get configmap/rfr-" + i.Name,
		"list pods", "patch redisfailovers/" + i.Name, "create redisfailovers",
	} {
		require.False(t, may(framework.SystemNamespace, question), "%s may %s", developer, question)
	}
}

// checkPortForward reaches a Redis Pod as the developer.
func checkPortForward(t *testing.T, i *framework.Instance) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	forward := exec.CommandContext(ctx, "kubectl", "--as", developer, "--namespace", i.Namespace, "port-forward", "pod/rfr-"+i.Name+"-0", ":6379")
	var complaint bytes.Buffer
	forward.Stderr = &complaint
	out, err := forward.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, forward.Start())
	defer func() { cancel(); _ = forward.Wait() }()

	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, complaint.String())
	address := strings.Fields(strings.TrimPrefix(line, "Forwarding from "))[0]
	client := redis.NewClient(&redis.Options{Addr: address})
	defer func() { _ = client.Close() }()
	require.ErrorContains(t, client.Ping(ctx).Err(), "NOAUTH")
}
