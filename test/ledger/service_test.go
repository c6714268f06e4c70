package ledger

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestService(t *testing.T) {
	tests := map[string]struct {
		answer  http.HandlerFunc
		outcome Outcome
		class   Class
	}{
		"yes": {func(http.ResponseWriter, *http.Request) {}, Acknowledged, ""},
		// Not failed: its client may have tried more than once.
		"refused by a replica": {refuse("READONLY You can't write against a read only replica."), Unknown, ReadOnly},
		"no master":            {refuse("MasterNotFoundError: No master found for 'mymaster'"), Unknown, NoMaster},
		"Redis is down":        {refuse("connect ECONNREFUSED 10.0.0.1:6379"), Unknown, Refused},
		"something":            {refuse("no luck"), Unknown, Other},
		"no answer": {func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, Unknown, Timeout},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, Unknown, Reset},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.answer)
			defer server.Close()
			record, targets := put(t, server.URL)
			require.Equal(t, test.outcome, record.Outcome, record.Err)
			require.Equal(t, test.class, record.Class, record.Err)
			require.Len(t, targets, 1)
		})
	}
	t.Run("is down", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		record, targets := put(t, server.URL)
		require.Equal(t, Failed, record.Outcome, "nothing was sent")
		require.Equal(t, Refused, record.Class, record.Err)
		require.Empty(t, targets)
	})
}

// put writes once through a service.
func put(t *testing.T, url string) (Record, []Target) {
	t.Helper()
	settings := load(time.Second)
	settings.Timeout = 200 * time.Millisecond
	run := &run{settings: settings}
	client := newServiceClient(Service{Name: "some", URL: url + "/keys/"}, 1, run.prefix("some"))
	defer func() { _ = client.close() }()
	record := Record{Client: client.kind}
	run.writeOne(context.WithoutCancel(t.Context()), client, client.open(), &record)
	return record, client.sent.targets
}

func refuse(message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, message, http.StatusServiceUnavailable) }
}
