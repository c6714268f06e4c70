package rotate

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	name := i.Name + "-proxy"
	deployment, err := i.Client.AppsV1().Deployments(i.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return false, nil // They are about to go.
	case err != nil:
		return false, fmt.Errorf("cannot read the Deployment %s/%s: %w; run this again", i.Namespace, name, err)
	case deployment.Spec.Paused:
		return false, fmt.Errorf("the Deployment %s/%s is paused, and its proxies have the old password: kubectl rollout resume deployment/%s --namespace %s, and run this again", i.Namespace, name, name, i.Namespace)
	}
	i.Say("restarting the proxies, which have started with the old password")
	patch := fmt.Sprintf(`{"spec":{"template":{"metadata":{"annotations":{%q:%q}}}}}`, settledKey, since)
	if _, err := i.Client.AppsV1().Deployments(i.Namespace).Patch(ctx, name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		return false, fmt.Errorf("cannot restart the Deployment %s/%s: %w; run this again", i.Namespace, name, err)
	}
	err = wait.PollUntilContextTimeout(ctx, interval, podReplaced, true, func(ctx context.Context) (bool, error) {
		var problem error
		old, problem = i.oldProxy(ctx, since)
		return old == nil, problem
	})
	if old != nil {
		err = errors.Join(stillOld(old), err)
	}
	if err != nil {
		return false, fmt.Errorf("the proxies have not restarted: %w; run this again", err)
	}
	return true, nil
}

// stillOld names a proxy that has not gone. On a node that answers no more it may still
// serve: only who knows that the node is gone can tell Kubernetes so.
func stillOld(proxy *corev1.Pod) error {
	if proxy.DeletionTimestamp == nil {
		return fmt.Errorf("the proxy %s still has the old password", proxy.Name)
	}
	return fmt.Errorf("the proxy %s still has the old password and does not end: once its node %s is gone, kubectl delete pod %s --namespace %s --force",
		proxy.Name, proxy.Spec.NodeName, proxy.Name, proxy.Namespace)
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
		if pod.Annotations[settledKey] != since && pod.Status.Phase != corev1.PodFailed && pod.Status.Phase != corev1.PodSucceeded {
			return &pod, nil
		}
	}
	return nil, nil
}
