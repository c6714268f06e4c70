package rules

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	kjson "sigs.k8s.io/json"
	kyaml "sigs.k8s.io/yaml"

	"github.com/tenant-redis/tenant-redis/plugin/image"
	"github.com/tenant-redis/tenant-redis/plugin/manifest"
	"github.com/tenant-redis/tenant-redis/plugin/tenant"
)

// mighty is a tenant with a rule of each kind that a manifest might get past.
const mighty = "  namespaces: [team-a]\n" +
	"  labels: {team: a}\n" +
	"  images: [{from: docker.io, to: mirror.test, optional: true}, {from: quay.io, to: mirror.test, optional: true}]\n" +
	"  otherImages: refuse\n" +
	"  access: {podLabels: {in: allow}, platformNamespaces: [monitoring], optional: true}\n" +
	"  resources: {onExcess: clamp, requests: {cpu: 100m}, limits: {memory: 64Mi}, optional: true}\n" +
	"  placement: {nodeSelector: {pool: a}, optional: true}\n" +
	"  sidecars: [{target: {group: apps, kind: Deployment}, instance: sess, optional: true}]\n" + declaredKinds +
	"    - {group: cilium.io, kind: CiliumNetworkPolicy, scope: Namespaced}\n"

// FuzzLikeKubernetes holds that what Kubernetes reads in the output satisfies
// every rule, or that there is an error: of tenant-post, or of Kubernetes.
func FuzzLikeKubernetes(f *testing.F) {
	team := teamA(f, mighty)
	seeds(f)
	for i := range int64(50) {
		f.Add([]byte(newWriter(i).stream()))
	}
	f.Fuzz(func(t *testing.T, stream []byte) { holdRules(t, team, stream) })
}

// TestLikeKubernetes is FuzzLikeKubernetes with manifests that are made of all ways
// of writing YAML. Enough of them must be rendered for the test to say something.
func TestLikeKubernetes(t *testing.T) {
	team := teamA(t, mighty)
	accepted, all := 0, 4_000
	for i := range all {
		if holdRules(t, team, []byte(newWriter(int64(i)).stream())) {
			accepted++
		}
	}
	require.Greater(t, accepted, all/12)
	require.Less(t, accepted, all*9/10)
}

// holdRules tells whether a stream is rendered and read by Kubernetes.
func holdRules(t *testing.T, team *tenant.Tenant, stream []byte) bool {
	t.Helper()
	result, err := Render(team, stream)
	if err != nil {
		return false
	}
	objects, err := asKubernetesReads(result.Bytes())
	if err != nil {
		return false
	}
	for _, o := range objects {
		require.NoError(t, o.violation(team), "input:\n%s\noutput:\n%s", stream, result.Bytes())
	}
	return true
}

// read is an object as the API server reads it.
type readObject struct {
	raw  map[string]any
	meta metav1.ObjectMeta
	kind string
	// typed is the object in the type of Kubernetes, if it has one.
	typed any
}

// asKubernetesReads reads a stream as Helm and the API server do: split into
// documents, lists taken apart, YAML made JSON, and JSON decoded strictly.
func asKubernetesReads(stream []byte) ([]readObject, error) {
	reader := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096)
	var all []readObject
	for {
		var raw runtime.RawExtension
		if err := reader.Decode(&raw); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if text := bytes.TrimSpace(raw.Raw); len(text) == 0 || string(text) == "null" {
			continue
		}
		objects, err := takeApart(raw.Raw)
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
	}
}

func takeApart(text []byte) ([]readObject, error) {
	// As unstructured.UnstructuredJSONScheme does: any letters will do.
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return nil, err
	}
	isList := slices.ContainsFunc(slices.Collect(keysOf(fields)), func(key string) bool { return strings.EqualFold(key, "items") })
	if !isList {
		o, err := decodeObject(text, fields)
		return []readObject{o}, err
	}
	var all []readObject
	for _, item := range list.Items {
		objects, err := takeApart(item)
		if err != nil {
			return nil, err
		}
		all = append(all, objects...)
	}
	return all, nil
}

