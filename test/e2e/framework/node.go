//go:build e2e

package framework

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Signal returns a function that sends a signal (its number or name) to the
// first process of a Pod's container, from the outside: inside, the kernel
// keeps KILL and STOP from a container's first process. Finding the process
// takes a while and is done beforehand.
func Signal(t *testing.T, pod, container string) func(ctx context.Context, signal string) error {
	t.Helper()
	fields := strings.Fields(Output(t, SystemNamespace, "get", "pod", pod, "-o",
		`jsonpath={.spec.nodeName} {.status.containerStatuses[?(@.name=="`+container+`")].containerID}`))
	require.Len(t, fields, 2, "%s in %s does not run", container, pod)
	node, id := fields[0], strings.TrimPrefix(fields[1], "containerd://")

	pid, err := onNode(t.Context(), node, "crictl inspect "+id+" | jq .info.pid")
	require.NoError(t, err)
	return func(ctx context.Context, signal string) error {
		_, err := onNode(ctx, node, "kill -"+signal+" "+pid)
		return err
	}
}

// onNode runs a shell command on a node, which is a container.
func onNode(ctx context.Context, node, command string) (string, error) {
	out, err := exec.CommandContext(ctx, "docker", "exec", node, "sh", "-c", command).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s on %s: %w: %s", command, node, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
