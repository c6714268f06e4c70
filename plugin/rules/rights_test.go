package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

const (
	clusterRole = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n"
	binding     = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x}\nroleRef: "
	policy      = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np}\nspec:\n  podSelector: {matchLabels: {tenant-redis.dev/tenant: team-a}}\n  ingress:\n    - "
	namespace   = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, labels: {pod-security.kubernetes.io/enforce"
)

// TestRights holds what is refused unless the tenant file names it, and that it is
// not if it does.
func TestRights(t *testing.T) {
	const own = "  namespaces: [team-a]\n"
	const platform = "  access: {podLabels: {in: allow}, platformNamespaces: [monitoring], optional: true}\n"
	tests := map[string]struct{ spec, stream, exception, want string }{
		"an object of the cluster": {
			own, clusterRole, `{group: "rbac.authorization.k8s.io", kind: ClusterRole, name: x}`,
			"line 1: ClusterRole x: belongs to the cluster and not to a namespace of the tenant; remove it from the chart's values, " +
				"or add it to spec.exceptions of the tenant file: {group: \"rbac.authorization.k8s.io\", kind: ClusterRole, name: x}",
		},
		"another Namespace": {
			own, "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-b}\n", `{group: "", kind: Namespace, name: team-b}`,
			"line 1: Namespace team-b: belongs to the cluster and not to a namespace of the tenant; remove it from the chart's values, " +
				"or add it to spec.exceptions of the tenant file: {group: \"\", kind: Namespace, name: team-b}",
		},
		"a Namespace where others are": {
			own, "apiVersion: v1\nkind: Namespace\nmetadata: {name: redis-system}\n", `{group: "", kind: Namespace, name: redis-system}`,
			"line 1: Namespace redis-system: goes with the release, and with it what other tenants may have there; remove it, add the namespace to spec.namespaces if it is the tenant's alone, " +
				"or add it to spec.exceptions of the tenant file: {group: \"\", kind: Namespace, name: redis-system}",
		},
		"a weaker Namespace": {
			own, namespace + ": privileged}}\n", `{kind: Namespace}`,
			"line 3: Namespace team-a: .metadata.labels: has pod-security.kubernetes.io/enforce: \"privileged\", which lets Pods do more; allowed is restricted; " +
				"change it, or add it to spec.exceptions of the tenant file: {group: \"\", kind: Namespace, name: team-a}",
		},
		"a Namespace of an old standard": {
			own, namespace + "-version: v1.20}}\n", `{kind: Namespace}`,
			"line 3: Namespace team-a: .metadata.labels: has pod-security.kubernetes.io/enforce-version: \"v1.20\", which lets Pods do more; allowed is latest; " +
				"change it, or add it to spec.exceptions of the tenant file: {group: \"\", kind: Namespace, name: team-a}",
		},
		"a ClusterRole where others are": {
			own, binding + "{kind: ClusterRole, name: cluster-admin}\n", `{group: rbac.authorization.k8s.io, kind: RoleBinding, namespace: redis-system}`,
			"line 1: RoleBinding x: binds a ClusterRole in redis-system, which other tenants may share; bind a Role, add the namespace to spec.namespaces if it is the tenant's alone, " +
				"or add it to spec.exceptions of the tenant file: {group: \"rbac.authorization.k8s.io\", kind: RoleBinding, name: x}",
		},
		"all neighbours": {
			own + platform, policy + "from: [{podSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}}]\n", `{group: networking.k8s.io, kind: NetworkPolicy}`,
			"line 7: NetworkPolicy np: .spec.ingress[0].from[0]: lets all Pods of redis-system in, which other tenants may share; select them by the value of a label, " +
				"or add it to spec.exceptions of the tenant file: {group: \"networking.k8s.io\", kind: NetworkPolicy, name: np}",
		},
		"all neighbours with a label that all have": {
			own + platform, policy + "from: [{podSelector: {matchExpressions: [{key: app.kubernetes.io/name, operator: Exists}]}}]\n", `{group: networking.k8s.io, kind: NetworkPolicy}`,
			"line 7: NetworkPolicy np: .spec.ingress[0].from[0]: lets all Pods of redis-system in, which other tenants may share; select them by the value of a label, " +
				"or add it to spec.exceptions of the tenant file: {group: \"networking.k8s.io\", kind: NetworkPolicy, name: np}",
		},
		"all of a platform's namespace with a label that all have": {
			own + platform, policy + "from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}, podSelector: {matchExpressions: [{key: pod-template-hash, operator: Exists}]}}]\n", `{group: networking.k8s.io, kind: NetworkPolicy}`,
			"line 7: NetworkPolicy np: .spec.ingress[0].from[0]: lets all Pods of monitoring in; select them by the value of a label, " +
				"or add it to spec.exceptions of the tenant file: {group: \"networking.k8s.io\", kind: NetworkPolicy, name: np}",
		},
		"all of a platform's namespace": {
			own + platform, policy + "from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]\n", `{group: networking.k8s.io, kind: NetworkPolicy}`,
			"line 7: NetworkPolicy np: .spec.ingress[0].from[0]: lets all Pods of monitoring in; select them by the value of a label, " +
				"or add it to spec.exceptions of the tenant file: {group: \"networking.k8s.io\", kind: NetworkPolicy, name: np}",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Render(teamA(t, test.spec), []byte(test.stream))
			require.EqualError(t, err, "manifests: "+test.want)
			_, err = Render(teamA(t, test.spec+"  exceptions: ["+test.exception+"]\n"), []byte(test.stream))
			require.NoError(t, err)
		})
	}
	for name, stream := range map[string]string{
		"rights of its own":                       serviceAccountX + roleX + binding + "{kind: Role, name: x}\nsubjects: [{kind: ServiceAccount, name: x, namespace: redis-system}, {kind: Group, name: team-a}]\n---\n" + podAs + "x}\n",
		"the default account":                     podAs + "default}\n",
		"an account at home":                      "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: team-a}\nspec: {serviceAccountName: other}\n",
		"its own size":                            hpa + "{apiVersion: apps/v1, kind: Deployment, name: d}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {template: {}}\n",
		"its quota at home":                       "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: x, namespace: team-a}\n",
		"a Service of its own":                    service + "{type: ExternalName, externalName: cache.team-a.svc.cluster.local}\n",
		"a Service named svc":                     service + "{externalName: svc.team-a.svc.cluster.local}\n",
		"an alias in the world":                   service + "{type: ExternalName, externalName: svc.example.com}\n",
		"its Namespace":                           namespace + ": restricted}}\n",
		"a Role":                                  roleX + binding + "{kind: Role, name: x}\n",
		"a ClusterRole at home":                   "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x, namespace: team-a}\nroleRef: {kind: ClusterRole}\n",
		"a Role of all at home":                   "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: x, namespace: team-a}\nrules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]\n",
		"some neighbours":                         policy + "from: [{podSelector: {matchExpressions: [{key: a, operator: In, values: [b]}]}}]\n",
		"others, of one label":                    policy + "from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}, podSelector: {matchExpressions: [{key: a, operator: NotIn, values: [b]}, {key: in, operator: Exists}]}}]\n",
		"a volume with its Secret":                "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volumes: [{name: v, csi: {driver: d, volumeAttributes: {secretNamespace: team-a, secretName: namespace, namespace: ''}}}]}\n",
		"a hook of its name":                      "apiVersion: v1\nkind: Secret\nmetadata: {name: team-a, annotations: {helm.sh/hook: pre-install}}\n",
		"a hook of its release":                   "apiVersion: v1\nkind: Secret\nmetadata: {name: shop-x, annotations: {helm.sh/hook: pre-install}}\n",
		"a hook of a new name":                    "apiVersion: v1\nkind: Secret\nmetadata: {generateName: x-, annotations: {helm.sh/hook: pre-install}}\n",
		"a hook at home":                          "apiVersion: v1\nkind: Secret\nmetadata: {name: x, namespace: team-a, annotations: {helm.sh/hook: pre-install}}\n",
		"rights to its password":                  failoverR + roleOf + "[{apiGroups: [''], resources: [secrets], resourceNames: [r], verbs: [get]}]\n",
		"rights to its Pods":                      failoverR + setW + roleOf + "[{apiGroups: ['', apps], resources: [pods, pods/exec], resourceNames: [w-0, rfr-r-2], verbs: [get]}]\n",
		"rights to its ConfigMap of the operator": failoverR + roleOf + "[{apiGroups: [''], resources: [configmaps], resourceNames: [rfr-r], verbs: [get]}]\n",
		"rights to its declared kinds":            rollout + "{template: {}}\n---\n" + roleOf + "[{apiGroups: [argoproj.io], resources: [rollouts/status], resourceNames: [x], verbs: [get]}]\n",
		"rights to policies of its own":           strings.Replace(networkPolicy, "name: n", "name: x", 1) + "from: [{podSelector: {matchLabels: {a: b}}}]\n---\n" + roleOf + "[{apiGroups: [networking.k8s.io], resources: [networkpolicies], resourceNames: [x], verbs: [get]}]\n",
		"its own labels on a Namespace":           "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, labels: {kubernetes.io/metadata.name: team-a, app.kubernetes.io/name: x, pod-security.kubernetes.io/warn: baseline}}\n",
		"an owner at home":                        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: team-a, ownerReferences: [{kind: Pod, name: p}]}\n",
		"an account at home, called default":      "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default, namespace: team-a}\n",
		"Pods of its instance":                    failoverR + strings.Replace(disguised, "team-b", "r", 1),
		"what the operator would make":            failoverR + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rfs-r}\n",
		"a Pod like others' at home":              strings.Replace(disguised, "name: p,", "name: p, namespace: team-a,", 1),
		"half a disguise":                         strings.Replace(disguised, "part-of: redis-failover", "part-of: shop", 1),
		"the operator's name at home":             strings.Replace(operators, "name: p,", "name: p, namespace: team-a,", 1),
		"alerts at home":                          "apiVersion: monitoring.coreos.com/v1alpha1\nkind: AlertmanagerConfig\nmetadata: {name: a, namespace: team-a}\n",
		"what tools note of a Namespace": "apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, annotations: {helm.sh/resource-policy: keep, meta.helm.sh/release-name: a, kubectl.kubernetes.io/last-applied-configuration: '{}', " +
			"postrenderer.helm.sh/postrender-filename: a, internal.config.kubernetes.io/index: '0', argocd.argoproj.io/sync-wave: '1', config.linkerd.io/proxy-image: a/b, example.com/own: b}}\n",
		"a Service by the operator's labels":   failoverR + service + "{selector: {redisfailovers-role: master, redisfailovers.databases.spotahome.com/name: r}}\n",
		"a Service of its tenant's masters":    service + "{selector: {redisfailovers-role: master, tenant-redis.dev/tenant: team-a}}\n",
		"local traffic of a node":              service + "{type: NodePort, externalTrafficPolicy: Local}\n",
		"a Service of its instance":            failoverR + service + "{selector: {app.kubernetes.io/component: sentinel, app.kubernetes.io/name: r}}\n",
		"a Service of its tenant's instances":  service + "{selector: {app.kubernetes.io/component: sentinel, tenant-redis.dev/tenant: team-a}}\n",
		"a Service of another part":            service + "{selector: {app.kubernetes.io/component: redis, app.kubernetes.io/part-of: shop}}\n",
		"a Service by a name":                  service + "{selector: {app.kubernetes.io/name: shop}}\n",
		"instances at home":                    strings.Replace(service, "name: s", "name: s, namespace: team-a", 1) + "{selector: {app.kubernetes.io/component: redis}}\n",
		"a policy by the name of its instance": failoverR + "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {podSelector: {matchLabels: {app.kubernetes.io/name: r}}}\n",
		"all but the operator":                 "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {podSelector: {matchLabels: {tenant-redis.dev/tenant: team-a}, matchExpressions: [{key: app.kubernetes.io/name, operator: NotIn, values: [redis-operator]}, {key: redisfailovers-role, operator: DoesNotExist}]}}\n",
		"a policy by any name of the tenant's": "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {podSelector: {matchLabels: {app.kubernetes.io/name: x, tenant-redis.dev/tenant: team-a}}}\n",
		"a Service of its Pods":                service + "{selector: {tenant-redis.dev/tenant: team-a}}\n",
		"a policy of its Pods":                 "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n}\nspec: {podSelector: {matchExpressions: [{key: tenant-redis.dev/tenant, operator: In, values: [team-a]}]}}\n",
		"its neighbours at home":               "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: n, namespace: team-a}\nspec: {ingress: [{from: [{podSelector: {}}]}]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Render(teamA(t, own+"  release: shop\n  annotations: {example.com/own: '{\"containers\": [{}]}'}\n"+platform+declaredKinds), []byte(stream))
			require.NoError(t, err)
		})
	}
}

