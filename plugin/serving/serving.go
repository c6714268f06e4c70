// Package serving says when an instance serves, by what its Redis and Sentinels
// answer. `helm tenant golive` and the tests on a cluster go by it; golive.sh, which
// has only a shell, asks for the same, and one table of faults holds all to it.
package serving

import (
	"fmt"
	"net"
	"strings"
)

// Checks that a Problem belongs to, in the order of the go-live checklist.
const (
	Master    = "master"
	Replicas  = "replicas"
	Sentinels = "sentinels"
	Quorum    = "quorum"
)

// Redis is what one Redis answers to ROLE.
type Redis struct {
	Pod string
	// IP and Port are where it answers.
	IP, Port string
	// Role is "master" or "slave", empty if it gave none.
	Role string
	// Master is the address that a replica follows.
	Master string
	// Link is the state of a replica's link, "connected" when it is up.
	Link string
	// Err is why it did not answer.
	Err error
}

// Address is IP and port.
func (r Redis) Address() string { return net.JoinHostPort(r.IP, r.Port) }

// Sentinel is what one Sentinel answers about its master.
type Sentinel struct {
	Pod string
	// Master is the address that it names as master.
	Master string
	// Replicas and Others count the replicas and the other Sentinels it knows.
	Replicas, Others int
	// Wanted is how many must consider the master down.
	Wanted int
	// Epoch is that of its last vote.
	Epoch int64
	// Tilt says whether it is in TILT mode, in which it starts no failover: a pause of
	// 2 s, of its disk or of its node, costs it 30 s.
	Tilt bool
	// NoQuorum is why the Sentinels could not agree on a failover now (SENTINEL
	// CKQUORUM), nil if they could.
	NoQuorum error
	// Err is why it did not answer.
	Err error
}

// Topology is one instance at one moment.
type Topology struct {
	Redis     []Redis
	Sentinels []Sentinel
}

// Want is what an instance was asked to be: the number of Redis, master included,
// and of Sentinels.
type Want struct {
	Redis, Sentinels int
}

// Majority is how many Sentinels must agree, and how many each has to want.
func (w Want) Majority() int { return w.Sentinels/2 + 1 }

// LastEpoch is far beyond what elections reach, of which each takes one. A Sentinel
// that has voted later never votes again: whoever reaches it can have it do so.
const LastEpoch = 1 << 60

// Problem is one thing that keeps an instance from serving with all it was asked for.
type Problem struct {
	// Check is the one that it belongs to.
	Check string
	Text  string
}

// Master returns the only Redis that says it is master, and whether there is exactly
// one.
func (t Topology) Master() (Redis, bool) {
	masters := t.masters()
	if len(masters) != 1 {
		return Redis{}, false
	}
	return masters[0], true
}

func (t Topology) masters() []Redis {
	var masters []Redis
	for _, r := range t.Redis {
		if r.Role == "master" {
			masters = append(masters, r)
		}
	}
	return masters
}

// Problems lists what keeps the instance from serving; none means that it does. What
// follows or names another than the master is one only where there is one master.
func (t Topology) Problems(want Want) []Problem {
	var problems []Problem
	var address string
	if master, found := t.Master(); found {
		address = master.Address()
	} else {
		var pods []string
		for _, r := range t.masters() {
			pods = append(pods, r.Pod)
		}
		problems = append(problems, Problem{Master, strings.TrimSuffix(fmt.Sprintf("%d Redis say that they are master: %s", len(pods), strings.Join(pods, ", ")), ": ")})
	}
	for _, r := range t.Redis {
		problems = append(problems, r.problems(address)...)
	}
	if len(t.Redis) != want.Redis {
		problems = append(problems, Problem{Replicas, fmt.Sprintf("%d of %d Redis are there", len(t.Redis), want.Redis)})
	}
	for _, s := range t.Sentinels {
		problems = append(problems, s.problems(address, want)...)
	}
	if len(t.Sentinels) != want.Sentinels {
		problems = append(problems, Problem{Sentinels, fmt.Sprintf("%d of %d Sentinels are there", len(t.Sentinels), want.Sentinels)})
	}
	if len(t.Sentinels) < want.Majority() {
		problems = append(problems, Problem{Quorum, fmt.Sprintf("%d Sentinels are there, and %d must agree", len(t.Sentinels), want.Majority())})
	}
	return problems
}

// problems are those of one Redis, master the only master's address or empty.
func (r Redis) problems(master string) []Problem {
	switch {
	case r.Err != nil:
		return []Problem{{Replicas, fmt.Sprintf("%s does not answer: %v", r.Pod, r.Err)}}
	case r.Role == "master":
	case master != "" && r.Master != master:
		return []Problem{{Replicas, fmt.Sprintf("%s follows %s, not the master %s", r.Pod, r.Master, master)}}
	case r.Link != "connected":
		return []Problem{{Replicas, fmt.Sprintf("%s has no link to the master yet: %s", r.Pod, r.Link)}}
	}
	return nil
}

// problems are those of one Sentinel, master the only master's address or empty.
func (s Sentinel) problems(master string, want Want) []Problem {
	var problems []Problem
	add := func(check, format string, args ...any) {
		problems = append(problems, Problem{check, s.Pod + " " + fmt.Sprintf(format, args...)})
	}
	if s.Err != nil {
		add(Sentinels, "does not answer: %v", s.Err)
		add(Quorum, "does not answer: %v", s.Err)
		return problems
	}
	if master != "" && s.Master != master {
		add(Sentinels, "names %s, not the master %s", s.Master, master)
	}
	if s.Replicas != want.Redis-1 {
		add(Sentinels, "knows %d replicas, not %d", s.Replicas, want.Redis-1)
	}
	if s.Others != want.Sentinels-1 {
		add(Sentinels, "knows %d other Sentinels, not %d", s.Others, want.Sentinels-1)
	}
	if s.Tilt {
		add(Sentinels, "is in TILT mode: its node or its disk was held up")
	}
	if s.NoQuorum != nil {
		add(Quorum, "sees none: %v", s.NoQuorum)
	}
	if s.Wanted != want.Majority() {
		add(Quorum, "wants a quorum of %d, not %d", s.Wanted, want.Majority())
	}
	if s.Epoch > LastEpoch {
		add(Quorum, "has voted at epoch %d, after which there are none", s.Epoch)
	}
	return problems
}
