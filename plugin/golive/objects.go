package golive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
)

const smallest = 3

func checkSize(_ context.Context, i *instance) (string, error) {
	redis, sentinels := i.asked().Redis, i.asked().Sentinels
	seen := fmt.Sprintf("%d Redis and %d Sentinels are asked for", redis, sentinels)
	if redis < smallest || sentinels < smallest || sentinels%2 == 0 {
		return "", errors.New(seen)
	}
	return seen, nil
}

// checkDefinition looks for the one field of the chart's that CRDs of others are known to
// drop. Without it a new Sentinel finds no node while the old ones have one each.
func checkDefinition(_ context.Context, i *instance) (string, error) {
	for _, constraint := range i.want.Spec.Sentinel.TopologySpreadConstraints {
		if constraint.WhenUnsatisfiable == corev1.DoNotSchedule && len(constraint.MatchLabelKeys) == 0 {
			return "", fmt.Errorf("matchLabelKeys of spec.sentinel.topologySpreadConstraints, by %s, is gone", constraint.TopologyKey)
		}
	}
	return "no field is known to be gone", nil
}

func checkPods(_ context.Context, i *instance) (string, error) {
	var seen []string
	for _, component := range i.components() {
		ready := 0
		for _, pod := range i.pods[component] {
			if !isReady(pod) {
				return "", fmt.Errorf("%s is not ready%s", pod.Name, why(pod))
			}
			ready++
		}
		if ready != i.podsAsked(component) {
			return "", fmt.Errorf("%d of %d %s Pods are there", ready, i.podsAsked(component), component)
		}
		seen = append(seen, fmt.Sprintf("%d %s", ready, component))
	}
	return strings.Join(seen, ", ") + " Pods are ready", nil
}

func isReady(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// why is what Kubernetes says of a Pod that is not ready: where it fits, or of which image a
// container does not run.
func why(pod corev1.Pod) string {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return ": " + condition.Message
		}
	}
	for _, container := range pod.Status.ContainerStatuses {
		said := []string{container.Name}
		if waits := container.State.Waiting; waits != nil {
			said = append(said, waits.Reason)
		}
		if ended := container.LastTerminationState.Terminated; ended != nil {
			said = append(said, fmt.Sprintf("ended with %d", ended.ExitCode))
		}
		if !container.Ready && len(said) > 1 {
			return fmt.Sprintf(": %s, image %s", strings.Join(said, ", "), container.Image)
		}
	}
	return ""
}

func checkSpread(_ context.Context, i *instance) (string, error) {
	for _, component := range i.components() {
		pods := map[string][]string{}
		for _, pod := range i.pods[component] {
			pods[pod.Spec.NodeName] = append(pods[pod.Spec.NodeName], pod.Name)
		}
		for node, names := range pods {
			// Sentinels need a majority, all others one that is left.
			left := i.podsAsked(component) - len(names)
			if component != reach.Sentinel && len(names) > 1 || component == reach.Sentinel && 2*left <= i.podsAsked(component) {
				return "", fmt.Errorf("%s are on the node %q", strings.Join(names, " and "), node)
			}
		}
	}
	return "no node holds too many", nil
}

func checkResources(_ context.Context, i *instance) (string, error) {
	for _, component := range i.components() {
		for _, pod := range i.pods[component] {
			for _, container := range pod.Spec.Containers {
				requests, limits := container.Resources.Requests, container.Resources.Limits
				if requests.Cpu().IsZero() || requests.Memory().IsZero() {
					return "", fmt.Errorf("%s in %s requests no CPU or no memory", container.Name, pod.Name)
				}
				if container.Name == reach.Redis && limits.Memory().IsZero() {
					return "", fmt.Errorf("%s in %s has no memory limit", container.Name, pod.Name)
				}
			}
		}
	}
	return "all containers have requests", nil
}

func checkBudgets(_ context.Context, i *instance) (string, error) {
	var seen []string
	for _, component := range i.components() {
		for _, pod := range i.podsOrAny(component) {
			var names []string
			for _, budget := range i.budgets {
				covers, err := selectsPod(budget.Spec.Selector, pod)
				if err != nil {
					return "", err
				}
				if !covers {
					continue
				}
				names = append(names, budget.Name)
				if budget.Status.DisruptionsAllowed < 1 {
					return "", fmt.Errorf("%s allows no eviction now", budget.Name)
				}
			}
			if len(names) != 1 {
				return "", fmt.Errorf("%d PodDisruptionBudgets cover %s: %s", len(names), pod.Name, orNone(names))
			}
			if !slices.Contains(seen, names[0]) {
				seen = append(seen, names[0])
			}
		}
	}
	return strings.Join(seen, " and ") + " allow an eviction", nil
}

func checkConnection(_ context.Context, i *instance) (string, error) {
	if i.connection == nil {
		return "", fmt.Errorf("there is no ConfigMap %s in %s", i.name, i.namespace)
	}
	want := [][2]string{{"REDIS_CLUSTER_NAME", i.name}}
	// Without access.sentinel clients reach the proxies alone.
	if _, named := i.connection.Data["REDIS_SENTINEL_HOST"]; named || i.proxy == nil {
		want = append(want,
			[2]string{"REDIS_SENTINEL_HOST", "rfs-" + i.name + "." + i.namespace},
			[2]string{"REDIS_SENTINEL_PORT", "26379"},
			[2]string{"REDIS_SENTINEL_MASTER", reach.MasterName})
	}
	if i.proxy != nil {
		want = append(want, [2]string{"REDIS_HOST", i.proxy.Name + "." + i.namespace})
		plain, encrypted := portsOf(corev1.Pod{Spec: i.proxy.Spec.Template.Spec})
		if plain {
			want = append(want, [2]string{"REDIS_PORT", "6379"}, [2]string{"REDIS_READ_PORT", "6380"})
		}
		if encrypted {
			want = append(want, [2]string{"REDIS_TLS_PORT", "6381"}, [2]string{"REDIS_TLS_READ_PORT", "6382"})
		}
	}
	for _, entry := range want {
		if got := i.connection.Data[entry[0]]; got != entry[1] {
			return "", fmt.Errorf("%s of ConfigMap %s is %q, not %q", entry[0], i.name, got, entry[1])
		}
	}
	return want[1][1], nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
