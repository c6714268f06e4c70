//go:build scale

package scale

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	redisPort    = "6379"
	sentinelPort = "26379"
	password     = "secret"
	// nobody is whom a new Redis follows, and a new Sentinel watches, until the
	// operator has told it.
	nobody = "127.0.0.1"
	// stranger is an address of no Pod, for faults.
	stranger = "127.0.0.2"
)

// instance is what the Redis and Sentinels of one RedisFailover know.
type instance struct {
	mu sync.Mutex
	// follows is the master of each Redis by address, empty for a master's.
	follows map[string]string
	// watches is the master of each Sentinel by address.
	watches map[string]string
	// silent is the address of the Redis that takes connections and answers nothing, as
	// one does that hangs. None is if it is empty.
	silent string
	// questions are those of its operator, asked is when the first of them came.
	questions int
	asked     time.Time
	// delay is how long they wait for an answer.
	delay *atomic.Int64
}

func newInstance(delay *atomic.Int64) *instance {
	return &instance{follows: map[string]string{}, watches: map[string]string{}, delay: delay}
}

// question notes one, and has it wait.
func (i *instance) question() {
	time.Sleep(time.Duration(i.delay.Load()))
	i.mu.Lock()
	defer i.mu.Unlock()
	i.questions++
	if i.asked.IsZero() {
		i.asked = time.Now()
	}
}

// forget has questions count from now on.
func (i *instance) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.questions, i.asked = 0, time.Time{}
}

// heard are the questions so far, and when the first came.
func (i *instance) heard() (int, time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.questions, i.asked
}

// serve answers as a new Redis or Sentinel on an address until the listener is closed.
func (i *instance) serve(ip, component string) (net.Listener, error) {
	port, answer := redisPort, i.redis
	i.mu.Lock()
	if component == "sentinel" {
		port, answer = sentinelPort, i.sentinel
		i.watches[ip] = nobody
	} else {
		i.follows[ip] = nobody
	}
	i.mu.Unlock()
	l, err := net.Listen("tcp", net.JoinHostPort(ip, port))
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go talk(conn, func(command []string) string {
				i.question()
				return answer(ip, command)
			})
		}
	}()
	return l, nil
}

// talk answers commands until the client leaves.
func talk(conn net.Conn, answer func([]string) string) {
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	for {
		command, err := readCommand(reader)
		if err != nil {
			return
		}
		if _, err := io.WriteString(conn, answer(command)); err != nil {
			return
		}
	}
}

// readCommand reads an array of bulk strings of the RESP protocol.
func readCommand(r *bufio.Reader) ([]string, error) {
	length := func(kind byte) (int, error) {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if line[0] != kind {
			return 0, fmt.Errorf("%q, not %c", line, kind)
		}
		return strconv.Atoi(strings.TrimSpace(line[1:]))
	}
	n, err := length('*')
	if err != nil {
		return nil, err
	}
	words := make([]string, n)
	for w := range words {
		size, err := length('$')
		if err != nil {
			return nil, err
		}
		text := make([]byte, size+2)
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, err
		}
		words[w] = string(text[:size])
	}
	return words, nil
}

const okay = "+OK\r\n"

func bulk(text string) string {
	return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text)
}

// redis answers a command as the Redis on an address.
func (i *instance) redis(ip string, command []string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if ip == i.silent {
		return ""
	}
	switch strings.ToUpper(command[0]) {
	case "AUTH":
		if command[len(command)-1] != password {
			return "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
		}
		return okay
	case "INFO":
		return bulk(i.replication(ip))
	case "SLAVEOF", "REPLICAOF":
		i.follows[ip] = command[1]
		if strings.EqualFold(command[1], "NO") {
			i.follows[ip] = ""
		}
		return okay
	case "CONFIG":
		return okay
	}
	return "-ERR unknown command\r\n"
}

func (i *instance) replication(ip string) string {
	if master := i.follows[ip]; master != "" {
		link := "down"
		if f, found := i.follows[master]; found && f == "" {
			link = "up"
		}
		return fmt.Sprintf("# Replication\r\nrole:slave\r\nmaster_host:%s\r\nmaster_port:6379\r\nmaster_link_status:%s\r\nmaster_sync_in_progress:0\r\n", master, link)
	}
	return fmt.Sprintf("# Replication\r\nrole:master\r\nconnected_slaves:%d\r\n", i.replicas(ip))
}

// replicas are those that follow an address.
func (i *instance) replicas(master string) int {
	count := 0
	for _, follows := range i.follows {
		if follows == master {
			count++
		}
	}
	return count
}

// sentinel answers a command as the Sentinel on an address.
func (i *instance) sentinel(ip string, command []string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if strings.EqualFold(command[0], "INFO") {
		master := i.watches[ip]
		return bulk(fmt.Sprintf("# Sentinel\r\nsentinel_masters:1\r\nmaster0:name=mymaster,status=ok,address=%s:6379,slaves=%d,sentinels=%d\r\n",
			master, i.replicas(master), len(i.watches)))
	}
	if len(command) < 2 {
		return "-ERR unknown command\r\n"
	}
	switch strings.ToUpper(command[1]) {
	case "MASTER":
		return "*6\r\n" + bulk("name") + bulk("mymaster") + bulk("ip") + bulk(i.watches[ip]) + bulk("port") + bulk(redisPort)
	case "MONITOR":
		i.watches[ip] = command[3]
		return okay
	case "RESET":
		return ":1\r\n"
	case "CKQUORUM":
		return fmt.Sprintf("+OK %d usable Sentinels. Quorum and failover authorization can be reached\r\n", len(i.watches))
	}
	return okay
}

// healthy tells whether one Redis leads, all others follow it, and all Sentinels watch
// it.
func (i *instance) healthy() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	master := ""
	for ip, follows := range i.follows {
		if follows == "" {
			if master != "" {
				return false
			}
			master = ip
		}
	}
	for ip, follows := range i.follows {
		if ip != master && follows != master {
			return false
		}
	}
	for _, watches := range i.watches {
		if watches != master {
			return false
		}
	}
	return master != "" && len(i.follows) == 3 && len(i.watches) == 3
}

// harm has a replica follow, or a Sentinel watch, an address that is no Pod's.
func (i *instance) harm(sentinel bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if sentinel {
		for ip := range i.watches {
			i.watches[ip] = stranger
			return
		}
	}
	for ip, follows := range i.follows {
		if follows != "" {
			i.follows[ip] = stranger
			return
		}
	}
}

// wake has all its Redis answer again.
func (i *instance) wake() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.silent = ""
}

// hang has a replica answer nothing from now on.
func (i *instance) hang() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for ip, follows := range i.follows {
		if follows != "" {
			i.silent = ip
			return
		}
	}
}

// repaired returns how long it takes from now on until the instance is healthy, or the
// limit if it is longer.
func (i *instance) repaired(limit time.Duration) time.Duration {
	begin := time.Now()
	for time.Since(begin) < limit {
		if i.healthy() {
			return time.Since(begin)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return limit
}
