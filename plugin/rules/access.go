package rules

import (
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
)

const (
	namespaceLabel = "kubernetes.io/metadata.name"
	connectionKey  = "REDIS_SENTINEL_HOST"
	// accessLabels is the annotation of a connection ConfigMap that tells the
	// tenant which labels let a Pod in.
	accessLabels = "tenant-redis.dev/access-labels"
)

// grant lets Pods with the access labels in from the tenant's namespaces and the
// release's, and nobody else of other namespaces but the platform's.
func (e *engine) grant(o *object) error {
	if e.tenant.Spec.Access == nil {
		return nil
	}
	switch o.id {
	case "networking.k8s.io/NetworkPolicy":
		return e.grantInPolicy(o)
	case "/ConfigMap":
		return e.tellAccess(o)
	}
	return nil
}

func (e *engine) grantInPolicy(o *object) error {
	rules, err := o.node.Find("spec.ingress[]")
	if err != nil {
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

func (e *engine) grantToPeer(o *object, peer manifest.Node) error {
	if addresses, err := peer.Has("ipBlock"); err != nil {
		return err
	} else if addresses {
		return peer.Errorf("lets addresses in, which belong to no tenant; select Pods")
	}
	if elsewhere, err := peer.Has("namespaceSelector"); err != nil || !elsewhere {
		return err
	}
	if platform, err := e.isPlatform(peer); err != nil || platform {
		return err
	}
	o.matched["spec.access"] = true
	namespaces := map[string]any{"matchExpressions": []any{
		map[string]any{"key": namespaceLabel, "operator": "In", "values": e.clientNamespaces()},
	}}
	if err := peer.Merge(manifest.Fields{"namespaceSelector": namespaces}, e.cause("spec.namespaces")); err != nil {
		return err
	}
	pods := map[string]any{"matchLabels": e.tenant.Spec.Access.PodLabels}
	return peer.Merge(manifest.Fields{"podSelector": pods}, e.cause("spec.access.podLabels"))
}

// clientNamespaces are the tenant's and the release's, where helm test runs.
func (e *engine) clientNamespaces() []string {
	return slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(e.tenant.Spec.Namespaces), e.tenant.Spec.Namespace))))
}

// isPlatform tells whether a peer is Pods of one of the platform's namespaces.
func (e *engine) isPlatform(peer manifest.Node) (bool, error) {
	selectors, err := peer.Find("namespaceSelector")
	if err != nil || len(selectors) == 0 || !slices.Equal(selectors[0].Keys(), []string{"matchLabels"}) {
		return false, err
	}
	labels, err := selectors[0].Find("matchLabels")
	if err != nil || len(labels) == 0 {
		return false, err
	}
	namespace, err := labels[0].Entry(namespaceLabel)
	return slices.Contains(e.tenant.Spec.Access.PlatformNamespaces, namespace), err
}

// tellAccess writes the labels that let a Pod in into a connection ConfigMap.
func (e *engine) tellAccess(o *object) error {
	data, err := o.node.Find("data")
	if err != nil || len(data) == 0 || !slices.Contains(data[0].Keys(), connectionKey) {
		return err
	}
	o.matched[connectionIn(o.namespace)] = true
	var labels []string
	for key, value := range ordered(e.tenant.Spec.Access.PodLabels) {
		labels = append(labels, key+"="+value)
	}
	return o.node.Merge(metadata("annotations", manifest.Fields{accessLabels: strings.Join(labels, ",")}), e.cause("spec.access.podLabels"))
}

// connectionIn is the name under which a namespace with a connection ConfigMap
// counts as matched.
func connectionIn(namespace string) string { return "connection in " + namespace }
