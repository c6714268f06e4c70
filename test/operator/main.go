// Program operator prints, as YAML, the objects that the Redis operator makes of
// the RedisFailovers among the manifests on its standard input, in the order in
// which it makes them. The operator is the real one, its cluster is in memory.
//
// It is a module of its own because the operator needs old Kubernetes libraries:
// go.mod has v1.3.0-rc1, v1.2.mod (for go build -modfile) v1.2.4.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spotahome/redis-operator/api/redisfailover/v1"
	crdfake "github.com/spotahome/redis-operator/client/k8s/clientset/versioned/fake"
	"github.com/spotahome/redis-operator/log"
	"github.com/spotahome/redis-operator/metrics"
	"github.com/spotahome/redis-operator/operator/redisfailover"
	"github.com/spotahome/redis-operator/operator/redisfailover/service"
	"github.com/spotahome/redis-operator/service/k8s"
	"github.com/spotahome/redis-operator/service/redis"
	corev1 "k8s.io/api/core/v1"
	apiextensionsfake "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset/fake"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/testing"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	failovers, others, err := read(in)
	if err != nil {
		return err
	}
	if len(failovers) == 0 {
		return errors.New("no RedisFailover on standard input")
	}
	cluster := fake.NewSimpleClientset(others...)
	services := k8s.New(cluster, crdfake.NewSimpleClientset(), apiextensionsfake.NewSimpleClientset(), log.Dummy, metrics.Dummy)
	redisClient := redis.New(metrics.Dummy)
	handler := redisfailover.NewRedisFailoverHandler(redisfailover.Config{},
		service.NewRedisFailoverKubeClient(services, log.Dummy, metrics.Dummy),
		service.NewRedisFailoverChecker(services, redisClient, log.Dummy, metrics.Dummy),
		service.NewRedisFailoverHealer(services, redisClient, log.Dummy),
		services, metrics.Dummy, log.Dummy)
	for _, rf := range failovers {
		if err := handler.Handle(context.Background(), rf); err != nil {
			return fmt.Errorf("%s: %w", rf.Name, err)
		}
	}
	return write(out, cluster.Actions())
}

// read returns the RedisFailovers, without a field that the operator does not
// know, and the ConfigMaps and Secrets that they may name.
func read(in io.Reader) ([]*v1.RedisFailover, []runtime.Object, error) {
	var failovers []*v1.RedisFailover
	var others []runtime.Object
	reader := utilyaml.NewYAMLReader(bufio.NewReader(in))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return failovers, others, nil
		}
		if err != nil {
			return nil, nil, err
		}
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			return nil, nil, err
		}
		var object runtime.Object
		switch kind.Kind {
		case "RedisFailover":
			rf := &v1.RedisFailover{}
			failovers = append(failovers, rf)
			object = rf
		case "ConfigMap":
			object = &corev1.ConfigMap{}
			others = append(others, object)
		case "Secret":
			object = &corev1.Secret{}
			others = append(others, object)
		default:
			continue
		}
		if err := decode(document, object); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", kind.Kind, err)
		}
	}
}

// decode refuses what the type does not have, as the API server would with
// strict validation.
func decode(document []byte, object runtime.Object) error {
	data, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return err
	}
	unknown, err := json.UnmarshalStrict(data, object)
	return errors.Join(append(unknown, err)...)
}

// write prints what was created.
func write(out io.Writer, actions []testing.Action) error {
	for _, action := range actions {
		create, ok := action.(testing.CreateAction)
		if !ok || action.GetVerb() != "create" {
			continue
		}
		object := create.GetObject()
		kinds, _, err := scheme.Scheme.ObjectKinds(object)
		if err != nil {
			return err
		}
		object.GetObjectKind().SetGroupVersionKind(kinds[0])
		data, err := yaml.Marshal(object)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "---\n%s", data); err != nil {
			return err
		}
	}
	return nil
}
