package ledger

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// Outcome is what a client knows of a write when it has ended.
type Outcome int

const (
	// Acknowledged means that Redis said yes.
	Acknowledged Outcome = iota
	// Failed means that the write certainly was not applied: Redis said no,
	// or nothing was sent.
	Failed
	// Unknown means that the write was sent and no answer came, or that a
	// replica's confirmation was asked for and did not come.
	Unknown
)

// Class is a kind of error.
type Class string

// The classes of errors. Those in capitals are Redis' own words.
const (
	ReadOnly     Class = "READONLY"
	NoReplicas   Class = "NOREPLICAS"
	Loading      Class = "LOADING"
	Timeout      Class = "timeout"
	Refused      Class = "refused"
	Reset        Class = "reset"
	NoMaster     Class = "no master"
	Unreplicated Class = "unreplicated"
	Other        Class = "other"
)

// Record is one write.
type Record struct {
	// Client, Writer and Sequence name it; the key is made of them.
	Client   Kind
	Writer   int
	Sequence int
	// Start and End are by the client's clock.
	Start, End time.Time
	Outcome    Outcome
	// Class and Err are empty if it was acknowledged.
	Class Class
	Err   error
}

// outcome judges a write's error. Sent tells whether any of it left.
func outcome(err error, sent bool) Outcome {
	var answer redis.Error
	switch {
	case err == nil:
		return Acknowledged
	case errors.Is(err, errUnreplicated):
		return Unknown
	case errors.As(err, &answer), !sent:
		return Failed
	}
	return Unknown
}

// classify names an error's class, empty for none.
func classify(err error) Class {
	var (
		netErr net.Error
		status *statusError
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &status):
		return status.class()
	case errors.Is(err, errUnreplicated):
		return Unreplicated
	case errors.Is(err, errNoMaster), strings.HasPrefix(err.Error(), "redis: all sentinels"), errors.Is(err, redis.Nil):
		return NoMaster
	case redis.IsReadOnlyError(err):
		return ReadOnly
	case redis.IsNoReplicasError(err):
		return NoReplicas
	case redis.IsLoadingError(err):
		return Loading
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Reset
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return Timeout
	}
	return Other
}
