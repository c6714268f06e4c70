package rules

import (
	"slices"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

const kindNetworkPolicy = "networking.k8s.io/NetworkPolicy"

// ownNamespace is what lets a tenant do as it likes in a namespace.
const ownNamespace = "add the namespace to spec.namespaces if it is the tenant's alone"

// checkShared refuses what holds for other tenants too, in a namespace that they may
// share, and what sends clients to addresses of others.
func (e *engine) checkShared(o *object) error {
	switch o.id {
	case "/Service":
		return e.checkService(o)
	case "/Endpoints", "discovery.k8s.io/EndpointSlice":
		return e.refuse(o, o.node, "sends clients to addresses that nobody checks; let a Service select Pods")
	case "/Binding", "storage.k8s.io/CSIStorageCapacity":
		return e.refuse(o, o.node, "is for the scheduler, and decides where Pods of others run; remove it")
	}
	if !e.isShared(o.namespace) {
		return nil
	}
	switch o.id {
	case "/LimitRange", "/ResourceQuota":
		return e.refuse(o, o.node, "holds for all Pods of %s, which other tenants may share; "+ownNamespace, o.namespace)
	case "monitoring.coreos.com/AlertmanagerConfig":
		return e.refuse(o, o.node, "decides who gets the alerts of %s, which other tenants may share; "+ownNamespace, o.namespace)
	case "/ServiceAccount", "/ConfigMap":
		return e.checkEveryones(o)
	}
	return nil
}

// everyones are objects that Kubernetes makes in each namespace, for all Pods there.
var everyones = []string{"/ServiceAccount default", "/ConfigMap kube-root-ca.crt"}

// checkEveryones refuses what would take the place of one of them.
func (e *engine) checkEveryones(o *object) error {
	if !slices.Contains(everyones, o.id+" "+o.value("name")) {
		return nil
	}
	return e.refuse(o, o.node, "is there for all Pods of %s, which other tenants may share; give it another name, "+ownNamespace, o.namespace)
}

// checkRevision refuses what Helm takes for a revision of a release. A rollback would
// apply what it holds, without a post-renderer.
func (e *engine) checkRevision(o *object) error {
	if o.id != "/Secret" && o.id != "/ConfigMap" {
		return nil
	}
	labels, err := o.metadata.Find("labels")
	if err != nil {
		return err
	}
	isRevision := strings.HasPrefix(o.value("name"), "sh.helm.release.")
	for _, place := range labels {
		owner, err := place.ScalarAt("owner")
		if err != nil {
			return err
		}
		isRevision = isRevision || owner == "helm"
	}
	if !isRevision {
		return nil
	}
	return e.refuse(o, o.node, "is a revision of a release to Helm, and a rollback would apply what it holds; remove it")
}

// checkOwners refuses an object that says whose it is, in a namespace that other tenants
// may share: a controller takes it for one of its own.
func (e *engine) checkOwners(o *object) error {
	owners, err := o.metadata.Find("ownerReferences[]")
	if err != nil || len(owners) == 0 || !e.isShared(o.namespace) {
		return err
	}
	return e.refuse(o, owners[0], "says which object owns it, and that may be somebody else's; remove ownerReferences, "+ownNamespace)
}

// checkTenants refuses a selector of the Pods of other tenants, or of all of them.
func (e *engine) checkTenants(o *object, selector manifest.Node) error {
	found, err := requirementsOf(selector)
	if err != nil {
		return err
	}
	for _, r := range found {
		if r.key != tenant.Label || r.operator == "In" && slices.Equal(r.values, []string{e.tenant.Metadata.Name}) {
			continue
		}
		return e.refuse(o, selector, "selects Pods of other tenants by the label %s; change it in the chart's values", tenant.Label)
	}
	return nil
}

// checkService refuses a Service that takes addresses which the cluster has not given
// it, leads to Pods or into a namespace of others, or leads everyone to its own.
func (e *engine) checkService(o *object) error {
	addresses, err := o.node.Find("spec.externalIPs[]")
	if err != nil {
		return err
	}
	if len(addresses) > 0 {
		return e.refuse(o, addresses[0], "takes an address for itself, whoever it belongs to; remove externalIPs")
	}
	if err := e.checkExternalName(o); err != nil {
		return err
	}
	if err := e.checkServed(o); err != nil {
		return err
	}
	return e.checkNodePorts(o)
}

// checkExternalName refuses the name of a Service or Pod of others.
func (e *engine) checkExternalName(o *object) error {
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

// serviceNamespace returns the namespace in the DNS name of a Service, or of a Pod. A
// name of two labels may be one, too.
func serviceNamespace(name string) (string, bool) {
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(name), "."), ".")
	// The last: a Service may be called svc, too.
	for i, label := range slices.Backward(labels[1:]) {
		if label == "svc" || label == "pod" {
			return labels[i], true
		}
	}
	return "", false
}

