package topology

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// answerTimeout bounds one question to one Pod: a frozen Redis never answers.
const answerTimeout = 5 * time.Second

const (
	askRedis    = `REDISCLI_AUTH=$REDIS_PASSWORD redis-cli --json ROLE`
	askSentinel = `for question in "SENTINEL MASTER mymaster" "SENTINEL CKQUORUM mymaster" "INFO sentinel"; do redis-cli -p 26379 --json $question; done`
)

// Instance names one tenant's Redis and how to reach its cluster.
type Instance struct {
	Namespace, Name string
	// Kubeconfig is a file's path; empty means kubectl's own choice.
	Kubeconfig string
}

// Read asks every Pod of the instance, through kubectl. An error means that
// the cluster did not answer; a silent Pod is part of the topology.
func (i Instance) Read(ctx context.Context) (Topology, error) {
	var t Topology
	pods, err := i.pods(ctx, "redis")
	if err != nil {
		return t, err
	}
	for _, pod := range pods {
		answer, err := i.ask(ctx, pod.name, "redis", askRedis)
		var r Redis
		if err == nil {
			r, err = parseRole(answer)
		}
		r.Pod, r.IP, r.Ready, r.Err = pod.name, pod.ip, pod.ready, err
		t.Redis = append(t.Redis, r)
	}

	if pods, err = i.pods(ctx, "sentinel"); err != nil {
		return t, err
	}
	for _, pod := range pods {
		answer, err := i.ask(ctx, pod.name, "sentinel", askSentinel)
		var s Sentinel
		if err == nil {
			s, err = parseSentinel(answer)
		}
		s.Pod, s.Ready, s.Err = pod.name, pod.ready, err
		t.Sentinels = append(t.Sentinels, s)
	}
	return t, nil
}

// Want reads from the RedisFailover what the instance was asked to be.
func (i Instance) Want(ctx context.Context) (Want, error) {
	out, err := i.kubectl(ctx, "get", "redisfailover", i.Name, "-o", "json")
	if err != nil {
		return Want{}, err
	}
	var failover struct {
		Spec struct {
			Redis, Sentinel struct{ Replicas int }
		}
	}
	if err := json.Unmarshal([]byte(out), &failover); err != nil {
		return Want{}, fmt.Errorf("reading RedisFailover %s: %w", i.Name, err)
	}
	return Want{Redis: failover.Spec.Redis.Replicas, Sentinels: failover.Spec.Sentinel.Replicas}, nil
}

type pod struct {
	name, ip string
	ready    bool
}

// pods lists the Pods of one component that are not on their way out.
func (i Instance) pods(ctx context.Context, component string) ([]pod, error) {
	selector := fmt.Sprintf("app.kubernetes.io/name=%s,app.kubernetes.io/component=%s,app.kubernetes.io/part-of=redis-failover", i.Name, component)
	out, err := i.kubectl(ctx, "get", "pods", "--selector", selector, "-o", "json")
	if err != nil {
		return nil, err
	}
	var list corev1.PodList
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return nil, fmt.Errorf("reading the Pods of %s: %w", i.Name, err)
	}
	var pods []pod
	for _, item := range list.Items {
		if item.DeletionTimestamp != nil {
			continue
		}
		ready := slices.ContainsFunc(item.Status.Conditions, func(c corev1.PodCondition) bool {
			return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
		})
		pods = append(pods, pod{item.Name, item.Status.PodIP, ready})
	}
	return pods, nil
}

func (i Instance) ask(ctx context.Context, pod, container, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	return i.kubectl(ctx, "exec", pod, "--container", container, "--", "sh", "-c", command)
}

func (i Instance) kubectl(ctx context.Context, args ...string) (string, error) {
	flags := []string{"--namespace", i.Namespace}
	if i.Kubeconfig != "" {
		flags = append(flags, "--kubeconfig", i.Kubeconfig)
	}
	cmd := exec.CommandContext(ctx, "kubectl", append(flags, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", errors.New(strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
