package golive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const smallest = 3

func checkSize(_ context.Context, i *instance) (string, error) {
	redis, sentinels := i.asked(redisComponent), i.asked(sentinelComponent)
	seen := fmt.Sprintf("%d Redis and %d Sentinels are asked for", redis, sentinels)
	if redis < smallest || sentinels < smallest || sentinels%2 == 0 {
		return "", errors.New(seen)
	}
	return seen, nil
}

func checkPods(_ context.Context, i *instance) (string, error) {
	var seen []string
	for _, component := range components {
		ready := 0
		for _, pod := range i.pods[component] {
			if !isReady(pod) {
				return "", fmt.Errorf("%s is not ready", pod.Name)
			}
			ready++
		}
		if ready != i.asked(component) {
			return "", fmt.Errorf("%d of %d %s Pods are there", ready, i.asked(component), component)
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

func checkSpread(_ context.Context, i *instance) (string, error) {
	for _, component := range components {
		pods := map[string][]string{}
		for _, pod := range i.pods[component] {
			pods[pod.Spec.NodeName] = append(pods[pod.Spec.NodeName], pod.Name)
		}
		for node, names := range pods {
			left := i.asked(component) - len(names)
			if component == redisComponent && len(names) > 1 || component == sentinelComponent && 2*left <= i.asked(component) {
				return "", fmt.Errorf("%s are on the node %q", strings.Join(names, " and "), node)
			}
		}
	}
	return "no node holds too many", nil
}

func checkResources(_ context.Context, i *instance) (string, error) {
	for _, component := range components {
		for _, pod := range i.pods[component] {
			for _, container := range pod.Spec.Containers {
				requests, limits := container.Resources.Requests, container.Resources.Limits
				if requests.Cpu().IsZero() || requests.Memory().IsZero() {
					return "", fmt.Errorf("%s in %s requests no CPU or no memory", container.Name, pod.Name)
				}
				if container.Name == redisComponent && limits.Memory().IsZero() {
					return "", fmt.Errorf("%s in %s has no memory limit", container.Name, pod.Name)
				}
			}
		}
	}
	return "all containers have requests", nil
}

func checkBudgets(_ context.Context, i *instance) (string, error) {
	var seen []string
	for _, component := range components {
		var names []string
		for _, budget := range i.budgets {
			covers, err := i.selects(budget.Spec.Selector, component)
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
			return "", fmt.Errorf("%d PodDisruptionBudgets cover the %s Pods: %s", len(names), component, orNone(names))
		}
		seen = append(seen, names[0])
	}
	return strings.Join(seen, " and ") + " allow an eviction", nil
}

func checkPolicies(_ context.Context, i *instance) (string, error) {
	var seen []string
	for _, component := range components {
		var names []string
		for _, policy := range i.policies {
			covers, err := i.selects(&policy.Spec.PodSelector, component)
			if err != nil {
				return "", err
			}
			if covers && closes(policy) {
				names = append(names, policy.Name)
			}
		}
		if len(names) == 0 {
			return "", fmt.Errorf("no NetworkPolicy closes the %s Pods", component)
		}
		seen = append(seen, names...)
	}
	return strings.Join(seen, ", "), nil
}

// closes tells whether a policy is about ingress and has no rule for everyone.
func closes(policy networkingv1.NetworkPolicy) bool {
	return slices.Contains(policy.Spec.PolicyTypes, networkingv1.PolicyTypeIngress) &&
		!slices.ContainsFunc(policy.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool { return len(rule.From) == 0 })
}

// selects tells whether a selector fits the Pods of a component.
func (i *instance) selects(selector *metav1.LabelSelector, component string) (bool, error) {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, err
	}
	if len(i.pods[component]) == 0 {
		return parsed.Matches(i.labels(component)), nil
	}
	return !slices.ContainsFunc(i.pods[component], func(pod corev1.Pod) bool { return !parsed.Matches(labels.Set(pod.Labels)) }), nil
}

func checkConnection(_ context.Context, i *instance) (string, error) {
	if i.connection == nil {
		return "", fmt.Errorf("there is no ConfigMap %s in %s", i.name, i.namespace)
	}
	want := [][2]string{
		{"REDIS_CLUSTER_NAME", i.name},
		{"REDIS_SENTINEL_HOST", "rfs-" + i.name + "." + i.namespace},
		{"REDIS_SENTINEL_PORT", "26379"},
		{"REDIS_SENTINEL_MASTER", masterName},
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
