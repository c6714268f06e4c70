//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/golive"
	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// TestGoLive walks the go-live checklist as an administrator does: a healthy
// instance passes, and each fault is named.
func TestGoLive(t *testing.T) {
	t.Parallel()
	instance := framework.Install(t, framework.Release{Name: "e2e-golive"})
	serving := instance.AwaitServing(t)
	require.Empty(t, failedChecks(t, instance))

	// A replica that hangs, with its link still up in the master's eyes.
	master, found := serving.Master()
	require.True(t, found)
	for _, redis := range serving.Redis {
		if redis.Pod == master.Pod {
			continue
		}
		signal, err := instance.FindProcess(t.Context(), redis.Pod, "redis")
		require.NoError(t, err)
		require.NoError(t, signal(t.Context(), "STOP"))
		failed := failedChecks(t, instance)
		require.NoError(t, signal(framework.CleanupContext(t), "CONT"))
		require.Contains(t, failed, "replicas")
		break
	}

	instance.AwaitServing(t)
	framework.Output(t, instance.Namespace, "delete", "poddisruptionbudget", "rfs-"+instance.Name)
	require.Equal(t, []string{"budgets"}, failedChecks(t, instance))
}

// failedChecks runs helm tenant golive and returns the checks that fail.
func failedChecks(t *testing.T, i *framework.Instance) []string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), framework.Path("bin/tenant"), "golive", i.Name, "--namespace", i.Namespace, "-o", "json")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil {
		require.True(t, errors.As(err, &ended), "%v", err)
		require.Equal(t, 1, ended.ExitCode(), stderr.String())
	}
	t.Log(stdout.String())

	var findings []golive.Finding
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &findings))
	require.Len(t, findings, len(golive.Checks))
	var failed []string
	for _, finding := range findings {
		if finding.Status == golive.Failed {
			failed = append(failed, finding.Check)
		}
	}
	require.Equal(t, err == nil, len(failed) == 0)
	return failed
}
