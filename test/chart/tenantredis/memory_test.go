package tenantredis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/tenant-redis/tenant-redis/test/chart/render"
)

func readme(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(chart.Dir + "/README.md")
	require.NoError(t, err)
	return string(data)
}

// mebibytes reads Redis' "8mb", which is Kubernetes' 8Mi.
func mebibytes(t *testing.T, s string) int64 {
	t.Helper()
	var n int64
	_, err := fmt.Sscanf(s, "%dmb", &n)
	require.NoError(t, err, s)
	return n
}

// TestMemory holds the sizes and that what Redis may use at its worst fits into
// the container: what maxmemory counts, 10 % more for fragmentation, all of that
// copied while Redis is forked, and what maxmemory does not count.
func TestMemory(t *testing.T) {
	own := func(memory string) values {
		return values{"size": `"own"`, "redis.memory": text(memory), "redis.cpu": `"0.5"`}
	}
	for name, test := range map[string]struct {
		values                                values
		memory, cpu                           string
		maxmemory, backlog, replicas, clients int64
	}{
		"small":  {nil, "256Mi", "100m", 80, 8, 32, 16},
		"medium": {values{"size": `"medium"`}, "1Gi", "500m", 363, 32, 128, 64},
		"large":  {values{"size": `"large"`}, "4Gi", "1", 1498, 128, 512, 256},
		"least":  {own("128Mi"), "128Mi", "500m", 32, 4, 16, 8},
		"odd":    {own("1001Mi"), "1001Mi", "500m", 355, 31, 124, 62},
		"most":   {own("64Gi"), "64Gi", "500m", 24189, 2048, 8192, 4096},
		// Of what Helm writes as 1e+06.
		"more than anybody has": {own("4096Gi"), "4096Gi", "500m", 1549018, 131072, 524288, 262144},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := failover(t, test.values).Spec.Redis
			limit := resource.MustParse(test.memory)
			assert.True(t, limit.Equal(*redis.Resources.Requests.Memory()))
			assert.True(t, limit.Equal(*redis.Resources.Limits.Memory()))
			assert.True(t, resource.MustParse(test.cpu).Equal(*redis.Resources.Requests.Cpu()))

			maxmemory := mebibytes(t, argument(t, redis.Command, "--maxmemory"))
			backlog := mebibytes(t, argument(t, redis.Command, "--repl-backlog-size"))
			clients := mebibytes(t, argument(t, redis.Command, "--maxmemory-clients"))
			reply, replicas := buffers(t, redis.Command)
			assert.Equal(t, []int64{test.maxmemory, test.backlog, test.replicas, test.clients},
				[]int64{maxmemory, backlog, replicas, clients})
			assert.Equal(t, backlog, reply)
			assert.Equal(t, reply, mebibytes(t, argument(t, redis.Command, "--proto-max-bulk-len")), "what cannot be read is not taken")
			if test.values["redis.memory"] == "" {
				assert.Contains(t, readme(t), fmt.Sprintf("| `%s` | %s | %s | %d MiB | %d MiB | %d MiB | %d MiB | %d MiB | %d MiB | %d MiB | %d MiB |",
					name, test.memory, test.cpu, maxmemory, backlog, replicas, clients, reply, maxmemory+64, 3*maxmemory+64, 4*maxmemory))
			}
			for purpose, files := range map[string]int64{"cache": 1, "session": 3} {
				given := values{"purpose": text(purpose)}
				maps.Copy(given, test.values)
				redis := failover(t, given).Spec.Redis
				assert.Equal(t, 4*maxmemory<<20, redis.Storage.EmptyDir.SizeLimit.Value(), "more than three files")
				assert.Equal(t, (files*maxmemory+64)<<20, redis.Resources.Requests.StorageEphemeral().Value(), purpose)
				assert.Equal(t, (4*maxmemory+1024)<<20, redis.Resources.Limits.StorageEphemeral().Value(), "no less than the volume")
			}

			worst := float64(maxmemory)*1.1*2 + float64(replicas-backlog+clients+reply) + 32
			assert.LessOrEqual(t, worst, float64(limit.Value()>>20))
			assert.Greater(t, worst, float64(limit.Value()>>20)*0.98, "no more is left unused than rounding takes")
		})
	}
}

// TestDisk holds that each container requests disk, so that a node that runs full evicts
// others first, and has a limit that no log of kubelet's reaches.
func TestDisk(t *testing.T) {
	pods := map[string]corev1.PodSpec{"proxy": proxyDeployment(t, nil).Template.Spec}
	for name, c := range components(t, nil) {
		pods[name] = c.pod()
	}
	for _, pod := range pods {
		require.NotEmpty(t, pod.Containers)
		for _, container := range pod.Containers {
			assert.GreaterOrEqual(t, container.Resources.Requests.StorageEphemeral().Value(), int64(64<<20), container.Name)
			assert.GreaterOrEqual(t, container.Resources.Limits.StorageEphemeral().Value(), int64(1<<30), container.Name)
		}
	}
}

