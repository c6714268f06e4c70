package topology

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

var want = Want{Redis: 3, Sentinels: 3}

// serving is an instance without a fault; each test breaks one thing.
func serving() Topology {
	sentinel := func(pod string) Sentinel {
		return Sentinel{Pod: pod, Ready: true, Master: "10.0.0.1", Replicas: 2, Others: 2, Quorum: true}
	}
	return Topology{
		Redis: []Redis{
			{Pod: "rfr-a-0", Ready: true, IP: "10.0.0.1", Role: "master"},
			{Pod: "rfr-a-1", Ready: true, IP: "10.0.0.2", Role: "slave", Master: "10.0.0.1", Link: "connected"},
			{Pod: "rfr-a-2", Ready: true, IP: "10.0.0.3", Role: "slave", Master: "10.0.0.1", Link: "connected"},
		},
		Sentinels: []Sentinel{sentinel("rfs-a-x"), sentinel("rfs-a-y"), sentinel("rfs-a-z")},
	}
}

func TestServingHasNoProblems(t *testing.T) {
	require.Empty(t, serving().Problems(want))
}

func TestProblems(t *testing.T) {
	tests := map[string]struct {
		spoil func(*Topology)
		want  string
	}{
		"a Redis is missing":      {func(t *Topology) { t.Redis = t.Redis[:2] }, "2 of 3 Redis Pods are there"},
		"a Sentinel is missing":   {func(t *Topology) { t.Sentinels = t.Sentinels[:2] }, "2 of 3 Sentinel Pods are there"},
		"no master":               {func(t *Topology) { t.Redis[0].Role = "slave" }, "not exactly one Redis is master"},
		"two masters":             {func(t *Topology) { t.Redis[1].Role = "master" }, "not exactly one Redis is master"},
		"a stray replica":         {func(t *Topology) { t.Redis[1].Master = "127.0.0.1" }, "rfr-a-1 follows 127.0.0.1, not the master 10.0.0.1"},
		"a link that is down":     {func(t *Topology) { t.Redis[2].Link = "connect" }, `rfr-a-2's link to the master is "connect"`},
		"a silent Redis":          {func(t *Topology) { t.Redis[2].Err = errors.New("timeout") }, "rfr-a-2 does not answer: timeout"},
		"a silent Sentinel":       {func(t *Topology) { t.Sentinels[0].Err = errors.New("timeout") }, "rfs-a-x does not answer: timeout"},
		"a Sentinel that differs": {func(t *Topology) { t.Sentinels[1].Master = "10.0.0.2" }, "rfs-a-y names 10.0.0.2 as master"},
		"a forgotten replica":     {func(t *Topology) { t.Sentinels[1].Replicas = 1 }, "rfs-a-y knows 1 replicas, not 2"},
		"a forgotten Sentinel":    {func(t *Topology) { t.Sentinels[1].Others = 3 }, "rfs-a-y knows 3 other Sentinels, not 2"},
		"a Redis not ready":       {func(t *Topology) { t.Redis[1].Ready = false }, "rfr-a-1 is not ready"},
		"a Sentinel not ready":    {func(t *Topology) { t.Sentinels[1].Ready = false }, "rfs-a-y is not ready"},
		"no quorum":               {func(t *Topology) { t.Sentinels[2].Quorum = false }, "rfs-a-z sees no quorum"},
		"a Sentinel in TILT":      {func(t *Topology) { t.Sentinels[2].Tilt = true }, "rfs-a-z is in TILT mode"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			topology := serving()
			test.spoil(&topology)
			require.Contains(t, topology.Problems(want), test.want)
		})
	}
}

func TestParseRole(t *testing.T) {
	master, err := parseRole(`["master",3129,[["10.0.0.2","6379","3129"]]]`)
	require.NoError(t, err)
	require.Equal(t, Redis{Role: "master"}, master)

	replica, err := parseRole(`["slave","10.0.0.1",6379,"connected",3129]`)
	require.NoError(t, err)
	require.Equal(t, Redis{Role: "slave", Master: "10.0.0.1", Link: "connected"}, replica)

	_, err = parseRole("NOAUTH Authentication required.")
	require.ErrorContains(t, err, "NOAUTH")
}

func TestParseSentinel(t *testing.T) {
	const master = `{"name":"mymaster","ip":"10.0.0.1","num-slaves":"2","num-other-sentinels":"2"}`

	agreeing, err := parseSentinel(master + "\n" + `"OK 3 usable Sentinels. Quorum and failover authorization can be reached"` + "\n")
	require.NoError(t, err)
	require.Equal(t, Sentinel{Master: "10.0.0.1", Replicas: 2, Others: 2, Quorum: true}, agreeing)

	tilted, err := parseSentinel(master + "\n" + `"OK 3 usable Sentinels."` + "\n" + `"# Sentinel\r\nsentinel_tilt:1\r\n"` + "\n")
	require.NoError(t, err)
	require.True(t, tilted.Quorum)
	require.True(t, tilted.Tilt)

	alone, err := parseSentinel(master + "\n" + `error:"NOQUORUM 1 usable Sentinels."` + "\n")
	require.NoError(t, err)
	require.False(t, alone.Quorum)

	_, err = parseSentinel(`error:"ERR No such master with that name"`)
	require.ErrorContains(t, err, "No such master")
}
