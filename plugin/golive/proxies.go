package golive

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// Ports of the proxy, as its containers call them.
const (
	writePort = "redis"
	readPort  = "redis-read"
)

// proxyNode is which Redis answers through one proxy, by its run ID. err is why none
// does.
type proxyNode struct {
	pod         string
	write, read string
	err         error
}

func (c Cluster) askProxy(ctx context.Context, pod corev1.Pod, password string) proxyNode {
	node := proxyNode{pod: pod.Name}
	if node.write, node.err = c.behind(ctx, pod, writePort, 6379, password); node.err == nil {
		node.read, node.err = c.behind(ctx, pod, readPort, 6380, password)
	}
	return node
}

// behind returns the run ID of the Redis that answers at a port of a proxy.
func (c Cluster) behind(ctx context.Context, pod corev1.Pod, name string, usual int32, password string) (string, error) {
	port := portOf(pod, "haproxy", name, usual)
	address, err := c.Forward(ctx, pod.Name, port)
	if err != nil {
		return "", fmt.Errorf("cannot reach it: %w", err)
	}
	client := connect(address, password)
	defer func() { _ = client.Close() }()
	answer, err := client.Info(ctx, "server").Result()
	if err != nil {
		return "", fmt.Errorf("no Redis answers at its port %d: %w", port, err)
	}
	return info(answer)["run_id"], nil
}

func checkProxies(ctx context.Context, i *instance) (string, error) {
	if i.proxy == nil {
		return "there is no proxy", errSkipped
	}
	master, err := i.master()
	if err != nil {
		return "", err
	}
	ids := map[string]string{}
	for _, node := range i.clients {
		if node.err != nil {
			continue
		}
		if answer, err := node.client.Info(ctx, "server").Result(); err == nil {
			ids[info(answer)["run_id"]] = node.pod
		}
	}
	for _, node := range i.proxies {
		switch {
		case node.err != nil:
			return "", fmt.Errorf("%s: %w", node.pod, node.err)
		case ids[node.write] != master.Pod:
			return "", fmt.Errorf("%s leads writes to %s, not to the master %s", node.pod, orStranger(ids[node.write]), master.Pod)
		case ids[node.read] == "":
			return "", fmt.Errorf("%s leads reads to %s", node.pod, orStranger(""))
		}
	}
	if len(i.proxies) == 0 {
		return "", errors.New("no Pod of the proxy is there")
	}
	return fmt.Sprintf("all %d lead to %s", len(i.proxies), master.Pod), nil
}

func orStranger(pod string) string {
	if pod == "" {
		return "a Redis that is not of this instance"
	}
	return pod
}
