package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Settings shape a run.
type Settings struct {
	// Clients are the kinds that write at the same time.
	Clients []Kind
	// Services are asked to write at the same time, too.
	Services []Service
	// Writers is the number of concurrent writers of each client.
	Writers int
	// Rate is how many writes a writer begins per second, at most: a writer
	// waits for the outcome of a write before the next, and what it could not
	// begin meanwhile is left out, not caught up with.
	Rate int
	// Duration is how long they write.
	Duration time.Duration
	// Enough, once closed, ends the writing before that; nil never does.
	Enough <-chan struct{}
	// Timeout bounds a write, with finding the master; half of it sending, and
	// waiting for an answer, and a quarter each attempt to connect.
	Timeout time.Duration
	// WaitFor bounds WAIT of [Wait] clients; it must be shorter than half of Timeout.
	WaitFor time.Duration
	// Replicas is how many the instance has when it is whole.
	Replicas int
	// WholeWithin is how long after the writing the instance may take to be
	// whole again, with everything read back.
	WholeWithin time.Duration
	// Keep leaves the keys, which then go by their time to live.
	Keep bool
}

// Validate names the first setting that makes no sense.
func (s Settings) Validate() error {
	for i, kind := range s.Clients {
		if kind != Follow && kind != Naive && kind != Proxy && kind != Wait {
			return fmt.Errorf("client %q: must be %s, %s, %s or %s", kind, Follow, Naive, Proxy, Wait)
		}
		if slices.Contains(s.Clients[:i], kind) {
			return fmt.Errorf("client %q is named twice", kind)
		}
	}
	for i, service := range s.Services {
		if err := service.validate(); err != nil {
			return err
		}
		if slices.Contains(s.kinds()[:len(s.Clients)+i], service.Name) {
			return fmt.Errorf("client %q is named twice", service.Name)
		}
	}
	switch {
	case len(s.kinds()) == 0:
		return errors.New("no clients: name at least one")
	case s.Writers < 1:
		return fmt.Errorf("writers is %d: must be at least 1", s.Writers)
	case s.Rate < 1 || s.Rate > 10000:
		return fmt.Errorf("rate is %d: must be 1 to 10000 per second", s.Rate)
	case s.Duration <= 0, s.Timeout <= 0, s.WholeWithin <= 0:
		return errors.New("duration, timeout and whole-within must be positive")
	case s.WaitFor < time.Millisecond || s.WaitFor >= s.Timeout/2:
		return fmt.Errorf("wait-for is %s: must be at least 1ms and shorter than half of timeout, %s", s.WaitFor, s.Timeout/2)
	case s.Replicas < 0:
		return fmt.Errorf("replicas is %d: must not be negative", s.Replicas)
	}
	return nil
}

// kinds are all that have an account: the clients, then the services.
func (s Settings) kinds() []Kind {
	kinds := slices.Clone(s.Clients)
	for _, service := range s.Services {
		kinds = append(kinds, service.Name)
	}
	return kinds
}

// settingsJSON has durations in milliseconds.
type settingsJSON struct {
	Clients       []Kind    `json:"clients"`
	Services      []Service `json:"services,omitempty"`
	Writers       int       `json:"writers"`
	Rate          int       `json:"rate"`
	DurationMs    int64     `json:"durationMs"`
	TimeoutMs     int64     `json:"timeoutMs"`
	WaitForMs     int64     `json:"waitForMs"`
	Replicas      int       `json:"replicas"`
	WholeWithinMs int64     `json:"wholeWithinMs"`
	Keep          bool      `json:"keep"`
}

// MarshalJSON writes durations in milliseconds.
func (s Settings) MarshalJSON() ([]byte, error) {
	return json.Marshal(settingsJSON{
		Clients: s.Clients, Services: s.Services, Writers: s.Writers, Rate: s.Rate,
		DurationMs: s.Duration.Milliseconds(), TimeoutMs: s.Timeout.Milliseconds(), WaitForMs: s.WaitFor.Milliseconds(),
		Replicas: s.Replicas, WholeWithinMs: s.WholeWithin.Milliseconds(), Keep: s.Keep,
	})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Settings) UnmarshalJSON(data []byte) error {
	var j settingsJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	*s = Settings{
		Clients: j.Clients, Services: j.Services, Writers: j.Writers, Rate: j.Rate,
		Duration: ms(j.DurationMs), Timeout: ms(j.TimeoutMs), WaitFor: ms(j.WaitForMs),
		Replicas: j.Replicas, WholeWithin: ms(j.WholeWithinMs), Keep: j.Keep,
	}
	return nil
}

// ttl outlives the run by an hour, so that no key can expire before it is
// read back, and none stays for good.
func (s Settings) ttl() time.Duration { return s.Duration + s.WholeWithin + time.Hour }
