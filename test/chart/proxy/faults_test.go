package proxy

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

const (
	// plannedGap and killedGap are what the proxy promises.
	plannedGap = time.Second
	killedGap  = lab.Detection + 3*time.Second
)

// kept holds a promise to a client of the proxy.
func kept(t *testing.T, account ledger.Account, at time.Time, gap time.Duration) {
	t.Helper()
	longest := account.GapAfter(at)
	assert.True(t, longest.Recovered, "gap %s", longest)
	assert.LessOrEqual(t, longest.Duration(), lab.Slack*gap)
	assert.Zero(t, account.Lost, "%v", account.LostSpan)
	assert.Zero(t, account.Phantom)
	assert.Zero(t, account.Duplicates)
}

// TestHandOver stops the master as Kubernetes does; it comes back as a new Pod,
// with another address.
func TestHandOver(t *testing.T) {
	i := serving(t)
	account, _, at := i.keep(8*time.Second, func() {
		old := i.Redis[0]
		i.Stop(old)
		i.Redis[0] = i.Pod(0, 21)
		i.Restart(i.Redis[0])
	})
	kept(t, account, at, plannedGap)
}

func TestKilled(t *testing.T) {
	i := serving(t)
	account, _, at := i.keep(12*time.Second, func() {
		i.Redis[0].Signal(syscall.SIGKILL)
		i.Restart(i.Redis[0])
	})
	kept(t, account, at, killedGap)
}

// TestFrozen thaws a master that was replaced meanwhile: it says that it is
// master until a Sentinel demotes it, about ten seconds later.
func TestFrozen(t *testing.T) {
	i := serving(t)
	account, _, at := i.keep(25*time.Second, func() { i.freeze() })
	kept(t, account, at, killedGap)
}

// TestRoleCheckAloneLosesWrites is the control.
func TestRoleCheckAloneLosesWrites(t *testing.T) {
	i := running(t)
	i.start(i.roleCheckOnly)
	i.ready()
	account, _, _ := i.keep(25*time.Second, func() { i.freeze() })
	require.Positive(t, account.Lost)
}

// freeze stops the master until another one is there and for some seconds more.
func (i *instance) freeze() {
	i.T.Helper()
	old := i.Redis[0]
	old.Signal(syscall.SIGSTOP)
	i.Elected(old, 10*time.Second)
	old.Signal(syscall.SIGCONT)
}
