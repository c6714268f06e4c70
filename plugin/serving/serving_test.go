package serving

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

var want = Want{Redis: 3, Sentinels: 3}

const master = "10.0.0.1:6379"

// whole is an instance without a fault; each test breaks one thing.
func whole() Topology {
	sentinel := func(pod string) Sentinel {
		return Sentinel{Pod: pod, Master: master, Replicas: 2, Others: 2, Wanted: 2, Epoch: 7}
	}
	return Topology{
		Redis: []Redis{
			{Pod: "rfr-a-0", IP: "10.0.0.1", Port: "6379", Role: "master"},
			{Pod: "rfr-a-1", IP: "10.0.0.2", Port: "6379", Role: "slave", Master: master, Link: "connected"},
			{Pod: "rfr-a-2", IP: "10.0.0.3", Port: "6379", Role: "slave", Master: master, Link: "connected"},
		},
		Sentinels: []Sentinel{sentinel("rfs-a-x"), sentinel("rfs-a-y"), sentinel("rfs-a-z")},
	}
}

func TestWholeHasNoProblems(t *testing.T) {
	require.Empty(t, whole().Problems(want))
}

func TestProblems(t *testing.T) {
	silent := errors.New("timeout")
	tests := map[string]struct {
		spoil func(*Topology)
		want  []Problem
	}{
		"a Redis is missing":      {func(t *Topology) { t.Redis = t.Redis[:2] }, []Problem{{Replicas, "2 of 3 Redis are there"}}},
		"a Sentinel is missing":   {func(t *Topology) { t.Sentinels = t.Sentinels[:2] }, []Problem{{Sentinels, "2 of 3 Sentinels are there"}}},
		"most Sentinels are gone": {func(t *Topology) { t.Sentinels = t.Sentinels[:1] }, []Problem{{Sentinels, "1 of 3 Sentinels are there"}, {Quorum, "1 Sentinels are there, and 2 must agree"}}},
		"no master":               {func(t *Topology) { t.Redis[0] = Redis{Pod: "rfr-a-0", Err: silent} }, []Problem{{Master, "0 Redis say that they are master"}, {Replicas, "rfr-a-0 does not answer: timeout"}}},
		"two masters":             {func(t *Topology) { t.Redis[1].Role = "master" }, []Problem{{Master, "2 Redis say that they are master: rfr-a-0, rfr-a-1"}}},
		"a stray replica":         {func(t *Topology) { t.Redis[1].Master = "127.0.0.1:6379" }, []Problem{{Replicas, "rfr-a-1 follows 127.0.0.1:6379, not the master 10.0.0.1:6379"}}},
		"a master's other port":   {func(t *Topology) { t.Redis[1].Master = "10.0.0.1:6380" }, []Problem{{Replicas, "rfr-a-1 follows 10.0.0.1:6380, not the master 10.0.0.1:6379"}}},
		"a link that is down":     {func(t *Topology) { t.Redis[2].Link = "connect" }, []Problem{{Replicas, "rfr-a-2 has no link to the master yet: connect"}}},
		"a silent Redis":          {func(t *Topology) { t.Redis[2].Err = silent }, []Problem{{Replicas, "rfr-a-2 does not answer: timeout"}}},
		"a silent Sentinel":       {func(t *Topology) { t.Sentinels[0].Err = silent }, []Problem{{Sentinels, "rfs-a-x does not answer: timeout"}, {Quorum, "rfs-a-x does not answer: timeout"}}},
		"a Sentinel that differs": {func(t *Topology) { t.Sentinels[1].Master = "10.0.0.2:6379" }, []Problem{{Sentinels, "rfs-a-y names 10.0.0.2:6379, not the master 10.0.0.1:6379"}}},
		"a forgotten replica":     {func(t *Topology) { t.Sentinels[1].Replicas = 1 }, []Problem{{Sentinels, "rfs-a-y knows 1 replicas, not 2"}}},
		"a Sentinel too many":     {func(t *Topology) { t.Sentinels[1].Others = 3 }, []Problem{{Sentinels, "rfs-a-y knows 3 other Sentinels, not 2"}}},
		"a Sentinel in TILT":      {func(t *Topology) { t.Sentinels[2].Tilt = true }, []Problem{{Sentinels, "rfs-a-z is in TILT mode: its node or its disk was held up"}}},
		"no quorum":               {func(t *Topology) { t.Sentinels[2].NoQuorum = errors.New("NOQUORUM 1 usable") }, []Problem{{Quorum, "rfs-a-z sees none: NOQUORUM 1 usable"}}},
		"a quorum of five":        {func(t *Topology) { t.Sentinels[2].Wanted = 3 }, []Problem{{Quorum, "rfs-a-z wants a quorum of 3, not 2"}}},
		"a quorum of one":         {func(t *Topology) { t.Sentinels[2].Wanted = 1 }, []Problem{{Quorum, "rfs-a-z wants a quorum of 1, not 2"}}},
		"no epoch left":           {func(t *Topology) { t.Sentinels[2].Epoch = 1<<63 - 1 }, []Problem{{Quorum, "rfs-a-z has voted at epoch 9223372036854775807, after which there are none"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			topology := whole()
			test.spoil(&topology)
			require.Equal(t, test.want, topology.Problems(want))
		})
	}
}

func TestMajority(t *testing.T) {
	for sentinels, majority := range map[int]int{3: 2, 5: 3, 7: 4} {
		require.Equal(t, majority, Want{Sentinels: sentinels}.Majority())
	}
}