func keysOf(fields map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range fields {
			if !yield(key) {
				return
			}
		}
	}
}

func decodeObject(text []byte, raw map[string]any) (readObject, error) {
	var head struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Metadata   metav1.ObjectMeta `json:"metadata"`
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &head); err != nil {
		return readObject{}, err
	}
	o := readObject{raw: raw, meta: head.Metadata, kind: head.Kind}
	switch head.APIVersion + "/" + head.Kind {
	case "apps/v1/Deployment":
		o.typed = &appsv1.Deployment{}
	case "v1/Pod":
		o.typed = &corev1.Pod{}
	case "v1/ConfigMap":
		o.typed = &corev1.ConfigMap{}
	case "batch/v1/CronJob":
		o.typed = &batchv1.CronJob{}
	case "v1/PodTemplate":
		o.typed = &corev1.PodTemplate{}
	case "v1/ReplicationController":
		o.typed = &corev1.ReplicationController{}
	case "v1/Service":
		o.typed = &corev1.Service{}
	case "policy/v1/PodDisruptionBudget":
		o.typed = &policyv1.PodDisruptionBudget{}
	case "rbac.authorization.k8s.io/v1/Role":
		o.typed = &rbacv1.Role{}
	case "rbac.authorization.k8s.io/v1/RoleBinding":
		o.typed = &rbacv1.RoleBinding{}
	case "networking.k8s.io/v1/NetworkPolicy":
		o.typed = &networkingv1.NetworkPolicy{}
	case "argoproj.io/v1alpha1/Rollout":
		o.typed = &struct {
			metav1.TypeMeta `json:",inline"`
			Metadata        metav1.ObjectMeta `json:"metadata"`
			Spec            struct {
				Template corev1.PodTemplateSpec `json:"template"`
				Agent    struct {
					Image string `json:"image"`
				} `json:"agent"`
			} `json:"spec"`
		}{}
	default:
		return o, nil
	}
	problems, err := kjson.UnmarshalStrict(text, o.typed)
	return o, errors.Join(append(problems, err)...)
}

// violation tells which rule the object breaks.
func (o readObject) violation(team *tenant.Tenant) error {
	if !slices.Contains([]string{"redis-system", "team-a"}, o.meta.Namespace) && o.kind != "Namespace" && o.kind != "AllowList" {
		return fmt.Errorf("%s is in the namespace %q", o.kind, o.meta.Namespace)
	}
	if err := labelled(o.meta, team); err != nil {
		return err
	}
	if o.isShared() && o.meta.Annotations["helm.sh/hook"] != "" && o.meta.Name == "x" {
		return errors.New("a hook of any name")
	}
	if strings.HasSuffix(o.kind, "NetworkPolicy") && o.kind != "NetworkPolicy" || slices.Contains([]string{"Endpoints", "ClusterRoleBinding"}, o.kind) {
		return fmt.Errorf("a %s", o.kind)
	}
	switch typed := o.typed.(type) {
	case *batchv1.CronJob:
		return podViolation(typed.Spec.JobTemplate.Spec.Template.Spec)
	case *corev1.PodTemplate:
		return podViolation(typed.Template.Spec)
	case *corev1.ReplicationController:
		if typed.Spec.Template == nil {
			return nil
		}
		return podViolation(typed.Spec.Template.Spec)
	case *corev1.Service:
		if len(typed.Spec.ExternalIPs) > 0 || strings.Contains(typed.Spec.ExternalName, ".team-b.svc") {
			return errors.New("a Service takes addresses of others")
		}
		if isOpen := typed.Spec.Type == corev1.ServiceTypeNodePort || typed.Spec.Type == corev1.ServiceTypeLoadBalancer; isOpen && typed.Spec.ExternalTrafficPolicy != corev1.ServiceExternalTrafficPolicyLocal {
			return errors.New("everyone gets in by a node")
		}
		return nil
	case *policyv1.PodDisruptionBudget:
		if selector := typed.Spec.Selector; o.isShared() && (selector == nil || selector.MatchLabels[tenant.Label] != "team-a") {
			return errors.New("a budget for others' Pods")
		}
		return nil
	case *rbacv1.Role:
		for _, rule := range typed.Rules {
			if o.isShared() && slices.Contains(rule.ResourceNames, "team-b") {
				return errors.New("rights to another's Secret")
			}
			if o.isShared() && (len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, "")) {
				return errors.New("rights to all objects")
			}
		}
		return nil
	case *rbacv1.RoleBinding:
		return o.bindingViolation(typed)
	case *appsv1.Deployment:
		if err := labelled(typed.Spec.Template.ObjectMeta, team); err != nil && typed.Spec.Template.Labels != nil {
			return err
		}
		return podViolation(typed.Spec.Template.Spec)
	case *corev1.Pod:
		if name := typed.Spec.ServiceAccountName + typed.Spec.DeprecatedServiceAccount; o.isShared() && strings.Contains(name, "operator") {
			return fmt.Errorf("the account %s", name)
		}
		return podViolation(typed.Spec)
	case *networkingv1.NetworkPolicy:
		return policyViolation(typed)
	case nil:
		return nil
	}
	text, err := json.Marshal(o.raw)
	if err != nil || o.kind != "Rollout" {
		return err
	}
	var rollout struct {
		Spec struct {
			Template corev1.PodTemplateSpec
			Agent    struct{ Image string }
		}
	}
	if err := json.Unmarshal(text, &rollout); err != nil {
		return err
	}
	return errors.Join(podViolation(rollout.Spec.Template.Spec), imageViolation(rollout.Spec.Agent.Image))
}

