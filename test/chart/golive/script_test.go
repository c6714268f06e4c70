package golive

import (
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	checklist "github.com/tenant-redis/tenant-redis/plugin/golive"
	"github.com/tenant-redis/tenant-redis/test/lab"
)

const script = "../../../charts/tenant-redis/scripts/golive.sh"

// verdicts returns the lines of a run by their check, and the order of these.
func verdicts(t *testing.T, output string) (map[string]string, []string) {
	t.Helper()
	lines, order := map[string]string{}, []string{}
	for line := range strings.Lines(output) {
		verdict, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if verdict == "failed:" {
			continue
		}
		check, _, found := strings.Cut(strings.TrimSpace(rest), ":")
		require.True(t, found, line)
		lines[check] = verdict
		order = append(order, check)
	}
	return lines, order
}

// assertFails holds that these checks fail and no others, each with a line that
// says what was seen, and that the last line names them.
func assertFails(t *testing.T, output string, err error, seen map[string]string) {
	t.Helper()
	require.Error(t, err, output)
	lines, order := verdicts(t, output)
	var failed []string
	for _, check := range order {
		if lines[check] == "FAILED" {
			failed = append(failed, check)
			require.Contains(t, seen, check, output)
			require.Contains(t, output, "FAILED  "+check+": "+seen[check], output)
			require.Regexp(t, "(?m)^FAILED  "+check+": .*; "+regexp.QuoteMeta(listed(t, check).Fix)+"$", output)
		}
	}
	require.Len(t, failed, len(seen), output)
	require.True(t, strings.HasSuffix(output, "\nfailed: "+strings.Join(failed, ", ")+"\n"), output)
	require.NotContains(t, output, password)
}

// listed is a check of the checklist that helm tenant golive walks.
func listed(t *testing.T, name string) checklist.Check {
	t.Helper()
	at := slices.IndexFunc(checklist.Checks, func(check checklist.Check) bool { return check.Name == name })
	require.GreaterOrEqual(t, at, 0, name)
	return checklist.Checks[at]
}

// ofTenant names the checks of the list that a tenant's Pod can make.
func ofTenant() []string {
	var names []string
	for _, check := range checklist.Checks {
		if check.Tenant {
			names = append(names, check.Name)
		}
	}
	return names
}

func TestGoodInstance(t *testing.T) {
	for name, secret := range map[string]string{"password": password, "no password": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := running(t, secret)
			for _, shell := range [][]string{{"dash"}, {"busybox", "sh"}} {
				output, err := tenant(t, i, secret, shell...)
				require.NoError(t, err, output)
				lines, order := verdicts(t, output)
				require.Equal(t, ofTenant(), order)
				for check, verdict := range lines {
					if check == "password" && secret == "" || check == "proxies" || check == "user" {
						require.Equal(t, "skipped", verdict)
						continue
					}
					require.Equal(t, "ok", verdict, output)
				}
				require.NotContains(t, output, password)
			}
			require.EqualValues(t, 0, i.Do(i.Redis[0], "DBSIZE"), "the key is gone")
		})
	}
}

// A tenant with a user of its own gets along with its rights, and the bounds of those
// are looked at.
func TestTenantUser(t *testing.T) {
	t.Parallel()
	i := running(t, "secret-of-the-instance")
	walk := func(rights ...any) (string, error) {
		for _, p := range i.Redis {
			i.Do(p, append([]any{"ACL", "SETUSER", "app", "on", ">" + password, "~*"}, rights...)...)
		}
		return run(t, i, "app", password, []string{"busybox", "sh", script, "tenant", "0", "3", "3"})
	}
	output, err := walk("&[^_]*", "+@all", "-@admin", "-@dangerous", "-acl", "+role")
	require.NoError(t, err, output)
	require.Contains(t, output, "\nok      user: app is refused what is not for applications\n")
	require.NotContains(t, output, password)
	for command, rights := range map[string]string{"CONFIG GET maxmemory": "+config", "PUBLISH __sentinel__:golive none": "allchannels"} {
		output, err := walk("reset", "on", ">"+password, "~*", "&[^_]*", "+@all", "-@admin", "-@dangerous", "-acl", "+role", rights)
		assertFails(t, output, err, map[string]string{"user": command + " as app: "})
	}
}

