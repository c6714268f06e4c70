//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// checkQuota has the API server judge the instance's Pods in a namespace with a
// ResourceQuota, without making them: docs/limits.md says which fit.
func checkQuota(t *testing.T, i *framework.Instance) {
	t.Helper()
	namespace := i.Name + "-quota"
	framework.Namespace(t, namespace)
	client := framework.Client(t)
	quota := func(name string, bounded ...corev1.ResourceName) {
		hard := corev1.ResourceList{}
		for _, of := range bounded {
			hard[of] = resource.MustParse("1Ti")
		}
		_, err := client.CoreV1().ResourceQuotas(namespace).Create(t.Context(), &corev1.ResourceQuota{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.ResourceQuotaSpec{Hard: hard},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	pods := []corev1.Pod{i.Pods(t, "redis")[0], i.Pods(t, "sentinel")[0]}
	// says waits for the API server's answer about each Pod: it learns of a quota a moment
	// after that is made.
	says := func(answer string) {
		t.Helper()
		for _, pod := range pods {
			var latest string
			require.Eventually(t, func() bool {
				own := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: pod.Name}, Spec: *pod.Spec.DeepCopy()}
				own.Spec.NodeName, own.Spec.ServiceAccountName, own.Spec.DeprecatedServiceAccount = "", "default", "default"
				latest = "created"
				if _, err := client.CoreV1().Pods(namespace).Create(t.Context(), own, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err != nil {
					latest = err.Error()
				}
				return strings.Contains(latest, answer)
			}, 20*time.Second, 500*time.Millisecond, "%s: not %q", pod.Name, answer)
			t.Logf("%s: %s", pod.Name, latest)
		}
	}
	quota("fits", corev1.ResourceRequestsCPU, corev1.ResourceRequestsMemory, corev1.ResourceLimitsMemory, corev1.ResourceRequestsEphemeralStorage, corev1.ResourceLimitsEphemeralStorage)
	says("created")
	quota("cpu", corev1.ResourceLimitsCPU)
	says("must specify limits.cpu")
	_, err := client.CoreV1().LimitRanges(namespace).Create(t.Context(), &corev1.LimitRange{
		ObjectMeta: metav1.ObjectMeta{Name: "cpu"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
			Type: corev1.LimitTypeContainer, Default: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")},
		}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	says("created")
}
