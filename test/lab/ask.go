package lab

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
)

// answerWithin is how long a command that has to succeed may take.
const answerWithin = 20 * time.Second

// Client connects to a Redis or a Sentinel, as the port says. It tries once.
func (i *Instance) Client(p *Process, port string) *redis.Client {
	options := &redis.Options{Addr: net.JoinHostPort(p.IP, port), DialTimeout: time.Second, ReadTimeout: time.Second, MaxRetries: -1}
	if port == RedisPort {
		options.Password = i.Password
	}
	return redis.NewClient(options)
}

// Do asks a Redis, which has to answer as soon as it has started.
func (i *Instance) Do(p *Process, command ...any) any {
	i.T.Helper()
	return i.ask(p, i.Client(p, RedisPort), command...)
}

// Tell asks a Sentinel, as the operator does: without a password.
func (i *Instance) Tell(p *Process, command ...any) any {
	i.T.Helper()
	return i.ask(p, i.Client(p, SentinelPort), command...)
}

// TellAsPeer asks a Sentinel as another one of its instance does.
func (i *Instance) TellAsPeer(p *Process, command ...any) any {
	i.T.Helper()
	return i.ask(p, i.Peer(p), command...)
}

// Peer connects to a Sentinel as another one of its instance does.
func (i *Instance) Peer(p *Process) *redis.Client {
	options := i.Client(p, SentinelPort).Options()
	if password, err := os.ReadFile(i.sentinelPassword()); err == nil {
		options.Username, options.Password = "sentinel-user", string(password)
	}
	return redis.NewClient(options)
}

func (i *Instance) ask(p *Process, client *redis.Client, command ...any) any {
	i.T.Helper()
	defer func() { _ = client.Close() }()
	// A Sentinel answers when its disk has what it was told: a second on a busy
	// machine. Told the same again it would refuse.
	patient := client.WithTimeout(answerWithin)
	var answer any
	i.Eventually(answerWithin/Slack, func() string {
		var err error
		if answer, err = patient.Do(i.T.Context(), command...).Result(); err != nil {
			return fmt.Sprintf("%s answers %v to %v", p.IP, err, command)
		}
		return ""
	})
	return answer
}

// Named is the master that a Sentinel names, empty if it names none.
func (i *Instance) Named(s *Process) string {
	client := i.Client(s, SentinelPort)
	defer func() { _ = client.Close() }()
	address, err := client.Do(i.T.Context(), "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MasterName).StringSlice()
	if err != nil {
		return ""
	}
	return address[0]
}

// Role is what a Redis answers to ROLE: for a replica its master and whether the
// link is up.
func (i *Instance) Role(p *Process) string {
	client := i.Client(p, RedisPort)
	defer func() { _ = client.Close() }()
	answer, err := client.Do(i.T.Context(), "ROLE").Slice()
	switch {
	case err != nil:
		return err.Error()
	case answer[0] == "slave":
		return fmt.Sprintf("replica of %v, %v", answer[1], answer[3])
	}
	return fmt.Sprint(answer[0])
}

// ReplicaOf is the role of a replica that is linked to its master.
func ReplicaOf(master *Process) string {
	return "replica of " + master.IP + ", connected"
}
