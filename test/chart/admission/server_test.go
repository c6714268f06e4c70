package admission

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

// policyName is that of the policy and of its binding.
const policyName = "redis-operator-redis-system-provenance"

var (
	failovers = schema.GroupVersionResource{Group: "databases.spotahome.com", Version: "v1", Resource: "redisfailovers"}
	failover  = failovers.GroupVersion().WithKind("RedisFailover")
)

// server is the API server's code for admission policies, with the chart's.
type server struct{ *validating.Plugin }

func newServer(t *testing.T, v render.Values) server {
	t.Helper()
	objects := chart.Objects(t, v)
	policy := render.Get[admissionv1.ValidatingAdmissionPolicy](t, objects, "ValidatingAdmissionPolicy/"+policyName)
	binding := render.Get[admissionv1.ValidatingAdmissionPolicyBinding](t, objects, "ValidatingAdmissionPolicyBinding/"+policyName)
	setDefaults(&policy, &binding)
	client := fake.NewClientset(&policy, &binding, namespace(system), namespace(other))
	factory := informers.NewSharedInformerFactory(client, 0)

	plugin, err := validating.NewPlugin(nil)
	require.NoError(t, err)
	plugin.SetExternalKubeClientSet(client)
	plugin.SetExternalKubeInformerFactory(factory)
	plugin.SetDynamicClient(dynamicfake.NewSimpleDynamicClient(runtime.NewScheme()))
	plugin.SetRESTMapper(meta.NewDefaultRESTMapper(nil))
	plugin.SetUnconditionalAuthorizer(unasked{})
	plugin.SetDrainedNotification(t.Context().Done())
	require.NoError(t, plugin.ValidateInitialization())
	factory.Start(t.Context().Done())
	require.True(t, plugin.WaitForReady())
	return server{plugin}
}

// setDefaults fills in what the API server does when it stores the objects.
func setDefaults(policy *admissionv1.ValidatingAdmissionPolicy, binding *admissionv1.ValidatingAdmissionPolicyBinding) {
	if binding.Spec.MatchResources == nil {
		binding.Spec.MatchResources = &admissionv1.MatchResources{}
	}
	for _, match := range []*admissionv1.MatchResources{policy.Spec.MatchConstraints, binding.Spec.MatchResources} {
		if match.NamespaceSelector == nil {
			match.NamespaceSelector = &metav1.LabelSelector{}
		}
		match.ObjectSelector, match.MatchPolicy = &metav1.LabelSelector{}, new(admissionv1.Equivalent)
		for i := range match.ResourceRules {
			match.ResourceRules[i].Scope = new(admissionv1.AllScopes)
		}
	}
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}}}
}

// unasked is an authorizer for policies that ask for no rights.
type unasked struct{}

func (unasked) Authorize(context.Context, authorizer.Attributes) (authorizer.Decision, string, error) {
	panic("the policy asks for rights")
}

// request is one that reaches the API server; before is nil for a new object,
// after for one that goes.
type request struct {
	before, after *unstructured.Unstructured
	subresource   string
}

// ask returns why the API server refuses a request, or nil.
func (s server) ask(t *testing.T, r request) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// An interface that holds a nil pointer is not nil.
	var before, after runtime.Object
	operation, object := admission.Update, r.after
	if r.before != nil {
		before = r.before
	} else {
		operation = admission.Create
	}
	if r.after != nil {
		after = r.after
	} else {
		operation, object = admission.Delete, r.before
	}
	attributes := admission.NewAttributesRecord(after, before, failover, object.GetNamespace(), object.GetName(), failovers, r.subresource,
		operation, nil, false, &user.DefaultInfo{Name: "helm"})
	if !s.Handles(operation) {
		return nil
	}
	return s.Validate(ctx, attributes, admission.NewObjectInterfacesFromScheme(runtime.NewScheme()))
}
