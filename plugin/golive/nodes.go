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
)

// masterName is what the operator has the Sentinels call the master.
const masterName = "mymaster"

// redisNode is what one Redis answers. err is why it does not.
type redisNode struct {
	pod, address string
	role         string
	// master and link are those of a replica.
	master, link string
	err          error
	// client asks with the password, stranger without.
	client, stranger *redis.Client
}

// sentinelNode is what one Sentinel answers.
type sentinelNode struct {
	pod              string
	master           string
	replicas, others int
	// epoch is that of its last vote.
	epoch int64
	// wanted is how many must hold the master for dead.
	wanted int
	// quorum is why it could not start a failover.
	quorum, err error
}

func (c Cluster) askAll(ctx context.Context, i *instance, password string) {
	for _, pod := range i.pods[redisComponent] {
		i.redis = append(i.redis, c.askRedis(ctx, pod, password))
	}
	for _, pod := range i.pods[sentinelComponent] {
		i.sentinels = append(i.sentinels, c.askSentinel(ctx, pod))
	}
	for _, component := range components {
		for _, pod := range i.pods[component] {
			i.exporters = append(i.exporters, c.askExporter(ctx, pod))
		}
	}
}

func (i *instance) close() {
	for _, node := range i.redis {
		if node.client != nil {
			_ = node.client.Close()
			_ = node.stranger.Close()
		}
	}
}

func (c Cluster) askRedis(ctx context.Context, pod corev1.Pod, password string) redisNode {
	port := portOf(pod, redisComponent, 6379)
	node := redisNode{pod: pod.Name, address: net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(int(port)))}
	address, err := c.Forward(ctx, pod.Name, port)
	if err != nil {
		node.err = fmt.Errorf("cannot reach it: %w", err)
		return node
	}
	node.client, node.stranger = connect(address, password), connect(address, "")
	role, err := node.client.Do(ctx, "ROLE").Slice()
	if err != nil {
		node.err = err
		return node
	}
	node.role = fmt.Sprint(role[0])
	if node.role == "slave" {
		node.master, node.link = net.JoinHostPort(fmt.Sprint(role[1]), fmt.Sprint(role[2])), fmt.Sprint(role[3])
	}
	return node
}

func (c Cluster) askSentinel(ctx context.Context, pod corev1.Pod) sentinelNode {
	node := sentinelNode{pod: pod.Name}
	address, err := c.Forward(ctx, pod.Name, portOf(pod, sentinelComponent, 26379))
	if err != nil {
		node.err = fmt.Errorf("cannot reach it: %w", err)
		return node
	}
	client := connect(address, "")
	defer func() { _ = client.Close() }()
	state := redis.NewMapStringStringCmd(ctx, "SENTINEL", "MASTER", masterName)
	if node.err = client.Process(ctx, state); node.err != nil {
		return node
	}
	fields := state.Val()
	node.master = net.JoinHostPort(fields["ip"], fields["port"])
	var replicasErr, othersErr, wantedErr error
	node.replicas, replicasErr = strconv.Atoi(fields["num-slaves"])
	node.others, othersErr = strconv.Atoi(fields["num-other-sentinels"])
	node.wanted, wantedErr = strconv.Atoi(fields["quorum"])
	node.err = errors.Join(replicasErr, othersErr, wantedErr)
	// At epoch 0 it votes for nobody, and tells of the last time that it did.
	vote, err := client.Do(ctx, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", fields["ip"], fields["port"], "0", strings.Repeat("0", runIDLength)).Slice()
	if err != nil || len(vote) != voteLength {
		node.err = errors.Join(node.err, err)
		return node
	}
	node.epoch, _ = vote[2].(int64)
	node.quorum = client.Do(ctx, "SENTINEL", "CKQUORUM", masterName).Err()
	return node
}

const (
	runIDLength = 40
	// voteLength is of whether the master is down, whom it voted for, and when.
	voteLength = 3
)

// connect makes a client that asks once, and nothing that it was not told to.
func connect(address, password string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: address, Password: password, Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: answerTimeout, ReadTimeout: answerTimeout, WriteTimeout: answerTimeout, ContextTimeoutEnabled: true,
	})
}

// portOf is the port that a Pod's container of the component's name calls by
// that name, as the operator does.
func portOf(pod corev1.Pod, name string, usual int32) int32 {
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if container.Name == name && port.Name == name {
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
