package topology

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// lookEvery is the time between two looks: each costs a kubectl exec per Pod,
// which a small test machine feels.
const lookEvery = 2 * time.Second

// Await polls until the instance serves with all it was asked for, and returns
// it as it is then. The error of a context that ends first names what was
// still missing. Progress, if not nil, gets that list whenever it changes.
func (i Instance) Await(ctx context.Context, progress func(problems []string)) (Topology, error) {
	var (
		latest   Topology
		problems []string
	)
	err := wait.PollUntilContextCancel(ctx, lookEvery, true, func(ctx context.Context) (bool, error) {
		before := strings.Join(problems, "\n")
		latest, problems = i.look(ctx)
		if progress != nil && len(problems) > 0 && strings.Join(problems, "\n") != before {
			progress(problems)
		}
		return len(problems) == 0, nil
	})
	if err != nil {
		return latest, fmt.Errorf("%s does not serve: %s: %w", i.Name, strings.Join(problems, "; "), err)
	}
	return latest, nil
}

// look reads the topology and what is wrong with it; a cluster that does not
// answer is a problem like any other, which may pass.
func (i Instance) look(ctx context.Context) (Topology, []string) {
	want, err := i.Want(ctx)
	if err != nil {
		return Topology{}, []string{err.Error()}
	}
	topology, err := i.Read(ctx)
	if err != nil {
		return topology, []string{err.Error()}
	}
	return topology, topology.Problems(want)
}