func (o readObject) isShared() bool { return o.meta.Namespace != "team-a" }

func (o readObject) bindingViolation(binding *rbacv1.RoleBinding) error {
	if o.isShared() {
		return fmt.Errorf("rights of the %s %s, which the stream does not have", binding.RoleRef.Kind, binding.RoleRef.Name)
	}
	for _, subject := range binding.Subjects {
		if subject.Kind != "ServiceAccount" && strings.HasPrefix(subject.Name, "system:") || subject.Kind == "ServiceAccount" && subject.Namespace != "team-a" && subject.Namespace != "redis-system" {
			return fmt.Errorf("rights for %s", subject.String())
		}
	}
	return nil
}

func labelled(meta metav1.ObjectMeta, team *tenant.Tenant) error {
	for key, value := range team.AllLabels() {
		if meta.Labels[key] != value {
			return fmt.Errorf("%s has %s=%q", meta.Name, key, meta.Labels[key])
		}
	}
	return nil
}

func podViolation(pod corev1.PodSpec) error {
	if pod.HostNetwork {
		return errors.New("everyone gets in by the node's address")
	}
	if pod.Resources != nil && pod.Resources.Requests.Cpu().Cmp(resource.MustParse("100m")) > 0 {
		return errors.New("a Pod as a whole requests more")
	}
	containers := slices.Concat(pod.InitContainers, pod.Containers)
	for _, c := range containers {
		limit, limited := c.Resources.Limits[corev1.ResourceMemory]
		if !limited || limit.Cmp(resource.MustParse("64Mi")) > 0 {
			return fmt.Errorf("a container has the limit %s", limit.String())
		}
		request, requested := c.Resources.Requests[corev1.ResourceCPU]
		if !requested {
			// As the API server has it.
			request = c.Resources.Limits[corev1.ResourceCPU]
		}
		if request.Cmp(resource.MustParse("100m")) > 0 {
			return fmt.Errorf("a container requests %s", request.String())
		}
		if err := imageViolation(c.Image); err != nil {
			return err
		}
	}
	for _, c := range pod.EphemeralContainers {
		if err := imageViolation(c.Image); err != nil {
			return err
		}
	}
	for _, volume := range pod.Volumes {
		if volume.Image != nil {
			if err := imageViolation(volume.Image.Reference); err != nil {
				return err
			}
		}
		if volume.CSI != nil {
			if err := imageViolation(volume.CSI.VolumeAttributes["image"]); err != nil {
				return err
			}
		}
	}
	return nil
}