const (
	hpa             = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {scaleTargetRef: "
	serviceAccountX = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x}\n---\n"
	secretX         = "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\n---\n"
	roleOf          = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: x}\nrules: "
	roleX           = secretX + roleOf + "[{apiGroups: [''], resources: [secrets], resourceNames: [x], verbs: [get]}]\n---\n"
	failoverR       = "apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: r}\nspec: {}\n---\n"
	setW            = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: w}\nspec: {}\n---\n"
	podAs           = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {serviceAccountName: "
	service         = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: "
)

// disguised is a Pod that seems to be a Sentinel of another tenant's instance.
const disguised = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app.kubernetes.io/name: team-b, app.kubernetes.io/component: sentinel, app.kubernetes.io/part-of: redis-failover}}\n"

// operators is a Pod that instances would let in as the Redis operator.
const operators = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app.kubernetes.io/name: redis-operator}}\n"

// TestNeighbours holds that what would touch other tenants, or let them in, is
// refused unless the tenant file names it.
func TestNeighbours(t *testing.T) {
	const spec = "  namespaces: [team-a]\n  annotations: {example.com/own: a}\n  access: {podLabels: {in: allow}, platformNamespaces: [monitoring], optional: true}\n" +
		"  resources: {onExcess: refuse, optional: true, limits: {cpu: '1'}}\n" +
		"  kinds: [{group: cilium.io, kind: CiliumNetworkPolicy, scope: Namespaced}, {group: policy.networking.k8s.io, kind: AdminNetworkPolicy, scope: Cluster}, " +
		"{group: projectcalico.org, kind: NetworkPolicy, scope: Namespaced}, {group: autoscaling.k8s.io, kind: VerticalPodAutoscaler, scope: Namespaced}]\n"
	subject := func(text string) string { return roleX + binding + "{kind: Role, name: x}\nsubjects: [" + text + "]\n" }
	of := func(apiVersion, kind, spec string) string {
		return "apiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata: {name: o}\n" + spec + "\n"
	}
	annotated := func(annotation string) string {
		return of("apps/v1", "Deployment", "spec:\n  template:\n    metadata:\n      annotations:\n        "+annotation)
	}
	tests := map[string]struct{ stream, kind, want string }{
		"another's account":            {podAs + "redis-operator}\n", `{kind: Pod}`, ".spec: takes the rights of a ServiceAccount in redis-system that the manifests do not have"},
		"another's account, old field": {strings.Replace(podAs, "Name: ", ": ", 1) + "redis-operator}\n", `{kind: Pod}`, ".spec: takes the rights of a ServiceAccount"},
		"an account of a RedisFailover": {
			redisFailover + "{resources: {limits: {cpu: 1}}, serviceAccountName: redis-operator}}\n", `{group: databases.spotahome.com, kind: RedisFailover}`,
			".spec.redis: takes the rights of a ServiceAccount",
		},
		"another's token": {
			"apiVersion: v1\nkind: Secret\nmetadata: {name: x, annotations: {kubernetes.io/service-account.name: redis-operator}}\ntype: kubernetes.io/service-account-token\n",
			`{kind: Secret}`, ".metadata.annotations: takes the rights of a ServiceAccount in redis-system",
		},
		"a hook's account alone": {
			"apiVersion: v1\nkind: Pod\nmetadata: {name: team-a-p, annotations: {helm.sh/hook: test}}\nspec: {serviceAccountName: redis-operator}\n",
			`{kind: Pod}`, ".spec: takes the rights of a ServiceAccount",
		},
		"a hook of any name": {
			"apiVersion: v1\nkind: Secret\nmetadata: {name: team-b, annotations: {helm.sh/hook: pre-install}}\n", `{kind: Secret}`,
			"Secret team-b: is a hook, which takes the place of whoever's object has its name; begin the name with team-a-, or with the release's in spec.release of the tenant file",
		},
		"a hook of a longer name": {
			"apiVersion: v1\nkind: Secret\nmetadata: {name: team-ab, annotations: {helm.sh/hook: pre-install}}\n", `{kind: Secret}`, "is a hook, which takes the place of",
		},
		"a hook of Argo CD": {
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: team-b, annotations: {argocd.argoproj.io/hook: PreSync}}\n", `{kind: ConfigMap}`, "is a hook, which takes the place of",
		},
		"another's size": {
			hpa + "{apiVersion: apps/v1, kind: Deployment, name: redis-operator}}\n", `{group: autoscaling, kind: HorizontalPodAutoscaler}`,
			".spec.scaleTargetRef: sets the size of a Deployment in redis-system that the manifests do not have",
		},
		"a Role of no name":     {strings.Replace(roleX, "[x]", "[x, '']", 1), `{group: rbac.authorization.k8s.io, kind: Role}`, ".rules[0]: gives rights to all objects in redis-system"},
		"another's Role":        {binding + "{kind: Role, name: redis-operator}\n", `{group: rbac.authorization.k8s.io, kind: RoleBinding}`, ".roleRef: takes the rights of a Role in redis-system"},
		"a Role of all":         {strings.Replace(roleX, "resourceNames: [x], ", "", 1), `{group: rbac.authorization.k8s.io, kind: Role}`, ".rules[0]: gives rights to all objects in redis-system"},
		"somebody else's Pods":  {subject("{kind: ServiceAccount, name: x, namespace: team-b}"), `{group: rbac.authorization.k8s.io, kind: RoleBinding}`, ".subjects[0]: gives rights to somebody else; allowed are users and groups without system: and service accounts of monitoring, redis-system, team-a"},
		"everybody":             {subject("{kind: Group, name: 'system:authenticated'}"), `{group: rbac.authorization.k8s.io, kind: RoleBinding}`, ".subjects[0]: gives rights to somebody else"},
		"all accounts":          {subject("{kind: Group, name: 'system:serviceaccounts:team-b'}"), `{group: rbac.authorization.k8s.io, kind: RoleBinding}`, ".subjects[0]: gives rights"},
		"an account as a user":  {subject("{kind: User, name: 'system:serviceaccount:team-b:x'}"), `{group: rbac.authorization.k8s.io, kind: RoleBinding}`, ".subjects[0]: gives rights"},
		"a policy for all Pods": {of("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {}}"), `{group: networking.k8s.io, kind: NetworkPolicy}`, "may select other tenants' Pods in redis-system; select them by the label tenant-redis.dev/tenant: team-a or the name of an instance"},
		"a budget for all Pods": {of("policy/v1", "PodDisruptionBudget", "spec: {selector: {matchExpressions: [{key: a, operator: NotIn, values: [b]}]}}"), `{group: policy, kind: PodDisruptionBudget}`, "may select other tenants' Pods in redis-system; select them by the label tenant-redis.dev/tenant: team-a or the name of an instance"},
		"limits for all":        {of("v1", "LimitRange", ""), `{kind: LimitRange}`, "holds for all Pods of redis-system"},
		"a quota for all":       {of("v1", "ResourceQuota", ""), `{kind: ResourceQuota}`, "holds for all Pods of redis-system"},
		"addresses of others":   {service + "{externalIPs: [10.0.0.1]}\n", `{kind: Service}`, ".spec.externalIPs[0]: takes an address for itself"},
		"a Service of others":   {service + "{externalName: Redis.team-b.SVC.cluster.local.}\n", `{kind: Service}`, ".spec.externalName: leads to a Service of team-b"},
		"a Service named svc":   {service + "{externalName: svc.team-b.svc.cluster.local}\n", `{kind: Service}`, ".spec.externalName: leads to a Service of team-b"},
		"a Pod of such a one":   {service + "{externalName: team-a.svc.team-b.svc}\n", `{kind: Service}`, ".spec.externalName: leads to a Service of team-b"},
		"endpoints":             {of("v1", "Endpoints", ""), `{kind: Endpoints}`, "sends clients to addresses that nobody checks"},
		"slices of endpoints":   {of("discovery.k8s.io/v1", "EndpointSlice", ""), `{group: discovery.k8s.io, kind: EndpointSlice}`, "sends clients to addresses"},
		"the node's network":    {of("apps/v1", "Deployment", "spec: {template: {spec: {hostNetwork: on}}}"), `{group: apps, kind: Deployment}`, ".spec.template.spec: has hostNetwork, with which everyone gets in"},
		"Redis on the node's":   {redisFailover + "{resources: {limits: {cpu: 1}}, hostNetwork: true}}\n", `{group: databases.spotahome.com, kind: RedisFailover}`, ".spec.redis: has hostNetwork"},
		"Cilium's policy":       {of("cilium.io/v2", "CiliumNetworkPolicy", ""), `{group: cilium.io, kind: CiliumNetworkPolicy}`, "may let in whom spec.access does not"},
		"Calico's policy":       {of("projectcalico.org/v3", "NetworkPolicy", ""), `{group: projectcalico.org, kind: NetworkPolicy}`, "may let in whom spec.access does not"},
		"an admin's policy":     {of("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", ""), `{group: policy.networking.k8s.io, kind: AdminNetworkPolicy}`, "may let in whom spec.access does not"},
		"a Pod's name":          {service + "{externalName: 10-0-0-7.team-b.pod.cluster.local}\n", `{kind: Service}`, ".spec.externalName: leads to a Service of team-b"},
		"everyone by a node":    {service + "{type: NodePort}\n", `{kind: Service}`, ".spec: is a NodePort, with which everyone gets in"},
		"everyone by a cloud":   {service + "{type: LoadBalancer, externalTrafficPolicy: Cluster}\n", `{kind: Service}`, ".spec: is a LoadBalancer, with which everyone gets in"},
		"another's Pods":        {service + "{selector: {tenant-redis.dev/tenant: team-b, app: a}}\n", `{kind: Service}`, ".spec.selector: selects Pods of other tenants by the label tenant-redis.dev/tenant"},
		"a policy for another":  {of("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {matchLabels: {a: b, tenant-redis.dev/tenant: team-b}}}"), `{group: networking.k8s.io, kind: NetworkPolicy}`, ".spec.podSelector: selects Pods of other tenants"},
		"a budget for tenants":  {of("policy/v1", "PodDisruptionBudget", "spec: {selector: {matchExpressions: [{key: tenant-redis.dev/tenant, operator: Exists}]}}"), `{group: policy, kind: PodDisruptionBudget}`, ".spec.selector: selects Pods of other tenants"},
		"a peer of all tenants": {policy + "from: [{podSelector: {matchExpressions: [{key: tenant-redis.dev/tenant, operator: In, values: [team-a, team-b]}]}}]\n", `{group: networking.k8s.io, kind: NetworkPolicy}`, ".from[0].podSelector: selects Pods of other tenants"},
		"a copy of another's volume": {
			of("v1", "PersistentVolumeClaim", "spec: {dataSourceRef: {kind: PersistentVolumeClaim, name: a, namespace: team-b}}"), `{kind: PersistentVolumeClaim}`,
			".spec.dataSourceRef: takes what is in team-b, which is not the tenant's; allowed are redis-system, team-a; change it in the chart's values",
		},
		"copies of another's snapshot": {
			of("apps/v1", "StatefulSet", "spec: {volumeClaimTemplates: [{spec: {dataSourceRef: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: a, namespace: team-b}}}]}"), `{group: apps, kind: StatefulSet}`,
			".spec.volumeClaimTemplates[0].spec.dataSourceRef: takes what is in team-b",
		},
		"a copy for Redis": {
			redisFailover + "{resources: {limits: {cpu: 1}}, storage: {persistentVolumeClaim: {spec: {dataSourceRef: {name: a, namespace: team-b}}}}}}\n", `{group: databases.spotahome.com, kind: RedisFailover}`,
			".spec.redis.storage.persistentVolumeClaim.spec.dataSourceRef: takes what is in team-b",
		},
		"a volume with another's Secret": {
			of("v1", "Pod", "spec: {volumes: [{name: v, csi: {driver: file.csi.azure.com, volumeAttributes: {shareName: a, secretNamespace: team-b}}}]}"), `{kind: Pod}`,
			".spec.volumes[0].csi.volumeAttributes.secretNamespace: takes what is in team-b, which is not the tenant's; allowed are redis-system, team-a",
		},
		"a volume of a driver of nodes": {
			of("apps/v1", "Deployment", "spec: {template: {spec: {volumes: [{name: v, flexVolume: {driver: a/b, options: {namespace: team-b}}}]}}}"), `{group: apps, kind: Deployment}`,
			".spec.template.spec.volumes[0].flexVolume.options.namespace: takes what is in team-b",
		},
		"a volume in the name of others": {
			redisFailover + "{resources: {limits: {cpu: 1}}, extraVolumes: [{name: v, csi: {volumeAttributes: {csi.storage.k8s.io/pod.namespace: team-b}}}]}}\n", `{group: databases.spotahome.com, kind: RedisFailover}`,
			".spec.redis.extraVolumes[0].csi.volumeAttributes.csi.storage.k8s.io/pod.namespace: takes what is in team-b",
		},
		"a container of an injector": {
			annotated(`proxy.istio.io/overrides: '{"containers":[{"name":"istio-proxy","image":"evil.example/a"}]}'`), `{group: apps, kind: Deployment}`,
			".spec.template.metadata.annotations.proxy.istio.io/overrides: holds what looks like a container or an image, which may be put into the Pods and no rule is about; remove the annotation",
		},
		"containers in other letters": {annotated(`x: '{"InitContainers":[{}]}'`), `{group: apps, kind: Deployment}`, ".annotations.x: holds what looks like a container"},
		"a container alone":           {annotated(`x: '{"image": "a", "command": ["b"]}'`), `{group: apps, kind: Deployment}`, ".annotations.x: holds what looks like a container"},
		"an escaped container":        {annotated(`x: '{"a": [{"\u0069mage": "evil.example/a"}]}'`), `{group: apps, kind: Deployment}`, ".annotations.x: holds what looks like a container"},
		"containers in a list":        {annotated(`x: ' [{"name": "a", "image": "b"}]'`), `{group: apps, kind: Deployment}`, ".annotations.x: holds what looks like a container"},
		"containers in lines":         {annotated(`x: "- name: a\n  image: b\n"`), `{group: apps, kind: Deployment}`, ".annotations.x: holds what looks like a container"},
		"a container in YAML":         {annotated(`x: "spec:\n  sidecarContainers: [{name: a}]\n"`), `{group: apps, kind: Deployment}`, ".annotations.x: holds what looks like a container"},
		"containers without an end":   {annotated(`x: "a: &a [*a]\n"`), `{group: apps, kind: Deployment}`, ".annotations.x: holds what looks like a container"},
		"merged containers":           {annotated(`x: "<<: {containers: [{}]}\n"`), `{group: apps, kind: Deployment}`, ".annotations.x: holds what looks like a container"},
		"a container that is there twice": {
			annotated(`x: '{"containers": [], "containers": [{}]}'`), `{group: apps, kind: Deployment}`, ".annotations.x: holds what looks like a container",
		},
		"a container for Redis": {redisFailover + `{resources: {limits: {cpu: 1}}, podAnnotations: {x: '{"containers": [{}]}'}}}` + "\n", `{group: databases.spotahome.com, kind: RedisFailover}`, ".spec.redis.podAnnotations.x: holds what looks like a container"},
		"another network":       {of("apps/v1", "Deployment", "spec: {template: {metadata: {annotations: {k8s.v1.cni.cncf.io/networks: a}}}}"), `{group: apps, kind: Deployment}`, ".spec.template.metadata.annotations: asks for another network"},
		"another network only":  {redisFailover + "{resources: {limits: {cpu: 1}}, podAnnotations: {v1.multus-cni.io/default-network: a}}}\n", `{group: databases.spotahome.com, kind: RedisFailover}`, ".spec.redis.podAnnotations: asks for another network"},
		"where others run":      {of("v1", "Binding", "target: {kind: Node, name: n}"), `{kind: Binding}`, "is for the scheduler"},
		"room for volumes":      {of("storage.k8s.io/v1", "CSIStorageCapacity", ""), `{group: storage.k8s.io, kind: CSIStorageCapacity}`, "is for the scheduler"},
		"everyone's account":    {"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: default}\n", `{kind: ServiceAccount}`, "is there for all Pods of redis-system"},
		"everyone's root":       {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-root-ca.crt}\n", `{kind: ConfigMap}`, "is there for all Pods of redis-system"},
		"a revision":            {"apiVersion: v1\nkind: Secret\nmetadata: {name: sh.helm.release.v1.team-b.v9}\n", `{kind: Secret}`, "is a revision of a release to Helm"},
		"a revision at home":    {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: team-a, labels: {owner: helm, name: team-a}}\n", `{kind: ConfigMap}`, "is a revision of a release to Helm"},
		"an owner":              {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, ownerReferences: [{kind: StatefulSet, name: rfr-team-b}]}\n", `{kind: ConfigMap}`, ".metadata.ownerReferences[0]: says which object owns it"},
		"a Namespace that a policy spares": {
			"apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, labels: {admission.gatekeeper.sh/ignore: 'yes'}}\n", `{kind: Namespace}`,
			".metadata.labels: has the label admission.gatekeeper.sh/ignore, by which the platform or others may decide what holds there",
		},
		"another's Secret": {roleOf + "[{apiGroups: [''], resources: [secrets], resourceNames: [team-b], verbs: [get]}]\n", `{group: rbac.authorization.k8s.io, kind: Role}`, ".rules[0]: gives rights to a Secret in redis-system that the manifests do not have"},
		"another's token by a Role": {
			roleOf + "[{apiGroups: ['', apps], resources: [serviceaccounts/token], resourceNames: [redis-operator], verbs: [create]}]\n", `{group: rbac.authorization.k8s.io, kind: Role}`,
			".rules[0]: gives rights to a ServiceAccount in redis-system that the manifests do not have",
		},
		"another's Pod by a Role": {failoverR + roleOf + "[{apiGroups: [''], resources: [pods/exec], resourceNames: [rfr-r-0, rfr-team-b-0], verbs: [create]}]\n", `{group: rbac.authorization.k8s.io, kind: Role}`, ".rules[0]: gives rights to a RedisFailover in redis-system that the manifests do not have"},
		"its own name in another kind": {
			roleX + strings.Replace(roleOf, "name: x", "name: y", 1) + "[{apiGroups: [''], resources: [configmaps], resourceNames: [x], verbs: [get]}]\n", `{group: rbac.authorization.k8s.io, kind: Role}`,
			".rules[0]: gives rights to a ConfigMap in redis-system that the manifests do not have",
		},
		"rights to all kinds":     {secretX + roleOf + "[{apiGroups: [''], resources: ['*'], resourceNames: [x], verbs: [get]}]\n", `{group: rbac.authorization.k8s.io, kind: Role}`, ".rules[0]: gives rights to more than the manifests can have"},
		"rights in all groups":    {secretX + roleOf + "[{apiGroups: ['*'], resources: [secrets], resourceNames: [x], verbs: [get]}]\n", `{group: rbac.authorization.k8s.io, kind: Role}`, ".rules[0]: gives rights to more"},
		"rights to unknown kinds": {secretX + roleOf + "[{apiGroups: [other.example], resources: [secrets], resourceNames: [x], verbs: [get]}]\n", `{group: rbac.authorization.k8s.io, kind: Role}`, ".rules[0]: gives rights to more"},
		"a Sentinel in disguise":  {disguised, `{kind: Pod}`, ".metadata.labels: has the labels of the Pods of a RedisFailover in redis-system that the manifests do not have"},
		"a proxy in disguise": {
			strings.NewReplacer("sentinel", "proxy", "redis-failover", "tenant-redis").Replace(disguised), `{kind: Pod}`,
			".metadata.labels: has the labels of the Pods of a RedisFailover in redis-system that the manifests do not have",
		},
		"a part of an instance in disguise": {
			strings.Replace(disguised, "component: sentinel", "component: golive", 1), `{kind: Pod}`,
			".metadata.labels: has the labels of the Pods of a RedisFailover in redis-system that the manifests do not have",
		},
		"no part of it": {
			strings.Replace(disguised, " app.kubernetes.io/component: sentinel,", "", 1), `{kind: Pod}`,
			".metadata.labels: has the labels of the Pods of a RedisFailover in redis-system that the manifests do not have",
		},
		"an operator in disguise": {operators, `{kind: Pod}`, ".metadata.labels: has the label app.kubernetes.io/name: redis-operator, by which instances let the operator in"},
		"an instance of its name": {
			"apiVersion: databases.spotahome.com/v1\nkind: RedisFailover\nmetadata: {name: redis-operator}\nspec: {}\n", `{group: databases.spotahome.com, kind: RedisFailover}`,
			"gives its Pods the label app.kubernetes.io/name: redis-operator, by which instances let the operator in",
		},
		"the operator's Pods": {service + "{selector: {app.kubernetes.io/name: redis-operator}}\n", `{kind: Service}`, ".spec.selector: selects the Redis operator's Pods in redis-system"},
		"a policy for the operator": {
			of("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [redis-operator]}]}}"), `{group: networking.k8s.io, kind: NetworkPolicy}`,
			".spec.podSelector: selects Pods of a RedisFailover in redis-system that the manifests do not have",
		},
		"a policy by another's name": {
			failoverR + of("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {matchLabels: {app.kubernetes.io/name: team-b}}, ingress: [{from: [{podSelector: {matchLabels: {a: b}}}]}]}"), `{group: networking.k8s.io, kind: NetworkPolicy}`,
			".spec.podSelector: selects Pods of a RedisFailover in redis-system that the manifests do not have",
		},
		"a budget by another's name": {
			failoverR + of("policy/v1", "PodDisruptionBudget", "spec: {selector: {matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [r, team-b]}]}}"), `{group: policy, kind: PodDisruptionBudget}`,
			".spec.selector: selects Pods of a RedisFailover in redis-system that the manifests do not have",
		},
		"a policy by a label that others may use": {
			of("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {matchLabels: {app: shop}}, ingress: [{from: [{podSelector: {matchLabels: {a: b}}}]}]}"), `{group: networking.k8s.io, kind: NetworkPolicy}`,
			".spec.podSelector: may select other tenants' Pods in redis-system; select them by the label tenant-redis.dev/tenant: team-a or the name of an instance",
		},
		"a budget by the release of others": {
			of("policy/v1", "PodDisruptionBudget", "spec: {selector: {matchLabels: {app.kubernetes.io/instance: team-b}, matchExpressions: [{key: app, operator: Exists}]}}"), `{group: policy, kind: PodDisruptionBudget}`,
			".spec.selector: may select other tenants' Pods in redis-system; select them by the label tenant-redis.dev/tenant: team-a or the name of an instance",
		},
		"a policy by a name that its own Pods have, too": {
			strings.Replace(operators, "redis-operator", "team-b", 1) + "---\n" + of("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {matchLabels: {app.kubernetes.io/name: team-b}}}"), `{group: networking.k8s.io, kind: NetworkPolicy}`,
			".spec.podSelector: selects Pods of a RedisFailover in redis-system that the manifests do not have",
		},
		"a policy without a selector": {of("networking.k8s.io/v1", "NetworkPolicy", "spec: {policyTypes: [Ingress]}"), `{group: networking.k8s.io, kind: NetworkPolicy}`, "NetworkPolicy o: may select other tenants' Pods in redis-system; select them by the label tenant-redis.dev/tenant: team-a or the name of an instance"},
		"all masters":                 {service + "{selector: {redisfailovers-role: master}}\n", `{kind: Service}`, ".spec.selector: selects Pods of all instances in redis-system"},
		"all instances by the operator's label": {
			of("policy/v1", "PodDisruptionBudget", "spec: {selector: {matchExpressions: [{key: redisfailovers.databases.spotahome.com/name, operator: Exists}]}}"), `{group: policy, kind: PodDisruptionBudget}`,
			".spec.selector: may select other tenants' Pods in redis-system",
		},
		"another's by the operator's label": {
			service + "{selector: {redisfailovers.databases.spotahome.com/name: team-b}}\n", `{kind: Service}`,
			".spec.selector: selects Pods of a RedisFailover in redis-system that the manifests do not have",
		},
		"others' alerts": {of("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig", ""), `{group: monitoring.coreos.com, kind: AlertmanagerConfig}`, "decides who gets the alerts of redis-system, which other tenants may share"},
		"a Namespace of another project": {
			"apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a, annotations: {field.cattle.io/projectId: 'c:p'}}\n", `{kind: Namespace}`,
			".metadata.annotations: has the annotation field.cattle.io/projectId, by which the platform or others may decide what holds there; remove it, set it in spec.annotations",
		},
		"the operator's work": {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: rfs-team-b}\n", `{kind: ConfigMap}`, ".metadata: has the name of what the operator makes of a RedisFailover in redis-system that the manifests do not have"},
		"others' instances":   {service + "{selector: {app.kubernetes.io/part-of: redis-failover}}\n", `{kind: Service}`, ".spec.selector: selects Pods of all instances in redis-system"},
		"a policy for instances": {
			of("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {matchLabels: {app.kubernetes.io/component: redis}, matchExpressions: [{key: app.kubernetes.io/name, operator: NotIn, values: [r]}]}}"), `{group: networking.k8s.io, kind: NetworkPolicy}`,
			".spec.podSelector: may select other tenants' Pods in redis-system",
		},
		"a budget for operators": {of("policy/v1", "PodDisruptionBudget", "spec: {selector: {matchLabels: {app.kubernetes.io/managed-by: redis-operator}}}"), `{group: policy, kind: PodDisruptionBudget}`, ".spec.selector: may select other tenants' Pods"},
		"another's proxies":      {service + "{selector: {app.kubernetes.io/component: proxy, app.kubernetes.io/name: team-b}}\n", `{kind: Service}`, ".spec.selector: selects Pods of a RedisFailover in redis-system that the manifests do not have"},
		"another's instance, too": {
			failoverR + of("policy/v1", "PodDisruptionBudget", "spec: {selector: {matchLabels: {app.kubernetes.io/component: redis}, matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [r, team-b]}]}}"), `{group: policy, kind: PodDisruptionBudget}`,
			".spec.selector: selects Pods of a RedisFailover in redis-system",
		},
		"another scale": {of("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", ""), `{group: autoscaling.k8s.io, kind: VerticalPodAutoscaler}`, "may give containers more than spec.resources does"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Render(teamA(t, spec), []byte(test.stream))
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "add it to spec.exceptions of the tenant file: {group: ")
			_, err = Render(teamA(t, spec+"  exceptions: ["+test.kind+"]\n"), []byte(test.stream))
			require.NoError(t, err)
		})
	}
}

