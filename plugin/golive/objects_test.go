package golive

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// TestWhyAPodIsNotReady holds that an image which cannot run, or a request which fits
// nowhere, is told by name.
func TestWhyAPodIsNotReady(t *testing.T) {
	ended := func(status int32) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: status}}
	}
	waits := func(reason string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}
	}
	for want, status := range map[string]corev1.PodStatus{
		"": {
			Conditions:        []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: "redis", Ready: true, LastTerminationState: ended(1)}, {Name: "exporter"}},
		},
		": 0/4 nodes are available: 4 Insufficient cpu.": {
			Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/4 nodes are available: 4 Insufficient cpu."}},
		},
		": redis, ImagePullBackOff, image redis:lts": {
			ContainerStatuses: []corev1.ContainerStatus{{Name: "redis", Image: "redis:lts", State: waits("ImagePullBackOff")}},
		},
		": redis, CrashLoopBackOff, ended with 127, image haproxy:lts": {
			ContainerStatuses: []corev1.ContainerStatus{
				{Name: "exporter", Ready: true, LastTerminationState: ended(2)},
				{Name: "redis", Image: "haproxy:lts", State: waits("CrashLoopBackOff"), LastTerminationState: ended(127)},
			},
		},
		": redis, ended with 127, image haproxy:lts": {
			ContainerStatuses: []corev1.ContainerStatus{{Name: "redis", Image: "haproxy:lts", LastTerminationState: ended(127)}},
		},
	} {
		require.Equal(t, want, why(corev1.Pod{Status: status}))
	}
}