func imageViolation(name string) error {
	read, ok := image.Parse(name)
	if name != "" && (!ok || !tenant.Within(read.Name, "mirror.test")) {
		return fmt.Errorf("the image %q", name)
	}
	return nil
}

func policyViolation(policy *networkingv1.NetworkPolicy) error {
	if policy.Namespace != "team-a" && policy.Spec.PodSelector.MatchLabels[tenant.Label] != "team-a" {
		return errors.New("a policy for others' Pods")
	}
	if types := policy.Spec.PolicyTypes; len(policy.Spec.Ingress) > 0 && len(types) > 0 && !slices.Contains(types, networkingv1.PolicyTypeIngress) {
		return errors.New("ingress does not count")
	}
	for _, rule := range policy.Spec.Ingress {
		if len(rule.From) == 0 {
			return errors.New("everyone gets in")
		}
		for _, peer := range rule.From {
			if peer.IPBlock != nil {
				return errors.New("addresses get in")
			}
			isPlatform := peer.NamespaceSelector != nil && slices.Equal(valuesAsked(peer.NamespaceSelector)[namespaceLabel], []string{"monitoring"})
			if (isPlatform || peer.NamespaceSelector == nil && policy.Namespace != "team-a") && len(valuesAsked(peer.PodSelector)) == 0 {
				return errors.New("all Pods of a namespace get in")
			}
			if isPlatform || peer.NamespaceSelector == nil {
				continue
			}
			expressions := peer.NamespaceSelector.MatchExpressions
			if peer.PodSelector == nil || peer.PodSelector.MatchLabels["in"] != "allow" || len(expressions) != 1 ||
				!slices.Equal(expressions[0].Values, []string{"redis-system", "team-a"}) {
				return errors.New("strangers get in")
			}
		}
	}
	return nil
}

// valuesAsked are the values that a selector asks for of each label.
func valuesAsked(selector *metav1.LabelSelector) map[string][]string {
	values := map[string][]string{}
	if selector == nil {
		return values
	}
	for _, expression := range selector.MatchExpressions {
		// mighty's clients have a label called in.
		if expression.Operator == metav1.LabelSelectorOpIn || expression.Operator == metav1.LabelSelectorOpExists && expression.Key == "in" {
			values[expression.Key] = expression.Values
		}
	}
	for key, value := range selector.MatchLabels {
		values[key] = []string{value}
	}
	return values
}

// writer writes manifests in every way that YAML has.
type writer struct {
	*rand.Rand
	anchors int
}

func newWriter(seed int64) *writer { return &writer{Rand: rand.New(rand.NewSource(seed))} }

type pairs []any

func (w *writer) one(values ...any) any { return values[w.Intn(len(values))] }

// often is value, and now and then something else.
func (w *writer) often(value any, others ...any) any {
	if w.Intn(12) > 0 {
		return value
	}
	return w.one(others...)
}

func (w *writer) stream() string {
	var b strings.Builder
	for range 1 + w.Intn(2) {
		b.WriteString(w.one("---\n", "---\n", "--- # x\n", "---\r\n", "").(string))
		object := w.object()
		if w.Intn(4) == 0 {
			object = pairs{"apiVersion", "v1", "kind", "List", "items", []any{object, w.often(w.object(), nil)}}
		}
		b.WriteString(w.value(object) + "\n")
	}
	return b.String()
}

