//go:build bench

package proxy

import (
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/ledger"
)

// TestDesigns measures what each part of the proxy is for: the table of
// docs/design/proxy.md. It cuts a Redis off by iptables, so it wants a network of its own:
//
//	unshare -n sh -c 'ip link set lo up && go test -tags bench -run TestDesigns -timeout 60m -v ./test/chart/proxy'
func TestDesigns(t *testing.T) {
	designs := []struct {
		name   string
		change func(i *instance) func(name, content string) string
	}{
		{"role check alone", func(i *instance) func(string, string) string { return i.roleCheckOnly }},
		{"the Sentinels' word alone", func(*instance) func(string, string) string { return withoutChoice }},
		{"as it is", func(*instance) func(string, string) string { return nil }},
	}
	faults := []struct {
		name   string
		inject func(*instance)
	}{
		{"planned", (*instance).handOver},
		{"killed", (*instance).kill},
		{"frozen, then thawed", (*instance).freeze},
		{"cut off for 15 s", (*instance).cutOff},
	}
	for _, f := range faults {
		for _, d := range designs {
			var through, direct []ledger.Account
			var gaps, directGaps []time.Duration
			for n := range 3 {
				t.Run(fmt.Sprintf("%s/%s/%d", f.name, d.name, n), func(t *testing.T) {
					i := running(t)
					i.start(d.change(i))
					i.ready()
					account, follow, at := i.keep(26*time.Second, func() { f.inject(i) })
					through, direct = append(through, account), append(direct, follow)
					gaps, directGaps = append(gaps, account.GapAfter(at).Duration()), append(directGaps, follow.GapAfter(at).Duration())
				})
			}
			t.Logf("| %s | %s | %s | %s | %s | %s |", f.name, d.name, seconds(gaps), lost(through), seconds(directGaps), lost(direct))
		}
	}
}

// withoutChoice waits until the Sentinels name a master.
func withoutChoice(name, content string) string {
	if name != "sentinel.lua" {
		return content
	}
	return strings.Replace(content, "local promoted = chosen()", "local promoted = nil", 1)
}

// cutOff lets nothing pass between the master and the rest of its instance, while
// the proxy and clients reach all.
func (i *instance) cutOff() {
	i.T.Helper()
	master := i.Redis[0].IP
	var ips []string
	for _, p := range slices.Concat(i.Redis[1:], i.Sentinels) {
		ips = append(ips, p.IP)
	}
	others := strings.Join(ips, ",")
	for _, action := range []string{"-A", "-D"} {
		for from, to := range map[string]string{master: others, others: master} {
			output, err := exec.CommandContext(i.T.Context(), "iptables", "-w", action, "INPUT", "-s", from, "-d", to, "-j", "DROP").CombinedOutput()
			require.NoError(i.T, err, string(output))
		}
		if action == "-A" {
			time.Sleep(15 * time.Second)
		}
	}
}

// seconds prints the gaps of all runs.
func seconds(gaps []time.Duration) string {
	var all []string
	for _, gap := range slices.Sorted(slices.Values(gaps)) {
		all = append(all, fmt.Sprintf("%.1f", gap.Seconds()))
	}
	return strings.Join(all, " / ")
}

func lost(accounts []ledger.Account) string {
	var all []string
	for _, account := range accounts {
		all = append(all, strconv.Itoa(account.Lost))
	}
	return strings.Join(all, " / ")
}
