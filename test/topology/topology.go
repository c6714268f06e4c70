// Package topology tells from the inside whether one tenant's Redis serves: it asks
// each Redis and each Sentinel in its Pod and has plugin/serving judge, as helm tenant
// golive does. Readiness says less: Pods are ready while no replica is linked.
package topology

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/tenant-redis/tenant-redis/plugin/serving"
)

// Topology is what an instance's Pods answer.
type Topology = serving.Topology

// Redis is what one Redis Pod answers.
type Redis = serving.Redis

// Sentinel is what one Sentinel Pod answers.
type Sentinel = serving.Sentinel

// parseRole reads the answer to ROLE, as redis-cli --json prints it:
// ["master", offset, [...]] or ["slave", address, port, link, offset].
func parseRole(answer string) (Redis, error) {
	var fields []any
	if err := json.Unmarshal([]byte(answer), &fields); err != nil || len(fields) == 0 {
		return Redis{}, fmt.Errorf("ROLE answers %q", answer)
	}
	r := Redis{Role: fmt.Sprint(fields[0])}
	if r.Role == "slave" && len(fields) >= 4 {
		r.Master, r.Link = net.JoinHostPort(fmt.Sprint(fields[1]), fmt.Sprint(fields[2])), fmt.Sprint(fields[3])
	}
	return r, nil
}

// parseSentinel reads the answers to SENTINEL MASTER, SENTINEL CKQUORUM, SENTINEL
// IS-MASTER-DOWN-BY-ADDR and INFO, as redis-cli --json prints them: a line each, but
// for INFO, which it prints as it stands.
func parseSentinel(answer string) (Sentinel, error) {
	lines := strings.SplitN(answer+"\n\n\n", "\n", 4)
	master, quorum, vote, info := lines[0], lines[1], lines[2], lines[3]
	var fields map[string]string
	if err := json.Unmarshal([]byte(master), &fields); err != nil {
		return Sentinel{}, fmt.Errorf("SENTINEL MASTER answers %q", master)
	}
	s := Sentinel{Master: net.JoinHostPort(fields["ip"], fields["port"]), Tilt: strings.Contains(info, "sentinel_tilt:1")}
	for field, number := range map[string]*int{"num-slaves": &s.Replicas, "num-other-sentinels": &s.Others, "quorum": &s.Wanted} {
		var err error
		if *number, err = strconv.Atoi(fields[field]); err != nil {
			return Sentinel{}, fmt.Errorf("%s: %w", field, err)
		}
	}
	if !strings.HasPrefix(strings.Trim(quorum, `"`), "OK ") {
		s.NoQuorum = errors.New(quorum)
	}
	if strings.Contains(vote, "NOPERM") { // auth.restrictSentinel
		return s, nil
	}
	var voted []json.RawMessage
	if err := json.Unmarshal([]byte(vote), &voted); err != nil || len(voted) != voteLength {
		return Sentinel{}, fmt.Errorf("IS-MASTER-DOWN-BY-ADDR answers %q", vote)
	}
	return s, json.Unmarshal(voted[2], &s.Epoch)
}

// voteLength is of whether the master is down, whom it voted for, and when.
const voteLength = 3
