package golive

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// master is the only Redis that says it is.
func (i *instance) master() (redisNode, error) {
	var masters []redisNode
	var names []string
	for _, node := range i.redis {
		if node.role == "master" {
			masters, names = append(masters, node), append(names, node.pod)
		}
	}
	if len(masters) != 1 {
		return redisNode{}, fmt.Errorf("%d Redis say that they are master: %s", len(masters), orNone(names))
	}
	return masters[0], nil
}

func checkMaster(_ context.Context, i *instance) (string, error) {
	master, err := i.master()
	return fmt.Sprintf("%s, %s", master.pod, master.address), err
}

func checkReplicas(_ context.Context, i *instance) (string, error) {
	master, err := i.master()
	if err != nil {
		return "", err
	}
	linked := 0
	for _, node := range i.redis {
		switch {
		case node.err != nil:
			return "", fmt.Errorf("%s does not answer: %w", node.pod, node.err)
		case node.pod == master.pod:
		case node.master != master.address:
			return "", fmt.Errorf("%s follows %s, not the master %s", node.pod, node.master, master.address)
		case node.link != "connected":
			return "", fmt.Errorf("%s has no link to the master yet: %s", node.pod, node.link)
		default:
			linked++
		}
	}
	seen := fmt.Sprintf("%d of %d linked to %s", linked, i.asked(redisComponent)-1, master.pod)
	if linked != i.asked(redisComponent)-1 {
		return "", errors.New(seen)
	}
	return seen, nil
}

func checkSentinels(_ context.Context, i *instance) (string, error) {
	master, err := i.master()
	if err != nil {
		return "", err
	}
	for _, node := range i.sentinels {
		switch {
		case node.err != nil:
			return "", fmt.Errorf("%s does not answer: %w", node.pod, node.err)
		case node.master != master.address:
			return "", fmt.Errorf("%s names %s, not the master %s", node.pod, node.master, master.address)
		case node.replicas != i.asked(redisComponent)-1:
			return "", fmt.Errorf("%s knows %d replicas, not %d", node.pod, node.replicas, i.asked(redisComponent)-1)
		case node.others != i.asked(sentinelComponent)-1:
			return "", fmt.Errorf("%s knows %d other Sentinels, not %d", node.pod, node.others, i.asked(sentinelComponent)-1)
		}
	}
	if len(i.sentinels) != i.asked(sentinelComponent) {
		return "", fmt.Errorf("%d of %d Sentinels are there", len(i.sentinels), i.asked(sentinelComponent))
	}
	return fmt.Sprintf("all %d name %s", len(i.sentinels), master.pod), nil
}

// lastEpoch is far beyond what elections reach, of which each takes one.
const lastEpoch = 1 << 60

func checkQuorum(_ context.Context, i *instance) (string, error) {
	if len(i.sentinels) == 0 {
		return "", errors.New("there is no Sentinel")
	}
	majority := i.asked(sentinelComponent)/2 + 1
	for _, node := range i.sentinels {
		if err := errors.Join(node.err, node.quorum); err != nil {
			return "", fmt.Errorf("%s: %w", node.pod, err)
		}
		if node.epoch > lastEpoch {
			return "", fmt.Errorf("%s has voted at epoch %d, after which there are none", node.pod, node.epoch)
		}
		if node.wanted != majority {
			return "", fmt.Errorf("%s wants a quorum of %d, not %d", node.pod, node.wanted, majority)
		}
	}
	return fmt.Sprintf("all %d Sentinels see the quorum of %d", len(i.sentinels), majority), nil
}

func checkPassword(ctx context.Context, i *instance) (string, error) {
	if i.want.Spec.Auth.SecretPath == "" {
		return "auth is off", errSkipped
	}
	for _, node := range i.redis {
		if node.client == nil {
			return "", fmt.Errorf("%s: %w", node.pod, node.err)
		}
		err := node.stranger.Ping(ctx).Err()
		if err == nil {
			return "", fmt.Errorf("%s answers without the password", node.pod)
		}
		if !strings.HasPrefix(err.Error(), "NOAUTH") {
			return "", fmt.Errorf("%s: %w", node.pod, err)
		}
		if err := node.client.Ping(ctx).Err(); err != nil {
			return "", fmt.Errorf("%s, with the password: %w", node.pod, err)
		}
	}
	return "all Redis refuse those without it", nil
}

// fullest is how much of maxmemory may be used, in per cent.
const fullest = 90

func checkMemory(ctx context.Context, i *instance) (string, error) {
	for _, node := range i.redis {
		if node.client == nil {
			return "", fmt.Errorf("%s: %w", node.pod, node.err)
		}
		answer, err := node.client.Info(ctx, "memory").Result()
		if err != nil {
			return "", fmt.Errorf("%s: %w", node.pod, err)
		}
		fields := info(answer)
		allowed, allowedErr := strconv.ParseInt(fields["maxmemory"], 10, 64)
		used, usedErr := strconv.ParseInt(fields["used_memory"], 10, 64)
		limit := i.memoryLimit(node.pod)
		switch {
		case allowedErr != nil || usedErr != nil:
			return "", fmt.Errorf("%s does not say what it uses", node.pod)
		case allowed == 0:
			return "", fmt.Errorf("%s has no maxmemory", node.pod)
		case limit > 0 && allowed >= limit:
			return "", fmt.Errorf("maxmemory of %s is %d bytes, and the container's limit %d", node.pod, allowed, limit)
		case used*100 > allowed*fullest:
			return "", fmt.Errorf("%s uses %d of %d bytes", node.pod, used, allowed)
		}
	}
	return "maxmemory is set, and there is room", nil
}

// memoryLimit is that of the Redis container of a Pod, 0 for none.
func (i *instance) memoryLimit(name string) int64 {
	for _, pod := range i.pods[redisComponent] {
		for _, container := range pod.Spec.Containers {
			if pod.Name == name && container.Name == redisComponent {
				return container.Resources.Limits.Memory().Value()
			}
		}
	}
	return 0
}

func checkData(ctx context.Context, i *instance) (string, error) {
	master, err := i.master()
	if err != nil {
		return "", err
	}
	key, want := "tenant-redis:golive:"+rand.Text(), "written"
	connection := master.client.Conn()
	defer func() { _ = connection.Close() }()
	if err := connection.Set(ctx, key, want, time.Minute).Err(); err != nil {
		return "", fmt.Errorf("writing to %s: %w", master.pod, err)
	}
	replicas := i.asked(redisComponent) - 1
	reached, err := connection.Wait(ctx, replicas, answerTimeout/2).Result()
	if err != nil {
		return "", fmt.Errorf("waiting for the replicas of %s: %w", master.pod, err)
	}
	if got, err := connection.Get(ctx, key).Result(); err != nil || got != want {
		return "", errors.Join(fmt.Errorf("%s does not return what was written", master.pod), err)
	}
	if err := connection.Del(ctx, key).Err(); err != nil {
		return "", fmt.Errorf("removing from %s: %w", master.pod, err)
	}
	if int(reached) < replicas {
		return "", fmt.Errorf("the key has reached %d of %d replicas", reached, replicas)
	}
	return "a key was written, replicated, read and removed", nil
}