// checkServed refuses a Service that selects the Pods of other tenants.
func (e *engine) checkServed(o *object) error {
	selectors, err := o.node.Find("spec.selector")
	if err != nil || !e.isShared(o.namespace) {
		return err
	}
	for _, selector := range selectors {
		name, err := selector.ScalarAt(tenant.Label)
		if err != nil {
			return err
		}
		if name != "" && name != e.tenant.Metadata.Name {
			return e.refuse(o, selector, "selects Pods of other tenants by the label %s; change it in the chart's values", tenant.Label)
		}
	}
	return nil
}

// checkNodePorts refuses a Service by which everyone gets in, if the tenant file says who
// does: what comes in at a node comes from that node to its Pods, whom every
// NetworkPolicy lets in.
func (e *engine) checkNodePorts(o *object) error {
	if e.tenant.Spec.Access == nil {
		return nil
	}
	specs, err := o.node.Find("spec")
	if err != nil {
		return err
	}
	for _, spec := range specs {
		kind, err := spec.Value("type")
		if err != nil {
			return err
		}
		traffic, err := spec.Value("externalTrafficPolicy")
		if err != nil {
			return err
		}
		if (kind == "NodePort" || kind == "LoadBalancer") && traffic != "Local" {
			return e.refuse(o, spec, "is a %s, with which everyone gets in: what comes from a node, NetworkPolicies let in; use ClusterIP, or externalTrafficPolicy: Local", kind)
		}
	}
	return nil
}

// checkNetworks refuses Pods with a network that no NetworkPolicy is about, if the tenant
// file says which Pods get in.
func (e *engine) checkNetworks(o *object) error {
	if e.tenant.Spec.Access == nil {
		return nil
	}
	for _, path := range o.kind.Pods {
		pods, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, pod := range pods {
			if err := e.checkHostNetwork(o, pod); err != nil {
				return err
			}
		}
	}
	return e.checkOtherNetworks(o)
}

func (e *engine) checkHostNetwork(o *object, pod manifest.Node) error {
	shared, err := pod.Bool("hostNetwork")
	if err == nil && shared {
		err = e.refuse(o, pod, "has hostNetwork, with which everyone gets in: no NetworkPolicy is about it; remove hostNetwork")
	}
	return err
}

// networks are the annotations by which Multus gives a Pod another network.
var networks = []string{"k8s.v1.cni.cncf.io/networks", "v1.multus-cni.io/default-network"}

func (e *engine) checkOtherNetworks(o *object) error {
	for _, path := range o.kind.Annotations {
		places, err := o.node.Find(path)
		if err != nil {
			return err
		}
		for _, place := range places {
			if slices.ContainsFunc(place.Keys(), func(key string) bool { return slices.Contains(networks, key) }) {
				return e.refuse(o, place, "asks for another network, from which everyone gets in: no NetworkPolicy is about it; remove the annotation")
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
