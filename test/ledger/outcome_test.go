package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// answer is an error that Redis sent.
type answer string

func (a answer) Error() string { return string(a) }
func (answer) RedisError()     {}

func TestOutcomeAndClass(t *testing.T) {
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	read := func(err error) error { return &net.OpError{Op: "read", Net: "tcp", Err: err} }
	tests := map[string]struct {
		err     error
		sent    bool
		outcome Outcome
		class   Class
	}{
		"yes":                         {nil, true, Acknowledged, ""},
		"read-only replica":           {answer("READONLY You can't write against a read only replica."), true, Failed, ReadOnly},
		"too few replicas":            {answer("NOREPLICAS Not enough good replicas to write."), true, Failed, NoReplicas},
		"loading":                     {answer("LOADING Redis is loading the dataset in memory"), true, Failed, Loading},
		"out of memory":               {answer("OOM command not allowed when used memory > 'maxmemory'."), true, Failed, Other},
		"refused":                     {dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), false, Failed, Refused},
		"no connection in time":       {dial(os.ErrDeadlineExceeded), false, Failed, Timeout},
		"frozen before the write":     {context.DeadlineExceeded, false, Failed, Timeout},
		"frozen after the write":      {read(os.ErrDeadlineExceeded), true, Unknown, Timeout},
		"deadline after the write":    {context.DeadlineExceeded, true, Unknown, Timeout},
		"reset after the write":       {read(os.NewSyscallError("read", syscall.ECONNRESET)), true, Unknown, Reset},
		"reset before the write":      {&net.OpError{Op: "write", Err: syscall.EPIPE}, false, Failed, Reset},
		"closed by the server":        {io.EOF, true, Unknown, Reset},
		"closed by the client":        {read(net.ErrClosed), true, Unknown, Reset},
		"no route":                    {dial(syscall.EHOSTUNREACH), false, Failed, Other},
		"no answer from Sentinel":     {fmt.Errorf("%w: %w", errNoMaster, dial(syscall.ECONNREFUSED)), false, Failed, NoMaster},
		"Sentinel knows no master":    {redis.Nil, false, Failed, NoMaster},
		"go-redis finds no Sentinel":  {errors.New("redis: all sentinels specified in configuration are unreachable: EOF"), false, Failed, NoMaster},
		"no replica confirmed":        {errUnreplicated, true, Unknown, Unreplicated},
		"no answer to WAIT":           {fmt.Errorf("%w: %w", errUnreplicated, read(os.ErrDeadlineExceeded)), true, Unknown, Unreplicated},
		"WAIT refused after demotion": {fmt.Errorf("%w: %w", errUnreplicated, answer("ERR WAIT cannot be used with replica instances.")), true, Unknown, Unreplicated},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.outcome, outcome(test.err, test.sent))
			require.Equal(t, test.class, classify(test.err))
		})
	}
}

func TestSentLog(t *testing.T) {
	log := newSentLog("ledger:r:follow:")
	log.note([]byte("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"), "10.0.0.1:6379")
	require.Empty(t, log.targets, "the handshake is no write")

	log.note([]byte("*2\r\n$4\r\nincr\r\n$20\r\nledger:r:follow:0:17\r\n*3\r\n$6\r\nexpire\r\n"), "10.0.0.1:6379")
	require.False(t, log.take("ledger:r:follow:0:1"))
	require.True(t, log.take("ledger:r:follow:0:17"))
	require.False(t, log.take("ledger:r:follow:0:17"), "it was taken")

	log.note([]byte("ledger:r:follow:0:18\r\n"), "10.0.0.1:6379")
	log.note([]byte("ledger:r:follow:0:19\r\n"), "10.0.0.2:6379")
	log.note([]byte("ledger:r:follow:0:20\r\n"), "10.0.0.1:6379")
	var servers []string
	for _, target := range log.targets {
		servers = append(servers, target.Server)
	}
	require.Equal(t, []string{"10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.1:6379"}, servers)
}
