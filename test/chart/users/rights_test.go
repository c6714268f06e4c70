package users

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// denied is how Redis refuses what a user may not do, also in a script.
var denied = regexp.MustCompile("^NOPERM |ACL failure in script|can't publish to the channel|can't run this command")

// refusal is why a command does not work, empty if it does.
func refusal(t *testing.T, client *redis.Client, command ...any) string {
	t.Helper()
	err := client.Do(t.Context(), command...).Err()
	if err == nil || errors.Is(err, redis.Nil) {
		return ""
	}
	return err.Error()
}

// hostile is what a Pod that was broken into would do with the tenant's password.
var hostile = [][]any{
	{"REPLICAOF", "NO", "ONE"},
	{"SLAVEOF", "10.0.0.1", "6379"},
	{"FAILOVER"},
	{"SHUTDOWN", "NOSAVE"},
	{"CONFIG", "GET", "*"},
	{"CONFIG", "SET", "maxmemory", "0"},
	{"CONFIG", "REWRITE"},
	{"ACL", "GETUSER", "default"},
	{"ACL", "LIST"},
	{"ACL", "SETUSER", tenantUser, "+@all"},
	{"DEBUG", "SLEEP", "1"},
	{"MODULE", "LIST"},
	{"MODULE", "LOAD", "/tmp/x.so"},
	{"CLUSTER", "INFO"},
	{"SYNC"},
	{"PSYNC", "?", "-1"},
	{"REPLCONF", "ACK", "1"},
	{"MONITOR"},
	{"SAVE"},
	{"BGSAVE"},
	{"BGREWRITEAOF"},
	{"CLIENT", "KILL", "TYPE", "normal"},
	{"CLIENT", "PAUSE", "1000"},
	{"CLIENT", "LIST"},
	{"CLIENT", "NO-EVICT", "on"},
	{"SCRIPT", "DEBUG", "SYNC"},
	{"MIGRATE", "10.0.0.1", "6379", "key", "0", "1000"},
	{"RESTORE", "key", "0", "x"},
	{"SLOWLOG", "RESET"},
	{"LATENCY", "RESET"},
	{"FLUSHALL"},
	{"SWAPDB", "0", "1"},
	{"PUBLISH", "__sentinel__:hello", "x"},
	{"SPUBLISH", "__sentinel__:hello", "x"},
	{"SUBSCRIBE", "__sentinel__:hello"},
	{"EVAL", "return redis.call('PUBLISH', '__sentinel__:hello', 'x')", "0"},
	{"EVAL", "return redis.call('FLUSHALL')", "0"},
}

// usual is what libraries and applications do, beside what testdata/commands has.
var usual = [][]any{
	{"HELLO", "3"},
	{"HELLO", "2"},
	{"CLIENT", "SETNAME", "shop"},
	{"CLIENT", "SETINFO", "LIB-NAME", "x"},
	{"CLIENT", "ID"},
	{"CLIENT", "TRACKING", "off"},
	{"SELECT", "1"},
	{"SELECT", "0"},
	{"INFO"},
	{"ROLE"},
	{"COMMAND"},
	{"SET", "key", "value"},
	{"KEYS", "*"},
	{"SCAN", "0"},
	{"DUMP", "key"},
	{"MEMORY", "USAGE", "key"},
	{"OBJECT", "ENCODING", "key"},
	{"EVAL", "redis.call('SET', KEYS[1], 1) return redis.call('PUBLISH', 'news', 'x')", "1", "key"},
	{"SCRIPT", "LOAD", "return 1"},
	{"FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)"},
	{"FCALL", "f", "0"},
	{"FUNCTION", "DELETE", "l"},
	{"XADD", "stream", "*", "a", "b"},
	{"XGROUP", "CREATE", "stream", "g", "0"},
	{"BLPOP", "none", "0.01"},
	{"WAIT", "0", "1"},
	{"PUBLISH", "news", "x"},
	{"PUBLISH", "_", "x"},
	{"PUBLISH", "__", "x"},
	{"PUBLISH", "_x", "x"},
	{"PUBLISH", "__x", "x"},
	{"SPUBLISH", "news", "x"},
	{"PUBLISH", "__keyspace@0__:key", "set"},
	{"SORT", "key2"},
	{"FLUSHDB"},
}

