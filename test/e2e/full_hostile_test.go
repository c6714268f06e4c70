//go:build e2e && full

package e2e

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
)

// attack is what a Pod with all that the tenant has does, to take what it can get.
type attack struct {
	name, script string
	// alerts are those of which one tells of it, if any does.
	alerts []string
	// ends is whether a container of Redis ends for it, unsure if that is not known.
	ends, unsure bool
	// moves is whether another Redis is master afterwards.
	moves bool
}

// asTenants begins each script: it waits until the Pod is let in, and has what the tenant has.
const asTenants = `
find_master() { redis-cli -h "$REDIS_SENTINEL_HOST" -p "$REDIS_SENTINEL_PORT" SENTINEL GET-MASTER-ADDR-BY-NAME "$REDIS_SENTINEL_MASTER" | head -n 1; }
tenant() { REDISCLI_AUTH=$REDIS_PASSWORD timeout 30 redis-cli -h "$master" ${REDIS_USERNAME:+--user "$REDIS_USERNAME"} "$@"; }
until master=$(find_master) && [ "$(tenant PING)" = PONG ]; do sleep 0.5; done
# held N HOST PORT [LINE]: opens connections, says a line on each, and reads nothing.
held() { for _ in $(seq "$1"); do exec {one}<>"/dev/tcp/$2/$3" || continue; [ -z "${4-}" ] || printf '%s\r\n' "$4" >&"$one"; done; }
login="AUTH $REDIS_USERNAME $REDIS_PASSWORD"
`

// attacks are in an order in which RedisFailover, which lasts for a quarter of an hour, fires once.
var attacks = []attack{
	{name: "replies that nobody reads", script: `
tenant EVAL "local m = string.rep('x', 1000000) for n = 1, 20 do redis.call('RPUSH', 'list', m) end" 0
while :; do held 60 "$master" 6379 "$login"$'\r\n'"LRANGE list 0 -1"; sleep 1; done`},
	{name: "subscribers that do not read", script: `
held 200 "$master" 6379 "$login"$'\r\n'"SUBSCRIBE news"
while :; do tenant EVAL "local m = string.rep('x', 1000000) for n = 1, 100 do redis.call('PUBLISH', 'news', m) end" 0; done`},
	{name: "connections", script: `
for _ in $(seq 20); do held 500 "$master" 6379; done
while sleep 1; do held 50 "$master" 6379; done`, alerts: []string{"RedisClientsNearLimit", "RedisConnectionsRejected", "RedisNotAnswering"}},
	{name: "connections to Sentinel", script: `
each=$(redis-cli -h "$REDIS_SENTINEL_HOST" -p "$REDIS_SENTINEL_PORT" SENTINEL SENTINELS "$REDIS_SENTINEL_MASTER" | awk 'name == "ip" { print } { name = $0 }')
for _ in $(seq 20); do for sentinel in $each "$REDIS_SENTINEL_HOST"; do held 100 "$sentinel" 26379; done; done
while sleep 1; do for sentinel in $each "$REDIS_SENTINEL_HOST"; do held 5 "$sentinel" 26379; done; done`, alerts: []string{"RedisNotAnswering"}},
	{name: "memory of scripts", script: `
while :; do tenant EVAL "return #string.rep('x', 1000000000)" 0; sleep 20; master=$(find_master); done`, alerts: []string{"RedisFailover"}, ends: true},
	{name: "answers that the kernel keeps", script: `
while :; do
  tenant EVAL "redis.call('SET', 'big', string.rep('x', 2000000))" 0
  for _ in $(seq 300); do held 1 "$master" 6379 "$login"$'\r\n'"GET big"; sleep 0.02; done
  sleep 5
  master=$(find_master)
done`, unsure: true},
	{name: "a script without end", script: `
tenant EVAL "redis.call('SET', 'key', '1') while true do end" 0
sleep 600`, ends: true, moves: true},
	{name: "a function without end", script: `
printf '#!lua name=endless\nredis.register_function("endless", function() while true do end end)' | tenant -x FUNCTION LOAD REPLACE
tenant FCALL endless 0
sleep 600`, moves: true},
}