// TestThePlatformIsNotShutOut holds that a peer of the operator or of monitoring
// never becomes a tenant's.
func TestThePlatformIsNotShutOut(t *testing.T) {
	const shutOut = "selects the Redis operator's Pods, which would be shut out; select their one namespace by kubernetes.io/metadata.name, and add it to spec.access.platformNamespaces"
	team := teamA(t, "  namespaces: [team-a]\n  access: {podLabels: {in: allow}, platformNamespaces: [monitoring], optional: true}\n")
	for peer, want := range map[string]string{
		"{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: redis-operator}}, podSelector: {matchLabels: {a: b}}}": "selects Pods of redis-operator, which is neither the tenant's nor the platform's; " +
			"allowed are redis-system, team-a, monitoring; add it to spec.access.platformNamespaces if the operator or monitoring is there, or change the chart's values",
		"{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [b, c]}]}}": "selects Pods of b, c, which is neither the tenant's nor the platform's; " +
			"allowed are redis-system, team-a, monitoring; add it to spec.access.platformNamespaces if the operator or monitoring is there, or change the chart's values",
		"{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: redis-system}}, podSelector: {matchLabels: {app.kubernetes.io/name: redis-operator}}}": "selects the Redis operator's Pods in redis-system, " +
			"which would be shut out; add redis-system to spec.access.platformNamespaces",
		"{namespaceSelector: {matchLabels: {team: platform}}, podSelector: {matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [redis-operator]}]}}":                                                                           shutOut,
		"{namespaceSelector: {}, podSelector: {matchLabels: {app.kubernetes.io/name: redis-operator}}}":                                                                                                                                            shutOut,
		"{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [redis-system, team-c]}]}, podSelector: {matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [a, redis-operator]}]}}": shutOut,
		"{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [monitoring, team-c]}]}, podSelector: {matchLabels: {in: allow}}}": "selects Pods of monitoring, team-c, " +
			"of which monitoring is the platform's and would be shut out; write a peer of its own for it",
		"{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}, matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [monitoring, team-a]}]}}": "lets all Pods of monitoring in; select them by the value of a label, " +
			"or add it to spec.exceptions of the tenant file: {group: \"networking.k8s.io\", kind: NetworkPolicy}",
		"{namespaceSelector: {}, podSelector: {matchLabels: {other: allow}}}": "asks clients for the label other, which spec.access.podLabels does not name; " +
			"name the same in both, or set spec.release if the label follows from the release's name",
	} {
		_, err := Render(team, []byte(networkPolicy+"from: ["+peer+"]\n"))
		require.EqualError(t, err, "manifests: line 7: NetworkPolicy n: .spec.ingress[0].from[0]: "+want)
	}
}

