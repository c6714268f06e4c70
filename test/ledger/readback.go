package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	lookEvery    = 250 * time.Millisecond
	answerWithin = 3 * time.Second
	batch        = 500
)

// reader finds out what the servers have.
type reader struct {
	contract Contract
	settings Settings
	options  redis.Options
	// mark is a key by which the servers prove to be in step.
	mark string
	log  func(format string, args ...any)
}

// truth is what the servers have of a list of keys.
type truth struct {
	ReadBack
	// applied is how often the master applied each.
	applied []int
}

func newReader(contract Contract, settings Settings, mark string, log func(string, ...any)) *reader {
	common := options(contract, newSentLog(mark), answerWithin)
	return &reader{contract: contract, settings: settings, options: common, mark: mark, log: log}
}

// read waits for the instance to be whole, reads the keys from every server,
// and makes sure that the master is still the same. It tries until ctx ends;
// the error then tells what was missing.
func (r *reader) read(ctx context.Context, keys []string) (truth, error) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	problem := errors.New("not looked at yet")
	for {
		result, err := r.attempt(ctx, keys)
		if err == nil {
			return result, nil
		}
		if ctx.Err() == nil {
			if err.Error() != problem.Error() {
				r.log("not whole yet: %v", err)
			}
			problem = err
		}
		select {
		case <-ctx.Done():
			return truth{}, fmt.Errorf("the instance did not become whole: %w: %w", problem, ctx.Err())
		case <-ticker.C:
		}
	}
}

func (r *reader) attempt(ctx context.Context, keys []string) (truth, error) {
	master, replicas, err := r.whole(ctx)
	if err != nil {
		return truth{}, err
	}
	result := truth{ReadBack: ReadBack{Whole: stamp(time.Now()), Master: Node{Server: master}, Replicas: []Node{}}}
	if result.applied, err = r.counters(ctx, master, keys); err != nil {
		return truth{}, err
	}
	if result.Master.EvictedKeys, err = r.evicted(ctx, master); err != nil {
		return truth{}, err
	}
	for _, address := range replicas {
		node, err := r.compare(ctx, address, keys, result.applied)
		if err != nil {
			return truth{}, err
		}
		result.Replicas = append(result.Replicas, node)
	}
	return result, r.confirm(ctx, master)
}

// whole returns the master that Sentinel names and its replicas, if the
// master says that it is one, has them all online, and they have all that it
// has: a mark is written and must reach every one.
func (r *reader) whole(ctx context.Context) (master string, replicas []string, err error) {
	if master, err = r.contract.masterAddress(ctx, r.options); err != nil {
		return "", nil, err
	}
	if replicas, err = r.contract.replicaAddresses(ctx, r.options); err != nil {
		return "", nil, err
	}
	if len(replicas) != r.settings.Replicas {
		return "", nil, fmt.Errorf("%d of %d replicas are up by Sentinel", len(replicas), r.settings.Replicas)
	}
	rdb := r.connect(master)
	defer func() { _ = rdb.Close() }()
	info, err := info(ctx, rdb, "replication")
	if err != nil {
		return "", nil, fmt.Errorf("master %s: %w", master, err)
	}
	if info["role"] != "master" {
		return "", nil, fmt.Errorf("%s, the master by Sentinel, says that it is a %s", master, info["role"])
	}
	if online := online(info); online != r.settings.Replicas {
		return "", nil, fmt.Errorf("master %s has %d of %d replicas online", master, online, r.settings.Replicas)
	}
	mark := writing{ttl: r.settings.ttl(), replicas: r.settings.Replicas, waitFor: time.Second}
	if err := mark.apply(ctx, rdb, r.mark); err != nil {
		return "", nil, fmt.Errorf("a mark on master %s: %w", master, err)
	}
	slices.Sort(replicas)
	return master, replicas, nil
}

// confirm makes sure that what was read came from the one master.
func (r *reader) confirm(ctx context.Context, master string) error {
	now, err := r.contract.masterAddress(ctx, r.options)
	if err != nil {
		return err
	}
	if now != master {
		return fmt.Errorf("the master changed from %s to %s while it was read", master, now)
	}
	rdb := r.connect(master)
	defer func() { _ = rdb.Close() }()
	info, err := info(ctx, rdb, "replication")
	if err != nil {
		return fmt.Errorf("master %s: %w", master, err)
	}
	if info["role"] != "master" {
		return fmt.Errorf("%s became a %s while it was read", master, info["role"])
	}
	return nil
}

// compare reads a replica and counts where it differs from the master.
func (r *reader) compare(ctx context.Context, address string, keys []string, applied []int) (Node, error) {
	node := Node{Server: address}
	own, err := r.counters(ctx, address, keys)
	if err != nil {
		return node, err
	}
	for i := range own {
		node.Mismatches += toInt(own[i] != applied[i])
	}
	node.EvictedKeys, err = r.evicted(ctx, address)
	return node, err
}

// counters reads the value of each key, zero if there is none.
func (r *reader) counters(ctx context.Context, address string, keys []string) ([]int, error) {
	rdb := r.connect(address)
	defer func() { _ = rdb.Close() }()
	values := make([]int, 0, len(keys))
	for some := range slices.Chunk(keys, batch) {
		answers, err := rdb.MGet(ctx, some...).Result()
		if err != nil {
			return nil, fmt.Errorf("reading back from %s: %w", address, err)
		}
		for i, answer := range answers {
			value, err := counter(answer)
			if err != nil {
				return nil, fmt.Errorf("%s has key %s: %w", address, some[i], err)
			}
			values = append(values, value)
		}
	}
	return values, nil
}

func counter(answer any) (int, error) {
	if answer == nil {
		return 0, nil
	}
	value, err := strconv.Atoi(fmt.Sprint(answer))
	if err != nil {
		return 0, fmt.Errorf("its value is no counter: %w", err)
	}
	return value, nil
}

func (r *reader) evicted(ctx context.Context, address string) (int, error) {
	rdb := r.connect(address)
	defer func() { _ = rdb.Close() }()
	info, err := info(ctx, rdb, "stats")
	if err != nil {
		return 0, fmt.Errorf("statistics of %s: %w", address, err)
	}
	return strconv.Atoi(info["evicted_keys"])
}

// remove deletes the keys and the mark.
func (r *reader) remove(ctx context.Context, address string, keys []string) error {
	rdb := r.connect(address)
	defer func() { _ = rdb.Close() }()
	for some := range slices.Chunk(append(keys, r.mark), batch) {
		if err := rdb.Unlink(ctx, some...).Err(); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) connect(address string) *redis.Client {
	options := r.options
	options.Addr = address
	return redis.NewClient(&options)
}

// info reads one section of INFO.
func info(ctx context.Context, rdb *redis.Client, section string) (map[string]string, error) {
	text, err := rdb.Info(ctx, section).Result()
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, found := strings.Cut(strings.TrimSpace(line), ":"); found {
			fields[name] = value
		}
	}
	return fields, nil
}

// online counts the replicas that INFO replication of a master lists so.
func online(info map[string]string) int {
	n := 0
	for name, value := range info {
		if strings.HasPrefix(name, "slave") && strings.Contains(value, "state=online") {
			n++
		}
	}
	return n
}