// writing is refused to the user that reads alone, besides what is hostile.
var writing = [][]any{
	{"SET", "key", "value"},
	{"GETDEL", "key"},
	{"GETEX", "key"},
	{"EXPIRE", "key", "1"},
	{"FLUSHDB"},
	{"PUBLISH", "news", "x"},
	{"SPUBLISH", "news", "x"},
	{"EVAL", "return 1", "0"},
	{"EVAL_RO", "return 1", "0"},
	{"FCALL", "f", "0"},
	{"SCRIPT", "FLUSH"},
	{"SORT", "key", "STORE", "other"},
	{"KEYS", "*"},
	{"XADD", "stream", "*", "a", "b"},
	{"BLPOP", "none", "0.01"},
	{"BITFIELD", "key", "SET", "u8", "0", "1"},
}

// reading is what people and dashboards do.
var reading = [][]any{
	{"GET", "key"},
	{"SCAN", "0"},
	{"INFO"},
	{"ROLE"},
	{"DBSIZE"},
	{"SLOWLOG", "GET"},
	{"LATENCY", "LATEST"},
	{"MEMORY", "STATS"},
	{"MEMORY", "USAGE", "key"},
	{"CLIENT", "LIST"},
	{"XRANGE", "stream", "-", "+"},
	{"COMMAND", "COUNT"},
	{"TYPE", "key"},
	{"TTL", "key"},
}

// TestHostileClient sends each command for real, and holds that Redis goes on as it was.
func TestHostileClient(t *testing.T) {
	i, p := single(t)
	before := i.Do(p, "ACL", "LIST")
	for _, command := range hostile {
		said := refusal(t, i.as(p, password), command...)
		assert.Regexp(t, denied, said, "%v", command)
	}
	reader := i.login(p, readOnlyUser, readPassword)
	for _, command := range append(writing, hostile...) {
		if command[0] != "CLIENT" || command[1] != "LIST" {
			assert.Regexp(t, denied, refusal(t, reader, command...), "%v", command)
		}
	}
	for _, command := range reading {
		assert.Empty(t, refusal(t, reader, command...), "%v", command)
	}
	client := i.as(p, password)
	for _, command := range usual {
		if strings.HasPrefix(fmt.Sprint(command...), "CLIENTSETINFO") && strings.Contains(fmt.Sprint(i.Do(p, "INFO", "server")), "redis_version:7.0.") {
			continue // of 7.2
		}
		assert.Empty(t, refusal(t, client, command...), "%v", command)
	}
	assert.Equal(t, before, i.Do(p, "ACL", "LIST"))
	assert.Equal(t, "master", i.Role(p))
}

// TestPatterns holds that all patterns may be subscribed to, which Redis grants apart
// from channels, and that what comes of it is events of keys, too.
func TestPatterns(t *testing.T) {
	i, p := single(t)
	i.Do(p, "CONFIG", "SET", "notify-keyspace-events", "KEA")
	client := i.as(p, password)
	for _, events := range []*redis.PubSub{client.PSubscribe(t.Context(), "*"), client.PSubscribe(t.Context(), "__keyevent@*:set"), client.Subscribe(t.Context(), "__keyevent@0__:set")} {
		_, err := events.Receive(t.Context())
		require.NoError(t, err)
		require.NoError(t, client.Set(t.Context(), "key", 1, 0).Err())
		_, err = events.ReceiveMessage(t.Context())
		require.NoError(t, err)
		require.NoError(t, events.Close())
	}
}

// TestNobodyElseGetsIn holds that the tenant's password is not the instance's, that
// there is no user without one, and that no process shows either.
func TestNobodyElseGetsIn(t *testing.T) {
	i, p := single(t)
	require.NoError(t, i.as(p, password).Ping(t.Context()).Err())
	for _, wrong := range []string{own, "x"} {
		require.ErrorContains(t, i.as(p, wrong).Ping(t.Context()).Err(), "WRONGPASS")
	}
	_, err := redis.NewClient(&redis.Options{Addr: p.IP + ":" + lab.RedisPort, Password: password}).Ping(t.Context()).Result()
	require.ErrorContains(t, err, "WRONGPASS")
	shown, err := os.ReadFile("/proc/" + p.PID() + "/cmdline")
	require.NoError(t, err)
	require.NotContains(t, string(shown)+i.Logged(p), password)

	// Without a password in the Secret nobody can log in, and Redis starts.
	require.NoError(t, os.Remove(i.Users+"/tenant-password"))
	i.keep("other-tenant-password", "x")
	p.Signal(syscall.SIGKILL)
	i.Restart(p, i.arguments...)
	i.Do(p, "PING")
	for _, guess := range []string{password, "", "x"} {
		require.Error(t, i.as(p, guess).Set(t.Context(), "key", 1, 0).Err())
	}
}

