// Package rotate changes the passwords of a running instance: that of the user default
// and, if the tenant logs in as others, theirs and that by which Sentinels know each other.
// Redis and Sentinels take the old
// and the new one until every Pod has started with the new one, so that no
// client is refused on the way. The Secret that the operator reads says how far
// it is: an interrupted rotation goes on where it was.
package rotate

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"github.com/tenant-redis/tenant-redis/plugin/reach"
)

const (
	// operatorPass is twice the operator's interval of 30 s, and some time for a
	// busy one.
	operatorPass = 3 * time.Minute
	// podReplaced bounds an eviction, the new Pod's start and its first sync.
	podReplaced = 10 * time.Minute
	interval    = time.Second
)

// ErrNothingToFinish is that no rotation is under way.
var ErrNothingToFinish = errors.New("no rotation is under way")

// Instance is the instance whose password changes.
type Instance struct {
	Client          kubernetes.Interface
	Namespace, Name string
	Forward         reach.Forward
	// Whole returns why the instance is not as it should be.
	Whole func(context.Context) error
	// Say gets a line for each step.
	Say func(format string, arguments ...any)
}

// Start gives the tenant a new password. The old one goes on to work until
// Finish.
func (i Instance) Start(ctx context.Context) error {
	s, err := i.state(ctx)
	if err != nil {
		return err
	}
	if s.previous == "" {
		if s, err = i.change(ctx, s); err != nil {
			return err
		}
	}
	i.Say("waiting until the operator has it, so that new Pods start with it")
	if s, err = i.settle(ctx, s); err != nil {
		return err
	}
	// Those that have started in the meantime know only one of them.
	return i.acceptBoth(ctx, s)
}

// settle waits until new Pods start with the new password, and notes since when.
func (i Instance) settle(ctx context.Context, s state) (state, error) {
	if !s.settled.IsZero() {
		return s, nil
	}
	if err := i.awaitOperator(ctx, s.current); err != nil {
		return s, err
	}
	var err error
	if s.settled, err = i.now(ctx); err != nil {
		return s, err
	}
	return s, i.keep(ctx, s)
}

// now is the API server's time, which Pods are dated by: this machine's may be
// minutes away. The server dates each answer about who asks, which everybody may ask.
func (i Instance) now(ctx context.Context) (time.Time, error) {
	answer, err := i.Client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err == nil && answer.CreationTimestamp.IsZero() {
		err = errors.New("its answer to a SelfSubjectReview has no time")
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("cannot ask the API server for its time: %w", err)
	}
	return answer.CreationTimestamp.Time, nil
}

// change has everything take both passwords before anything uses the new one.
func (i Instance) change(ctx context.Context, s state) (state, error) {
	if s.next == "" {
		if s.handingOver {
			return s, fmt.Errorf("the Secret %s/%s does not name the tenant's user yet, so that a new password of default would be the tenant's: when the operator has replaced all Pods of Redis, repeat helm upgrade with auth.tenantUser, and then run this again", i.Namespace, i.Name)
		}
		if err := i.Whole(ctx); err != nil {
			return s, fmt.Errorf("the instance is not whole, and a rotation would not mend it: %w", err)
		}
		// Found before anything changes, or the tenant would be left with the old one.
		if _, err := i.tenants(ctx, s); err != nil {
			return s, err
		}
		s.next = rand.Text()
		for n := range s.users {
			s.users[n].next = rand.Text()
		}
		i.Say("keeping a new password in the Secret %s", s.secret)
		if err := i.keep(ctx, s); err != nil {
			return s, err
		}
	}
	i.Say("telling Redis and Sentinels to take both passwords, and then to use the new one")
	if err := i.acceptBoth(ctx, s); err != nil {
		return s, err
	}
	if err := i.useNext(ctx, s); err != nil {
		return s, err
	}
	s = s.turned()
	i.Say("changing the tenant's Secrets")
	if err := i.changeTenants(ctx, s); err != nil {
		return s, err
	}
	i.Say("changing it in the release's history, for a rollback")
	if err := i.changeHistory(ctx, s); err != nil {
		return s, err
	}
	return s, i.keep(ctx, s)
}

// Finish replaces the Pods that have started with the old password, the proxies first and
// the master last, which hands over, and has Redis forget it.
func (i Instance) Finish(ctx context.Context) error {
	s, err := i.state(ctx)
	if err != nil {
		return err
	}
	if s.previous == "" {
		return ErrNothingToFinish
	}
	if s, err = i.settle(ctx, s); err != nil {
		return err
	}
	for more := true; more; {
		// A master that hands over asks the new Pods with the old password, and proxies
		// that are older than the Redis do.
		if err := i.acceptBoth(ctx, s); err != nil {
			return err
		}
		if err := i.awaitWhole(ctx); err != nil {
			return err
		}
		if more, err = i.renew(ctx, s); err != nil {
			return err
		}
	}
	i.Say("telling Redis and Sentinels to forget the old password")
	// One that starts would learn it again.
	s = s.withoutOld()
	if err := i.keep(ctx, s); err != nil {
		return err
	}
	if err := i.forget(ctx, s); err != nil {
		return err
	}
	s.previous, s.settled = "", time.Time{}
	return i.keep(ctx, s)
}

// renew restarts the proxies or replaces a Pod, if there are any with the old password.
func (i Instance) renew(ctx context.Context, s state) (bool, error) {
	if restarted, err := i.restartProxies(ctx, s); restarted || err != nil {
		return restarted, err
	}
	pod, err := i.nextOf(ctx, s)
	if pod == nil || err != nil {
		return false, err
	}
	i.Say("replacing %s, which has started with the old password", pod.Name)
	return true, i.replace(ctx, pod)
}

func (i Instance) awaitWhole(ctx context.Context) error {
	var problem error
	err := wait.PollUntilContextTimeout(ctx, interval, podReplaced, true, func(ctx context.Context) (bool, error) {
		problem = i.Whole(ctx)
		return problem == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the instance is not whole: %w; when it is, run this again", errors.Join(problem, err))
	}
	return nil
}