// The user that only reads is tried, too, where the tenant has one.
func TestReadOnlyUser(t *testing.T) {
	t.Parallel()
	i := running(t, "secret-of-the-instance")
	const reads = "secret-of-the-reader"
	walk := func(rights ...any) (string, error) {
		for _, p := range i.Redis {
			i.Do(p, "ACL", "SETUSER", "app", "on", ">"+password, "~*", "&[^_]*", "+@all", "-@admin", "-@dangerous", "-acl", "+role")
			i.Do(p, append([]any{"ACL", "SETUSER", "viewer", "reset", "on", ">" + reads, "~*"}, rights...)...)
		}
		connection := []string{
			"REDIS_SENTINEL_HOST=" + i.Sentinels[0].IP, "REDIS_SENTINEL_PORT=" + lab.SentinelPort, "REDIS_SENTINEL_MASTER=" + lab.MasterName,
			"REDIS_READ_USERNAME=viewer", "REDIS_READ_PASSWORD=" + reads,
		}
		return with(t, "app", password, connection, []string{"busybox", "sh", script, "tenant", "0", "3", "3"})
	}
	output, err := walk("+@read")
	require.NoError(t, err, output)
	require.Contains(t, output, "\nok      user: app is refused what is not for applications, and viewer to write\n")
	require.NotContains(t, output, reads)
	for command, rights := range map[string]string{"CONFIG GET maxmemory": "+config", "DEL tenant-redis:golive:none": "+del"} {
		output, err := walk("+@read", rights)
		assertFails(t, output, err, map[string]string{"user": command + " as viewer: "})
	}
	output, err = walk("off")
	assertFails(t, output, err, map[string]string{"user": "CONFIG GET maxmemory as viewer: "})
}

// A tenant that reaches the proxies alone, for which the master stands here, looks at what it can,
// and the rest must be closed to it.
func TestProxiesAlone(t *testing.T) {
	t.Parallel()
	i := running(t, password)
	proxies := []string{"REDIS_HOST=" + i.Redis[0].IP, "REDIS_PORT=" + lab.RedisPort, "REDIS_READ_PORT=" + lab.RedisPort}
	for _, shell := range [][]string{{"dash"}, {"busybox", "sh"}} {
		walk := func(direct string) (string, error) {
			return with(t, "", password, proxies, append(slices.Clone(shell), script, "tenant", "0", "3", "3", direct))
		}
		output, err := walk(i.Sentinels[0].IP + ":1")
		require.NoError(t, err, output)
		lines, order := verdicts(t, output)
		require.Equal(t, ofTenant(), order)
		for check, verdict := range lines {
			want := "ok"
			if slices.Contains([]string{"replicas", "sentinels", "quorum", "user"}, check) {
				want = "skipped"
			}
			require.Equal(t, want, verdict, output)
		}
		output, err = walk(i.Sentinels[0].IP + ":" + lab.SentinelPort)
		assertFails(t, output, err, map[string]string{"policies": "PONG"})
	}
	// A proxy that leads to a replica.
	proxies[0] = "REDIS_HOST=" + i.Redis[1].IP
	output, err := with(t, "", password, proxies, []string{"sh", script, "tenant", "0", "3", "3", i.Sentinels[0].IP + ":1"})
	assertFails(t, output, err, map[string]string{"master": "slave " + i.Redis[0].IP, "data": "READONLY"})
}

func TestStoppedReplica(t *testing.T) {
	t.Parallel()
	i := running(t, password)
	i.Redis[1].Signal(syscall.SIGKILL)
	i.Eventually(5*time.Second, func() string {
		linked := fmt.Sprint(i.Do(i.Redis[0], "ROLE"))
		if strings.Contains(linked, i.Redis[1].IP) {
			return linked
		}
		return ""
	})
	output, err := tenant(t, i, password, "sh")
	assertFails(t, output, err, map[string]string{"replicas": "1 of 2 linked to " + i.Redis[0].IP, "data": "OK 1 written 1"})
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	i := running(t, password)
	t.Run("wrong", func(t *testing.T) {
		output, err := tenant(t, i, "wrong", "sh")
		assertFails(t, output, err, map[string]string{"master": "AUTH failed: WRONGPASS", "replicas": "0 of 2", "password": i.Redis[0].IP + ":" + lab.RedisPort + " says AUTH failed", "data": "AUTH failed: WRONGPASS"})
	})
	t.Run("none where one is needed", func(t *testing.T) {
		output, err := tenant(t, i, "", "sh")
		assertFails(t, output, err, map[string]string{"master": "NOAUTH", "replicas": "0 of 2", "data": "NOAUTH"})
	})
	t.Run("not asked for", func(t *testing.T) {
		for _, p := range i.Redis {
			i.Do(p, "CONFIG", "SET", "requirepass", "")
		}
		output, err := tenant(t, i, password, "sh")
		require.Error(t, err)
		require.Contains(t, output, "FAILED  password: "+i.Redis[0].IP+":"+lab.RedisPort+" says PONG")
	})
}

