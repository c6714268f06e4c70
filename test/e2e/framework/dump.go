//go:build e2e

package framework

import (
	"testing"

	"github.com/gruntwork-io/terratest/modules/k8s"
	"github.com/gruntwork-io/terratest/modules/logger"
)

// Dump logs what it takes to understand a failure from the log alone. It asks
// for no Secret and no ConfigMap.
func (i *Instance) Dump(t *testing.T) {
	t.Helper()
	i.dumped = true
	quiet := Kubectl("")
	quiet.Logger = logger.Discard
	questions := map[string][]string{
		"Pods":      {"get", "pods", "--all-namespaces", "--output=wide"},
		"events":    {"get", "events", "--namespace", i.Namespace, "--sort-by=.lastTimestamp"},
		"tenant":    {"get", "events", "--namespace", i.Tenant, "--sort-by=.lastTimestamp"},
		"instance":  {"get", "redisfailover", i.Name, "--namespace", i.Namespace, "--output=yaml"},
		"redis":     {"logs", "--namespace", i.Namespace, "--selector=" + i.Selector("redis"), "--container=redis", "--prefix", "--tail=100"},
		"sentinels": {"logs", "--namespace", i.Namespace, "--selector=" + i.Selector("sentinel"), "--container=sentinel", "--prefix", "--tail=100"},
		"operator":  {"logs", "--namespace", SystemNamespace, "--selector=app.kubernetes.io/name=redis-operator", "--prefix", "--tail=100"},
	}
	for what, args := range questions {
		out, err := k8s.RunKubectlAndGetOutputContextE(t, CleanupContext(t), quiet, args...)
		t.Logf("=== %s of %s (%v)\n%s", what, i.Name, err, out)
	}
}
