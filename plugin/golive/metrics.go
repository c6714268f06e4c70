package golive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
)

// metricsPort is what the exporters call theirs, as the operator has it.
const metricsPort = "metrics"

// exporterNode is what the exporter in one Pod answers. err is why it tells
// nothing of what it is to measure.
type exporterNode struct {
	pod string
	err error
}

// measured is the line of a component's exporter that says that it gets its answers.
// HAProxy is its own exporter.
var measured = map[string]string{
	reach.Redis: "redis_up 1", reach.Sentinel: "redis_up 1", reach.Proxy: `haproxy_backend_active_servers{proxy="master"} 1`,
}

func (c Cluster) askExporter(ctx context.Context, component string, pod corev1.Pod) exporterNode {
	node := exporterNode{pod: pod.Name}
	port, found := exporterPort(pod)
	if !found {
		node.err = fmt.Errorf("no container has a port %s", metricsPort)
		return node
	}
	address, err := c.Forward(ctx, pod.Name, port)
	if err != nil {
		node.err = fmt.Errorf("cannot reach the exporter: %w", err)
		return node
	}
	answer, err := get(ctx, "http://"+address+"/metrics")
	switch {
	case err != nil:
		node.err = fmt.Errorf("the exporter does not answer: %w", err)
	case !slices.Contains(strings.Split(answer, "\n"), measured[component]):
		node.err = fmt.Errorf("the exporter gets no answer: it says no %s", measured[component])
	}
	return node
}

func exporterPort(pod corev1.Pod) (number int32, found bool) {
	for _, container := range pod.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == metricsPort {
				return port.ContainerPort, true
			}
		}
	}
	return 0, false
}

func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, reach.AnswerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return "", errors.New(response.Status)
	}
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func checkMetrics(_ context.Context, i *instance) (string, error) {
	if len(i.exporters) == 0 {
		return "", errors.New("there is no Pod")
	}
	for _, node := range i.exporters {
		if node.err != nil {
			return "", fmt.Errorf("%s: %w", node.pod, node.err)
		}
	}
	return fmt.Sprintf("all %d exporters measure", len(i.exporters)), nil
}
