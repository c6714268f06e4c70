package ledger

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(silent{})
	os.Exit(m.Run())
}

// load is a few writers for a few seconds.
func load(duration time.Duration, kinds ...Kind) Settings {
	return Settings{
		Clients: kinds, Writers: 2, Rate: 100, Duration: duration, Timeout: time.Second,
		WaitFor: 200 * time.Millisecond, Replicas: 2, WholeWithin: 40 * time.Second,
	}
}

// contract is what a tenant of the lab is told.
func contract(i *lab.Instance) Contract {
	return Contract{Sentinel: net.JoinHostPort(i.Service.IP, lab.SentinelPort), Master: lab.MasterName, Password: i.Password}
}

// lockedBuffer is a log that can be read while it is written, and waited on
// for READY.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// keep runs a ledger on the lab; fault comes when every client is at work.
func keep(t *testing.T, i *lab.Instance, settings Settings, fault func()) Report {
	t.Helper()
	type result struct {
		report Report
		err    error
	}
	progress := &lockedBuffer{}
	results := make(chan result, 1)
	go func() {
		report, err := Run(t.Context(), contract(i), settings, progress)
		results <- result{report, err}
	}()
	i.Eventually(5*time.Second, func() string {
		if !strings.Contains(progress.String(), "READY\n") {
			return "the ledger is not READY"
		}
		return ""
	})
	fault()
	kept := <-results
	t.Logf("%s", progress)
	require.NoError(t, kept.err)
	var table strings.Builder
	require.NoError(t, kept.report.WriteTable(&table))
	t.Logf("%s", &table)
	return kept.report
}

func accountOf(t *testing.T, report Report, kind Kind) Account {
	t.Helper()
	account, found := report.Account(kind)
	require.True(t, found)
	return account
}

func TestLedger(t *testing.T) {
	i := lab.New(t)
	i.Password, i.Detection = "lab", 1500*time.Millisecond
	i.Serve()
	t.Run("nothing happens", func(t *testing.T) { nothingHappens(t, i) })
	t.Run("enough is enough", func(t *testing.T) { enoughIsEnough(t, i) })
	t.Run("keys are taken away", func(t *testing.T) { keysAreTakenAway(t, i) })
	t.Run("the old master goes on", func(t *testing.T) { oldMasterGoesOn(t, i) })
	t.Run("the master is killed", func(t *testing.T) { masterIsKilled(t, i) })
}

func nothingHappens(t *testing.T, i *lab.Instance) {
	t.Helper()
	report := keep(t, i, load(2*time.Second, Follow, Naive, Wait), func() {})

	require.Len(t, report.Clients, 3)
	for _, account := range report.Clients {
		require.Positive(t, account.Acknowledged, account.Client)
		require.Zero(t, account.Failed, account.Client)
		require.Zero(t, account.Lost, account.Client)
		require.Zero(t, account.Phantom, account.Client)
		require.Zero(t, account.Duplicates, account.Client)
		require.Len(t, account.Targets, 1, account.Client)
	}
	require.Len(t, report.ReadBack.Replicas, 2)
	for _, replica := range report.ReadBack.Replicas {
		require.Zero(t, replica.Mismatches, replica.Server)
	}
	require.Zero(t, i.Do(i.Redis[0], "DBSIZE"), "the run's keys are still there")
}

// enoughIsEnough ends a run long before its time, with an account.
func enoughIsEnough(t *testing.T, i *lab.Instance) {
	t.Helper()
	enough := make(chan struct{})
	settings := load(time.Hour, Follow)
	settings.Enough = enough
	report := keep(t, i, settings, func() { close(enough) })

	account := accountOf(t, report, Follow)
	require.Positive(t, account.Acknowledged)
	require.Zero(t, account.Lost)
	require.Zero(t, account.Unknown, "the last write is seen through")
}

// keysAreTakenAway is a control: the ledger must see what it says it sees.
func keysAreTakenAway(t *testing.T, i *lab.Instance) {
	t.Helper()
	const away = 7
	report := keep(t, i, load(2*time.Second, Follow), func() {
		rdb := i.Client(i.Redis[0], lab.RedisPort)
		defer func() { _ = rdb.Close() }()
		var keys []string
		i.Eventually(5*time.Second, func() string {
			keys = rdb.Keys(t.Context(), "ledger:*").Val()
			if len(keys) <= away {
				return "too few keys"
			}
			return ""
		})
		require.NoError(t, rdb.Unlink(t.Context(), keys[:away]...).Err())
		require.NoError(t, rdb.Incr(t.Context(), keys[away]).Err())
	})

	account := accountOf(t, report, Follow)
	require.Equal(t, away, account.Lost)
	require.NotNil(t, account.LostSpan)
	require.Equal(t, 1, account.Duplicates)
}

// oldMasterGoesOn is a control: Sentinel promotes a replica and leaves the old
// master writable for about ten seconds, to those who stay with it.
func oldMasterGoesOn(t *testing.T, i *lab.Instance) {
	t.Helper()
	report := keep(t, i, load(6*time.Second, Follow, Naive), func() {
		i.Tell(i.Sentinels[0], "SENTINEL", "FAILOVER", lab.MasterName)
	})

	naive, follow := accountOf(t, report, Naive), accountOf(t, report, Follow)
	require.Positive(t, naive.Lost)
	require.Greater(t, naive.Lost, follow.Lost)
	require.Greater(t, naive.LostSpan.To.Sub(naive.LostSpan.From), time.Second)
	require.Len(t, naive.Targets, 1, "the naive client noticed nothing")
	require.NotEqual(t, follow.Targets[0].Server, follow.Targets[len(follow.Targets)-1].Server)
}

func masterIsKilled(t *testing.T, i *lab.Instance) {
	t.Helper()
	// The one before may just have left a second master to be demoted.
	old := i.Elected(nil, 20*time.Second)
	i.Settled(old)
	var killed time.Time
	report := keep(t, i, load(10*time.Second, Follow, Naive), func() {
		killed = time.Now()
		old.Signal(syscall.SIGKILL)
		master := i.Elected(old, 10*time.Second)
		i.Start(old)
		i.Do(old, "REPLICAOF", master.IP, lab.RedisPort)
	})

	for _, account := range report.Clients {
		gap := account.LongestGap
		require.True(t, gap.Recovered, account.Client)
		require.GreaterOrEqual(t, gap.Duration(), i.Detection-100*time.Millisecond, account.Client)
		require.WithinDuration(t, killed, gap.From, 2*time.Second, account.Client)
		require.Positive(t, account.Failed, account.Client)
		// At its rate each writer would fail a hundred times a second.
		require.Less(t, account.Failed+account.Unknown, int(2*(10+gap.Duration()/longestPause)), account.Client)
		require.Zero(t, account.Phantom, account.Client)
		recovery, recovered := account.Recovery(killed)
		require.True(t, recovered, account.Client)
		require.InDelta(t, gap.Duration().Seconds(), recovery.Seconds(), 2, account.Client)
	}
}

func TestRunNamesWhatIsMissing(t *testing.T) {
	settings := load(200*time.Millisecond, Follow, Naive)
	settings.WholeWithin = 300 * time.Millisecond
	nobody := Contract{Sentinel: "127.0.3.9:27379", Master: "mymaster"}

	_, err := Run(t.Context(), nobody, settings, io.Discard)

	require.ErrorContains(t, err, "the instance did not become whole: no Sentinel names a master")
}
