// Package golive walks the go-live checklist of a running instance: what
// Kubernetes knows of it, and what its Redis and Sentinels answer.
package golive

import (
	"context"
	"errors"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
)

// Cluster is how to ask about the instances of a namespace.
type Cluster struct {
	Client    kubernetes.Interface
	Dynamic   dynamic.Interface
	Namespace string
	Forward   reach.Forward
}

// Status is how a check ended.
type Status string

// A check that is about something that the instance does not have is skipped.
const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Finding is what a check has found.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	// Seen is what was seen: the reason.
	Seen string `json:"seen"`
	// Fix is what to do about a check that failed.
	Fix string `json:"fix,omitempty"`
}

// errSkipped is wrapped by the error of a check that is about nothing.
var errSkipped = errors.New("skipped")

// Walk makes all checks, in the order of Checks. The error is that the cluster
// does not answer, or has no such instance.
func (c Cluster) Walk(ctx context.Context, name string) ([]Finding, error) {
	i, err := c.read(ctx, name)
	if err != nil {
		return nil, err
	}
	defer i.close()
	var findings []Finding
	for _, check := range Checks {
		finding := Finding{Check: check.Name, Status: OK}
		seen, err := check.look(ctx, i)
		switch {
		case errors.Is(err, errSkipped):
			finding.Status = Skipped
		case err != nil:
			finding.Status, finding.Seen, finding.Fix = Failed, err.Error(), check.Fix
		}
		if finding.Seen == "" {
			finding.Seen = seen
		}
		findings = append(findings, finding)
	}
	return findings, nil
}

// Passed tells whether no check has failed.
func Passed(findings []Finding) bool {
	for _, finding := range findings {
		if finding.Status == Failed {
			return false
		}
	}
	return true
}
