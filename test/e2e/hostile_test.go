//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// bounded are the values of an instance whose clients have the least rights.
var bounded = map[string]string{"auth.tenantUser": `"app"`, "auth.readOnlyUser": `"viewer"`, "auth.restrictSentinel": "true"}

// checkHostile runs a Pod with all that the tenant has, which tries what would harm the
// instance beyond its data. test/chart/users asks about every command; this is what the
// cluster makes of it. What the tenant is to do works.
func checkHostile(t *testing.T, i *framework.Instance) {
	t.Helper()
	before, _ := split(t, i.AwaitServing(t))
	attempts := []struct{ command, answer string }{
		{"tenant SET greeting hello", "OK"},
		{"tenant REPLICAOF NO ONE", "NOPERM"},
		{"tenant CONFIG GET masterauth", "NOPERM"},
		{"tenant SHUTDOWN NOSAVE", "NOPERM"},
		{"tenant DEBUG SLEEP 10", "ERR DEBUG command not allowed"},
		{"tenant ACL SETUSER app +@all", "NOPERM"},
		{"tenant CLIENT PAUSE 10000", "NOPERM"},
		{"tenant MIGRATE 10.0.0.1 6379 greeting 0 1000", "NOPERM"},
		{"tenant PUBLISH __sentinel__:hello x", "NOPERM"},
		{`tenant EVAL "return redis.call('FLUSHALL')" 0`, "ERR ACL failure in script"},
		{"tenant MONITOR", "NOPERM"},
		{"tenant MODULE LOAD /tmp/x.so", "ERR MODULE command not allowed"},
		{"tenant CLUSTER INFO", "NOPERM"},
		{"tenant SETRANGE greeting 536870911 x", "ERR string exceeds maximum allowed size"},
		{"reader GET greeting", "hello"},
		{"reader SET greeting other", "NOPERM"},
		{"reader FLUSHDB", "NOPERM"},
		{"stranger GET greeting", "NOAUTH"},
		{"sentinel SENTINEL CKQUORUM mymaster", "OK 3 usable Sentinels"},
		{"sentinel PUBLISH __sentinel__:hello x", "NOPERM"},
		{"sentinel SENTINEL IS-MASTER-DOWN-BY-ADDR 10.0.0.1 6379 18446744073709551615 x", "NOPERM"},
		{"sentinel SENTINEL FAILOVER mymaster", "NOPERM"},
		{"sentinel SENTINEL CONFIG GET sentinel-pass", "NOPERM"},
		{"sentinel ACL SETUSER default off", "NOPERM"},
		{"sentinel SHUTDOWN", "NOPERM"},
		{"sentinel CLIENT KILL TYPE normal", "NOPERM"},
		{"sentinel SENTINEL SIMULATE-FAILURE crash-after-election", "NOPERM"},
		{"sentinel --user sentinel-user --pass x PING", "AUTH failed: WRONGPASS"},
	}
	var script strings.Builder
	script.WriteString(`
sentinel() { timeout 5 redis-cli -h "$REDIS_SENTINEL_HOST" -p "$REDIS_SENTINEL_PORT" "$@" 2>&1; }
stranger() { timeout 5 redis-cli -h "$master" "$@" 2>&1; }
# A new Pod is let in a moment after it has started, at each Pod at its own.
for second in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	master=$(sentinel SENTINEL GET-MASTER-ADDR-BY-NAME "$REDIS_SENTINEL_MASTER" | head -n 1)
	case $master in
	'' | *[!0-9.]*) ;;
	*) case $(stranger PING) in NOAUTH*) break ;; esac ;;
	esac
	sleep 1
done
tenant() { export REDISCLI_AUTH="$REDIS_PASSWORD"; stranger --user "$REDIS_USERNAME" "$@"; }
reader() { export REDISCLI_AUTH="$REDIS_READ_PASSWORD"; stranger --user "$REDIS_READ_USERNAME" "$@"; }
`)
	for n, attempt := range attempts {
		fmt.Fprintf(&script, "echo \"%d: $(%s | grep -v Warning | head -n 1)\"\n", n, attempt.command)
	}
	job := i.StartJob(t, i.Tenant, "hostile", func(pod *corev1.PodTemplateSpec) {
		pod.Labels = map[string]string{i.AccessLabel(): "allow"}
		pod.Spec.Containers[0].Image = "tenant-redis.local/valkey/valkey:8.1.11"
		pod.Spec.Containers[0].Command = []string{"sh", "-c", script.String()}
	})
	_, err := job.AwaitEnd(t.Context(), 2*time.Minute)
	said := "\n" + job.Log(t)
	require.NoError(t, err, said)
	for n, attempt := range attempts {
		require.Contains(t, said, fmt.Sprintf("\n%d: %s", n, attempt.answer), "%s", attempt.command)
	}
	after, _ := split(t, i.AwaitServing(t))
	require.Equal(t, before, after, "the master is who it was")
	require.Empty(t, failedChecks(t, i), "the checklist and the exporters know the users")
}
