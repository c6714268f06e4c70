package users

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/lab"
)

// container is the memory of a Redis of the smallest size, in bytes.
const container = 256 << 20

// hostage is a Redis with all that the chart gives it, and what a client does to it with the
// tenant's password.
type hostage struct {
	*instance
	process *lab.Process
}

// floods are what a client does to take memory, connections and time. Each returns what the
// table of docs/access.md says of it.
var floods = map[string]func(*hostage) string{
	"huge values":          (*hostage).hugeValues,
	"requests without end": (*hostage).requestsWithoutEnd,
	"replies":              (*hostage).repliesUnread,
	"replies, protected":   (*hostage).repliesProtected,
	"subscribers":          (*hostage).subscribersThatDoNotRead,
	"connections":          (*hostage).connections,
}

// TestFloods holds that nothing of that has Redis take more than its container has, and that it
// is a master as before. Of two things Redis keeps no account: the variables of scripts, and
// what the kernel keeps for clients that do not read.
func TestFloods(t *testing.T) {
	for name, flood := range floods {
		t.Run(name, func(t *testing.T) {
			h := newHostage(t)
			t.Logf("%s; at most %d MiB", flood(h), h.most()>>20)
			require.Less(t, h.most(), int64(container))
			require.Equal(t, "master", h.Role(h.process))
		})
	}
	t.Run("answers that the kernel keeps", func(t *testing.T) {
		h := newHostage(t)
		kept := h.answersKept()
		t.Logf("%d MiB beside the %d of Redis", kept>>20, h.most()>>20)
		require.Greater(t, kept, int64(container), "which counts towards the container")
	})
	t.Run("variables of scripts", func(t *testing.T) {
		h := newHostage(t)
		const hoard = "local one, all = string.rep('x', 1048576), {} for n = 1, %d do all[n] = one .. n end return #all"
		require.NoError(t, h.as(h.process, password).WithTimeout(20*time.Second).Eval(t.Context(), fmt.Sprintf(hoard, container>>20), nil).Err())
		require.Greater(t, h.most(), int64(container), "the kernel would have ended it")
	})
}

func newHostage(t *testing.T) *hostage {
	t.Helper()
	i := newInstance(t)
	i.Links = nil
	for n, word := range chart.Settings(t, nil) {
		if n == 0 {
			i.arguments = nil
		}
		i.arguments = append(i.arguments, strings.Replace(word, mount, i.Users, 1))
	}
	p := i.Redis[0]
	i.Restart(p, i.arguments...)
	i.Do(p, "REPLICAOF", "NO", "ONE")
	return &hostage{i, p}
}

var highest = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// most is the most memory that Redis itself has had, in bytes.
func (h *hostage) most() int64 {
	h.T.Helper()
	id := regexp.MustCompile(`process_id:(\d+)`).FindStringSubmatch(fmt.Sprint(h.Do(h.process, "INFO", "server")))
	require.NotNil(h.T, id)
	status, err := os.ReadFile("/proc/" + id[1] + "/status")
	require.NoError(h.T, err)
	kibibytes := highest.FindSubmatch(status)
	require.NotNil(h.T, kibibytes)
	most, err := strconv.ParseInt(string(kibibytes[1]), 10, 64)
	require.NoError(h.T, err)
	return most << 10
}

// connect opens a connection that nobody reads from, as the tenant's user if it is to log in.
func (h *hostage) connect(login bool) (net.Conn, error) {
	connection, err := net.DialTimeout("tcp", net.JoinHostPort(h.process.IP, lab.RedisPort), 2*time.Second)
	if err != nil {
		return nil, err
	}
	h.T.Cleanup(func() { _ = connection.Close() })
	if !login {
		return connection, nil
	}
	if _, err := fmt.Fprintf(connection, "AUTH %s %s\r\n", tenantUser, password); err != nil {
		return nil, err
	}
	_, err = bufio.NewReaderSize(connection, 16).ReadString('\n')
	return connection, err
}

// stat is a figure of INFO.
func (h *hostage) stat(name string) int {
	h.T.Helper()
	found := regexp.MustCompile(`\b` + name + `:(\d+)`).FindStringSubmatch(fmt.Sprint(h.Do(h.process, "INFO", "everything")))
	require.NotNil(h.T, found, name)
	count, err := strconv.Atoi(found[1])
	require.NoError(h.T, err)
	return count
}

// hugeValues makes values of half a GiB, at once and bit by bit.
func (h *hostage) hugeValues() string {
	client := h.as(h.process, password)
	const last = 1<<29 - 1
	for _, command := range [][]any{
		{"SETRANGE", "key", last, "x"},
		{"SETBIT", "key", int64(8*last + 7), 1},
		{"BITFIELD", "key", "SET", "u8", fmt.Sprintf("#%d", last), 1},
		{"SET", "key", strings.Repeat("x", 9<<20)},
	} {
		require.Error(h.T, client.Do(h.T.Context(), command...).Err(), "%v", command[:1])
	}
	var err error
	for piece := strings.Repeat("x", 1<<20); err == nil; {
		err = client.Append(h.T.Context(), "key", piece).Err()
	}
	require.ErrorContains(h.T, err, "string exceeds maximum allowed size")
	size := client.StrLen(h.T.Context(), "key").Val()
	require.Equal(h.T, int64(8<<20), size)
	return fmt.Sprintf("no value is larger than %d MiB", size>>20)
}