func (w *writer) object() any {
	meta := pairs{"name", "x", "namespace", w.often("team-a", "", nil, "redis-system", "kube-system"), "labels", w.often(pairs{"team", w.one("b", "a")}, nil, pairs{}), "annotations", w.often(nil, pairs{"helm.sh/hook", "test"})}
	switch w.Intn(9) {
	case 5:
		return pairs{"apiVersion", "batch/v1", "kind", "CronJob", "metadata", meta, "spec", pairs{"jobTemplate", pairs{"spec", pairs{"template", w.template()}}}}
	case 6:
		return pairs{"apiVersion", "v1", "kind", w.one("PodTemplate", "ReplicationController"), "metadata", meta, w.one("template", "spec").(string), w.one(w.template(), pairs{"template", w.template()})}
	case 7:
		return w.one(w.rights(meta), w.traffic(meta))
	case 8:
		return pairs{"apiVersion", w.one("cilium.io/v2", "v1", "rbac.authorization.k8s.io/v1"), "kind", w.one("CiliumNetworkPolicy", "Endpoints", "ClusterRoleBinding", "LimitRange"), "metadata", meta}
	case 0:
		return pairs{"apiVersion", "v1", "kind", "Pod", "metadata", meta, "spec", w.pod()}
	case 1:
		return pairs{"apiVersion", "apps/v1", "kind", "Deployment", "metadata", meta, "spec", pairs{"template", w.template()}}
	case 2:
		return pairs{"apiVersion", "networking.k8s.io/v1", "kind", "NetworkPolicy", "metadata", meta, "spec", pairs{
			"podSelector", w.selector(), w.one("policyTypes", "egress").(string), w.often([]any{}, []any{"Egress"}, []any{"Ingress"}), "ingress", w.often([]any{w.often(pairs{"from", []any{w.peer()}}, nil, pairs{})}, nil),
		}}
	case 3:
		return pairs{"apiVersion", "argoproj.io/v1alpha1", "kind", "Rollout", "metadata", meta, "spec", pairs{"template", w.template(), "agent", pairs{"image", w.image()}}}
	default:
		return pairs{"apiVersion", "v1", "kind", "ConfigMap", "metadata", meta, "data", pairs{"a", w.often("b", "yes", "0o7")}}
	}
}

func (w *writer) rights(meta any) any {
	if w.Intn(2) == 0 {
		return pairs{"apiVersion", "rbac.authorization.k8s.io/v1", "kind", "Role", "metadata", meta, "rules", []any{
			pairs{"apiGroups", []any{""}, "resources", []any{"secrets"}, "verbs", []any{"get"}, "resourceNames", w.often([]any{"x"}, nil, []any{}, []any{"x", ""}, []any{nil}, []any{"team-b"})},
		}}
	}
	return pairs{
		"apiVersion", "rbac.authorization.k8s.io/v1", "kind", "RoleBinding", "metadata", meta,
		"roleRef",
		pairs{"kind", w.one("Role", "ClusterRole"), "name", "admin"},
		"subjects",
		[]any{pairs{"kind", w.one("ServiceAccount", "User", "Group"), "name", w.one("x", "system:authenticated"), "namespace", w.often("team-a", "team-b", nil)}},
	}
}

func (w *writer) traffic(meta any) any {
	if w.Intn(2) == 0 {
		return pairs{"apiVersion", "policy/v1", "kind", "PodDisruptionBudget", "metadata", meta, "spec", w.often(pairs{"selector", w.selector()}, nil)}
	}
	return pairs{"apiVersion", "v1", "kind", "Service", "metadata", meta, "spec", pairs{
		"externalName", w.often("a.example", "a.team-b.svc", "a.team-a.svc"), "externalIPs", w.often([]any{}, nil, []any{"10.0.0.1"}),
		"type", w.often("ClusterIP", "NodePort", "LoadBalancer"), "externalTrafficPolicy", w.one(nil, "Local"),
	}}
}

func (w *writer) selector() any {
	return w.often(pairs{"matchLabels", pairs{tenant.Label, w.often("team-a", "team-b", nil)}}, nil, pairs{}, pairs{"matchLabels", pairs{"a", "b"}})
}

func (w *writer) template() any {
	return pairs{"metadata", w.often(pairs{"labels", pairs{"team", "b"}}, nil), "spec", w.pod()}
}

