package golive

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
)

// checkPolicies looks at each Pod by itself, and at all policies that select it:
// what one of them lets in, the others do not keep out.
func checkPolicies(_ context.Context, i *instance) (string, error) {
	var seen []string
	for _, component := range i.components() {
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
				if who := i.letsIn(policy); who != "" {
					return "", fmt.Errorf("%s lets %s in to %s", policy.Name, who, pod.Name)
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

// letsIn returns which strangers a policy lets in, empty for none.
func (i *instance) letsIn(policy networkingv1.NetworkPolicy) string {
	for _, rule := range policy.Spec.Ingress {
		if len(rule.From) == 0 {
			return "everyone"
		}
		for _, peer := range rule.From {
			if who := i.isOpen(peer); who != "" {
				return who
			}
		}
	}
	return ""
}

// strangers are labels of Pods that nobody has a reason to let in.
var strangers = []labels.Set{{}, {"app": "stranger", "app.kubernetes.io/name": "stranger"}}

// elsewhere are the labels of a namespace that has to do with no instance.
var elsewhere = labels.Set{"kubernetes.io/metadata.name": "tenant-redis-elsewhere"}

// isOpen returns which strangers a peer is: those of other namespaces, those of the
// instance's own, in which other instances are, or an address that Pods have.
func (i *instance) isOpen(peer networkingv1.NetworkPolicyPeer) string {
	if peer.IPBlock != nil {
		return i.ofPods(*peer.IPBlock)
	}
	if !matchesAny(peer.PodSelector, strangers) {
		return ""
	}
	switch {
	case peer.NamespaceSelector == nil:
		return "every Pod of " + i.namespace
	case matchesAny(peer.NamespaceSelector, []labels.Set{elsewhere}):
		return "Pods of every namespace"
	case matchesAny(peer.NamespaceSelector, []labels.Set{{"kubernetes.io/metadata.name": i.namespace}}):
		return "every Pod of " + i.namespace
	}
	return ""
}

// matchesAny tells whether a selector, nil for all, matches one of these. One that
// Kubernetes would refuse matches nothing.
func matchesAny(selector *metav1.LabelSelector, sets []labels.Set) bool {
	if selector == nil {
		return true
	}
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && slices.ContainsFunc(sets, func(set labels.Set) bool { return parsed.Matches(set) })
}

// fewest bits of a network are less than those of any that somebody owns.
const fewest = 8

// ofPods returns the network of a block that has all addresses, or those of the
// instance's own Pods and so of their neighbours.
func (i *instance) ofPods(block networkingv1.IPBlock) string {
	network, err := netip.ParsePrefix(block.CIDR)
	if err != nil {
		return ""
	}
	if network.Bits() < fewest || slices.ContainsFunc(i.addresses(), func(pod netip.Addr) bool {
		return network.Contains(pod) && !slices.ContainsFunc(block.Except, func(except string) bool {
			prefix, err := netip.ParsePrefix(except)
			return err == nil && prefix.Contains(pod)
		})
	}) {
		return "all of " + block.CIDR
	}
	return ""
}

func (i *instance) addresses() []netip.Addr {
	var found []netip.Addr
	for _, component := range i.components() {
		for _, pod := range i.pods[component] {
			if address, err := netip.ParseAddr(pod.Status.PodIP); err == nil {
				found = append(found, address)
			}
		}
	}
	return found
}

// podsOrAny are the Pods of a component, or one as it is made.
func (i *instance) podsOrAny(component string) []corev1.Pod {
	if pods := i.pods[component]; len(pods) > 0 {
		return pods
	}
	return []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Name: "the " + component + " Pods", Labels: reach.Labels(i.name, component)}}}
}

func selectsPod(selector *metav1.LabelSelector, pod corev1.Pod) (bool, error) {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(pod.Labels)), err
}
