package golive

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
)

// Ports of the proxy, as its containers call them.
const (
	writePort    = "redis"
	readPort     = "redis-read"
	tlsWritePort = "redis-tls"
	tlsReadPort  = "redis-read-tls"
)

// portsOf tells whether a proxy has ports without TLS, and with it.
func portsOf(pod corev1.Pod) (plain, encrypted bool) {
	encrypted = reach.NamedPort(pod, "haproxy", tlsWritePort, 0) != 0
	return !encrypted || reach.NamedPort(pod, "haproxy", writePort, 0) != 0, encrypted
}

// proxyNode is which Redis answers through one proxy, by its run ID. err is why none
// does.
type proxyNode struct {
	pod         string
	write, read string
	err         error
	// closed is whether it lets nobody in without a certificate, which golive has not.
	closed bool
}

func (c Cluster) askProxy(ctx context.Context, pod corev1.Pod, password string) proxyNode {
	node := proxyNode{pod: pod.Name}
	write, read := writePort, readPort
	plain, _ := portsOf(pod)
	if !plain {
		write, read = tlsWritePort, tlsReadPort
		node.closed = slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == "client-ca" })
	}
	if node.closed {
		return node
	}
	if node.write, node.err = c.behind(ctx, pod, write, 6379, password, !plain); node.err == nil {
		node.read, node.err = c.behind(ctx, pod, read, 6380, password, !plain)
	}
	return node
}

// behind returns the run ID of the Redis that answers at a port of a proxy.
func (c Cluster) behind(ctx context.Context, pod corev1.Pod, name string, usual int32, password string, encrypted bool) (string, error) {
	port := reach.NamedPort(pod, "haproxy", name, usual)
	address, err := c.Forward(ctx, pod.Name, port)
	if err != nil {
		return "", fmt.Errorf("cannot reach it: %w", err)
	}
	how := reach.Options(address, password)
	if encrypted {
		//nolint:gosec // G402: the API server leads to the Pod; whom clients trust, helm test looks at
		how.TLSConfig = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	}
	client := redis.NewClient(how)
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
		case node.closed:
			return "the proxies ask clients for a certificate, which this has not", errSkipped
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