func (w *writer) pod() any {
	p := pairs{
		"containers",
		[]any{w.container(), w.often(w.container(), nil)},
		"initContainers", w.often([]any{w.container()}, nil),
		"volumes",
		[]any{w.often(pairs{"name", "v", "image", pairs{"reference", w.image()}}, pairs{"name", "v", "csi", pairs{"driver", "d", "volumeAttributes", pairs{"image", w.image()}}})},
	}
	if w.Intn(3) == 0 {
		p = append(p, "hostNetwork", w.one(bare("yes"), bare("no"), bare("True"), bare("false"), bare("off")))
	}
	if w.Intn(12) == 0 {
		p = append(p, w.one("serviceAccountName", "serviceAccount").(string), w.one("default", "redis-operator"))
	}
	if w.Intn(12) == 0 {
		p = append(p, "resources", pairs{"requests", pairs{"cpu", w.one("50m", bare("8"))}})
	}
	if w.Intn(3) == 0 {
		p = append(p, "ephemeralContainers", []any{pairs{"name", "e", "image", w.image()}})
	}
	return p
}

func (w *writer) container() any {
	resources := pairs{"limits", pairs{
		"memory", w.one("1Gi", "32Mi", bare("0x100"), bare("1_000"), bare("1e9"), bare("010"), nil),
		"cpu", w.one("50m", bare("4")),
	}}
	if w.Intn(4) > 0 {
		resources = append(resources, "requests", pairs{"cpu", w.one("50m", bare("1"), bare("0.05"), bare("1_0"), nil)})
	}
	return pairs{"name", "a", "image", w.image(), "resources", w.often(resources, nil, pairs{})}
}

func (w *writer) image() any {
	return w.often(w.one("redis", "docker.io/library/redis:7", "mirror.test/a", "index.docker.io/evil/a:1", "quay.io/a/b",
		"QUAY.IO/a/b", "quay.io:443/a", "registry-1.docker.io/a/b"), "evil.example/a", "mirror.test.evil/a", "docker.io:80/a")
}

func (w *writer) peer() any {
	return w.often(pairs{
		"podSelector",
		pairs{},
		w.one("namespaceSelector", "namespaceSelector", "NamespaceSelector").(string),
		w.one(pairs{}, nil, pairs{"matchLabels", pairs{"kubernetes.io/metadata.name", w.one("monitoring", "x")}}),
	}, pairs{"podSelector", pairs{}}, nil, pairs{"ipBlock", pairs{"cidr", "0.0.0.0/0"}})
}

// bare is written as it is.
type bare string

func (w *writer) value(v any) string {
	prefix := ""
	if w.Intn(80) == 0 {
		w.anchors++
		prefix = fmt.Sprintf("&a%d ", w.anchors)
	}
	switch v := v.(type) {
	case nil:
		return prefix + w.one("null", "~", "").(string)
	case bare:
		return prefix + string(v)
	case string:
		return prefix + w.scalar(v)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = w.value(item)
		}
		if i := slices.Index(items, ""); i >= 0 {
			items[i] = "null"
		}
		return prefix + "[" + strings.Join(items, ", ") + "]"
	}
	return prefix + w.mapping(v.(pairs))
}

func (w *writer) mapping(p pairs) string {
	var entries []string
	for i := 0; i < len(p); i += 2 {
		entry := w.key(p[i].(string)) + ": " + w.value(p[i+1])
		switch w.Intn(250) {
		case 0:
			entry = w.one("<<", `! "<<"`, "!!merge a").(string) + ": {" + entry + "}"
		case 1:
			entry = "? " + strings.Replace(entry, ":", " :", 1)
		case 2:
			entry += ", " + w.key(p[i].(string)) + ": " + w.value(w.one("evil", nil, pairs{}, []any{}))
		}
		entries = append(entries, entry)
	}
	return "{" + strings.Join(entries, w.one(", ", ",\n ").(string)) + "}"
}