// buffers returns the limits of a client's and of the replicas' output buffers.
func buffers(t *testing.T, command []string) (normal, replica int64) {
	t.Helper()
	i := slices.Index(command, "--client-output-buffer-limit")
	require.GreaterOrEqual(t, i, 0)
	limits := command[i+1 : i+9]
	for j, want := range []string{"normal", limits[1], "0", "0", "replica", limits[5], "0", "0"} {
		require.Equal(t, want, limits[j])
	}
	return mebibytes(t, limits[1]), mebibytes(t, limits[5])
}

// TestSettings starts a real Redis with the command that the chart renders, and
// asks it for every setting that redis.config may have.
func TestSettings(t *testing.T) {
	// Given as YAML has it, and as Redis tells it.
	given := map[string][2]string{
		"maxmemory-policy": {`"volatile-ttl"`, "volatile-ttl"}, "maxmemory-samples": {"64", "64"},
		"lfu-log-factor": {"1", "1"}, "lfu-decay-time": {"2", "2"}, "timeout": {"300", "300"}, "tcp-keepalive": {`"61"`, "61"},
		"maxclients": {"100", "100"}, "notify-keyspace-events": {`"KEA"`, "AKE"},
		"slowlog-log-slower-than": {"-1", "-1"}, "slowlog-max-len": {"0", "0"}, "latency-monitor-threshold": {"999999", "999999"},
		"lazyfree-lazy-eviction": {"true", "yes"}, "lazyfree-lazy-expire": {`"yes"`, "yes"}, "lazyfree-lazy-server-del": {"true", "yes"},
		"lazyfree-lazy-user-del": {"true", "yes"}, "lazyfree-lazy-user-flush": {"true", "yes"}, "activerehashing": {"false", "no"},
		"hash-max-listpack-entries": {"1", "1"}, "hash-max-listpack-value": {"99999", "99999"},
		"list-max-listpack-size": {"-5", "-5"}, "list-compress-depth": {"1", "1"}, "set-max-intset-entries": {"1", "1"},
		"zset-max-listpack-entries": {"1", "1"}, "zset-max-listpack-value": {"1", "1"},
		"stream-node-max-bytes": {"999999", "999999"}, "stream-node-max-entries": {"0", "0"},
		"min-replicas-to-write": {"2", "2"}, "min-replicas-max-lag": {"5", "5"},
	}
	data, err := os.ReadFile(chart.Dir + "/files/redis-settings.yaml")
	require.NoError(t, err)
	assert.ElementsMatch(t, slices.Collect(maps.Keys(render.Decode(t, data))), slices.Collect(maps.Keys(given)))

	config := map[string]json.RawMessage{}
	want := map[string]string{"maxmemory-clients": "16777216", "proto-max-bulk-len": "8388608", "repl-backlog-size": "8388608", "save": ""}
	for name, value := range given {
		config[name] = json.RawMessage(value[0])
		want[name] = value[1]
	}
	encoded, err := json.Marshal(config)
	require.NoError(t, err)
	redis := failover(t, values{"redis.config": string(encoded)}).Spec.Redis
	assert.Empty(t, redis.CustomConfig)
	assert.Equal(t, want, running(t, redis.Command, want))
}

func TestPurpose(t *testing.T) {
	for purpose, want := range map[string]map[string]string{
		"cache":   {"maxmemory-policy": "allkeys-lru", "save": "", "rdb-del-sync-files": "yes"},
		"session": {"maxmemory-policy": "noeviction", "save": "900 1 300 10 60 1000", "rdb-del-sync-files": "no", "stop-writes-on-bgsave-error": "no"},
	} {
		command := failover(t, values{"purpose": text(purpose)}).Spec.Redis.Command
		assert.Equal(t, want, running(t, command, want), purpose)
	}
}

// running starts Redis with this command and the lines on saving that the operator
// writes into its file, and returns its settings of these names.
func running(t *testing.T, command []string, names map[string]string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "redis.conf"), filepath.Join(dir, "socket")
	require.NoError(t, os.WriteFile(file, []byte("save 900 1\nsave 300 10\nport 0\nunixsocket "+socket+"\n"), 0o600))

	require.Equal(t, []string{"redis-server", "/redis/redis.conf", "--dir", "/data"}, command[2:6])
	arguments := slices.Concat([]string{file, "--dir", dir}, command[6:])
	//nolint:gosec // G204: what the chart renders
	server := exec.CommandContext(t.Context(), "redis-server", arguments...)
	output := &bytes.Buffer{}
	server.Stdout = output
	require.NoError(t, server.Start())
	ended := make(chan struct{})
	go func() { _ = server.Wait(); close(ended) }()
	t.Cleanup(func() { _ = server.Process.Kill(); <-ended })

	client := goredis.NewClient(&goredis.Options{Network: "unix", Addr: socket, MaxRetries: 100, MaxRetryBackoff: 50 * time.Millisecond})
	t.Cleanup(func() { _ = client.Close() })
	found := map[string]string{}
	for name := range names {
		answer, err := client.ConfigGet(t.Context(), name).Result()
		if err != nil {
			_ = server.Process.Kill()
			<-ended
			require.NoError(t, err, output)
		}
		maps.Copy(found, answer)
	}
	return found
}
