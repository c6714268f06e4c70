package kinds

import (
	"strings"

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
