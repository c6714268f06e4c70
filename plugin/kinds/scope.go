package kinds

import (
	"strings"
	"sync"

	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// clusterKinds and namespacedKinds hold the kinds of Kubernetes, of the Redis
// operator and of the Prometheus operator by API group.
var clusterKinds = scopes(`
	: ComponentStatus Namespace Node PersistentVolume
	admissionregistration.k8s.io: MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
	apiextensions.k8s.io: CustomResourceDefinition
	apiregistration.k8s.io: APIService
	authentication.k8s.io: SelfSubjectReview TokenReview
	authorization.k8s.io: SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
	certificates.k8s.io: CertificateSigningRequest ClusterTrustBundle
	flowcontrol.apiserver.k8s.io: FlowSchema PriorityLevelConfiguration
	networking.k8s.io: IngressClass IPAddress ServiceCIDR
	node.k8s.io: RuntimeClass
	rbac.authorization.k8s.io: ClusterRole ClusterRoleBinding
	resource.k8s.io: DeviceClass ResourceSlice
	scheduling.k8s.io: PriorityClass
	storage.k8s.io: CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass
`)

var namespacedKinds = scopes(`
	: Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount
	apps: ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet
	authorization.k8s.io: LocalSubjectAccessReview
	autoscaling: HorizontalPodAutoscaler
	batch: CronJob Job
	coordination.k8s.io: Lease
	databases.spotahome.com: RedisFailover
	discovery.k8s.io: EndpointSlice
	events.k8s.io: Event
	monitoring.coreos.com: Alertmanager AlertmanagerConfig PodMonitor Probe Prometheus PrometheusAgent PrometheusRule ScrapeConfig ServiceMonitor ThanosRuler
	networking.k8s.io: Ingress NetworkPolicy
	policy: PodDisruptionBudget
	rbac.authorization.k8s.io: Role RoleBinding
	resource.k8s.io: ResourceClaim ResourceClaimTemplate
	storage.k8s.io: CSIStorageCapacity
`)

// scopes reads lines of a group and its kinds into a set of GROUP/KIND.
func scopes(text string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(text) {
		group, names, _ := strings.Cut(strings.TrimSpace(line), ":")
		for _, name := range strings.Fields(names) {
			set[group+"/"+name] = true
		}
	}
	return set
}

// resources returns the known kinds by what a Role calls them, GROUP/RESOURCE, and the
// groups that have no others.
var resources = sync.OnceValues(func() (ids map[string]string, groups map[string]bool) {
	ids, groups = map[string]string{}, map[string]bool{}
	for _, known := range []map[string]bool{namespacedKinds, clusterKinds} {
		for id := range known {
			group, _, _ := strings.Cut(id, "/")
			ids[resourceOf(id)], groups[group] = id, true
		}
	}
	return ids, groups
})

// resourceOf is what the API server calls a kind in the plural.
func resourceOf(id string) string {
	id = strings.ToLower(id)
	switch stem, isY := strings.CutSuffix(id, "y"); {
	case isY:
		return stem + "ies"
	case id == "/endpoints":
		return id
	case strings.HasSuffix(id, "s"):
		return id + "es"
	default:
		return id + "s"
	}
}

// OfResource returns the kind that a Role calls by group and resource. It is false if
// nobody can tell what that is, and empty if there is no such thing.
func OfResource(declared []tenant.ScopedKind, group, resource string) (id string, ok bool) {
	resource, _, _ = strings.Cut(resource, "/")
	ids, groups := resources()
	if id := ids[group+"/"+resource]; id != "" {
		return id, true
	}
	for _, d := range declared {
		if id := d.Group + "/" + d.Kind; resourceOf(id) == group+"/"+resource {
			return id, true
		}
	}
	return "", resource != "*" && groups[group]
}

// IsKnown tells whether a kind is of Kubernetes, of the Redis operator or of the
// Prometheus operator.
func IsKnown(id string) bool { return namespacedKinds[id] || clusterKinds[id] }

// IsNamespaced tells whether the objects of a kind are in a namespace. It is not
// known for a kind that neither this package nor the tenant file has.
func IsNamespaced(declared []tenant.ScopedKind, id string) (namespaced, ok bool) {
	if d := Declared(declared, id); d != nil {
		return d.Scope == "Namespaced", true
	}
	return namespacedKinds[id], IsKnown(id)
}
