package rules

import (
	"slices"
	"strings"
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
	certificates.k8s.io: CertificateSigningRequest
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
	monitoring.coreos.com: Alertmanager AlertmanagerConfig PodMonitor Probe Prometheus PrometheusRule ScrapeConfig ServiceMonitor ThanosRuler
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

// place sets or checks the namespace of an object.
func (e *engine) place(o *object) error {
	namespaced, err := e.isNamespaced(o)
	if err != nil || !namespaced {
		return err
	}
	o.namespace, err = o.metadata.Value("namespace")
	if err != nil {
		return err
	}
	spec := e.tenant.Spec
	if o.namespace == "" {
		o.namespace = spec.Namespace
		return o.node.Merge(metadata("namespace", spec.Namespace), e.cause("spec.namespace"))
	}
	allowed := append([]string{spec.Namespace}, spec.Namespaces...)
	if slices.Contains(allowed, o.namespace) {
		return nil
	}
	return o.node.Errorf("is in the namespace %s, which is not the tenant's; allowed are %s; change the chart's values, or add it to spec.namespaces of the tenant file",
		o.namespace, strings.Join(allowed, ", "))
}

func (e *engine) isNamespaced(o *object) (bool, error) {
	for _, declared := range e.tenant.Spec.Kinds {
		if declared.Group+"/"+declared.Kind == o.id {
			return declared.Scope == "Namespaced", nil
		}
	}
	if !clusterKinds[o.id] && !namespacedKinds[o.id] {
		group, name, _ := strings.Cut(o.id, "/")
		return false, o.node.Errorf("is of a kind whose scope is not known; declare it in spec.kinds of the tenant file: "+
			"{group: %s, kind: %s, scope: Namespaced}, or scope: Cluster", group, name)
	}
	return namespacedKinds[o.id], nil
}
