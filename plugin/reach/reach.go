// Package reach leads to the Pods of a running instance: which they are, at which port
// their Redis or Sentinel answers, and how to ask it. golive asks, and rotate changes.
package reach

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
)

// AnswerTimeout bounds one question to Redis or Sentinel: a frozen one never
// answers.
const AnswerTimeout = 3 * time.Second

// MasterName is what the operator has the Sentinels call the master.
const MasterName = "mymaster"

// The components of an instance. The container of Redis and that of Sentinel have the
// component's name, and so have their ports.
const (
	Redis    = "redis"
	Sentinel = "sentinel"
	Proxy    = "proxy"
)

// Forward returns an address that leads to a port of a Pod.
type Forward func(ctx context.Context, pod string, port int32) (string, error)

// Labels are those that the operator gives to the Pods of a component, and the chart to
// the proxy's.
func Labels(instance, component string) labels.Set {
	partOf := "redis-failover"
	if component == Proxy {
		partOf = "tenant-redis"
	}
	return labels.Set{
		"app.kubernetes.io/name": instance, "app.kubernetes.io/component": component, "app.kubernetes.io/part-of": partOf,
	}
}

// Pods are those of a component, also those that are about to go.
func Pods(ctx context.Context, client kubernetes.Interface, namespace, instance, component string) ([]corev1.Pod, error) {
	list, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: Labels(instance, component).String()})
	if err != nil {
		return nil, fmt.Errorf("cannot list the Pods: %w", err)
	}
	return list.Items, nil
}

// Port is where Redis or Sentinel answers in a Pod of that component.
func Port(pod corev1.Pod, component string) int32 {
	usual := int32(6379)
	if component == Sentinel {
		usual = 26379
	}
	return NamedPort(pod, component, component, usual)
}

// NamedPort is the port that a container calls by a name, and usual if it calls none.
func NamedPort(pod corev1.Pod, container, name string, usual int32) int32 {
	for _, c := range pod.Spec.Containers {
		for _, port := range c.Ports {
			if c.Name == container && port.Name == name {
				return port.ContainerPort
			}
		}
	}
	return usual
}

// Options are those of a client that asks once, and nothing that it was not told to.
func Options(address, password string) *redis.Options {
	return &redis.Options{
		Addr: address, Password: password, Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: AnswerTimeout, ReadTimeout: AnswerTimeout, WriteTimeout: AnswerTimeout, ContextTimeoutEnabled: true,
	}
}

// Connect makes a client with these Options.
func Connect(address, password string) *redis.Client {
	return redis.NewClient(Options(address, password))
}

// Replication is what a Redis answers to ROLE.
type Replication struct {
	// Role is "master" or "slave".
	Role string
	// Master is the address that a replica follows, and Link the state of its link,
	// "connected" when it is up.
	Master, Link string
}

// AskRole asks a Redis whether it is the master.
func AskRole(ctx context.Context, client *redis.Client) (Replication, error) {
	role, err := client.Do(ctx, "ROLE").Slice()
	if err != nil {
		return Replication{}, err
	}
	answer := Replication{Role: fmt.Sprint(role[0])}
	if answer.Role == "slave" {
		answer.Master, answer.Link = net.JoinHostPort(fmt.Sprint(role[1]), fmt.Sprint(role[2])), fmt.Sprint(role[3])
	}
	return answer, nil
}
