package rotate

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
)

// restartProxies has those start again that may have the old password, which they read when
// they start, and tells whether there were any. What an application has in its own Pods is
// for the tenant to restart.
func (i Instance) restartProxies(ctx context.Context, s state) (bool, error) {
	since := s.settled.UTC().Format(time.RFC3339)
	old, err := i.oldProxy(ctx, since)
	if err != nil || old == nil {
		return false, err
	}
	i.Say("restarting the proxies, which have started with the old password")
	patch := fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{%q:%q}}}}}`, settledKey, since)
	name := i.Name + "-proxy"
	if _, err := i.Client.AppsV1().Deployments(i.Namespace).Patch(ctx, name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		return false, fmt.Errorf("cannot restart the Deployment %s/%s: %w; run this again", i.Namespace, name, err)
	}
	err = wait.PollUntilContextTimeout(ctx, interval, podReplaced, true, func(ctx context.Context) (bool, error) {
		var problem error
		old, problem = i.oldProxy(ctx, since)
		return old == nil, problem
	})
	if old != nil {
		err = errors.Join(fmt.Errorf("the proxy %s still has the old password", old.Name), err)
	}
	if err != nil {
		return false, fmt.Errorf("the proxies have not restarted: %w; run this again", err)
	}
	return true, nil
}

// oldProxy is one that its Deployment has not restarted since then, nil if there is none.
// Its annotation tells, since one that started within the same second may be either. What has
// ended, such as by a node's shutdown, asks nobody any more, and nothing removes it.
func (i Instance) oldProxy(ctx context.Context, since string) (*corev1.Pod, error) {
	pods, err := reach.Pods(ctx, i.Client, i.Namespace, i.Name, reach.Proxy)
	if err != nil {
		return nil, err
	}
	for _, pod := range pods {
		if pod.Annotations[settledKey] != since && pod.Status.Phase != corev1.PodFailed {
			return &pod, nil
		}
	}
	return nil, nil
}