func TestSentinels(t *testing.T) {
	t.Parallel()
	i := running(t, password)
	t.Run("one names another master", func(t *testing.T) {
		i.Tell(i.Sentinels[2], "SENTINEL", "REMOVE", lab.MasterName)
		i.Tell(i.Sentinels[2], "SENTINEL", "MONITOR", lab.MasterName, i.Network+".99", lab.RedisPort, "2")
		output, err := tenant(t, i, password, "sh")
		require.Error(t, err)
		require.Contains(t, output, "FAILED  sentinels: 2 of 3 known name "+i.Redis[0].IP)
	})
	i.MonitorFrom(i.Sentinels[2], i.Redis[0])
	i.Settled(i.Redis[0])
	t.Run("one wants a quorum of five", func(t *testing.T) {
		i.Tell(i.Sentinels[2], "SENTINEL", "SET", lab.MasterName, "quorum", "3")
		output, err := tenant(t, i, password, "sh")
		assertFails(t, output, err, map[string]string{"quorum": i.Sentinels[2].IP + ":" + lab.SentinelPort + " wants a quorum of 3, not 2"})
		i.Tell(i.Sentinels[2], "SENTINEL", "SET", lab.MasterName, "quorum", "2")
	})
	t.Run("no quorum", func(t *testing.T) {
		i.Sentinels[1].Signal(syscall.SIGKILL)
		i.Sentinels[2].Signal(syscall.SIGKILL)
		first := i.Client(i.Sentinels[0], lab.SentinelPort)
		defer func() { _ = first.Close() }()
		i.Eventually(5*time.Second, func() string {
			quorum, err := first.Do(t.Context(), "SENTINEL", "CKQUORUM", lab.MasterName).Text()
			if err != nil {
				return ""
			}
			return quorum
		})
		output, err := tenant(t, i, password, "sh")
		assertFails(t, output, err, map[string]string{"sentinels": "0 of 2 known", "quorum": "Could not connect"})
	})
	t.Run("none answers", func(t *testing.T) {
		i.Sentinels[0].Signal(syscall.SIGKILL)
		output, err := tenant(t, i, password, "sh")
		assertFails(t, output, err, map[string]string{"connection": "Could not connect"})
	})
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	i := running(t, password)
	t.Run("exporters answer the tenant", func(t *testing.T) {
		answer(t, net.JoinHostPort(i.Redis[0].IP, "9121"))
		output, err := tenant(t, i, password, "sh")
		assertFails(t, output, err, map[string]string{"policies": "Error: "})
	})
	nobody := i.Network + ".50:26379"
	for name, tt := range map[string]struct {
		target string
		seen   string
	}{
		"refused":          {i.Network + ".51:6379", ""},
		"Sentinel answers": {i.Sentinels[0].IP + ":" + lab.SentinelPort, "PONG"},
		"Redis answers":    {i.Redis[0].IP + ":" + lab.RedisPort, "NOAUTH"},
		"no such name":     {"rfr-none.invalid:6379", "rfr-none.invalid does not resolve"},
	} {
		t.Run("stranger, "+name, func(t *testing.T) {
			output, err := stranger(t, i, nobody, tt.target)
			if tt.seen == "" {
				require.NoError(t, err, output)
				require.Equal(t, "ok      policies: refused at "+nobody+" "+tt.target+"\n", output)
				return
			}
			assertFails(t, output, err, map[string]string{"policies": tt.seen})
		})
	}
}