// TestUnfitPasswords holds that neither Redis nor Sentinel starts with a password of a user
// that is empty or means something in a configuration, and that the log says which it is.
func TestUnfitPasswords(t *testing.T) {
	for name, word := range map[string]string{"empty": "", "line break": "secret\n", "space": "se cret", "quote": `sec"ret`, "apostrophe": "sec'ret"} {
		t.Run(name, func(t *testing.T) {
			i := newInstance(t)
			i.Restrict()
			p, s := i.Redis[0], i.Sentinels[0]
			for _, key := range []string{"read-only-password", "previous-read-only-password", "previous-sentinel-password", "sentinel-password"} {
				former, _ := os.ReadFile(filepath.Join(i.Users, key))
				i.keep(key, word)
				started, program := p, "start.sh"
				if strings.HasSuffix(key, "sentinel-password") {
					started, program = s, "start-sentinel.sh"
					i.StartSentinel(s)
				} else {
					i.Restart(p, i.arguments...)
				}
				require.Equal(t, 1, started.Wait(), key)
				require.Contains(t, i.Logged(started), program+": the password "+key+" is empty, or has white space, a line break at its end or quotes, which Redis cannot have")
				if word != "" {
					require.NotContains(t, i.Logged(started), strings.TrimSpace(word))
				}
				i.keep(key, cmp.Or(string(former), "secret-of-before"))
			}
			i.StartSentinel(s)
			i.Tell(s, "PING")
		})
	}
}

// TestUserSurvivesMigration holds that a Redis which copies another one knows the tenant's user, of
// whom that one knows nothing, and that the tenant finds the data when it is master.
func TestUserSurvivesMigration(t *testing.T) {
	i, p := single(t)
	source := i.Pod(3, 4)
	i.Start(source)
	t.Cleanup(func() { source.Signal(syscall.SIGKILL) })
	i.Do(source, "REPLICAOF", "NO", "ONE")
	i.Do(source, "SET", "key", "value")
	i.Do(p, "REPLICAOF", source.IP, lab.RedisPort)
	i.Eventually(5*time.Second, func() string {
		if role := i.Role(p); role != lab.ReplicaOf(source) {
			return role
		}
		return ""
	})
	require.Equal(t, "value", i.as(p, password).Get(t.Context(), "key").Val())
	i.Do(p, "REPLICAOF", "NO", "ONE")
	require.NoError(t, i.as(p, password).Set(t.Context(), "key", "another", 0).Err())
	require.Contains(t, refusal(t, i.as(p, password), "CONFIG", "GET", "*"), "NOPERM")
	require.ErrorContains(t, i.as(source, password).Ping(t.Context()).Err(), "WRONGPASS")
}

// TestUserSurvives holds that the tenant gets in with either password while one replaces
// the other, after a restart of each Pod and after failovers, also where a Pod has the
// Secret of before: it takes over what its master takes.
func TestUserSurvives(t *testing.T) {
	const next = "next-secret-of-the-tenant"
	i, master := served(t)
	both := func(why string) {
		t.Helper()
		for _, p := range i.Redis {
			for _, word := range []string{password, next} {
				i.Eventually(10*time.Second, func() string {
					if err := i.as(p, word).Info(t.Context()).Err(); err != nil {
						return fmt.Sprintf("%s: %s refuses %s: %s", why, p.IP, word, err)
					}
					return ""
				})
			}
		}
	}
	// As helm tenant rotate does, on one that runs for long.
	for _, p := range i.Redis {
		i.Do(p, "ACL", "SETUSER", tenantUser, ">"+next)
	}
	both("told")
	replica := i.Redis[0]
	replica.Signal(syscall.SIGKILL)
	i.Restart(replica, i.arguments...)
	i.Settled(master)
	both("restarted with the Secret of before")

	// As a Pod that has the Secret of the rotation.
	i.keep("tenant-password", next)
	i.keep("previous-tenant-password", password)
	i.Stop(master)
	successor := i.Elected(master, lab.Detection)
	i.Restart(master, i.arguments...)
	i.Settled(successor)
	both("failed over")
	require.NoError(t, i.as(successor, next).Set(t.Context(), "key", "value", 0).Err())
	require.Contains(t, refusal(t, i.as(successor, next), "CONFIG", "GET", "*"), "NOPERM")
}
