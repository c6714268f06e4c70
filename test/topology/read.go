package topology

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

const (
	component = "app.kubernetes.io/component"

	askRedis = `REDISCLI_AUTH=$REDIS_PASSWORD redis-cli --json ROLE`
	// At epoch 0 it votes for nobody, and tells of the last time that it did.
	askSentinel = `for question in "SENTINEL MASTER mymaster" "SENTINEL CKQUORUM mymaster" "SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 6379 0 0000000000000000000000000000000000000000" "INFO sentinel"; do redis-cli -p 26379 --json $question; done`
)

// Instance names one tenant's Redis and how to reach its cluster.
type Instance struct {
	Namespace, Name string
	// Kubeconfig is a file's path; empty means kubectl's own choice.
	Kubeconfig string
}

// Read asks every Pod of the instance. An error means that the cluster did not
// answer; a silent Pod is part of the topology.
func (i Instance) Read(ctx context.Context) (Topology, error) {
	c, err := i.connect()
	if err != nil {
		return Topology{}, err
	}
	pods, err := c.pods(ctx)
	if err != nil {
		return Topology{}, err
	}
	return c.ask(ctx, pods), nil
}

// ask asks each Pod what it is.
func (c cluster) ask(ctx context.Context, pods []corev1.Pod) Topology {
	var t Topology
	for _, pod := range pods {
		switch pod.Labels[component] {
		case "redis":
			answer, err := c.exec(ctx, pod.Name, "redis", askRedis)
			var r Redis
			if err == nil {
				r, err = parseRole(answer)
			}
			r.Pod, r.IP, r.Port, r.Err = pod.Name, pod.Status.PodIP, "6379", err
			t.Redis = append(t.Redis, r)
		case "sentinel":
			answer, err := c.exec(ctx, pod.Name, "sentinel", askSentinel)
			var s Sentinel
			if err == nil {
				s, err = parseSentinel(answer)
			}
			s.Pod, s.Err = pod.Name, err
			t.Sentinels = append(t.Sentinels, s)
		}
	}
	return t
}

func ready(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
