package ledger

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Kind is how a client finds the master and what it holds for acknowledged.
type Kind string

const (
	// Follow is go-redis' Sentinel client: it subscribes to a Sentinel, and
	// leaves a master that is master no longer. All writers share its pool.
	Follow Kind = "follow"
	// Naive asks Sentinel once, keeps that connection, and asks again only
	// after an error. Each writer has a connection of its own.
	Naive Kind = "naive"
	// Proxy is Naive that knows of no Sentinel: it connects to the address
	// that it was given, and to the same again after an error.
	Proxy Kind = "proxy"
	// Wait is Follow that holds a write for acknowledged only when a replica
	// has it too (WAIT).
	Wait Kind = "wait"
)

// poolSize is far above the number of connections in use. After that many
// failed dials go-redis tries only once a second, which would be taken for an
// outage of Redis.
const poolSize = 1 << 14

// session writes for one writer.
type session interface {
	// write applies the key's only write, at most once.
	write(ctx context.Context, key string) error
	close()
}

// client makes the sessions of one kind.
type client struct {
	kind  Kind
	sent  *sentLog
	open  func() session
	close func() error
}

func newClient(kind Kind, settings Settings, contract Contract, prefix string) *client {
	sent := newSentLog(prefix)
	common := options(contract, sent, settings.Timeout)
	write := writing{ttl: settings.ttl()}
	if kind == Naive || kind == Proxy {
		find := contract.masterAddress
		if kind == Proxy {
			find = contract.proxyAddress
		}
		open := func() session { return &naiveSession{find: find, options: common, writing: write} }
		return &client{kind: kind, sent: sent, open: open, close: func() error { return nil }}
	}
	if kind == Wait {
		write.replicas, write.waitFor = 1, settings.WaitFor
	}
	shared := redis.NewFailoverClient(failoverOptions(common, contract))
	open := func() session { return sharedSession{redis: shared, writing: write} }
	return &client{kind: kind, sent: sent, open: open, close: shared.Close}
}

// options are what every connection has in common: one attempt, short
// timeouts, and nothing in the handshake that is not needed.
func options(contract Contract, sent *sentLog, timeout time.Duration) redis.Options {
	// go-redis finds the master and connects within DialTimeout. It asks another
	// Sentinel only if there is time left when the first, asked twice, has not
	// answered or cannot be connected to: with none left, it goes on asking one
	// that is gone.
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout/4)
		defer cancel()
		return sent.dial(ctx, network, address)
	}
	return redis.Options{
		Username:              contract.Username,
		Password:              contract.Password,
		Dialer:                dial,
		MaxRetries:            -1,
		DialerRetries:         1,
		DialTimeout:           timeout,
		ReadTimeout:           timeout / 2,
		WriteTimeout:          timeout / 2,
		ContextTimeoutEnabled: true,
		PoolSize:              1,
		PipelinePoolSize:      -1,
		DisableIdentity:       true,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
}

func failoverOptions(o redis.Options, contract Contract) *redis.FailoverOptions {
	return &redis.FailoverOptions{
		MasterName:            contract.Master,
		SentinelAddrs:         []string{contract.Sentinel},
		Username:              o.Username,
		Password:              o.Password,
		Dialer:                o.Dialer,
		MaxRetries:            o.MaxRetries,
		DialerRetries:         o.DialerRetries,
		DialTimeout:           o.DialTimeout,
		ReadTimeout:           o.ReadTimeout,
		WriteTimeout:          o.WriteTimeout,
		ContextTimeoutEnabled: o.ContextTimeoutEnabled,
		PoolSize:              poolSize,
		PipelinePoolSize:      o.PipelinePoolSize,
		DisableIdentity:       o.DisableIdentity,
	}
}

type sharedSession struct {
	redis   *redis.Client
	writing writing
}

func (s sharedSession) write(ctx context.Context, key string) error {
	return s.writing.apply(ctx, s.redis, key)
}

func (s sharedSession) close() {}

type naiveSession struct {
	// find tells where to connect to.
	find    func(context.Context, redis.Options) (string, error)
	options redis.Options
	writing writing
	redis   *redis.Client
}

func (s *naiveSession) write(ctx context.Context, key string) error {
	if s.redis == nil {
		address, err := s.find(ctx, s.options)
		if err != nil {
			return err
		}
		options := s.options
		options.Addr = address
		s.redis = redis.NewClient(&options)
	}
	err := s.writing.apply(ctx, s.redis, key)
	if err != nil {
		s.close()
	}
	return err
}

func (s *naiveSession) close() {
	if s.redis != nil {
		_ = s.redis.Close()
		s.redis = nil
	}
}

// writing is what one write consists of.
type writing struct {
	ttl time.Duration
	// replicas must have the write within waitFor; none if zero.
	replicas int
	waitFor  time.Duration
}

var errUnreplicated = errors.New("applied by the master, but not confirmed by a replica in time")

// apply sends INCR, EXPIRE and, if asked for, WAIT in one go. A counter is the
// value that tells how often a write was applied: SET would hide a second
// time. INCR's answer alone decides, but for WAIT, which can take it back.
func (w writing) apply(ctx context.Context, rdb *redis.Client, key string) error {
	pipeline := rdb.Pipeline()
	increment := pipeline.Incr(ctx, key)
	pipeline.Expire(ctx, key, w.ttl)
	if w.replicas == 0 {
		_, _ = pipeline.Exec(ctx)
		return increment.Err()
	}
	wait := pipeline.Do(ctx, "WAIT", w.replicas, w.waitFor.Milliseconds())
	_, _ = pipeline.Exec(ctx)
	if err := increment.Err(); err != nil {
		return err
	}
	confirmed, err := wait.Int()
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreplicated, err)
	}
	if confirmed < w.replicas {
		return errUnreplicated
	}
	return nil
}
