package golive

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tenant-redis/tenant-redis/plugin/serving"
)

// master is the only Redis that says it is.
func (i *instance) master() (serving.Redis, error) {
	master, found := i.topology.Master()
	if !found {
		return master, i.problem(serving.Master)
	}
	return master, nil
}

// problem is what the topology's checks say to one of them.
func (i *instance) problem(check string) error {
	var found []string
	for _, problem := range i.topology.Problems(i.asked()) {
		if problem.Check == check {
			found = append(found, problem.Text)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return errors.New(strings.Join(found, "; "))
}

func checkMaster(_ context.Context, i *instance) (string, error) {
	master, err := i.master()
	return fmt.Sprintf("%s, %s", master.Pod, master.Address()), err
}

func checkReplicas(_ context.Context, i *instance) (string, error) {
	master, err := i.master()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("all %d linked to %s", i.asked().Redis-1, master.Pod), i.problem(serving.Replicas)
}

func checkSentinels(_ context.Context, i *instance) (string, error) {
	master, err := i.master()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("all %d name %s", i.asked().Sentinels, master.Pod), i.problem(serving.Sentinels)
}

func checkQuorum(_ context.Context, i *instance) (string, error) {
	return fmt.Sprintf("all %d Sentinels see the quorum of %d", i.asked().Sentinels, i.asked().Majority()), i.problem(serving.Quorum)
}

func checkPassword(ctx context.Context, i *instance) (string, error) {
	if i.want.Spec.Auth.SecretPath == "" {
		return "auth is off", errSkipped
	}
	for _, node := range i.clients {
		if node.err != nil {
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
	for _, node := range i.clients {
		if node.err != nil {
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

// client is that of a Redis which has answered.
func (i *instance) client(pod string) *redis.Client {
	at := slices.IndexFunc(i.clients, func(clients redisClients) bool { return clients.pod == pod })
	return i.clients[at].client
}

func checkData(ctx context.Context, i *instance) (string, error) {
	master, err := i.master()
	if err != nil {
		return "", err
	}
	key, want := "tenant-redis:golive:"+rand.Text(), "written"
	connection := i.client(master.Pod).Conn()
	defer func() { _ = connection.Close() }()
	if err := connection.Set(ctx, key, want, time.Minute).Err(); err != nil {
		return "", fmt.Errorf("writing to %s: %w", master.Pod, err)
	}
	replicas := i.asked().Redis - 1
	reached, err := connection.Wait(ctx, replicas, answerTimeout/2).Result()
	if err != nil {
		return "", fmt.Errorf("waiting for the replicas of %s: %w", master.Pod, err)
	}
	if got, err := connection.Get(ctx, key).Result(); err != nil || got != want {
		return "", errors.Join(fmt.Errorf("%s does not return what was written", master.Pod), err)
	}
	if err := connection.Del(ctx, key).Err(); err != nil {
		return "", fmt.Errorf("removing from %s: %w", master.Pod, err)
	}
	if int(reached) < replicas {
		return "", fmt.Errorf("the key has reached %d of %d replicas", reached, replicas)
	}
	return "a key was written, replicated, read and removed", nil
}
