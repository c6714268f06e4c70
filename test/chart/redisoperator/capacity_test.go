package redisoperator

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
)

// What one pass over one instance takes, as README.md has it.
const (
	period      = 30
	passSeconds = 0.41
	passCalls   = 57
	passCPU     = 0.125
)

// flags returns the container's arguments by flag, as numbers.
func flags(t *testing.T, container corev1.Container) map[string]float64 {
	t.Helper()
	found := map[string]float64{}
	for _, arg := range container.Args {
		flag, value, _ := strings.Cut(arg, "=")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			found[flag] = n
		}
	}
	return found
}

// TestCapacityFollowsInstances holds that each number of instances can be looked
// after within half of the period, in both flavours.
func TestCapacityFollowsInstances(t *testing.T) {
	for _, n := range []float64{1, 20, 73, 200, 500, 1000, 2000} {
		for flavour := range flavours {
			t.Run(fmt.Sprint(n, flavour), func(t *testing.T) {
				container := deployment(t, values{"instances": fmt.Sprint(n), "flavour": fmt.Sprintf("%q", flavour)}).Spec.Template.Spec.Containers[0]
				given := flags(t, container)
				limits, requests := container.Resources.Limits, container.Resources.Requests
				assert.GreaterOrEqual(t, given["--concurrency"]*period/2, n*passSeconds)
				assert.GreaterOrEqual(t, given["--k8s-cli-qps-limit"]*period/2, n*passCalls)
				assert.Equal(t, given["--k8s-cli-qps-limit"], given["--k8s-cli-burstable-limit"])
				assert.GreaterOrEqual(t, limits.Cpu().AsApproximateFloat64()*period/2, n*passCPU)
				assert.GreaterOrEqual(t, requests.Cpu().AsApproximateFloat64()*period, n*passCPU)
				assert.LessOrEqual(t, requests.Cpu().MilliValue(), limits.Cpu().MilliValue())
				assert.LessOrEqual(t, requests.Memory().Value(), limits.Memory().Value())
				// No more than that either.
				assert.LessOrEqual(t, given["--concurrency"], math.Max(3, 2*math.Ceil(n*passSeconds/period)))
			})
		}
	}
	given := flags(t, deployment(t, nil).Spec.Template.Spec.Containers[0])
	assert.GreaterOrEqual(t, given["--concurrency"]*period, 200*passSeconds, "the defaults carry 200 instances")
}

func TestCapacityOfOnesOwn(t *testing.T) {
	container := deployment(t, values{
		"instances": "10", "concurrency": "7", "kubernetesAPI": `{"queriesPerSecond": 50, "burst": 60}`,
		"resources": `{"requests": {"cpu": "0.2", "memory": "70Mi"}, "limits": {"cpu": 1, "memory": "1G"}}`,
	}).Spec.Template.Spec.Containers[0]
	assert.Equal(t, []string{"--concurrency=7", "--k8s-cli-qps-limit=50", "--k8s-cli-burstable-limit=60"}, container.Args)
	assert.Equal(t, "200m 70Mi 1 1G", fmt.Sprint(container.Resources.Requests.Cpu(), " ", container.Resources.Requests.Memory(), " ",
		container.Resources.Limits.Cpu(), " ", container.Resources.Limits.Memory()))
}

// TestTooLittleForTheInstances holds that what the values set themselves carries the
// instances, and that what the message names is enough.
func TestTooLittleForTheInstances(t *testing.T) {
	for name, test := range map[string]struct {
		key, value string
		says       string
		// instead is the value that the message names, and instances the number.
		instead, instances string
	}{
		"concurrency": {"concurrency", "2", "concurrency: 2 must be at least 3, so that 200 instances are looked after every 30 s: set it to 3 or more, or instances to 146", "3", "146"},
		"queries":     {"kubernetesAPI.queriesPerSecond", "100", "kubernetesAPI.queriesPerSecond: 100 must be at least 380", "380", "52"},
		"CPU":         {"resources.limits.cpu", `"500m"`, "resources.limits.cpu: 500m must be at least 834m", `"834m"`, "120"},
		"whole CPU":   {"resources.limits.cpu", `"0.5"`, "resources.limits.cpu: 0.5 must be at least 834m", `"0.84"`, "120"},
		"memory":      {"resources.limits.memory", `"90Mi"`, "resources.limits.memory: 90Mi must be at least 98Mi", `"98Mi"`, "168"},
		"bytes":       {"resources.limits.memory", `"100M"`, "resources.limits.memory: 100M must be at least 98Mi", `"1G"`, "100"},
	} {
		t.Run(name, func(t *testing.T) {
			few := values{test.key: test.value}
			_, err := chart.Template(t, few)
			require.ErrorContains(t, err, test.says)
			_, err = chart.Template(t, values{test.key: test.instead})
			require.NoError(t, err)
			few["instances"] = test.instances
			_, err = chart.Template(t, few)
			require.NoError(t, err)
		})
	}
	// Too little for any is not answered with a number of none, which is refused.
	_, err := chart.Template(t, values{"resources.limits.memory": `"1Mi"`})
	require.ErrorContains(t, err, "set it to 98Mi or more, or give the namespaces")
	for request, limit := range map[string]string{"cpu": "1668m", "memory": "256Mi"} {
		_, err := chart.Template(t, values{"resources.requests." + request: map[string]string{"cpu": "4", "memory": `"2Gi"`}[request]})
		require.ErrorContains(t, err, "resources.requests."+request)
		require.ErrorContains(t, err, "resources.limits."+request+", which is "+limit)
	}
}
