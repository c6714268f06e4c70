//go:build versions

package scripts

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// server is a version of Redis or Valkey, by the name that docs/versions.md has.
type server struct{ name, folder string }

// servers are Debian 12's own, and those of ci/servers/list.
var (
	redis70  = server{"Redis 7.0", ""}
	redis80  = server{"Redis 8.0", "redis-8.0"}
	redis86  = server{"Redis 8.6", "redis-8.6"}
	valkey81 = server{"Valkey 8.1", "valkey-8.1"}
	valkey91 = server{"Valkey 9.1", "valkey-9.1"}
	servers  = []server{redis70, redis80, redis86, valkey81, valkey91}
)

func (s server) String() string { return s.name }

// use has what is started from now on be of that version.
func (s server) use(t *testing.T, path string) {
	t.Helper()
	if s.folder != "" {
		folder, err := filepath.Abs("../../.cache/servers/" + s.folder)
		require.NoError(t, err)
		require.DirExists(t, folder, "run scripts/servers.sh %s", s.folder)
		path = folder + ":" + path
	}
	t.Setenv("PATH", path)
	version, err := exec.CommandContext(t.Context(), "redis-server", "--version").Output()
	require.NoError(t, err)
	_, number, _ := strings.Cut(s.name, " ")
	require.Contains(t, string(version), "v="+number+".")
}

// copied is whether a new replica of that version gets a master's data. What it cannot
// read or the master not write for it, no further attempt changes.
func (s server) copied(i *instance, master, replica *lab.Process, path string) bool {
	i.T.Helper()
	s.use(i.T, path)
	i.Start(replica)
	defer replica.Signal(syscall.SIGKILL)
	i.Do(replica, "SLAVEOF", master.IP, lab.RedisPort)
	copied := false
	i.Eventually(20*time.Second, func() string {
		copied = i.Role(replica) == lab.ReplicaOf(master)
		refused := strings.Contains(i.Logged(replica), "Can't handle RDB format version") ||
			strings.Contains(i.Logged(master), "Can't store key")
		if copied || refused {
			return ""
		}
		return i.Logged(replica)
	})
	return copied
}

// follows is how the table says whether a replica of a version gets the data of a master
// of another.
func follows(t *testing.T, master, replica server, path string) string {
	t.Helper()
	i := newInstance(t)
	master.use(t, path)
	i.Start(i.Redis[0])
	i.Do(i.Redis[0], "SLAVEOF", "NO", "ONE")
	for _, command := range [][]any{
		{"SET", "string", "value", "EX", 10000},
		{"RPUSH", "list", "value"},
		{"SADD", "set", "value"},
		{"ZADD", "sorted set", 1, "value"},
		{"HSET", "hash", "field", "value"},
		{"XADD", "stream", "*", "field", "value"},
		{"PFADD", "log", "value"},
		{"GEOADD", "places", 1, 1, "value"},
		{"FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)"},
	} {
		i.Do(i.Redis[0], command...)
	}
	if !replica.copied(i, i.Redis[0], i.Redis[1], path) {
		return "no"
	}
	client := i.Client(i.Redis[0], lab.RedisPort)
	defer func() { _ = client.Close() }()
	if client.Do(t.Context(), "HPEXPIRE", "hash", 10_000_000, "FIELDS", 1, "field").Err() == nil &&
		!replica.copied(i, i.Redis[0], i.Redis[2], path) {
		return "unless fields expire"
	}
	return "yes"
}

// TestVersionsFollow writes the table of docs/versions.md.
func TestVersionsFollow(t *testing.T) {
	path := os.Getenv("PATH")
	var table strings.Builder
	table.WriteString("| master | replica")
	for _, replica := range servers {
		fmt.Fprintf(&table, " of %s |", replica)
	}
	table.WriteString("\n|---" + strings.Repeat("|---", len(servers)) + "|\n")
	for _, master := range servers {
		fmt.Fprintf(&table, "| %s |", master)
		for _, replica := range servers {
			fmt.Fprintf(&table, " %s |", follows(t, master, replica, path))
		}
		table.WriteString("\n")
	}
	page, err := os.ReadFile("../../docs/versions.md")
	require.NoError(t, err)
	require.Contains(t, string(page), "\n\n"+table.String()+"\n", "docs/versions.md must have this table:\n%s", table.String())
}

// replace starts a Redis in a new Pod, which has none of the old one's files: they may be
// of a version that it cannot read.
func (i *instance) replace(p *lab.Process) {
	i.T.Helper()
	data := filepath.Join(p.Dir, "data")
	require.NoError(i.T, os.RemoveAll(data))
	require.NoError(i.T, os.Mkdir(data, 0o755))
	i.Restart(p)
}

// TestVersionsChange changes the version of an instance that serves, as the operator does:
// the replicas one after the other, the master last.
func TestVersionsChange(t *testing.T) {
	path := os.Getenv("PATH")
	for _, route := range [][]server{
		{redis70, valkey81, valkey91, valkey81, redis80, redis86},
		{redis70, valkey91, redis80},
		{redis70, redis80},
		{redis70, redis86},
		{valkey81, redis86},
		{valkey91, redis86},
	} {
		t.Run(fmt.Sprint(route), func(t *testing.T) {
			route[0].use(t, path)
			i := running(t)
			master := i.Redis[0]
			writers := i.writers()
			for _, version := range route[1:] {
				version.use(t, path)
				for _, p := range i.Redis {
					if p != master {
						i.Stop(p)
						i.replace(p)
						i.Settled(master)
					}
				}
				old := master
				i.Stop(old)
				master = i.Elected(old, time.Second)
				i.replace(old)
				i.Settled(master)
			}
			i.writersReturn(writers, master, handOverGap, 0)
		})
	}
}

// TestVersionsBack holds that a way that is closed loses nothing: the master and the other
// replica go on, and the Redis that cannot follow joins again with the version before.
func TestVersionsBack(t *testing.T) {
	path := os.Getenv("PATH")
	valkey81.use(t, path)
	i := running(t)
	writers := i.writers()
	first := i.Redis[2]
	i.Stop(first)
	redis70.use(t, path)
	i.replace(first)
	i.Eventually(20*time.Second, func() string {
		if log := i.Logged(first); !strings.Contains(log, "Can't handle RDB format version 11") {
			return log
		}
		return ""
	})
	first.Signal(syscall.SIGTERM)
	valkey81.use(t, path)
	i.replace(first)
	i.Settled(i.Redis[0])
	i.writersReturn(writers, i.Redis[0], handOverGap, 0)
}
