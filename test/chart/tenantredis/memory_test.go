package tenantredis

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
)

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
		"small":  {nil, "256Mi", "100m", 87, 8, 32, 8},
		"medium": {values{"size": `"medium"`}, "1Gi", "500m", 381, 32, 128, 32},
		"large":  {values{"size": `"large"`}, "4Gi", "1", 1560, 128, 512, 128},
		"least":  {own("128Mi"), "128Mi", "500m", 38, 4, 16, 4},
		"odd":    {own("1001Mi"), "1001Mi", "500m", 373, 31, 124, 31},
		"most":   {own("64Gi"), "64Gi", "500m", 25123, 2048, 8192, 2048},
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
			assert.Equal(t, clients, reply)

			worst := float64(maxmemory)*1.1*2 + float64(replicas-backlog+clients+reply) + 24
			assert.LessOrEqual(t, worst, float64(limit.Value()>>20))
			assert.Greater(t, worst, float64(limit.Value()>>20)*0.98, "no more is left unused than rounding takes")
		})
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

func TestPurpose(t *testing.T) {
	cache := failover(t, nil).Spec.Redis.Command
	assert.Equal(t, "allkeys-lru", argument(t, cache, "--maxmemory-policy"))
	assert.Empty(t, argument(t, cache, "--save"), "nothing is saved")
	assert.NotContains(t, cache, "--stop-writes-on-bgsave-error")

	session := failover(t, values{"purpose": `"session"`}).Spec.Redis.Command
	assert.Equal(t, "noeviction", argument(t, session, "--maxmemory-policy"))
	assert.Equal(t, "60", argument(t, session, "--save"))
	assert.Equal(t, "no", argument(t, session, "--stop-writes-on-bgsave-error"))
}

// TestSettings gives every allowed setting in each of the forms that YAML has
// for it.
func TestSettings(t *testing.T) {
	redis := failover(t, values{"redis.config": `{
		"maxmemory-policy": "volatile-ttl", "timeout": 300, "slowlog-log-slower-than": -1, "stream-node-max-bytes": 999999,
		"tcp-keepalive": "60", "lazyfree-lazy-expire": true, "lazyfree-lazy-eviction": "no", "notify-keyspace-events": ""
	}`}).Spec.Redis
	for option, want := range map[string]string{
		"--maxmemory-policy": "volatile-ttl", "--timeout": "300", "--slowlog-log-slower-than": "-1", "--stream-node-max-bytes": "999999",
		"--tcp-keepalive": "60", "--lazyfree-lazy-expire": "yes", "--lazyfree-lazy-eviction": "no", "--notify-keyspace-events": "",
	} {
		assert.Equal(t, want, argument(t, redis.Command, option), option)
	}
	assert.Empty(t, redis.CustomConfig)
}