func (w *writer) key(key string) string {
	switch w.Intn(500) {
	case 0:
		return "!!binary " + base64.StdEncoding.EncodeToString([]byte(key))
	case 1:
		return "!!str " + key
	case 2:
		return strings.ToUpper(key)
	case 3:
		return fmt.Sprintf(`"\x%02x%s"`, key[0], key[1:])
	case 4, 5, 6, 7, 8:
		return "'" + key + "'"
	}
	return key
}

func (w *writer) scalar(text string) string {
	switch w.Intn(200) {
	case 0:
		return "!!binary " + base64.StdEncoding.EncodeToString([]byte(text))
	case 1:
		return "!!str " + text
	case 2:
		return "! " + text
	case 3, 4, 5, 6:
		return `"` + text + `"`
	}
	if text == "" {
		return `""`
	}
	return text
}

// FuzzScalars holds that a value is read as Kubernetes reads it.
func FuzzScalars(f *testing.F) {
	for _, seed := range []string{"yes", "yEs", "y", "On", "off", "0o7", "0x10", "1_0", "1e3", ".inf", "~", "", "2001-01-01", "1:30", "-0b1", "+1", "<<", "=", "a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stream := []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: redis-system}\nk: " + text + "\n" + "\"" + "l" + "\": 1\n")
		var want map[string]any
		// The tag ! leaves no trace in the tree, and makes a string of what stands
		// behind it.
		if kyaml.Unmarshal(stream, &want) != nil || len(want) != 5 || strings.Contains(text, "!") {
			return
		}
		doc, err := parsed(stream)
		if err != nil {
			return
		}
		if got, err := doc.Value("k"); err == nil && got != "" {
			require.Equal(t, want["k"], got)
		}
		if got, err := doc.Bool("k"); err == nil && want["k"] != nil {
			require.Equal(t, want["k"], got)
		}
		if got, err := doc.Number("k"); err == nil && want["k"] != nil {
			require.EqualValues(t, want["k"], got)
		}
	})
}

// TestBooleans holds that the words of YAML 1.1 are booleans as Kubernetes has them, in
// whatever letters.
func TestBooleans(t *testing.T) {
	for _, word := range []string{"y", "yes", "on", "true", "n", "no", "off", "false"} {
		for _, text := range []string{word, strings.ToUpper(word), strings.ToUpper(word[:1]) + word[1:], word[:1] + strings.ToUpper(word[1:])} {
			stream := []byte("k: " + text + "\n")
			var want map[string]any
			require.NoError(t, kyaml.Unmarshal(stream, &want))
			doc, err := parsed(stream)
			require.NoError(t, err)
			got, err := doc.Bool("k")
			isBool, isOne := want["k"].(bool)
			require.Equal(t, isOne, err == nil, text)
			require.Equal(t, isBool, got, text)
		}
	}
}

// FuzzKeys holds that a key is read as Kubernetes reads it, or refused.
func FuzzKeys(f *testing.F) {
	for _, seed := range []string{"yes", "n", "0o7", "0x10", "1_0", "1e3", "1.10", "1.5", "~", "2001-01-01", "80", "080", "'a'", "\"\\x61\"", "<<"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stream := []byte("k:\n  " + text + ": v\n")
		var want map[string]any
		if kyaml.Unmarshal(stream, &want) != nil || len(want) != 1 {
			return
		}
		inner, ok := want["k"].(map[string]any)
		doc, err := parsed(stream)
		if !ok || err != nil {
			return
		}
		found, err := doc.Find("k")
		require.NoError(t, err)
		require.ElementsMatch(t, slices.Collect(keysOf(inner)), found[0].Keys())
	})
}

// parsed returns the root of a document.
func parsed(text []byte) (manifest.Node, error) {
	doc, err := manifest.Parse(manifest.Piece{Text: text, Line: 1})
	if err != nil {
		return manifest.Node{}, err
	}
	root, ok := doc.Root()
	if !ok {
		return root, errors.New("nothing")
	}
	return root, nil
}
