package topology

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/remotecommand"

	"github.com/tenant-redis/tenant-redis/plugin/serving"
)

// answerTimeout bounds one question to one Pod: a frozen Redis never answers.
const answerTimeout = 5 * time.Second

// cluster is where an instance is. It is asked by this process: a kubectl for each
// question takes a small test machine longer to start than the question.
type cluster struct {
	Instance
	config *rest.Config
	client kubernetes.Interface
}

func (i Instance) connect() (cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	if i.Kubeconfig != "" {
		rules.ExplicitPath = i.Kubeconfig
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
	if err != nil {
		return cluster{}, err
	}
	client, err := kubernetes.NewForConfig(config)
	return cluster{Instance: i, config: config, client: client}, err
}

// want reads from the RedisFailover what the instance was asked to be.
func (c cluster) want(ctx context.Context) (serving.Want, error) {
	raw, err := c.client.CoreV1().RESTClient().Get().
		AbsPath("/apis/databases.spotahome.com/v1/namespaces", c.Namespace, "redisfailovers", c.Name).DoRaw(ctx)
	if err != nil {
		return serving.Want{}, err
	}
	var failover struct {
		Spec struct {
			Redis, Sentinel struct{ Replicas int }
		}
	}
	if err := json.Unmarshal(raw, &failover); err != nil {
		return serving.Want{}, fmt.Errorf("reading RedisFailover %s: %w", c.Name, err)
	}
	return serving.Want{Redis: failover.Spec.Redis.Replicas, Sentinels: failover.Spec.Sentinel.Replicas}, nil
}

// pods lists the instance's Pods that are not on their way out.
func (c cluster) pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := c.client.CoreV1().Pods(c.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: fmt.Sprintf("app.kubernetes.io/name=%s,app.kubernetes.io/part-of=redis-failover", c.Name),
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list.Items, func(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil }), nil
}

// exec runs a shell command in a Pod's container and returns what it prints.
func (c cluster) exec(ctx context.Context, pod, container, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	request := c.client.CoreV1().RESTClient().Post().Namespace(c.Namespace).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{
			Container: container, Command: []string{"sh", "-c", command}, Stdout: true, Stderr: true,
		}, scheme.ParameterCodec)
	executor, err := remotecommand.NewWebSocketExecutor(c.config, "GET", request.URL().String())
	if err != nil {
		return "", err
	}
	var stdout, stderr bytes.Buffer
	err = executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdout: &stdout, Stderr: &stderr})
	if complaint := strings.TrimSpace(stderr.String()); err != nil && complaint != "" {
		err = errors.New(complaint)
	}
	return stdout.String(), err
}
