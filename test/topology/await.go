package topology

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/tenant-redis/tenant-redis/plugin/serving"
)

// lookEvery is the time between two looks.
const lookEvery = 2 * time.Second

// Await polls until the instance serves with all it was asked for, and returns
// it as it is then. The error of a context that ends first names what was
// still missing. Progress, if not nil, gets that list whenever it changes.
func (i Instance) Await(ctx context.Context, progress func(problems []string)) (Topology, error) {
	var (
		latest   Topology
		problems []string
	)
	err := wait.PollUntilContextCancel(ctx, lookEvery, true, func(ctx context.Context) (bool, error) {
		before := strings.Join(problems, "\n")
		latest, problems = i.look(ctx)
		if progress != nil && len(problems) > 0 && strings.Join(problems, "\n") != before {
			progress(problems)
		}
		return len(problems) == 0, nil
	})
	if err != nil {
		return latest, fmt.Errorf("%s does not serve: %s: %w", i.Name, strings.Join(problems, "; "), err)
	}
	return latest, nil
}

// look reads the topology and what is wrong with it; a cluster that does not
// answer is a problem like any other, which may pass. Pods are asked only once all
// are there and ready: each question costs a process in a Pod.
func (i Instance) look(ctx context.Context) (Topology, []string) {
	c, err := i.connect()
	if err != nil {
		return Topology{}, []string{err.Error()}
	}
	want, err := c.want(ctx)
	if err != nil {
		return Topology{}, []string{err.Error()}
	}
	pods, err := c.pods(ctx)
	if err != nil {
		return Topology{}, []string{err.Error()}
	}
	if unready := unready(pods, want); len(unready) > 0 {
		return Topology{}, unready
	}
	topology := c.ask(ctx, pods)
	var problems []string
	for _, problem := range topology.Problems(want) {
		problems = append(problems, problem.Text)
	}
	return topology, problems
}

// unready lists what already the Pods' readiness says is not as it should be.
func unready(pods []corev1.Pod, want serving.Want) []string {
	var problems []string
	if len(pods) != want.Redis+want.Sentinels {
		problems = append(problems, fmt.Sprintf("%d of %d Pods are there", len(pods), want.Redis+want.Sentinels))
	}
	for _, pod := range pods {
		if !ready(pod) {
			problems = append(problems, pod.Name+" is not ready")
		}
	}
	return problems
}
