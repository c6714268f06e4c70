//go:build e2e

package framework

import (
	"strings"
	"testing"
)

// dumpFailure dumps the instance if the test has failed and has not dumped it yet.
func (i *Instance) dumpFailure(t *testing.T) {
	t.Helper()
	if t.Failed() && !i.dumped {
		i.Dump(t)
	}
}

// Dump logs what it takes to understand a failure from the log alone, what tells
// most first. It asks for no Secret and no ConfigMap.
func (i *Instance) Dump(t *testing.T) {
	t.Helper()
	i.dumped = true
	i.dumpNetwork(t)
	for _, question := range []struct {
		what string
		args []string
	}{
		{"Pods", []string{"get", "pods", "--namespace", i.Namespace, "--output=wide"}},
		{"tenant's Pods", []string{"get", "pods", "--namespace", i.Tenant, "--output=wide"}},
		{"sentinels", []string{"logs", "--namespace", i.Namespace, "--selector=" + i.Selector("sentinel"), "--container=sentinel", "--prefix", "--tail=60"}},
		{"redis", []string{"logs", "--namespace", i.Namespace, "--selector=" + i.Selector("redis"), "--container=redis", "--prefix", "--tail=60"}},
		{"operator", []string{"logs", "--namespace", operatorOf(i.Namespace), "--selector=app.kubernetes.io/name=redis-operator", "--prefix", "--tail=60"}},
		{"events", []string{"get", "events", "--namespace", i.Namespace, "--sort-by=.lastTimestamp"}},
		{"tenant's events", []string{"get", "events", "--namespace", i.Tenant, "--sort-by=.lastTimestamp"}},
		{"specification", []string{"get", "redisfailover", i.Name, "--namespace", i.Namespace, "--output=yaml"}},
	} {
		out, err := Ask(CleanupContext(t), question.args...)
		t.Logf("=== %s of %s (%v)\n%s", question.what, i.Name, err, out)
	}
}

// operatorOf is the namespace of the operator that serves another one.
func operatorOf(namespace string) string {
	if namespace == DrillsNamespace {
		return namespace
	}
	return SystemNamespace
}

// dumpNetwork logs whom the nodes refuse: how many packets to which of the
// instance's and its tenant's Pods, the ways to other nodes, and what is taken
// for an address of the cluster, which keeps its sender.
func (i *Instance) dumpNetwork(t *testing.T) {
	t.Helper()
	ctx := CleanupContext(t)
	nodes, err := Ask(ctx, "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}")
	if err != nil {
		t.Log(err)
		return
	}
	for _, node := range strings.Fields(nodes) {
		out, err := OnNode(ctx, node, "iptables-save -c -t filter | grep REJECT | grep -e "+i.Name+" -e "+i.Tenant+
			"; iptables-save -c -t nat | grep -e MASQUERADE -e :"+i.Name+"; ip route; ipset list kube-router-pod-subnets")
		t.Logf("=== network of %s (%v)\n%s", node, err, out)
	}
}
