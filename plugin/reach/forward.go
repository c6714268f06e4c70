package reach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
)

// forwardTimeout bounds the setting up of one port-forward.
const forwardTimeout = 15 * time.Second

// PortForward returns a Forward for the Pods of a namespace. What it forwards
// ends with the context.
func PortForward(config *rest.Config, client kubernetes.Interface, namespace string) Forward {
	return func(ctx context.Context, pod string, port int32) (string, error) {
		transport, upgrader, err := spdy.RoundTripperFor(config)
		if err != nil {
			return "", err
		}
		url := client.CoreV1().RESTClient().Post().Resource("pods").Namespace(namespace).Name(pod).SubResource("portforward").URL()
		dialer := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
		ready, failed := make(chan struct{}), make(chan error, 1)
		var complaint bytes.Buffer
		forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{"0:" + strconv.Itoa(int(port))}, ctx.Done(), ready, io.Discard, &complaint)
		if err != nil {
			return "", err
		}
		go func() { failed <- forwarder.ForwardPorts() }()
		select {
		case <-ready:
		case err := <-failed:
			return "", errors.Join(err, complaintOf(&complaint))
		case <-time.After(forwardTimeout):
			return "", fmt.Errorf("no port-forward to %s after %s", pod, forwardTimeout)
		}
		ports, err := forwarder.GetPorts()
		if err != nil {
			return "", err
		}
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(int(ports[0].Local))), nil
	}
}

func complaintOf(said *bytes.Buffer) error {
	if said.Len() == 0 {
		return nil
	}
	return errors.New(strings.TrimSpace(said.String()))
}
