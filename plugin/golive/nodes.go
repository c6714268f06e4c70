package golive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
	"github.com/tenant-redis/tenant-redis/plugin/serving"
)

// redisClients ask one Redis: client with the password, stranger without. Both are
// nil if nothing leads there, and err is why.
type redisClients struct {
	pod              string
	client, stranger *redis.Client
	err              error
}

func (c Cluster) askAll(ctx context.Context, i *instance, password string) {
	for _, pod := range i.pods[reach.Redis] {
		port := reach.Port(pod, reach.Redis)
		clients := c.redisClients(ctx, pod.Name, port, password)
		answer := serving.Redis{Pod: pod.Name, IP: pod.Status.PodIP, Port: strconv.Itoa(int(port)), Err: clients.err}
		if clients.err == nil {
			answer.Err = askRole(ctx, clients.client, &answer)
		}
		i.clients = append(i.clients, clients)
		i.topology.Redis = append(i.topology.Redis, answer)
	}
	for _, pod := range i.pods[reach.Sentinel] {
		answer := serving.Sentinel{Pod: pod.Name}
		answer.Err = c.askSentinel(ctx, pod, &answer)
		i.topology.Sentinels = append(i.topology.Sentinels, answer)
	}
	for _, pod := range i.pods[reach.Proxy] {
		i.proxies = append(i.proxies, c.askProxy(ctx, pod, password))
	}
	for _, component := range i.components() {
		for _, pod := range i.pods[component] {
			i.exporters = append(i.exporters, c.askExporter(ctx, component, pod))
		}
	}
}

func (i *instance) close() {
	for _, clients := range i.clients {
		if clients.err == nil {
			_ = clients.client.Close()
			_ = clients.stranger.Close()
		}
	}
}

func (c Cluster) redisClients(ctx context.Context, pod string, port int32, password string) redisClients {
	address, err := c.Forward(ctx, pod, port)
	if err != nil {
		return redisClients{pod: pod, err: fmt.Errorf("cannot reach it: %w", err)}
	}
	return redisClients{pod: pod, client: reach.Connect(address, password), stranger: reach.Connect(address, "")}
}

func askRole(ctx context.Context, client *redis.Client, answer *serving.Redis) error {
	replication, err := reach.AskRole(ctx, client)
	answer.Role, answer.Master, answer.Link = replication.Role, replication.Master, replication.Link
	return err
}

func (c Cluster) askSentinel(ctx context.Context, pod corev1.Pod, answer *serving.Sentinel) error {
	address, err := c.Forward(ctx, pod.Name, reach.Port(pod, reach.Sentinel))
	if err != nil {
		return fmt.Errorf("cannot reach it: %w", err)
	}
	client := reach.Connect(address, "")
	defer func() { _ = client.Close() }()
	state := redis.NewMapStringStringCmd(ctx, "SENTINEL", "MASTER", reach.MasterName)
	if err := client.Process(ctx, state); err != nil {
		return err
	}
	fields := state.Val()
	answer.Master = net.JoinHostPort(fields["ip"], fields["port"])
	var replicasErr, othersErr, wantedErr error
	answer.Replicas, replicasErr = strconv.Atoi(fields["num-slaves"])
	answer.Others, othersErr = strconv.Atoi(fields["num-other-sentinels"])
	answer.Wanted, wantedErr = strconv.Atoi(fields["quorum"])
	general, err := client.Info(ctx, "sentinel").Result()
	if err := errors.Join(replicasErr, othersErr, wantedErr, err); err != nil {
		return err
	}
	answer.Tilt = info(general)["sentinel_tilt"] == "1"
	answer.NoQuorum = client.Do(ctx, "SENTINEL", "CKQUORUM", reach.MasterName).Err()
	// At epoch 0 it votes for nobody, and says when it last did.
	vote, err := client.Do(ctx, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", fields["ip"], fields["port"], "0", strings.Repeat("0", runIDLength)).Slice()
	if err != nil && strings.HasPrefix(err.Error(), "NOPERM") {
		return nil // auth.restrictSentinel: nobody but its peers has it vote
	}
	if err != nil || len(vote) != voteLength {
		return errors.Join(errors.New("it does not say when it voted"), err)
	}
	answer.Epoch, _ = vote[2].(int64)
	return nil
}

const (
	runIDLength = 40
	// voteLength is of whether the master is down, whom it voted for, and when.
	voteLength = 3
)

// info returns fields of an answer to INFO.
func info(answer string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(answer) {
		if key, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[key] = value
		}
	}
	return fields
}
