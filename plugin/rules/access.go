package rules

import (
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

const (
	namespaceLabel = "kubernetes.io/metadata.name"
	// accessLabels is the annotation of a connection ConfigMap that tells the
	// tenant which labels let a Pod in.
	accessLabels = "tenant-redis.dev/access-labels"
)

// connectionKeys are those by which a connection ConfigMap is known: one of an instance whose
// clients reach the proxies alone names no Sentinel.
var connectionKeys = []string{"REDIS_SENTINEL_HOST", "REDIS_CLUSTER_NAME"}

// grantAccess lets Pods with the access labels in from the tenant's namespaces and the
// release's, and nobody else of other namespaces but the platform's.
func (e *engine) grantAccess(o *object) error {
	if e.tenant.Spec.Access == nil {
		return nil
	}
	switch o.id {
	case kindNetworkPolicy:
		return e.grantToPeers(o)
	case "/ConfigMap":
		return e.tellAccess(o)
	}
	return nil
}

func (e *engine) grantToPeers(o *object) error {
	rules, err := o.node.Find("spec.ingress[]")
	if err != nil {
		return err
	}
	if err := checkTypes(o, rules); err != nil {
		return err
	}
	for _, rule := range rules {
		peers, err := rule.Find("from[]")
		if err != nil {
			return err
		}
		if len(peers) == 0 {
			return rule.Errorf("lets everyone in; name the peers in from")
		}
		for _, peer := range peers {
			if err := e.grantToPeer(o, peer); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkTypes refuses a policy whose ingress does not count, so that everyone gets in.
func checkTypes(o *object, rules []manifest.Node) error {
	types, err := o.node.Find("spec.policyTypes[]")
	if err != nil || len(types) == 0 || len(rules) == 0 {
		return err
	}
	for _, place := range types {
		if name, err := place.Text(); err != nil || name == "Ingress" {
			return err
		}
	}
	return o.node.Errorf("has rules of ingress that do not count, so that everyone gets in; add Ingress to spec.policyTypes")
}

func (e *engine) grantToPeer(o *object, peer manifest.Node) error {
	if addresses, err := peer.Find("ipBlock"); err != nil {
		return err
	} else if len(addresses) > 0 {
		return peer.Errorf("lets addresses in, which belong to no tenant; select Pods")
	}
	elsewhere, err := peer.Find("namespaceSelector")
	if err != nil {
		return err
	}
	if len(elsewhere) == 0 {
		return e.checkNeighbours(o, peer)
	}
	names, err := namespacesOf(peer)
	if err != nil {
		return err
	}
	platform, err := e.isPlatform(peer)
	if err != nil {
		return err
	}
	if platform {
		return e.checkSelects(o, peer, "lets all Pods of "+names[0]+" in")
	}
	if err := e.checkForeign(peer, names); err != nil {
		return err
	}
	if err := e.checkClientLabels(peer); err != nil {
		return err
	}
	o.matched.noteRule("spec.access")
	namespaces := map[string]any{"matchExpressions": []any{
		map[string]any{"key": namespaceLabel, "operator": "In", "values": e.clientNamespaces()},
	}}
	if err := peer.Merge(manifest.Fields{"namespaceSelector": namespaces}, e.cause("spec.namespaces")); err != nil {
		return err
	}
	pods := map[string]any{"matchLabels": e.tenant.Spec.Access.PodLabels}
	return peer.Merge(manifest.Fields{"podSelector": pods}, e.cause("spec.access.podLabels"))
}

// checkClientLabels refuses a peer that asks clients for a label which the tenant
// file does not name: they would need both, and know one.
func (e *engine) checkClientLabels(peer manifest.Node) error {
	labels, err := peer.Find("podSelector.matchLabels")
	if err != nil {
		return err
	}
	for _, asked := range labels {
		for _, key := range asked.Keys() {
			if _, named := e.tenant.Spec.Access.PodLabels[key]; !named {
				return peer.Errorf("asks clients for the label %s, which spec.access.podLabels does not name; "+
					"name the same in both, or set spec.release if the label follows from the release's name", key)
			}
		}
	}
	return nil
}

// checkNeighbours refuses a peer of the policy's own namespace that is every Pod
// there, if other tenants may share it.
func (e *engine) checkNeighbours(o *object, peer manifest.Node) error {
	if !e.isShared(o.namespace) {
		return nil
	}
	return e.checkSelects(o, peer, "lets all Pods of "+o.namespace+" in, which other tenants may share")
}

// checkSelects refuses a peer whose podSelector asks for nothing.
func (e *engine) checkSelects(o *object, peer manifest.Node, wrong string) error {
	selectors, err := peer.Find("podSelector")
	if err != nil {
		return err
	}
	for _, selector := range selectors {
		if err := e.checkTenants(o, selector); err != nil {
			return err
		}
		if asks, err := asksFor(selector); err != nil || asks {
			return err
		}
	}
	return e.refuse(o, peer, "%s; select them by a label", wrong)
}

// asksFor tells whether a selector asks for a label that is there. One that only
// asks for labels that are not there selects nearly everything.
func asksFor(selector manifest.Node) (bool, error) {
	all, err := requirementsOf(selector)
	return slices.ContainsFunc(all, func(r requirement) bool { return r.operator == "In" || r.operator == "Exists" }), err
}

// clientNamespaces are the tenant's and the release's, where helm test runs.
func (e *engine) clientNamespaces() []string {
	return slices.Compact(slices.Sorted(slices.Values(e.namespaces())))
}

// isPlatform tells whether a peer is Pods of one of the platform's namespaces.
func (e *engine) isPlatform(peer manifest.Node) (bool, error) {
	selectors, err := peer.Find("namespaceSelector")
	if err != nil || len(selectors) == 0 || !slices.Equal(selectors[0].Keys(), []string{"matchLabels"}) {
		return false, err
	}
	names, err := namespacesOf(peer)
	return len(names) == 1 && slices.Contains(e.tenant.Spec.Access.PlatformNamespaces, names[0]), err
}

// namespacesOf returns the names of the namespaces that a peer asks for, none if
// it does not go by names.
func namespacesOf(peer manifest.Node) ([]string, error) {
	labels, err := peer.Find("namespaceSelector.matchLabels")
	if err != nil {
		return nil, err
	}
	for _, named := range labels {
		if name, err := named.Entry(namespaceLabel); err != nil || name != "" {
			return []string{name}, err
		}
	}
	expressions, err := peer.Find("namespaceSelector.matchExpressions[]")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, expression := range expressions {
		key, err := expression.Value("key")
		if err != nil {
			return nil, err
		}
		values, err := texts(expression, "values[]")
		if err != nil {
			return nil, err
		}
		if key == namespaceLabel {
			names = append(names, values...)
		}
	}
	return names, nil
}

// operatorName is the label by which the chart's NetworkPolicies know the Pods of
// the Redis operator.
const operatorName, operatorValue = "app.kubernetes.io/name", "redis-operator"

// checkForeign refuses a peer that would become a tenant's though it cannot be
// one: Pods of namespaces of which none is the tenant's, and the operator's.
func (e *engine) checkForeign(peer manifest.Node, names []string) error {
	foreign := len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(e.clientNamespaces(), name) })
	if foreign {
		return peer.Errorf("selects Pods of %s, which is neither the tenant's nor the platform's; allowed are %s; "+
			"add it to spec.access.platformNamespaces if the operator or monitoring is there, or change the chart's values",
			strings.Join(names, ", "), strings.Join(append(e.clientNamespaces(), e.tenant.Spec.Access.PlatformNamespaces...), ", "))
	}
	labels, err := peer.Find("podSelector.matchLabels")
	if err != nil {
		return err
	}
	for _, label := range labels {
		if name, err := label.Entry(operatorName); err != nil {
			return err
		} else if name == operatorValue && len(names) > 0 {
			return peer.Errorf("selects the Redis operator's Pods in %s, which would be shut out; add %s to spec.access.platformNamespaces", names[0], names[0])
		}
	}
	return nil
}

// tellAccess writes the labels that let a Pod in into a connection ConfigMap.
func (e *engine) tellAccess(o *object) error {
	data, err := o.node.Find("data")
	if err != nil || len(data) == 0 {
		return err
	}
	if keys := data[0].Keys(); !slices.ContainsFunc(connectionKeys, func(key string) bool { return slices.Contains(keys, key) }) {
		return nil
	}
	o.matched.noteConnection(o.namespace)
	var labels []string
	for key, value := range ordered(e.tenant.Spec.Access.PodLabels) {
		labels = append(labels, key+"="+value)
	}
	return o.node.Merge(metadata("annotations", manifest.Fields{accessLabels: strings.Join(labels, ",")}), e.cause("spec.access.podLabels"))
}
