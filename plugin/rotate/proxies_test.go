package rotate

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
)

// TestProxiesThatDoNotRestart holds that nobody waits for what cannot come, and that who is
// to do something about it is told what.
func TestProxiesThatDoNotRestart(t *testing.T) {
	t.Parallel()
	meta := metav1.ObjectMeta{Namespace: namespace, Name: name + "-proxy"}
	deployment := func(paused bool) runtime.Object {
		return &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Paused: paused}}
	}
	proxy := func(phase corev1.PodPhase, deleted *metav1.Time) runtime.Object {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "p", Labels: reach.Labels(name, reach.Proxy), DeletionTimestamp: deleted},
			Spec:       corev1.PodSpec{NodeName: "node-1"}, Status: corev1.PodStatus{Phase: phase},
		}
	}
	for what, test := range map[string]struct {
		objects []runtime.Object
		want    string
		patches bool
	}{
		"ended well":         {[]runtime.Object{deployment(false), proxy(corev1.PodSucceeded, nil)}, "", false},
		"ended badly":        {[]runtime.Object{deployment(false), proxy(corev1.PodFailed, nil)}, "", false},
		"without Deployment": {[]runtime.Object{proxy(corev1.PodRunning, &metav1.Time{Time: serverTime()})}, "", false},
		"paused": {
			[]runtime.Object{deployment(true), proxy(corev1.PodRunning, nil)},
			"the Deployment redis-system/lab-proxy is paused, and its proxies have the old password: kubectl rollout resume deployment/lab-proxy --namespace redis-system", false,
		},
		"on a lost node": {
			[]runtime.Object{deployment(false), proxy(corev1.PodRunning, &metav1.Time{Time: serverTime()})},
			"the proxy p still has the old password and does not end: once its node node-1 is gone, kubectl delete pod p --namespace redis-system --force", true,
		},
		"slow": {[]runtime.Object{deployment(false), proxy(corev1.PodRunning, nil)}, "the proxy p still has the old password\n", true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			client := fake.NewClientset(test.objects...)
			i := Instance{Client: client, Namespace: namespace, Name: name, Say: t.Logf}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			restarted, err := i.restartProxies(ctx, state{settled: serverTime()})
			require.False(t, restarted)
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.want)
			}
			patched := false
			for _, action := range client.Actions() {
				patched = patched || action.GetVerb() == "patch"
			}
			require.Equal(t, test.patches, patched)
		})
	}
}
