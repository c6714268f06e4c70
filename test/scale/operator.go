//go:build scale

package scale

import (
	"bufio"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// settings are how an operator runs.
type settings struct {
	// system is its namespace, version 1.2 or 1.3.
	system, version string
	// arguments are those that the chart gives it, environment is its own.
	arguments, environment []string
}

// operator is the real one.
type operator struct {
	*process
	settings
	port int
}

func startOperator(t *testing.T, p *plane, s settings) *operator {
	t.Helper()
	port := freePort(t)
	return &operator{
		start(t, "operator", "redis-operator-"+s.version+"/redisoperator", append([]string{"POD_NAMESPACE=" + s.system}, s.environment...),
			slices.Concat(s.arguments, []string{"--development", "--kubeconfig", p.kubeconfigs[s.system], "--listen-address", fmt.Sprintf("127.0.0.1:%d", port)})...),
		s, port,
	}
}

// counters are the sums of metrics that count, by name and one label.
type counters map[string]float64

var sample = regexp.MustCompile(`^([a-z0-9_]+)(\{[^ ]*\})? ([0-9.e+-]+)$`)

// samples is how many lines a page of metrics has.
const samples = "samples"

// counted returns the sums of what a page of metrics counts, by name, and of the
// API server's requests by verb.
func counted(body *bufio.Scanner) counters {
	found := counters{}
	for body.Scan() {
		match := sample.FindStringSubmatch(body.Text())
		if match == nil {
			continue
		}
		value, err := strconv.ParseFloat(match[3], 64)
		if err != nil {
			continue
		}
		found[match[1]] += value
		found[samples]++
		if match[1] == "apiserver_request_total" {
			_, verb, _ := strings.Cut(match[2], `verb="`)
			verb, _, _ = strings.Cut(verb, `"`)
			found[verb] += value
		}
	}
	return found
}

// metrics returns the operator's.
func (o *operator) metrics(t *testing.T) counters {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", o.port))
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	scanner := bufio.NewScanner(response.Body)
	scanner.Buffer(nil, 1<<20)
	return counted(scanner)
}

// metrics returns the API server's.
func (p *plane) metrics(t *testing.T) counters {
	t.Helper()
	body, err := p.typed.Discovery().RESTClient().Get().AbsPath("/metrics").Stream(t.Context())
	require.NoError(t, err)
	defer func() { _ = body.Close() }()
	scanner := bufio.NewScanner(body)
	scanner.Buffer(nil, 1<<20)
	return counted(scanner)
}