// TestHostileLoad has a Pod with all that the tenant has take memory, connections and time, one
// after the other: docs/access.md says what each can do at most. Its own instance may be refused
// and replaced, and serves again when the Pod is gone. The instance beside it, the operator and the
// nodes go on.
func TestHostileLoad(t *testing.T) {
	l := newLab(t, sooner, monitored("hostage", bounded), monitored("bystander"))
	beside := l.other.StartLedger(t, "bystander", time.Hour, 2)
	beside.AwaitReady(t)
	begun := time.Now()
	operator := restarts(t, framework.DrillsNamespace, "app.kubernetes.io/name=redis-operator")
	bystander := restarts(t, l.other.Namespace, l.other.Selector(""))
	for _, a := range attacks {
		if !t.Run(a.name, func(t *testing.T) { a.run(t, l) }) {
			break
		}
		require.Equal(t, operator, restarts(t, framework.DrillsNamespace, "app.kubernetes.io/name=redis-operator"))
		require.Equal(t, bystander, restarts(t, l.other.Namespace, l.other.Selector("")))
		requireNodes(t)
	}
	beside.Enough(t)
	for _, account := range accounts(t, "bystander", beside) {
		assert.Zero(t, account.Lost)
		assert.Less(t, account.GapAfter(begun).Duration(), time.Second+slack)
	}
}

// run begins the attack, waits for what tells of it, and ends it.
func (a attack) run(t *testing.T, l *lab) {
	t.Helper()
	i := l.cache
	master, _ := split(t, i.AwaitServing(t))
	before := restarts(t, i.Namespace, i.Selector(""))
	tells := func(since time.Time) bool {
		return slices.ContainsFunc(a.alerts, func(name string) bool {
			alert, fires := (&drill{instance: i}).find(l.alerts.now(), name)
			return fires && !alert.StartsAt.Before(since)
		})
	}
	require.Eventually(t, func() bool { return !tells(time.Time{}) }, windowWithin, look, "what the attack before has left")
	at := time.Now()
	startScript(t, i, "hostile", asTenants+a.script)
	if len(a.alerts) > 0 {
		require.Eventually(t, func() bool { return tells(at) }, detectWithin, look, "nobody tells of it")
	} else {
		require.NoError(t, pause(t.Context(), 30*time.Second))
	}
	t.Logf("%s, after %s:\n%s", a.name, time.Since(at).Round(time.Second), describe(l.alerts.now()))
	ended := before != restarts(t, i.Namespace, i.Selector(""))
	t.Logf("%s: a container has ended: %v", a.name, ended)
	require.True(t, a.unsure || a.ends == ended)
	endScript(t, i, "hostile")
	after, _ := split(t, i.AwaitServing(t))
	t.Logf("%s: whole again %s after it began", a.name, time.Since(at).Round(time.Second))
	if a.moves {
		require.NotEqual(t, master.Pod, after.Pod)
	}
}

