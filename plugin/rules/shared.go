package rules

import (
	"slices"
	"strings"
)

const kindNetworkPolicy = "networking.k8s.io/NetworkPolicy"

// ownNamespace is what lets a tenant do as it likes in a namespace.
const ownNamespace = "add the namespace to spec.namespaces if it is the tenant's alone"

// checkShared refuses what holds for other tenants too, in a namespace that they may
// share, and what sends clients to addresses of others.
func (e *engine) checkShared(o *object) error {
	switch o.id {
	case "/Service":
		return e.checkAddresses(o)
	case "/Endpoints", "discovery.k8s.io/EndpointSlice":
		return e.refuse(o, o.node, "sends clients to addresses that nobody checks; let a Service select Pods")
	}
	if !e.isShared(o.namespace) {
		return nil
	}
	switch o.id {
	case "/LimitRange", "/ResourceQuota":
		return e.refuse(o, o.node, "holds for all Pods of %s, which other tenants may share; "+ownNamespace, o.namespace)
	case kindNetworkPolicy:
		return e.checkSelection(o, "spec.podSelector")
	case "policy/PodDisruptionBudget":
		return e.checkSelection(o, "spec.selector")
	}
	return nil
}

// checkSelection refuses a selector of all Pods.
func (e *engine) checkSelection(o *object, path string) error {
	found, err := o.node.Find(path)
	if err != nil {
		return err
	}
	for _, selector := range found {
		if asks, err := asksFor(selector); err != nil || asks {
			return err
		}
	}
	return e.refuse(o, o.node, "selects all Pods of %s, which other tenants may share; select them by a label, "+ownNamespace, o.namespace)
}

// checkAddresses refuses a Service that takes addresses which the cluster has not
// given it, or leads into a namespace of others.
func (e *engine) checkAddresses(o *object) error {
	addresses, err := o.node.Find("spec.externalIPs[]")
	if err != nil {
		return err
	}
	if len(addresses) > 0 {
		return e.refuse(o, addresses[0], "takes an address for itself, whoever it belongs to; remove externalIPs")
	}
	names, err := o.node.Find("spec.externalName")
	if err != nil {
		return err
	}
	for _, place := range names {
		name, err := place.Text()
		if err != nil {
			return err
		}
		if namespace, isService := serviceNamespace(name); isService && !slices.Contains(e.friends(), namespace) {
			return e.refuse(o, place, "leads to a Service of %s, which is neither the tenant's nor the platform's; allowed are %s; change the chart's values",
				namespace, strings.Join(e.friends(), ", "))
		}
	}
	return nil
}

// serviceNamespace returns the namespace in the DNS name of a Service, or of one of
// its Pods. A name of two labels may be one, too.
func serviceNamespace(name string) (string, bool) {
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(name), "."), ".")
	// The last: a Service may be called svc, too.
	for i, label := range slices.Backward(labels[1:]) {
		if label == "svc" {
			return labels[i], true
		}
	}
	return "", false
}

// checkHostNetwork refuses Pods that no NetworkPolicy is about, if the tenant file
// says which Pods get in.
func (e *engine) checkHostNetwork(o *object) error {
	if e.tenant.Spec.Access == nil {
		return nil
	}
	for _, path := range o.kind.Pods {
		pods, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			shared, err := pod.Bool("hostNetwork")
			if err == nil && shared {
				err = e.refuse(o, pod, "has hostNetwork, with which everyone gets in: no NetworkPolicy is about it; remove hostNetwork")
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRival refuses kinds that decide what a rule decides, and that no rule reads:
// one NetworkPolicy of another kind is enough to let everyone in.
func (e *engine) checkRival(o *object) error {
	_, kind, _ := strings.Cut(o.id, "/")
	switch {
	case e.tenant.Spec.Access != nil && o.id != kindNetworkPolicy && strings.HasSuffix(kind, "NetworkPolicy"):
		return e.refuse(o, o.node, "may let in whom spec.access does not; write a NetworkPolicy of networking.k8s.io")
	case e.tenant.Spec.Resources != nil && kind == "VerticalPodAutoscaler":
		return e.refuse(o, o.node, "may give containers more than spec.resources does; remove it from the chart's values")
	}
	return nil
}
