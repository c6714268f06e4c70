//go:build e2e

package framework

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// FindProcess is that of one of the instance's Pods; see [findProcess].
func (i *Instance) FindProcess(ctx context.Context, pod, container string) (func(ctx context.Context, signal string) error, error) {
	return findProcess(ctx, i.Namespace, pod, container)
}

// FindContainer is FindProcess for the first process of a container, with which the kernel
// kills all others.
func (i *Instance) FindContainer(ctx context.Context, pod, container string) (func(ctx context.Context, signal string) error, error) {
	return findIn(ctx, i.Namespace, pod, container, "")
}

// findProcess returns a function that sends a signal (its number or name) to
// the server in a container of a Pod, from the outside: inside,
// the kernel keeps KILL and STOP from a container's first process. That is the server
// itself or, where start.sh has started it, a child of that shell, beside watch.sh.
func findProcess(ctx context.Context, namespace, pod, container string) (func(ctx context.Context, signal string) error, error) {
	return findIn(ctx, namespace, pod, container, `[ "$(cat /proc/$pid/comm)" != sh ] || for child in $(cat /proc/$pid/task/$pid/children); do `+
		`[ "$(cat /proc/$child/comm)" != redis-server ] || pid=$child; done; `)
}

// findIn returns a function that sends a signal to a container's first process, or to
// the $pid that shell makes of it. Finding it takes a while and is done here.
func findIn(ctx context.Context, namespace, pod, container, shell string) (func(ctx context.Context, signal string) error, error) {
	found, err := Ask(ctx, "--namespace", namespace, "get", "pod", pod, "-o",
		`jsonpath={.spec.nodeName} {.status.containerStatuses[?(@.name=="`+container+`")].containerID}`)
	if err != nil {
		return nil, err
	}
	node, id, running := strings.Cut(found, " containerd://")
	if !running {
		return nil, fmt.Errorf("%s in %s does not run", container, pod)
	}
	pid, err := OnNode(ctx, node, "pid=$(crictl inspect "+id+" | jq .info.pid); "+shell+`echo "$pid"`)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, signal string) error {
		_, err := OnNode(ctx, node, "kill -"+signal+" "+pid)
		return err
	}, nil
}

// OnNode runs a shell command on a node, which is a container, and returns its
// output.
func OnNode(ctx context.Context, node, command string) (string, error) {
	return run(ctx, "docker", "exec", node, "sh", "-c", command)
}

// Freeze stops all processes of a node, as if it had lost its power, until Thaw.
func Freeze(ctx context.Context, node string) error {
	_, err := run(ctx, "docker", "pause", node)
	return err
}

// Thaw lets a frozen node go on.
func Thaw(ctx context.Context, node string) error {
	_, err := run(ctx, "docker", "unpause", node)
	return err
}

// Ask runs kubectl and returns its output, where a test must not end because it
// fails.
func Ask(ctx context.Context, args ...string) (string, error) {
	return run(ctx, "kubectl", args...)
}

func run(ctx context.Context, program string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
