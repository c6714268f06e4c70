package users

import (
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// open is what a Sentinel takes from whoever does not log in, with auth.restrictSentinel:
// what clients look a master up with, what the exporter asks, and the operator's repairs,
// which are the last line.
var open = []string{
	"auth", "client|caching", "client|getname", "client|getredir", "client|help", "client|id", "client|info", "client|list", "client|reply",
	"client|setinfo", "client|setname", "client|tracking", "client|trackinginfo", "command", "command|count", "command|docs", "command|getkeys",
	"command|getkeysandflags", "command|help", "command|info", "command|list", "hello", "info", "ping", "psubscribe", "punsubscribe", "quit", "reset",
	"role", "sentinel|ckquorum", "sentinel|get-master-addr-by-name", "sentinel|help", "sentinel|info-cache", "sentinel|master", "sentinel|masters",
	"sentinel|myid", "sentinel|replicas", "sentinel|sentinels", "sentinel|slaves", "subscribe", "unsubscribe",
	"sentinel|monitor", "sentinel|remove", "sentinel|reset", "sentinel|set",
}

// restricted starts one Sentinel as the chart does.
func restricted(t *testing.T) (*lab.Instance, *lab.Process) {
	t.Helper()
	i := lab.New(t)
	i.Restrict()
	p := i.Sentinels[0]
	i.StartSentinel(p)
	i.Tell(p, "PING")
	return i, p
}

// TestRestrictedSentinel holds for each command of the server whether a Sentinel takes it
// from a stranger, sends what is hostile for real, also after a restart, which finds what
// the Sentinel has written into its configuration, and holds that those who are to use
// all can.
func TestRestrictedSentinel(t *testing.T) {
	i, p := restricted(t)
	peer := i.Peer(p)
	defer func() { _ = peer.Close() }()
	for command, words := range commands(t, peer) {
		said, err := peer.Do(t.Context(), append([]any{"ACL", "DRYRUN", "default"}, words...)...).Text()
		require.NoError(t, err, command)
		assert.Equal(t, slices.Contains(open, command), said == "OK", "%s: %s", command, said)
	}
	for range 2 {
		stranger := i.Client(p, lab.SentinelPort)
		for _, command := range [][]any{
			{"PUBLISH", "__sentinel__:hello", "x"},
			{"SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", lab.RedisPort, "0", "x"},
			{"SENTINEL", "FAILOVER", lab.MasterName},
			{"SENTINEL", "CONFIG", "GET", "*"},
			{"SENTINEL", "CONFIG", "SET", "sentinel-pass", "x"},
			{"SENTINEL", "DEBUG"},
			{"SENTINEL", "SIMULATE-FAILURE", "crash-after-election"},
			{"ACL", "SETUSER", "default", "+@all"},
			{"ACL", "LIST"},
			{"SHUTDOWN"},
			{"CLIENT", "KILL", "TYPE", "normal"},
			{"CLIENT", "PAUSE", "1000"},
		} {
			assert.Regexp(t, denied, refusal(t, stranger, command...), "%v", command)
		}
		_ = stranger.Close()
		require.Contains(t, refusal(t, i.Peer(p), "PUBLISH", "news", "x"), "Only HELLO messages are accepted")
		shown, err := os.ReadFile("/proc/" + p.PID() + "/cmdline")
		require.NoError(t, err)
		secret, err := os.ReadFile(filepath.Join(i.Users, "sentinel-password"))
		require.NoError(t, err)
		require.NotContains(t, string(shown)+i.Logged(p), string(secret))
		i.Tell(p, "SENTINEL", "SET", lab.MasterName, "quorum", "2")
		p.Signal(syscall.SIGKILL)
		i.StartSentinel(p)
		i.Tell(p, "PING")
	}
}
