package scripts

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// TestServiceIsDisturbed has the Pods find the Sentinels where what Kubernetes says of
// their Service is wrong, or nothing.
func TestServiceIsDisturbed(t *testing.T) {
	for name, disturb := range map[string]func(*instance){
		// Both Services have a variable of this name.
		"an instance X-service beside X": func(i *instance) {
			i.Links = []string{i.Links[0], "RFS_LAB_A_SERVICE_PORT=tcp://" + i.Service.IP + ":" + lab.SentinelPort}
		},
		"the Service is made again, and another instance has its address": func(i *instance) {
			other := running(i.T)
			i.Service.Backends.Store(&other.Sentinels)
		},
		"no enableServiceLinks": func(i *instance) { i.Links = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, master := parented(t)
			disturb(i)
			for _, p := range i.Redis {
				if p != master { // a container that is killed, in the same Pod
					p.Signal(syscall.SIGKILL)
					i.Restart(p)
					i.reaches(p, 5*time.Second, lab.ReplicaOf(master))
				}
			}
			i.Settled(master)
			writers := i.writers()
			i.Stop(master)
			old := i.Elected(master, time.Second)
			i.writersReturn(writers, old, handOverGap, 0)
			if i.Links != nil {
				i.Restart(master)
			} else {
				i.newPod(master, old)
			}
			i.Settled(old)
			i.watched(old)
			writers = i.writers()
			old.Crash()
			require.Regexp(t, "start.sh: (replaced by|not replaced yet: )", i.Logged(old), "it did not find the Sentinels")
			next := i.Elected(old, lab.Detection+2500*time.Millisecond+i.ElectionTimeout())
			i.writersReturn(writers, next, lab.Detection+2500*time.Millisecond, 1)
		})
	}
}

// A Sentinel that knows nobody, since the operator has reset it, is looked for in all ways,
// and found in each. It is one all the same: its vote counts once.
func TestSentinelIsFoundTwice(t *testing.T) {
	t.Parallel()
	i := running(t)
	var sentinels []string
	for _, s := range i.Sentinels {
		sentinels = append(sentinels, net.JoinHostPort(s.IP, lab.SentinelPort))
		i.Tell(s, "SENTINEL", "RESET", "*")
	}
	output, err := i.runs(shells[0], `sentinels=$2
survey
meet
electorate
printf '%s\n' $voters; echo "$views" | cut -d ' ' -f 1`, strings.Join(sentinels, " "))
	require.NoError(t, err)
	found := map[string]int{}
	for word := range strings.FieldsSeq(output) {
		found[word]++
	}
	for _, s := range sentinels {
		require.Positive(t, found[s], "%s", output)
		require.LessOrEqual(t, found[s], 2, "%s is not one voter with one view:\n%s", s, output)
	}
}

// newPod starts a Pod that has nothing of an earlier one, and finds no Sentinel: the
// operator's next pass tells it whom to follow.
func (i *instance) newPod(p, master *lab.Process) {
	i.T.Helper()
	require.NoError(i.T, os.RemoveAll(filepath.Join(p.Dir, "data")))
	require.NoError(i.T, os.Mkdir(filepath.Join(p.Dir, "data"), 0o755))
	i.Restart(p)
	i.waits(p, time.Second)
	i.Do(p, "SLAVEOF", master.IP, lab.RedisPort)
}

// A Pod whose address the operator cannot read does not start, and says why.
func TestNoIPv4(t *testing.T) {
	for name, addresses := range map[string][]string{
		"fd00::1": {"fd00::1"}, "fd00::2": {"fd00::2", "127.0.0.2"}, "not known": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			p := i.Redis[0]
			i.Addresses(p, addresses...)
			i.Restart(p)
			require.Equal(t, 1, p.Wait())
			require.Contains(t, i.Logged(p), "the address of this Pod is "+name+", and must be IPv4: ")
			require.NotContains(t, i.Logged(p), "oO0OoO0OoO0Oo", "Redis has started")
		})
	}
}
