// Package topology tells from the inside whether one tenant's Redis serves:
// what each Redis says of its role and what each Sentinel says of the master.
// Readiness says less: Pods are ready while no replica is linked.
package topology

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Redis is what one Redis Pod answers to ROLE.
type Redis struct {
	Pod string
	// Ready says whether its readiness probe passes.
	Ready bool
	// IP is the Pod's address.
	IP string
	// Role is "master" or "slave", empty if it gave none.
	Role string
	// Master is the address that a replica follows.
	Master string
	// Link is the state of a replica's link, "connected" when it is up.
	Link string
	// Err is why the Pod did not answer.
	Err error
}

// Sentinel is what one Sentinel Pod answers about its master.
type Sentinel struct {
	Pod string
	// Ready says whether its readiness probe passes: the Service hands out no
	// other.
	Ready bool
	// Master is the address that it names as master.
	Master string
	// Replicas and Others count the replicas and the other Sentinels it knows.
	Replicas, Others int
	// Quorum says whether enough Sentinels could agree on a failover now (SENTINEL
	// CKQUORUM).
	Quorum bool
	// Tilt says whether it is in TILT mode, in which it starts none: a pause of 2 s,
	// of its disk or of its node, costs it 30 s.
	Tilt bool
	// Err is why the Pod did not answer.
	Err error
}

// Topology is one instance at one moment.
type Topology struct {
	Redis     []Redis
	Sentinels []Sentinel
}

// Want is what an instance was asked to be: the number of Redis Pods, master
// included, and of Sentinels.
type Want struct {
	Redis, Sentinels int
}

// Master returns the only Pod that says it is master, and whether there is
// exactly one.
func (t Topology) Master() (Redis, bool) {
	var masters []Redis
	for _, r := range t.Redis {
		if r.Role == "master" {
			masters = append(masters, r)
		}
	}
	if len(masters) != 1 {
		return Redis{}, false
	}
	return masters[0], true
}

// Problems lists what keeps the instance from serving with all it was asked
// for; an empty list means that it does.
func (t Topology) Problems(want Want) []string {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }

	if len(t.Redis) != want.Redis {
		add("%d of %d Redis Pods are there", len(t.Redis), want.Redis)
	}
	if len(t.Sentinels) != want.Sentinels {
		add("%d of %d Sentinel Pods are there", len(t.Sentinels), want.Sentinels)
	}
	master, found := t.Master()
	if !found {
		add("not exactly one Redis is master")
	}
	for _, r := range t.Redis {
		problems = append(problems, r.problems(master.IP)...)
	}
	for _, s := range t.Sentinels {
		problems = append(problems, s.problems(master.IP, want)...)
	}
	return problems
}

func (r Redis) problems(master string) []string {
	switch {
	case r.Err != nil:
		return []string{fmt.Sprintf("%s does not answer: %v", r.Pod, r.Err)}
	case !r.Ready:
		return []string{r.Pod + " is not ready"}
	case r.Role == "master" || master == "":
		return nil
	case r.Master != master:
		return []string{fmt.Sprintf("%s follows %s, not the master %s", r.Pod, r.Master, master)}
	case r.Link != "connected":
		return []string{fmt.Sprintf("%s's link to the master is %q", r.Pod, r.Link)}
	}
	return nil
}

func (s Sentinel) problems(master string, want Want) []string {
	if s.Err != nil {
		return []string{fmt.Sprintf("%s does not answer: %v", s.Pod, s.Err)}
	}
	var problems []string
	if !s.Ready {
		problems = append(problems, s.Pod+" is not ready")
	}
	if s.Master != master {
		problems = append(problems, fmt.Sprintf("%s names %s as master", s.Pod, s.Master))
	}
	if s.Replicas != want.Redis-1 {
		problems = append(problems, fmt.Sprintf("%s knows %d replicas, not %d", s.Pod, s.Replicas, want.Redis-1))
	}
	if s.Others != want.Sentinels-1 {
		problems = append(problems, fmt.Sprintf("%s knows %d other Sentinels, not %d", s.Pod, s.Others, want.Sentinels-1))
	}
	if !s.Quorum {
		problems = append(problems, s.Pod+" sees no quorum")
	}
	if s.Tilt {
		problems = append(problems, s.Pod+" is in TILT mode")
	}
	return problems
}

// parseRole reads the answer to ROLE, as redis-cli --json prints it:
// ["master", offset, [...]] or ["slave", address, port, link, offset].
func parseRole(answer string) (Redis, error) {
	var fields []any
	if err := json.Unmarshal([]byte(answer), &fields); err != nil || len(fields) == 0 {
		return Redis{}, fmt.Errorf("ROLE answers %q", answer)
	}
	r := Redis{Role: fmt.Sprint(fields[0])}
	if r.Role == "slave" && len(fields) >= 4 {
		r.Master, r.Link = fmt.Sprint(fields[1]), fmt.Sprint(fields[3])
	}
	return r, nil
}

// parseSentinel reads the answers to SENTINEL MASTER, SENTINEL CKQUORUM and INFO, a
// line each, as redis-cli --json prints them.
func parseSentinel(answer string) (Sentinel, error) {
	master, rest, _ := strings.Cut(answer, "\n")
	quorum, info, _ := strings.Cut(rest, "\n")
	var fields map[string]string
	if err := json.Unmarshal([]byte(master), &fields); err != nil {
		return Sentinel{}, fmt.Errorf("SENTINEL MASTER answers %q", master)
	}
	replicas, err := strconv.Atoi(fields["num-slaves"])
	if err != nil {
		return Sentinel{}, fmt.Errorf("num-slaves: %w", err)
	}
	others, err := strconv.Atoi(fields["num-other-sentinels"])
	if err != nil {
		return Sentinel{}, fmt.Errorf("num-other-sentinels: %w", err)
	}
	return Sentinel{
		Master:   fields["ip"],
		Replicas: replicas,
		Others:   others,
		Quorum:   strings.HasPrefix(strings.Trim(quorum, `"`), "OK "),
		Tilt:     strings.Contains(info, "sentinel_tilt:1"),
	}, nil
}
