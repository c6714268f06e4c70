//go:build e2e

package e2e

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// fill sends four times as much as the container has memory, as fast as it can,
// on three connections, to the master that Sentinel names, and tells what became
// of it: for each connection, "errors: 0, replies: 170000" and how many errors
// began with which word. No compression makes the files smaller. A new Pod is refused for
// a moment, by Sentinel's node and by Redis', until they know it.
const fill = `
until [ $# = 2 ]; do
  set -- $(redis-cli -h "$REDIS_SENTINEL_HOST" -p "$REDIS_SENTINEL_PORT" SENTINEL GET-MASTER-ADDR-BY-NAME "$REDIS_SENTINEL_MASTER")
done
export REDISCLI_AUTH="$REDIS_PASSWORD"
until redis-cli -h "$1" -p "$2" PING; do :; done
for connection in 1 2 3; do
  awk -v connection="$connection" 'BEGIN {
    while (length(value) < 1000) value = value sprintf("%c", 65 + int(26 * rand()))
    for (i = 0; i < 170000; i++) printf "SET fill:%d:%d %s\r\n", connection, i, value
  }' | redis-cli -h "$1" -p "$2" --pipe 2>&1 |
    awk '/^errors:/ { print; next } { count[$1]++ } END { for (error in count) print error, count[error] }' &
done
wait`

var (
	filled = regexp.MustCompile(`(?m)^errors: \d+, replies: 170000$`)
	full   = regexp.MustCompile(`(?m)^OOM \d+$`)
)

// TestMemoryIsBounded fills Redis to the brim while a replica is lost and makes
// a full copy, which is when Redis needs most. A cache drops its oldest keys, a
// session store refuses new ones and saves, and no container is killed for its memory nor
// a Pod evicted for its files. It takes all of the processor, and so runs beside no other
// test.
func TestMemoryIsBounded(t *testing.T) {
	for _, purpose := range []struct {
		name    string
		evicts  bool
		refuses bool
	}{
		{name: "cache", evicts: true},
		{name: "session", refuses: true},
	} {
		t.Run(purpose.name, func(t *testing.T) {
			t.Parallel()
			instance := framework.Install(t, framework.Release{
				Name:   "e2e-full-" + purpose.name,
				Values: map[string]string{"purpose": strconv.Quote(purpose.name)},
			})
			serving := instance.AwaitServing(t)
			master, _ := serving.Master()

			job := instance.StartJob(t, instance.Tenant, "fill", func(pod *corev1.PodTemplateSpec) {
				container := &pod.Spec.Containers[0]
				container.Image = "tenant-redis.local/valkey/valkey:8.1.11"
				container.Command = []string{"sh", "-c", fill}
				container.Resources.Limits = nil
			})
			replica := serving.Redis[0].Pod
			if replica == master.Pod {
				replica = serving.Redis[1].Pod
			}
			require.NoError(t, kubectl(t.Context(), "--namespace", framework.SystemNamespace, "delete", "pod", replica))
			_, err := job.AwaitEnd(t.Context(), 3*time.Minute)
			require.NoError(t, err, job.Log(t))
			instance.AwaitServing(t)

			log := job.Log(t)
			require.Len(t, filled.FindAllString(log, -1), 3, log)
			refused := full.MatchString(log)
			evicted := figure(instance.RedisCLI(t, master.Pod, "INFO stats"), "evicted_keys")
			t.Logf("%s: %s\n%s", purpose.name, evicted, log)
			require.Equal(t, purpose.refuses, refused, "whether writes were refused since memory is full")
			require.Equal(t, purpose.evicts, evicted != "evicted_keys:0")
			requireNotKilled(t, instance)
		})
	}
}

// figure is the line of an INFO answer that begins with a name.
func figure(info, name string) string {
	for line := range strings.Lines(info) {
		if strings.HasPrefix(line, name+":") {
			return strings.TrimSpace(line)
		}
	}
	return name + " is missing"
}

// requireNotKilled fails if any container of the instance has ended by itself, or a Pod was
// evicted, in whose place there is another one by now.
func requireNotKilled(t *testing.T, i *framework.Instance) {
	t.Helper()
	pods := i.Pods(t, "")
	require.Len(t, pods, 6)
	for _, pod := range pods {
		for _, container := range pod.Status.ContainerStatuses {
			require.Zero(t, container.RestartCount, "%s in %s: %+v", container.Name, pod.Name, container.LastTerminationState)
		}
	}
	evicted := framework.Output(t, i.Namespace, "get", "events", "--field-selector=reason=Evicted", "-o", `jsonpath={range .items[*]}{.involvedObject.name}: {.message}{"\n"}{end}`)
	require.NotContains(t, evicted, "-"+i.Name+"-")
}