// requestsWithoutEnd begins to send as many large values as it can.
func (h *hostage) requestsWithoutEnd() string {
	piece := slices.Repeat([]byte("x"), 7<<20)
	for range 40 {
		connection, err := h.connect(true)
		require.NoError(h.T, err)
		_ = connection.SetWriteDeadline(time.Now().Add(2 * time.Second))
		// It may be disconnected on the way.
		_, _ = fmt.Fprintf(connection, "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$%d\r\n%s", len(piece)+1, piece)
	}
	evicted := h.stat("evicted_clients")
	require.NotZero(h.T, evicted)
	return fmt.Sprintf("%d of 40 were disconnected", evicted)
}

// repliesUnread asks for all of a large list again and again, and reads nothing of it.
func (h *hostage) repliesUnread() string { return h.replies("") }

// repliesProtected does so on connections that ask to be spared when clients take too much.
func (h *hostage) repliesProtected() string { return h.replies("CLIENT NO-EVICT on\r\n") }

// replies does so after another command.
func (h *hostage) replies(first string) string {
	h.T.Helper()
	client := h.as(h.process, password)
	for range 20 {
		require.NoError(h.T, client.RPush(h.T.Context(), "list", strings.Repeat("x", 1<<20)).Err())
	}
	const all = 80
	for n := range all {
		connection, err := h.connect(true)
		require.NoError(h.T, err)
		_, err = fmt.Fprintf(connection, "%sLRANGE list 0 %d\r\n", first, 20*(n%2)+5)
		require.NoError(h.T, err)
	}
	return fmt.Sprintf("%d of %d were disconnected", all-h.left(all/2), all)
}

// left waits until no more than so many clients are left, and returns how many.
func (h *hostage) left(most int) (left int) {
	h.T.Helper()
	h.Eventually(5*time.Second, func() string {
		if left = h.stat("connected_clients"); left > most {
			return fmt.Sprint("clients: ", left)
		}
		return ""
	})
	return left
}

// subscribersThatDoNotRead has a channel flooded to which many listen that do not read.
func (h *hostage) subscribersThatDoNotRead() string {
	const all = 50
	for range all {
		connection, err := h.connect(true)
		require.NoError(h.T, err)
		_, err = fmt.Fprint(connection, "SUBSCRIBE news\r\n")
		require.NoError(h.T, err)
	}
	client := h.as(h.process, password)
	for range 100 {
		_ = client.Publish(h.T.Context(), "news", strings.Repeat("x", 1<<20)).Err() // it is a client, too
	}
	return fmt.Sprintf("%d of %d were disconnected", all-h.left(all/2), all)
}

// connections opens more than Redis takes, for which it takes no password, and says nothing on
// them. Their buffers are more than all clients may have before there are that many.
func (h *hostage) connections() string {
	const all = 10_100
	for range all {
		_, _ = h.connect(false)
	}
	left := h.left(all / 5)
	require.Greater(h.T, h.stat("evicted_clients"), all/2)
	return fmt.Sprintf("%d of %d were left, and %d were refused", left, all, h.stat("rejected_connections"))
}

var queued = regexp.MustCompile(`skmem:\(r\d+,rb\d+,t\d+,tb\d+,f(\d+),w(\d+)`)

// answersKept asks for a value of 2 MiB on many connections, one after the other so that the
// kernel takes each, reads none, and returns what that keeps, in bytes.
func (h *hostage) answersKept() (kept int64) {
	require.NoError(h.T, h.as(h.process, password).Set(h.T.Context(), "key", strings.Repeat("x", 2<<20), 0).Err())
	for range 200 {
		connection, err := h.connect(true)
		require.NoError(h.T, err)
		_, err = fmt.Fprint(connection, "GET key\r\n")
		require.NoError(h.T, err)
		time.Sleep(10 * time.Millisecond)
	}
	//nolint:gosec // G204: our own
	out, err := exec.CommandContext(h.T.Context(), "ss", "-tmnHO", "src", net.JoinHostPort(h.process.IP, lab.RedisPort)).Output()
	require.NoError(h.T, err, "apt-get install iproute2")
	for _, sizes := range queued.FindAllStringSubmatch(string(out), -1) {
		for _, size := range sizes[1:] {
			bytes, err := strconv.ParseInt(size, 10, 64)
			require.NoError(h.T, err)
			kept += bytes
		}
	}
	return kept
}
