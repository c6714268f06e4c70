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

	"github.com/tenant-redis/tenant-redis/plugin/reach"
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

func checkQuorum(ctx context.Context, i *instance) (string, error) {
	seen := fmt.Sprintf("all %d Sentinels see the quorum of %d", i.asked().Sentinels, i.asked().Majority())
	if err := i.problem(serving.Quorum); err != nil {
		return "", err
	}
	return seen, i.heardEpochs(ctx)
}

// helloInterval is how often a Sentinel tells the others of itself, through Redis, in
// eight words: its IP, port, id and epoch, and four about the master.
const (
	helloInterval = 2 * time.Second
	helloLength   = 8
)

// heardEpochs listens to what the Sentinels tell each other: a message that anybody may
// send to one raises the epoch of all, or that of the master's configuration, which none
// replaces any more. Asked, they do not tell before they have voted. That one says nothing
// is for other checks.
func (i *instance) heardEpochs(ctx context.Context) error {
	master, found := i.topology.Master()
	if !found {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, 2*helloInterval)
	defer stop()
	hellos := i.client(master.Pod).Subscribe(ctx, "__sentinel__:hello")
	defer func() { _ = hellos.Close() }()
	for heard := map[string]bool{}; len(heard) < len(i.topology.Sentinels); {
		hello, err := hellos.ReceiveMessage(ctx)
		if err != nil {
			return nil // silence
		}
		words := strings.Split(hello.Payload, ",")
		if len(words) != helloLength {
			continue
		}
		for _, word := range []string{words[3], words[7]} {
			if epoch, err := strconv.ParseUint(word, 10, 64); err != nil || epoch > serving.LastEpoch {
				return fmt.Errorf("the Sentinel at %s is at epoch %s, after which there are none", words[0], word)
			}
		}
		heard[words[2]] = true
	}
	return nil
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
	for _, pod := range i.pods[reach.Redis] {
		for _, container := range pod.Spec.Containers {
			if pod.Name == name && container.Name == reach.Redis {
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
	reached, err := connection.Wait(ctx, replicas, reach.AnswerTimeout/2).Result()
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
