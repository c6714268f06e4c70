package rotate

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
)

// nextOf is a Pod that may have started with the old password, a replica if there is one,
// and nil if there is none. Its other containers have the old password, too.
func (i Instance) nextOf(ctx context.Context, s state) (*corev1.Pod, error) {
	pods, err := i.pods(ctx, reach.Redis)
	if err != nil {
		return nil, err
	}
	var master *corev1.Pod
	for _, pod := range pods {
		// Kubernetes' times have no fractions of a second.
		if pod.CreationTimestamp.After(s.settled) {
			continue
		}
		replica := false
		err := i.withClient(ctx, pod.Name, reach.Port(pod, reach.Redis), "", []string{s.current}, func(client *redis.Client) error {
			replication, err := reach.AskRole(ctx, client)
			replica = replication.Role == "slave"
			return err
		})
		if err != nil {
			return nil, err
		}
		if replica {
			return &pod, nil
		}
		master = &pod
	}
	return master, nil
}

// replace evicts a Pod, as a drain does, and waits for the one that follows.
func (i Instance) replace(ctx context.Context, pod *corev1.Pod) error {
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace}}
	var problem error
	err := wait.PollUntilContextTimeout(ctx, interval, podReplaced, true, func(ctx context.Context) (bool, error) {
		problem = i.Client.PolicyV1().Evictions(pod.Namespace).Evict(ctx, eviction)
		// Its budget has no room yet.
		if apierrors.IsTooManyRequests(problem) {
			return false, nil
		}
		return true, problem
	})
	if err != nil {
		return fmt.Errorf("cannot evict %s: %w; run this again", pod.Name, errors.Join(problem, err))
	}
	err = wait.PollUntilContextTimeout(ctx, interval, podReplaced, true, func(ctx context.Context) (bool, error) {
		now, err := i.Client.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		return err == nil && now.UID != pod.UID && ready(now), nil
	})
	if err != nil {
		return fmt.Errorf("%s is not back: %w; run this again", pod.Name, err)
	}
	return nil
}

func ready(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
