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
	p, err := readPeer(peer, elsewhere[0])
	if err != nil {
		return err
	}
	if e.isPlatform(p) {
		return e.checkSelects(o, peer, "lets all Pods of "+strings.Join(p.namespaces, ", ")+" in")
	}
	if err := e.checkForeign(p); err != nil {
		return err
	}
	if err := e.checkClientLabels(p); err != nil {
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

// checkClientLabels refuses a peer that asks clients for other labels than the tenant file
// names: the chart's own clients have those, and all others get these.
func (e *engine) checkClientLabels(p otherPeer) error {
	labels, asked := e.tenant.Spec.Access.PodLabels, map[string]bool{}
	for _, r := range p.pods {
		asked[r.key] = true
		value, isNamed := labels[r.key]
		switch {
		case r.isMet(labels):
		case isNamed:
			return p.node.Errorf("asks clients for another value of the label %s than %s, which spec.access.podLabels names; name the same in both", r.key, value)
		default:
			return p.node.Errorf("asks clients for the label %s, which spec.access.podLabels does not name; "+
				"name the same in both, or set spec.release if the label follows from the release's name", r.key)
		}
	}
	for key := range ordered(labels) {
		if len(p.pods) > 0 && !asked[key] {
			return p.node.Errorf("does not ask clients for the label %s, which spec.access.podLabels names; name the same in both", key)
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
		if asks, err := e.asksFor(selector); err != nil || asks {
			return err
		}
	}
	return e.refuse(o, peer, "%s; select them by the value of a label", wrong)
}

// asksFor tells whether a selector asks for certain values of a label, or for one of those
// that let Pods in. All Pods of a Deployment have some label or other.
func (e *engine) asksFor(selector manifest.Node) (bool, error) {
	asked, err := requirementsOf(selector)
	return slices.ContainsFunc(asked, func(r requirement) bool {
		return r.operator == "In" || r.operator == "Exists" && e.isAccess(r)
	}), err
}

// clientNamespaces are the tenant's and the release's, where helm test runs.
func (e *engine) clientNamespaces() []string {
	return slices.Compact(slices.Sorted(slices.Values(e.namespaces())))
}

// otherPeer is a peer of other namespaces.
type otherPeer struct {
	node manifest.Node
	// namespaces are the names that it asks for, none if it does not go by names.
	namespaces []string
	// pods is what it asks of Pods.
	pods []requirement
}

func readPeer(node, elsewhere manifest.Node) (otherPeer, error) {
	p := otherPeer{node: node}
	asked, err := requirementsOf(elsewhere)
	if err != nil {
		return p, err
	}
	for _, r := range asked {
		switch {
		case r.key != namespaceLabel || r.operator != "In":
		case p.namespaces == nil:
			p.namespaces = r.values
		default:
			p.namespaces = slices.DeleteFunc(p.namespaces, func(name string) bool { return !slices.Contains(r.values, name) })
		}
	}
	selectors, err := node.Find("podSelector")
	if err != nil || len(selectors) == 0 {
		return p, err
	}
	p.pods, err = requirementsOf(selectors[0])
	return p, err
}

func (e *engine) isClients(namespace string) bool {
	return slices.Contains(e.clientNamespaces(), namespace)
}

func (e *engine) isPlatforms(namespace string) bool {
	return slices.Contains(e.tenant.Spec.Access.PlatformNamespaces, namespace)
}

// isPlatform tells whether a peer is Pods of the platform's namespaces alone. The release
// may be in one of them: whoever is let in there by a client's label is a client.
func (e *engine) isPlatform(p otherPeer) bool {
	areClients := every(p.namespaces, e.isClients) && slices.ContainsFunc(p.pods, e.isAccess)
	return len(p.namespaces) > 0 && every(p.namespaces, e.isPlatforms) && !areClients
}

// isAccess tells whether what a selector asks for is about a label that lets Pods in.
func (e *engine) isAccess(r requirement) bool {
	_, isNamed := e.tenant.Spec.Access.PodLabels[r.key]
	return isNamed
}

func every[T any](items []T, is func(T) bool) bool {
	return !slices.ContainsFunc(items, func(item T) bool { return !is(item) })
}

// operatorName is the label by which the chart's NetworkPolicies know the Pods of
// the Redis operator.
const operatorName, operatorValue = "app.kubernetes.io/name", "redis-operator"

// checkForeign refuses a peer that would become a tenant's though it cannot be one: Pods of
// namespaces of which none is the tenant's, or some are the platform's, and the operator's.
func (e *engine) checkForeign(p otherPeer) error {
	names := strings.Join(p.namespaces, ", ")
	if len(p.namespaces) > 0 && !slices.ContainsFunc(p.namespaces, e.isClients) && !slices.ContainsFunc(p.namespaces, e.isPlatforms) {
		return p.node.Errorf("selects Pods of %s, which is neither the tenant's nor the platform's; allowed are %s; "+
			"add it to spec.access.platformNamespaces if the operator or monitoring is there, or change the chart's values",
			names, strings.Join(append(e.clientNamespaces(), e.tenant.Spec.Access.PlatformNamespaces...), ", "))
	}
	isShutOut := func(name string) bool { return e.isPlatforms(name) && !e.isClients(name) }
	if i := slices.IndexFunc(p.namespaces, isShutOut); i >= 0 {
		return p.node.Errorf("selects Pods of %s, of which %s is the platform's and would be shut out; write a peer of its own for it", names, p.namespaces[i])
	}
	if !slices.ContainsFunc(p.pods, isOperators) {
		return nil
	}
	if len(p.namespaces) == 1 {
		return p.node.Errorf("selects the Redis operator's Pods in %s, which would be shut out; add %s to spec.access.platformNamespaces", names, names)
	}
	return p.node.Errorf("selects the Redis operator's Pods, which would be shut out; select their one namespace by %s, "+
		"and add it to spec.access.platformNamespaces", namespaceLabel)
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
