package ledger

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
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

// keep runs a ledger on the lab; fault comes when every client is at work.
func (l *lab) keep(t *testing.T, settings Settings, fault func()) Report {
	t.Helper()
	type result struct {
		report Report
		err    error
	}
	progress := &lockedBuffer{}
	results := make(chan result, 1)
	go func() {
		report, err := Run(t.Context(), l.contract(), settings, progress)
		results <- result{report, err}
	}()
	l.eventually(func(context.Context) error {
		if !progress.ready() {
			return errors.New("not READY")
		}
		return nil
	}, "ledger")
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
	l := newLab(t)
	t.Run("nothing happens", func(t *testing.T) { nothingHappens(t, l) })
	t.Run("keys are taken away", func(t *testing.T) { keysAreTakenAway(t, l) })
	t.Run("the old master goes on", func(t *testing.T) { oldMasterGoesOn(t, l) })
	t.Run("the master is killed", func(t *testing.T) { masterIsKilled(t, l) })
}

func nothingHappens(t *testing.T, l *lab) {
	t.Helper()
	report := l.keep(t, load(2*time.Second, Follow, Naive, Wait), func() {})

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
	rdb := l.connect(l.master())
	defer func() { _ = rdb.Close() }()
	require.Zero(t, rdb.DBSize(t.Context()).Val(), "the run's keys are still there")
}

// keysAreTakenAway is a control: the ledger must see what it says it sees.
func keysAreTakenAway(t *testing.T, l *lab) {
	t.Helper()
	const away = 7
	report := l.keep(t, load(2*time.Second, Follow), func() {
		rdb := l.connect(l.master())
		defer func() { _ = rdb.Close() }()
		var keys []string
		l.eventually(func(ctx context.Context) error {
			keys = rdb.Keys(ctx, "ledger:*").Val()
			if len(keys) <= away {
				return errors.New("too few keys")
			}
			return nil
		}, "keys")
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
func oldMasterGoesOn(t *testing.T, l *lab) {
	t.Helper()
	report := l.keep(t, load(6*time.Second, Follow, Naive), func() {
		sentinel := l.sentinel("127.0.3.1")
		defer func() { _ = sentinel.Close() }()
		require.NoError(t, sentinel.Failover(t.Context(), "mymaster").Err())
	})

	naive, follow := accountOf(t, report, Naive), accountOf(t, report, Follow)
	require.Positive(t, naive.Lost)
	require.Greater(t, naive.Lost, follow.Lost)
	require.Greater(t, naive.LostSpan.To.Sub(naive.LostSpan.From), time.Second)
	require.Len(t, naive.Targets, 1, "the naive client noticed nothing")
	require.NotEqual(t, follow.Targets[0].Server, follow.Targets[len(follow.Targets)-1].Server)
}

func masterIsKilled(t *testing.T, l *lab) {
	t.Helper()
	var killed time.Time
	report := l.keep(t, load(10*time.Second, Follow, Naive), func() {
		master := l.master()
		killed = time.Now()
		l.redis[master].kill()
		l.restart(master)
	})

	for _, account := range report.Clients {
		gap := account.LongestGap
		require.True(t, gap.Recovered, account.Client)
		require.GreaterOrEqual(t, gap.Duration(), labDownAfter-100*time.Millisecond, account.Client)
		require.WithinDuration(t, killed, gap.From, 2*time.Second, account.Client)
		require.Positive(t, account.Failed, account.Client)
		require.Zero(t, account.Phantom, account.Client)
		recovery, recovered := account.Recovery(killed)
		require.True(t, recovered, account.Client)
		require.InDelta(t, gap.Duration().Seconds(), recovery.Seconds(), 2, account.Client)
	}
}

func TestRunNamesWhatIsMissing(t *testing.T) {
	settings := load(200*time.Millisecond, Follow, Naive)
	settings.WholeWithin = 300 * time.Millisecond
	nobody := Contract{Sentinel: "127.0.3.9:26379", Master: "mymaster"}

	_, err := Run(t.Context(), nobody, settings, io.Discard)

	require.ErrorContains(t, err, "the instance did not become whole: no Sentinel names a master")
}
