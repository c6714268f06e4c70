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

	"github.com/tenant-redis/tenant-redis/plugin/serving"
)

// masterName is what the operator has the Sentinels call the master.
const masterName = "mymaster"

// redisClients ask one Redis: client with the password, stranger without. Both are
// nil if nothing leads there, and err is why.
type redisClients struct {
	pod              string
	client, stranger *redis.Client
	err              error
}

func (c Cluster) askAll(ctx context.Context, i *instance, password string) {
	for _, pod := range i.pods[redisComponent] {
		port := portOf(pod, redisComponent, redisComponent, 6379)
		clients := c.redisClients(ctx, pod.Name, port, password)
		answer := serving.Redis{Pod: pod.Name, IP: pod.Status.PodIP, Port: strconv.Itoa(int(port)), Err: clients.err}
		if clients.err == nil {
			answer.Err = askRole(ctx, clients.client, &answer)
		}
		i.clients = append(i.clients, clients)
		i.topology.Redis = append(i.topology.Redis, answer)
	}
	for _, pod := range i.pods[sentinelComponent] {
		answer := serving.Sentinel{Pod: pod.Name}
		answer.Err = c.askSentinel(ctx, pod, &answer)
		i.topology.Sentinels = append(i.topology.Sentinels, answer)
	}
	for _, pod := range i.pods[proxyComponent] {
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
	return redisClients{pod: pod, client: connect(address, password), stranger: connect(address, "")}
}

func askRole(ctx context.Context, client *redis.Client, answer *serving.Redis) error {
	role, err := client.Do(ctx, "ROLE").Slice()
	if err != nil {
		return err
	}
	answer.Role = fmt.Sprint(role[0])
	if answer.Role == "slave" {
		answer.Master, answer.Link = net.JoinHostPort(fmt.Sprint(role[1]), fmt.Sprint(role[2])), fmt.Sprint(role[3])
	}
	return nil
}

func (c Cluster) askSentinel(ctx context.Context, pod corev1.Pod, answer *serving.Sentinel) error {
	address, err := c.Forward(ctx, pod.Name, portOf(pod, sentinelComponent, sentinelComponent, 26379))
	if err != nil {
		return fmt.Errorf("cannot reach it: %w", err)
	}
	client := connect(address, "")
	defer func() { _ = client.Close() }()
	state := redis.NewMapStringStringCmd(ctx, "SENTINEL", "MASTER", masterName)
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
	answer.NoQuorum = client.Do(ctx, "SENTINEL", "CKQUORUM", masterName).Err()
	// At epoch 0 it votes for nobody, and tells of the last time that it did.
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

// connect makes a client that asks once, and nothing that it was not told to.
func connect(address, password string) *redis.Client {
	return redis.NewClient(options(address, password))
}

func options(address, password string) *redis.Options {
	return &redis.Options{
		Addr: address, Password: password, Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: answerTimeout, ReadTimeout: answerTimeout, WriteTimeout: answerTimeout, ContextTimeoutEnabled: true,
	}
}

// portOf is the port that a container calls by a name, as the operator and the chart
// do.
func portOf(pod corev1.Pod, in, name string, usual int32) int32 {
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if container.Name == in && port.Name == name {
				return port.ContainerPort
			}
		}
	}
	return usual
}

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
