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
	// arguments are those that the chart gives it.
	arguments []string
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
		start(t, "operator", "redis-operator-"+s.version+"/redisoperator", []string{"POD_NAMESPACE=" + s.system},
			slices.Concat(s.arguments, []string{"--development", "--kubeconfig", p.kubeconfigs[s.system], "--listen-address", fmt.Sprintf("127.0.0.1:%d", port)})...),
		s, port,
	}
}

// counters are the sums of metrics that count, by name, and by name and label where
// keep has one.
type counters map[string]float64

var (
	sample = regexp.MustCompile(`^([a-z0-9_]+)(\{[^ ]*\})? ([0-9.e+-]+)$`)
	// keep are the labels by whose values metrics are told apart.
	keep = map[string]*regexp.Regexp{
		"apiserver_request_total":        regexp.MustCompile(`verb="([A-Z]+)"`),
		"apiserver_response_sizes_sum":   regexp.MustCompile(`verb="([A-Z]+)"`),
		"apiserver_response_sizes_count": regexp.MustCompile(`verb="([A-Z]+)"`),
	}
	listOfPods = regexp.MustCompile(`^apiserver_request_total\{.*resource="pods".*verb="LIST"`)
)

const (
	// samples is how many lines a page of metrics has.
	samples = "samples"
	// listsOfPods are those that the API server has answered: the operator makes them, and
	// does not count them.
	listsOfPods = "lists of Pods"
)

func (c counters) read(body *bufio.Scanner) error {
	body.Buffer(nil, 1<<20)
	for body.Scan() {
		match := sample.FindStringSubmatch(body.Text())
		if match == nil {
			continue
		}
		value, err := strconv.ParseFloat(match[3], 64)
		if err != nil {
			continue
		}
		c[match[1]] += value
		c[samples]++
		if listOfPods.MatchString(match[0]) {
			c[listsOfPods] += value
		}
		if label := keep[match[1]]; label != nil {
			if found := label.FindStringSubmatch(match[2]); found != nil {
				c[match[1]+" "+found[1]] += value
			}
		}
	}
	return body.Err()
}

// metrics returns the sums of all operators'.
func metrics(t *testing.T, operators []*operator) counters {
	t.Helper()
	all := counters{}
	client := http.Client{Timeout: 30 * time.Second}
	for _, o := range operators {
		response, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", o.port))
		require.NoError(t, err)
		require.NoError(t, all.read(bufio.NewScanner(response.Body)))
		require.NoError(t, response.Body.Close())
	}
	return all
}

// metrics returns the API server's.
func (p *plane) metrics(t *testing.T) counters {
	t.Helper()
	body, err := p.typed.Discovery().RESTClient().Get().AbsPath("/metrics").Stream(t.Context())
	require.NoError(t, err)
	defer func() { _ = body.Close() }()
	all := counters{}
	require.NoError(t, all.read(bufio.NewScanner(body)))
	return all
}

// leads is whether it has taken the lead.
func (o *operator) leads() bool { return strings.Contains(o.said("lead acquire"), "lead acquire") }
