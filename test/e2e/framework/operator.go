//go:build e2e

package framework

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// SystemNamespace is where the operator and most Redis run.
	SystemNamespace = "redis-system"
	// AdmissionNamespace has the release of one test.
	AdmissionNamespace = "redis-e2e-admission"
	// TeamCNamespace has the release of one tenant.
	TeamCNamespace = "redis-e2e-team-c"
	// DrillsNamespace has Redis under an operator of their own, which a drill may take
	// away while other tests go on.
	DrillsNamespace = "redis-drills"

	// OperatorPods are the Pods of an operator, as its chart has it.
	OperatorPods = 2
	newest       = "spotahome-1.3"
)

// Operator is a release of the operator's chart.
type Operator struct {
	// Namespace is the release's.
	Namespace string
	// Serves are the namespaces of the RedisFailovers that it looks after.
	Serves []string
}

var (
	// SystemOperator is the test cluster's own: the one that has the CRD.
	SystemOperator = Operator{Namespace: SystemNamespace, Serves: []string{SystemNamespace, AdmissionNamespace, TeamCNamespace}}
	// DrillsOperator is the one beside it.
	DrillsOperator = Operator{Namespace: DrillsNamespace, Serves: []string{DrillsNamespace}}
)

// Upgrade installs or upgrades the release with some values, by path as JSON, and
// waits until it is ready. Other values are the defaults again.
func (o Operator) Upgrade(ctx context.Context, values map[string]string) error {
	serves, err := json.Marshal(o.Serves)
	if err != nil {
		return err
	}
	all := map[string]string{
		"image.repository":  `"tenant-redis.local/spotahome/redis-operator"`,
		"watchedNamespaces": string(serves),
		"crds.create":       strconv.FormatBool(o.Namespace == SystemNamespace),
		"instances":         "20",
	}
	maps.Copy(all, values)
	args := []string{"upgrade", "--install", "redis-operator", Path("charts/redis-operator"), "--namespace", o.Namespace, "--wait", "--timeout", "3m"}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "--set-json", path+"="+all[path])
	}
	_, err = run(ctx, "helm", args...)
	return err
}

// UseFlavour has the operator run in one of its versions. The older one can only
// serve all namespaces.
func (o Operator) UseFlavour(ctx context.Context, flavour string) error {
	values := map[string]string{"flavour": fmt.Sprintf("%q", flavour)}
	if flavour != newest {
		values["watchedNamespaces"] = "[]"
	}
	return o.Upgrade(ctx, values)
}

// Restore gives the operator back its version and its Pods.
func (o Operator) Restore(ctx context.Context) error { return o.UseFlavour(ctx, newest) }

// Uninstall removes the release.
func (o Operator) Uninstall(ctx context.Context) error {
	_, err := run(ctx, "helm", "uninstall", "redis-operator", "--namespace", o.Namespace, "--ignore-not-found", "--wait")
	return err
}

// Start waits until all Pods of the operator are there, and Stop until none is.
func (o Operator) Start(ctx context.Context) error { return o.Scale(ctx, OperatorPods) }

// Stop is told of at Start.
func (o Operator) Stop(ctx context.Context) error { return o.Scale(ctx, 0) }

// Scale waits until exactly as many Pods of the operator are there.
func (o Operator) Scale(ctx context.Context, replicas int) error {
	if _, err := Ask(ctx, "--namespace", o.Namespace, "scale", "deployment/redis-operator", fmt.Sprintf("--replicas=%d", replicas)); err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, time.Second, time.Minute, true, func(ctx context.Context) (bool, error) {
		pods, err := Ask(ctx, "--namespace", o.Namespace, "get", "pods", "--selector=app.kubernetes.io/name=redis-operator", "-o", "name")
		return err == nil && len(strings.Fields(pods)) == replicas, nil
	})
}
