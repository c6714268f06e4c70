package redisoperator

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRefusedValues(t *testing.T) {
	for name, test := range map[string]struct {
		values values
		// says is what the message must contain for the user to find the mistake.
		says []string
	}{
		"unknown key":             {values{"replica": "2"}, []string{"replica: is not a value of this chart: did you mean replicas?"}},
		"unknown nested key":      {values{"image.pullPolicy": `"Always"`}, []string{"image.pullPolicy: is not a value of this chart: remove it; here may be digest, repository, tag"}},
		"unknown toleration key":  {values{"tolerations": `[{"keys": "a"}]`}, []string{"tolerations[0].keys: is not a value of this chart: did you mean tolerations[0].key?"}},
		"tag latest":              {values{"image.tag": `"latest"`}, []string{`image.tag: "latest" must be a tag other than latest`}},
		"tag as a number":         {values{"image.tag": "1.3"}, []string{`image.tag: 1.3 must be a tag other than latest, or empty: write "1.3", in quotes`}},
		"tag in the repository":   {values{"image.repository": `"quay.io/redis-operator:v1"`}, []string{`image.repository: "quay.io/redis-operator:v1" must be an image without its tag`}},
		"short digest":            {values{"image.digest": `"sha256:0a"`}, []string{`image.digest: "sha256:0a" must be sha256: and 64 hexadecimal digits, or empty`}},
		"digest of another kind":  {values{"image.digest": `"v1.3.0-rc1"`}, []string{`image.digest: "v1.3.0-rc1" must be`}},
		"pull secret as text":     {values{"imagePullSecrets": `["mirror"]`}, []string{"imagePullSecrets[0]: a text must be a section: write {name: …}"}},
		"no replicas":             {values{"replicas": "0"}, []string{"replicas: 0 must be a whole number from 1 to 5: set 1 or more"}},
		"replicas as text":        {values{"replicas": `"2"`}, []string{`replicas: "2" must be a whole number from 1 to 5: write 2 without quotes`}},
		"unknown flavour":         {values{"flavour": `"spotahome-1.1"`}, []string{`flavour: "spotahome-1.1" must be spotahome-1.3, spotahome-1.2 or freshworks: did you mean`}},
		"no limit":                {values{"resources.limits.memory": "null"}, []string{"resources.limits.memory: is null, which takes its default away: leave it out for that, or set it"}},
		"not a quantity":          {values{"resources.limits.memory": `"much"`}, []string{`resources.limits.memory: "much" must be memory such as 256Mi, or empty`}},
		"not a namespace":         {values{"watchedNamespaces": `["a.*"]`}, []string{`watchedNamespaces[0]: "a.*" must be a name of 1 to 63`}},
		"metrics open to all":     {values{"monitoring.podLabels": `{"app.kubernetes.io/name": null}`}, []string{"monitoring.podLabels: {} must be a map of names to values, one at least: write NAME: VALUE below it"}},
		"label that is no string": {values{"nodeSelector": `{"redis": true}`}, []string{`nodeSelector.redis: true must be a text: write "true", in quotes`}},
		"no instances":            {values{"instances": "0"}, []string{"instances: 0 must be a whole number from 1 to 2000: set 1 or more"}},
		"negative concurrency":    {values{"concurrency": "-1"}, []string{"concurrency: -1 must be a whole number from 0 to 500: set 0 or more"}},
		"unknown limit of calls":  {values{"kubernetesAPI.qps": "5"}, []string{"kubernetesAPI.qps: is not a value of this chart: remove it; here may be burst, queriesPerSecond"}},
		"group with upper case":   {values{"flavour": `"freshworks"`, "group": `"Blue"`}, []string{`group: "Blue" must be a name of at most 63`}},
		"fork without a group":    {values{"flavour": `"freshworks"`}, []string{`group: "" must be set with flavour freshworks, which exits at once without it: set it to operator.group of the instances`}},
		"group of another":        {values{"group": `"blue"`}, []string{`group: "blue" must be empty with flavour spotahome-1.3: set it to "", or flavour to freshworks`}},
		"fork with others' image": {values{"flavour": `"freshworks"`, "group": `"blue"`}, []string{`image.repository: "quay.io/spotahome/redis-operator" must be an image of the fork with flavour freshworks: set ghcr.io/freshworks/redis-operator`}},
		"namespaces with 1.2": {
			values{"flavour": `"spotahome-1.2"`, "watchedNamespaces": `["tenant-a"]`},
			[]string{"watchedNamespaces", `["tenant-a"]`, "must be empty", "spotahome-1.2", "spotahome-1.3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := chart.Template(t, test.values)
			require.Error(t, err)
			for _, part := range test.says {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

// TestNoValueIsNull holds that null, which to Helm means no value at all, is refused for
// every key.
func TestNoValueIsNull(t *testing.T) {
	chart.RefusesNull(t)
}

// TestMisfits holds that a value of a wrong type is answered in words.
func TestMisfits(t *testing.T) {
	chart.AnswersMisfits(t)
	chart.HelpsEditors(t)
}

// TestRulesJudgeWhatFits holds that a value of another type leaves the rules that do not read
// it, and silences those that do.
func TestRulesJudgeWhatFits(t *testing.T) {
	chart.JudgesWhatFits(t, nil, "priorityClassName", map[string]values{
		"all topics": {
			"flavour": `"spotahome-1.2"`, "group": `"a"`, "watchedNamespaces": `["a"]`, "admission.namespaces": `["a"]`, "monitoring.excludedAlerts": `["Nothing"]`,
			"concurrency": "1", "kubernetesAPI.queriesPerSecond": "1", "resources.limits.cpu": `"100m"`, "resources.limits.memory": `"1Mi"`, "resources.requests.memory": `"9Gi"`,
		},
		"the fork": {"flavour": `"freshworks"`},
	})
}

// TestExcludedAlerts holds that the name of an alert that there is not is answered, whatever
// else is wrong.
func TestExcludedAlerts(t *testing.T) {
	_, err := chart.Template(t, values{"monitoring.excludedAlerts": `["RedisOperatorDwn", "Nothing"]`, "replicas": "0"})
	for _, says := range []string{
		"replicas: 0 must be", `monitoring.excludedAlerts: "RedisOperatorDwn" must be the name of an alert: did you mean RedisOperatorDown?` + "\n",
		`monitoring.excludedAlerts: "Nothing" must be the name of an alert: take it out; the alerts are RedisOperatorCheckFailing, `,
	} {
		assert.ErrorContains(t, err, says)
	}
}

// TestAllMistakesAreToldAtOnce holds that each topic of the rules is told of in the same
// error, and that one mistake makes one line.
func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := chart.Template(t, values{
		"flavour": `"spotahome-1.2"`, "watchedNamespaces": `["a"]`, "admission.namespaces": `["a"]`,
		"concurrency": "1", "resources.limits.cpu": `"100m"`, "resources.requests.memory": `"9Gi"`,
	})
	for _, says := range []string{
		`watchedNamespaces: ["a"] must be empty with flavour spotahome-1.2`, `admission.namespaces: ["a"] must be empty`,
		"concurrency: 1 must be at least 3", "resources.limits.cpu: 100m must be at least 834m", "resources.requests.memory: 9Gi must be at most resources.limits.memory",
	} {
		assert.ErrorContains(t, err, says)
	}
	assert.NotContains(t, err.Error(), "resources.requests.cpu", "the default request follows from the instances, as the least limit does")
}

func TestAcceptedValues(t *testing.T) {
	for name, v := range map[string]values{
		"whole CPUs": {"resources.limits.cpu": "2"},
		"toleration": {"tolerations": `[{"key": "elastisys.io/node-type", "operator": "Equal", "value": "redis", "effect": "NoSchedule"}]`},
		"placement":  {"nodeSelector": `{"elastisys.io/node-type": "redis"}`, "priorityClassName": `"system-cluster-critical"`},
		"subchart":   {"global": `{"imageRegistry": "mirror.example"}`},
	} {
		t.Run(name, func(t *testing.T) {
			deployment(t, v)
		})
	}
}