// TestClientsHaveTheLabelsOfBoth holds that a peer asks clients for the labels that the
// tenant file names, no more and no fewer.
func TestClientsHaveTheLabelsOfBoth(t *testing.T) {
	for pods, want := range map[string]string{
		"{matchLabels: {in: granted, b: c}}":                                                  "asks clients for another value of the label in than allow, which spec.access.podLabels names; name the same in both",
		"{matchLabels: {in: allow}}":                                                          "does not ask clients for the label b, which spec.access.podLabels names; name the same in both",
		"{matchLabels: {in: allow, b: c, other: a}}":                                          "asks clients for the label other, which spec.access.podLabels does not name; name the same in both",
		"{matchLabels: {in: allow}, matchExpressions: [{key: b, operator: In, values: [a]}]}": "asks clients for another value of the label b than c",
		"{matchLabels: {in: allow, b: c}, matchExpressions: [{key: b, operator: Exists}, {key: a, operator: DoesNotExist}]}": "",
		"{matchLabels: {in: allow, b: c}}": "",
		"{}":                               "",
	} {
		_, err := Render(teamA(t, "  namespaces: [team-a]\n  access: {podLabels: {in: allow, b: c}, optional: true}\n"), []byte(networkPolicy+"from: [{namespaceSelector: {}, podSelector: "+pods+"}]\n"))
		if want == "" {
			require.NoError(t, err, pods)
			continue
		}
		require.ErrorContains(t, err, "NetworkPolicy n: .spec.ingress[0].from[0]: "+want)
	}
}

