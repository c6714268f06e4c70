// Command await-redis waits until a tenant's Redis really serves: one master,
// every replica linked to it, and all Sentinels naming it with a quorum.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/tenant-redis/tenant-redis/test/topology"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "await-redis:", err)
		os.Exit(1)
	}
}

func run() error {
	instance := topology.Instance{}
	flag.StringVar(&instance.Namespace, "namespace", "redis-system", "namespace of the RedisFailover")
	flag.StringVar(&instance.Name, "name", "", "name of the RedisFailover (required)")
	timeout := flag.Duration("timeout", 5*time.Minute, "how long to wait")
	flag.Parse()
	if instance.Name == "" {
		return errors.New("--name is required")
	}

	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	defer cancel()
	serving, err := instance.Await(ctx, func(problems []string) {
		fmt.Fprintf(os.Stderr, "%d to go: %s\n", len(problems), problems[0])
	})
	if err != nil {
		return err
	}
	return show(serving)
}

func show(t topology.Topology) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range t.Redis {
		if r.Role == "master" {
			fmt.Fprintf(table, "%s\tmaster\t%s\n", r.Pod, r.IP)
			continue
		}
		fmt.Fprintf(table, "%s\treplica\tof %s, %s\n", r.Pod, r.Master, r.Link)
	}
	for _, s := range t.Sentinels {
		fmt.Fprintf(table, "%s\tsentinel\tmaster %s, quorum\n", s.Pod, s.Master)
	}
	return table.Flush()
}
