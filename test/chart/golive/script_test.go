package golive

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
		}
	}
	require.Len(t, failed, len(seen), output)
	require.True(t, strings.HasSuffix(output, "\nfailed: "+strings.Join(failed, ", ")+"\n"), output)
	require.NotContains(t, output, password)
}

func TestGoodInstance(t *testing.T) {
	for name, secret := range map[string]string{"password": password, "no password": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t, secret)
			for _, shell := range [][]string{{"dash"}, {"busybox", "sh"}} {
				output, err := i.tenant(t, shell...)
				require.NoError(t, err, output)
				lines, order := verdicts(t, output)
				require.Equal(t, []string{"sentinel", "named", "password", "master", "replicas", "sentinels", "quorum", "data", "metrics"}, order)
				for check, verdict := range lines {
					if check == "password" && secret == "" {
						require.Equal(t, "skipped", verdict)
						continue
					}
					require.Equal(t, "ok", verdict, output)
				}
				require.NotContains(t, output, password)
			}
			size, err := i.do(1, "DBSIZE")
			require.NoError(t, err)
			require.EqualValues(t, 0, size, "the key is gone")
		})
	}
}

func TestStoppedReplica(t *testing.T) {
	t.Parallel()
	i := newInstance(t, password)
	i.stop(2)
	i.eventually(func() bool { return i.linked() == 1 })
	output, err := i.tenant(t, "sh")
	assertFails(t, output, err, map[string]string{"replicas": "1 of 2 linked to " + i.ip(1)})
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	i := newInstance(t, password)
	t.Run("wrong", func(t *testing.T) {
		wrong := *i
		wrong.password = "wrong"
		output, err := wrong.tenant(t, "sh")
		assertFails(t, output, err, map[string]string{"master": "AUTH failed: WRONGPASS", "replicas": "0 of 2", "data": "AUTH failed: WRONGPASS"})
	})
	t.Run("none where one is needed", func(t *testing.T) {
		none := *i
		none.password = ""
		output, err := none.tenant(t, "sh")
		assertFails(t, output, err, map[string]string{"master": "NOAUTH", "replicas": "0 of 2", "data": "NOAUTH"})
	})
	t.Run("not asked for", func(t *testing.T) {
		for pod := 1; pod <= 3; pod++ {
			_, err := i.do(pod, "CONFIG", "SET", "requirepass", "")
			require.NoError(t, err)
		}
		output, err := i.tenant(t, "sh")
		require.Error(t, err)
		require.Contains(t, output, "FAILED  password: PONG")
	})
}

func TestSentinels(t *testing.T) {
	t.Parallel()
	i := newInstance(t, password)
	t.Run("one names another master", func(t *testing.T) {
		_, err := i.do(13, "SENTINEL", "REMOVE", "mymaster")
		require.NoError(t, err)
		_, err = i.do(13, "SENTINEL", "MONITOR", "mymaster", i.ip(99), redisPort, "2")
		require.NoError(t, err)
		output, err := i.tenant(t, "sh")
		require.Error(t, err)
		require.Contains(t, output, "FAILED  sentinels: 2 of 3 known name "+i.ip(1))
	})
	t.Run("no quorum", func(t *testing.T) {
		i.stop(12)
		i.stop(13)
		i.eventually(func() bool {
			_, err := i.do(11, "SENTINEL", "CKQUORUM", "mymaster")
			return err != nil
		})
		output, err := i.tenant(t, "sh")
		assertFails(t, output, err, map[string]string{"sentinels": "0 of 2 known", "quorum": "Could not connect"})
	})
	t.Run("none answers", func(t *testing.T) {
		i.stop(11)
		output, err := i.tenant(t, "sh")
		assertFails(t, output, err, map[string]string{"sentinel": "Could not connect"})
	})
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	i := newInstance(t, password)
	t.Run("metrics answer the tenant", func(t *testing.T) {
		answer(t, net.JoinHostPort(i.ip(1), "9121"))
		output, err := i.tenant(t, "sh")
		assertFails(t, output, err, map[string]string{"metrics": "Error: "})
	})
	nobody := i.ip(50) + ":26379"
	for name, tt := range map[string]struct {
		target string
		seen   string
	}{
		"refused":          {i.ip(51) + ":6379", ""},
		"Sentinel answers": {i.ip(11) + ":" + sentinelPort, "PONG"},
		"Redis answers":    {i.ip(1) + ":" + redisPort, "NOAUTH"},
		"no such name":     {"rfr-none.invalid:6379", "Could not connect to Redis at rfr-none.invalid:6379: "},
	} {
		t.Run("stranger, "+name, func(t *testing.T) {
			output, err := i.stranger(t, nobody, tt.target)
			if tt.seen == "" {
				require.NoError(t, err, output)
				require.Equal(t, "ok      stranger: refused at "+nobody+" "+tt.target+"\n", output)
				return
			}
			assertFails(t, output, err, map[string]string{"stranger": tt.seen})
		})
	}
}
