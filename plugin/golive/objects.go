package golive

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
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

// checkPolicies looks at each Pod by itself, and at all policies that select it:
// what one of them lets in, the others do not keep out.
func checkPolicies(_ context.Context, i *instance) (string, error) {
	var seen []string
	for _, component := range components {
		for _, pod := range i.podsOrAny(component) {
			closed := false
			for _, policy := range i.policies {
				covers, err := selectsPod(&policy.Spec.PodSelector, pod)
				if err != nil {
					return "", err
				}
				if !covers || !slices.Contains(policy.Spec.PolicyTypes, networkingv1.PolicyTypeIngress) {
					continue
				}
				if slices.ContainsFunc(policy.Spec.Ingress, isOpen) {
					return "", fmt.Errorf("%s lets everyone in to %s", policy.Name, pod.Name)
				}
				closed = true
				if !slices.Contains(seen, policy.Name) {
					seen = append(seen, policy.Name)
				}
			}
			if !closed {
				return "", fmt.Errorf("no NetworkPolicy closes %s", pod.Name)
			}
		}
	}
	return strings.Join(seen, ", "), nil
}

// isOpen tells whether a rule lets everyone in: it names nobody, or all Pods of all
// namespaces, or all addresses.
func isOpen(rule networkingv1.NetworkPolicyIngressRule) bool {
	return len(rule.From) == 0 || slices.ContainsFunc(rule.From, func(peer networkingv1.NetworkPolicyPeer) bool {
		if peer.IPBlock != nil {
			prefix, err := netip.ParsePrefix(peer.IPBlock.CIDR)
			return err == nil && prefix.Bits() < fewest
		}
		return isEmpty(peer.NamespaceSelector) && (peer.PodSelector == nil || isEmpty(peer.PodSelector))
	})
}

// fewest bits of a network are less than those of any that somebody owns.
const fewest = 8

func isEmpty(selector *metav1.LabelSelector) bool {
	return selector != nil && len(selector.MatchLabels)+len(selector.MatchExpressions) == 0
}

// podsOrAny are the Pods of a component, or one as the operator makes it.
func (i *instance) podsOrAny(component string) []corev1.Pod {
	if pods := i.pods[component]; len(pods) > 0 {
		return pods
	}
	return []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "the " + component + " Pods", Labels: i.labels(component)}}}
}

func selectsPod(selector *metav1.LabelSelector, pod corev1.Pod) (bool, error) {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(pod.Labels)), err
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
