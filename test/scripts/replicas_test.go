//go:build bench

package scripts

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// TestMinReplicas measures what min-replicas-to-write costs and saves: the table
// of docs/limits.md. It cuts a Redis off by iptables, so it wants a network of
// its own:
//
//	unshare -n sh -c 'ip link set lo up && go test -tags bench -run TestMinReplicas -v ./test/scripts'
func TestMinReplicas(t *testing.T) {
	var (
		mu   sync.Mutex
		cost = map[string]ledger.Account{}
	)
	t.Run("faults", func(t *testing.T) {
		for fault, inject := range faults {
			for _, replicas := range []string{"0", "1", "2"} {
				t.Run(fault+" "+replicas, func(t *testing.T) {
					t.Parallel()
					account := accountFor(t, replicas, inject)
					mu.Lock()
					defer mu.Unlock()
					cost[fault+" "+replicas] = account
				})
			}
		}
	})
	for fault := range faults {
		row := "| " + fault
		for _, replicas := range []string{"0", "1", "2"} {
			account := cost[fault+" "+replicas]
			refused := 0
			for _, e := range account.Errors {
				if e.Class == ledger.NoReplicas {
					refused += e.Failed
				}
			}
			row += fmt.Sprintf(" | %d / %d", account.Lost, refused)
		}
		t.Log(row + " |")
	}
	require.Less(t, cost["cut off 1"].Lost, cost["cut off 0"].Lost)
}

// faults begin and end within 20 s. The arguments are those of a restarted Redis.
var faults = map[string]func(i *instance, arguments ...string){
	"planned move": func(i *instance, arguments ...string) {
		i.Stop(i.Redis[0])
		time.Sleep(containerRestart)
		i.Restart(i.Redis[0], arguments...)
	},
	"killed": func(i *instance, arguments ...string) {
		i.Redis[0].Signal(syscall.SIGKILL)
		time.Sleep(containerRestart)
		i.Restart(i.Redis[0], arguments...)
	},
	"frozen": func(i *instance, _ ...string) {
		i.Redis[0].Signal(syscall.SIGSTOP)
		time.Sleep(15 * time.Second)
		i.Redis[0].Signal(syscall.SIGCONT)
	},
	"replica down": func(i *instance, arguments ...string) {
		i.Redis[1].Signal(syscall.SIGKILL)
		time.Sleep(10 * time.Second)
		i.Restart(i.Redis[1], arguments...)
	},
	"cut off": func(i *instance, _ ...string) {
		var others []string
		for _, p := range append(i.Redis[1:], i.Sentinels...) {
			others = append(others, p.IP)
		}
		for _, action := range []string{"-A", "-D"} {
			for from, to := range map[string]string{i.Redis[0].IP: strings.Join(others, ","), strings.Join(others, ","): i.Redis[0].IP} {
				output, err := exec.CommandContext(i.T.Context(), "iptables", "-w", action, "INPUT", "-s", from, "-d", to, "-j", "DROP").CombinedOutput()
				require.NoError(i.T, err, string(output))
			}
			if action == "-A" {
				time.Sleep(15 * time.Second)
			}
		}
	},
}

// accountFor is the account of a client that stays connected to its master.
func accountFor(t *testing.T, replicas string, inject func(*instance, ...string)) ledger.Account {
	t.Helper()
	i := running(t)
	for _, p := range i.Redis {
		i.Do(p, "CONFIG", "SET", "min-replicas-to-write", replicas, "min-replicas-max-lag", "3")
	}
	time.AfterFunc(2*time.Second, func() {
		inject(i, "--min-replicas-to-write", replicas, "--min-replicas-max-lag", "3")
	})
	report, err := ledger.Run(t.Context(), ledger.Contract{
		Sentinel: net.JoinHostPort(i.Service.IP, lab.SentinelPort), Master: lab.MasterName,
	}, ledger.Settings{
		Clients: []ledger.Kind{ledger.Naive}, Writers: 2, Rate: 50, Duration: 26 * time.Second, Timeout: time.Second,
		WaitFor: 200 * time.Millisecond, Replicas: 2, WholeWithin: time.Minute,
	}, io.Discard)
	require.NoError(t, err)
	account, _ := report.Account(ledger.Naive)
	return account
}