// TestThePlatformStays holds that a peer of the platform's namespaces alone stays as it is,
// however it names them, and a client's is one though the release is in such a namespace.
func TestThePlatformStays(t *testing.T) {
	team := teamA(t, "  namespaces: [team-a]\n  access: {podLabels: {in: allow}, platformNamespaces: [monitoring, logging, redis-system], optional: true}\n")
	of := func(names, pods string) string {
		return "from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [" + names + "]}]}, podSelector: {matchLabels: {" + pods + "}}}]\n"
	}
	for _, peer := range []string{of("monitoring", "a: b"), of("monitoring, logging", "a: b"), of("redis-system", "app.kubernetes.io/name: redis-operator")} {
		got, err := render(team, []byte(networkPolicy+peer))
		require.NoError(t, err)
		require.Contains(t, string(got), peer)
	}
	clients := teamA(t, "  namespaces: [redis-system]\n  access: {podLabels: {in: allow}, platformNamespaces: [redis-system]}\n")
	for _, peer := range []string{of("redis-system", "in: allow"), "from: [{namespaceSelector: {}}]\n"} {
		got, err := render(clients, []byte(strings.Replace(connection, "team-a", "redis-system", 1)+networkPolicy+peer))
		require.NoError(t, err, "it is a client's")
		again, err := render(clients, got)
		require.NoError(t, err)
		require.Equal(t, string(got), string(again))
	}
}

