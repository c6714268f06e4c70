package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
)

// Service is a tenant's application that writes to Redis by its own client.
type Service struct {
	// Name is that of its account.
	Name Kind `json:"name"`
	// URL is what a key is added to: PUT to URL/KEY writes, and 200 says that
	// Redis has acknowledged.
	URL string `json:"url"`
}

func (s Service) validate() error {
	if s.Name == "" {
		return fmt.Errorf("service %q has no name: must be NAME=URL", s.URL)
	}
	if parsed, err := url.Parse(s.URL); err != nil || parsed.Scheme != "http" || parsed.Host == "" {
		return fmt.Errorf("service %s: URL %q must be http://HOST[:PORT]/PATH", s.Name, s.URL)
	}
	return nil
}

// maxMessage is how much is read of a service's answer.
const maxMessage = 1 << 10

// statusError is an answer of a service other than 200. What became of the
// write is unknown: the service's client may have tried more than once.
type statusError struct {
	status  int
	message string
}

// Error is the status and what the service said.
func (e *statusError) Error() string { return fmt.Sprintf("%d: %s", e.status, e.message) }

// class goes by the words that libraries use for errors.
func (e *statusError) class() Class {
	message := strings.ToLower(e.message)
	for _, sign := range []struct {
		class Class
		words []string
	}{
		{ReadOnly, []string{"readonly", "read only", "read-only", "previous master is now a slave"}},
		{NoReplicas, []string{"noreplicas"}},
		{Loading, []string{"loading"}},
		{NoMaster, []string{"sentinel", "no master", "masternotfound"}},
		{Timeout, []string{"timeout", "timed out", "deadline"}},
		{Refused, []string{"refused"}},
		{Reset, []string{"reset", "closed", "eof", "went away", "broken pipe"}},
	} {
		for _, word := range sign.words {
			if strings.Contains(message, word) {
				return sign.class
			}
		}
	}
	return Other
}

func newServiceClient(service Service, writers int, prefix string) *client {
	transport := &http.Transport{MaxIdleConnsPerHost: writers, DisableCompression: true}
	shared := &serviceSession{
		url: strings.TrimSuffix(service.URL, "/"), sent: newSentLog(prefix),
		http: &http.Client{Transport: transport},
	}
	return &client{
		kind: service.Name, sent: shared.sent, open: func() session { return shared },
		close: func() error {
			transport.CloseIdleConnections()
			return nil
		},
	}
}

// serviceSession is shared by all writers of a service.
type serviceSession struct {
	url  string
	sent *sentLog
	http *http.Client
}

// write asks for the value 1, which is what a counter would have. PUT is not
// repeated by net/http.
func (s *serviceSession) write(ctx context.Context, key string) error {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { s.sent.mark(key, info.Conn.RemoteAddr().String()) },
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, s.url+"/"+url.PathEscape(key), strings.NewReader("1"))
	if err != nil {
		return err
	}
	response, err := s.http.Do(request)
	if err != nil {
		return err
	}
	message, err := io.ReadAll(io.LimitReader(response.Body, maxMessage))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return &statusError{response.StatusCode, strings.TrimSpace(string(message))}
	}
	return nil
}

func (s *serviceSession) close() {}
