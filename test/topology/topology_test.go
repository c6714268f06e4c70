package topology

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseRole(t *testing.T) {
	master, err := parseRole(`["master",3129,[["10.0.0.2","6379","3129"]]]`)
	require.NoError(t, err)
	require.Equal(t, Redis{Role: "master"}, master)

	replica, err := parseRole(`["slave","10.0.0.1",6379,"connected",3129]`)
	require.NoError(t, err)
	require.Equal(t, Redis{Role: "slave", Master: "10.0.0.1:6379", Link: "connected"}, replica)

	_, err = parseRole("NOAUTH Authentication required.")
	require.ErrorContains(t, err, "NOAUTH")
}

func TestParseSentinel(t *testing.T) {
	const (
		master = `{"name":"mymaster","ip":"10.0.0.1","port":"6379","num-slaves":"2","num-other-sentinels":"2","quorum":"2"}`
		usable = `"OK 3 usable Sentinels. Quorum and failover authorization can be reached"`
		calm   = "# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\n"
		voted  = `[0,"*",7]`
	)
	lines := func(lines ...string) string { return strings.Join(lines, "\n") + "\n" }
	want := Sentinel{Master: "10.0.0.1:6379", Replicas: 2, Others: 2, Wanted: 2, Epoch: 7}

	agreeing, err := parseSentinel(lines(master, usable, voted, calm))
	require.NoError(t, err)
	require.Equal(t, want, agreeing)

	tilted, err := parseSentinel(lines(master, usable, voted, "# Sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:1\r\n"))
	require.NoError(t, err)
	require.True(t, tilted.Tilt)

	alone, err := parseSentinel(lines(master, `error:"NOQUORUM 1 usable Sentinels."`, voted, calm))
	require.NoError(t, err)
	require.ErrorContains(t, alone.NoQuorum, "NOQUORUM")

	spent, err := parseSentinel(lines(master, usable, `[0,"*",9223372036854775807]`, calm))
	require.NoError(t, err)
	require.EqualValues(t, 1<<63-1, spent.Epoch)

	silent, err := parseSentinel(lines(master, usable, `error:"NOPERM User default has no permissions to run the 'sentinel|is-master-down-by-addr' command"`, calm))
	require.NoError(t, err)
	require.Zero(t, silent.Epoch)

	_, err = parseSentinel(`error:"ERR No such master with that name"`)
	require.ErrorContains(t, err, "No such master")
	_, err = parseSentinel(lines(master, usable, calm))
	require.ErrorContains(t, err, "IS-MASTER-DOWN-BY-ADDR answers")
}