// TestForeignMaster has a Pod with the access label tell all Sentinels, again and again, that it is
// the master. Clients that ask a Sentinel may go there; none of the instance's own Pods does, not
// even one that is new, and the proxies answer nobody instead.
func TestForeignMaster(t *testing.T) {
	s := installProxy(t, framework.Release{Name: "e2e-foreign", Values: map[string]string{"proxy.enabled": "true"}})
	i := s.instance
	_, replicas := split(t, i.AwaitServing(t))
	startScript(t, i, "foreign", asTenants+`
redis-server --port 6379 --protected-mode no --save '' --loglevel verbose --dir /tmp &
self=$(hostname -i)
each=$(redis-cli -h "$REDIS_SENTINEL_HOST" -p 26379 SENTINEL SENTINELS mymaster | awk 'name == "ip" { print } { name = $0 }')
each="$each $(redis-cli -h "$REDIS_SENTINEL_HOST" -p 26379 CLIENT INFO | sed 's/.* laddr=\([0-9.]*\):.*/\1/')"
while :; do
  for one in $each; do
    [ "$(redis-cli -h "$one" -p 26379 SENTINEL GET-MASTER-ADDR-BY-NAME mymaster | head -n 1)" = "$self" ] && continue
    redis-cli -h "$one" -p 26379 SENTINEL REMOVE mymaster
    redis-cli -h "$one" -p 26379 SENTINEL MONITOR mymaster "$self" 6379 2
  done
  sleep 0.2
done`)
	sentinel, foreign := i.Pods(t, "sentinel")[0].Name, ""
	require.Eventually(t, func() bool {
		foreign, _ = framework.Ask(t.Context(), "--namespace", i.Tenant, "get", "pods", "--selector=job-name=foreign", "-o", "jsonpath={.items[*].status.podIP}")
		named, _ := framework.Ask(t.Context(), "--namespace", i.Namespace, "exec", sentinel, "--container=sentinel", "--",
			"redis-cli", "-p", "26379", "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")
		return foreign != "" && strings.HasPrefix(named, foreign+"\n")
	}, 2*time.Minute, time.Second, "the Sentinels name it")

	own := map[string]string{}
	for _, selector := range []string{i.Selector(""), "app.kubernetes.io/component=proxy,app.kubernetes.io/name=" + i.Name} {
		for _, pod := range framework.ListPods(t, i.Namespace, selector) {
			own[pod.Status.PodIP] = pod.Name
		}
	}
	require.NoError(t, kubectl(t.Context(), "--namespace", i.Namespace, "delete", "pod", replicas[0].Pod))
	require.Eventually(t, func() bool {
		started, _ := framework.Ask(t.Context(), "--namespace", i.Namespace, "logs", replicas[0].Pod, "--container=redis")
		serving, err := framework.Ask(t.Context(), "--namespace", i.Namespace, "get", "deployment", i.Name+"-proxy", "-o", "jsonpath={.status.readyReplicas}")
		return strings.Contains(started, "start.sh: no master to follow: ") && err == nil && serving == ""
	}, 2*time.Minute, time.Second, "a new Redis follows nobody, and the proxies serve nobody")
	for _, pod := range i.Pods(t, "redis") {
		own[pod.Status.PodIP] = pod.Name
	}
	// helm test asks Sentinel, and has a password. It fails, and is not let out. The network
	// plugin leaves a Pod open for a moment when it starts: docs/limits.md.
	_ = exec.CommandContext(t.Context(), framework.Path("bin/helm"), "--namespace", i.Namespace, "test", i.Name, "--timeout", "3m").Run()
	golive := framework.Output(t, i.Namespace, "logs", "job/"+i.Name+"-golive")
	require.Contains(t, golive, "names "+foreign+":6379")
	require.Regexp(t, regexp.QuoteMeta(foreign)+":6379 says Could not connect to ", golive)
	heard := framework.Output(t, i.Tenant, "logs", "job/foreign")
	require.Contains(t, heard, "Ready to accept connections")
	for address, name := range own {
		require.NotContains(t, heard, "Accepted "+address+":", "%s has connected to the foreign master", name)
	}
	endScript(t, i, "foreign")
	i.AwaitServing(t)
}

// restarts are how often each container of some Pods has been started again, as a text.
func restarts(t *testing.T, namespace, selector string) string {
	t.Helper()
	var found strings.Builder
	for _, pod := range framework.ListPods(t, namespace, selector) {
		found.WriteString(pod.Name)
		for _, container := range pod.Status.ContainerStatuses {
			found.WriteString(" " + container.Name + strings.Repeat("+", int(container.RestartCount)))
		}
		found.WriteString("\n")
	}
	require.NotEmpty(t, found.String())
	return found.String()
}

// requireNodes holds that every node is ready and short of nothing.
func requireNodes(t *testing.T) {
	t.Helper()
	conditions := framework.Output(t, "default", "get", "nodes", "-o", `jsonpath={range .items[*].status.conditions[*]}{.type}={.status}{"\n"}{end}`)
	for line := range strings.Lines(conditions) {
		kind, status, _ := strings.Cut(strings.TrimSpace(line), "=")
		want := corev1.ConditionFalse
		if kind == string(corev1.NodeReady) {
			want = corev1.ConditionTrue
		}
		require.Equal(t, string(want), status, kind)
	}
}