// TestNullIsNoSelector holds that a peer whose selector of namespaces is null is one of
// its own namespace, as for Kubernetes.
func TestNullIsNoSelector(t *testing.T) {
	const peer = "from: [{namespaceSelector: null, ipBlock: null, podSelector: {matchLabels: {app: a}}}]\n"
	got, err := render(teamA(t, "  namespaces: [team-a]\n  access: {podLabels: {in: allow}, optional: true}\n"), []byte(networkPolicy+peer))
	require.NoError(t, err)
	require.Contains(t, string(got), peer)
}

// TestNamespacesWithoutAName holds that a peer of namespaces that are known by another label
// than their name is a tenant's, and none of the platform's.
func TestNamespacesWithoutAName(t *testing.T) {
	got, err := render(teamA(t, access), []byte(connection+networkPolicy+"from: [{namespaceSelector: {matchLabels: {tier: monitoring}}}]\n"))
	require.NoError(t, err)
	require.NotContains(t, string(got), "tier")
	require.Contains(t, string(got), "in: allow")
}

// TestRegistries holds that an image counts by where a client gets it from, in
// whatever way that is written.
func TestRegistries(t *testing.T) {
	const images = "  images: [{from: docker.io, to: mirror.test, optional: true}, {from: quay.io, to: quay.io, optional: true}]\n"
	keep, refuse := teamA(t, images), teamA(t, images+"  otherImages: refuse\n")
	for text, want := range map[string]string{
		"redis": "mirror.test/library/redis", "registry-1.docker.io/library/redis:7": "mirror.test/library/redis:7",
		"Docker.IO:443/a/b": "mirror.test/a/b", "quay.io/a": "quay.io/a", "QUAY.IO/a": "QUAY.IO/a", "quay.io:443/a": "quay.io:443/a", "mirror.test/a": "mirror.test/a",
	} {
		for _, team := range []*tenant.Tenant{keep, refuse} {
			got, err := render(team, []byte(pod+"image: "+text+"\n"))
			require.NoError(t, err)
			require.Contains(t, string(got), "- image: "+want+"\n")
		}
	}
	for _, text := range []string{"evil.example/a", "docker.io.evil/a", "quay.io:5000/a", "mirror.test.evil/a"} {
		_, err := Render(keep, []byte(pod+"image: "+text+"\n"))
		require.NoError(t, err)
		_, err = Render(refuse, []byte(pod+"image: "+text+"\n"))
		require.EqualError(t, err, "manifests: line 6: Pod p: .spec.containers[0].image: holds \""+text+"\", whose registry no rule of spec.images names, "+
			"and spec.otherImages is refuse; change the image in the chart's values, or add a rule for it")
	}
	for failover, want := range map[string]string{
		"{image: redis}}":               "has no spec.sentinel, whose image the operator would choose",
		"{image: redis}, sentinel: {}}": ".spec.sentinel: names no image, which the operator would choose",
		"{image: redis, exporter: {enabled: yes}}, sentinel: {image: a}}": ".spec.redis.exporter: names no image",
	} {
		_, err := Render(refuse, []byte(redisFailover+failover+"\n"))
		require.ErrorContains(t, err, want)
	}
	for _, failover := range []string{"exporter: {enabled: false}", "extraContainers: [{name: redis}]"} {
		_, err := Render(refuse, []byte(redisFailover+"{image: redis, "+failover+"}, sentinel: {image: redis}}\n"))
		require.NoError(t, err)
	}
}
