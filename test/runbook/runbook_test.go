package runbook

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	header = ": \"${NAMESPACE:?of the alert}\" \"${NAME:?of the alert}\"\n"
	sample = "# RedisSample\n\n```sh\n" + header + "```\n\n## Meaning\n\n## Diagnosis\n\n```sh\nlook \"${NAMESPACE:?}\" \"${NAME:?}\"\n```\n\n" +
		"## Mitigation\n\n```sh\nfirst\n```\n\nElse:\n\n```sh\nPOD= # the Pod that the alert names\nMASTER=$(ask)\ndelete \"${POD:?}\" \"$MASTER\"\n```\n"
)

func of(namespace, name string) map[string]string {
	return map[string]string{"NAMESPACE": namespace, "NAME": name}
}

func write(t *testing.T) Runbook {
	t.Helper()
	file := filepath.Join(t.TempDir(), "RedisSample.md")
	require.NoError(t, os.WriteFile(file, []byte(sample), 0o600))
	r, err := Read(file)
	require.NoError(t, err)
	return r
}

func TestScript(t *testing.T) {
	r := write(t)
	assert.Equal(t, 1, r.Blocks(Diagnosis))
	assert.Equal(t, 2, r.Blocks(Mitigation))

	script, err := r.Script(Diagnosis, 0, map[string]string{"NAMESPACE": "here", "NAME": "it's"})
	require.NoError(t, err)
	assert.Equal(t, "NAMESPACE='here'\nNAME='it'\\''s'\n"+header+"look \"${NAMESPACE:?}\" \"${NAME:?}\"\n", script)

	script, err = r.Script(Mitigation, 1, map[string]string{"NAMESPACE": "ns", "NAME": "a", "POD": "rfr-a-2"})
	require.NoError(t, err)
	assert.Equal(t, "NAMESPACE='ns'\nNAME='a'\n"+header+"POD='rfr-a-2'\nMASTER=$(ask)\ndelete \"${POD:?}\" \"$MASTER\"\n", script)
}

func TestScriptRefuses(t *testing.T) {
	r := write(t)
	for name, c := range map[string]struct {
		section   string
		block     int
		variables map[string]string
		problem   string
	}{
		"what the alert has to say":     {Diagnosis, 0, map[string]string{"NAMESPACE": "ns"}, "needs NAME of the alert"},
		"a choice that nobody made":     {Mitigation, 1, of("ns", "a"), "asks to choose POD="},
		"a variable that is never set":  {Mitigation, 0, map[string]string{"NAMESPACE": "ns", "NAME": "a", "POD": "a"}, "does not ask for POD"},
		"a block that is not there":     {Diagnosis, 1, nil, "has 1 blocks of commands, not 2"},
		"a section without any command": {"Meaning", 0, nil, "has 0 blocks"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Script(c.section, c.block, c.variables)
			require.ErrorContains(t, err, c.problem)
		})
	}
}

// TestEveryRunbookCanBeRead holds that each runbook says how to look, and that none of its
// commands runs without the two lines of the alert: another tenant's Redis must not be
// the one that is looked at or repaired. Nor does one run before what only a reader can
// choose is chosen: a block that is pasted whole must not hit a Pod that serves.
func TestEveryRunbookCanBeRead(t *testing.T) {
	files, err := filepath.Glob("../../docs/runbooks/Redis*.md")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		r, err := Read(file)
		require.NoError(t, err)
		script, err := r.Script(Diagnosis, 0, of("here", "it"))
		require.NoError(t, err, file)
		assert.Contains(t, script, "NAMESPACE='here'\nNAME='it'\n")

		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotRegexp(t, `\$(NAMESPACE|NAME)\b|\$\{(NAMESPACE|NAME)\}|(?m)^(NAMESPACE|NAME)=`, string(text), file)
		assert.NotRegexp(t, `(?m)^[A-Z]+=[^ \n].* # `, string(text), "%s: leave it empty", file)
		for _, chosen := range regexp.MustCompile(`(?m)^([A-Z]+)= # .`).FindAllStringSubmatch(string(text), -1) {
			assert.NotRegexp(t, `\$(`+chosen[1]+`\b|\{`+chosen[1]+`\})`, string(text), file)
			assert.Contains(t, string(text), "${"+chosen[1]+":?}", file)
		}
	}
}

// TestFirstLookIsTheChecklist holds that whoever is woken by these sees at once what
// fails and what does not, also where there is no dashboard.
func TestFirstLookIsTheChecklist(t *testing.T) {
	for _, alert := range []string{
		"RedisFailoverFlapping", "RedisLoginsRefused", "RedisMasterMissing", "RedisMemoryNearKill", "RedisMemoryNearLimit",
		"RedisMultipleMasters", "RedisPodMissing", "RedisProxyMissing", "RedisReplicaMissing", "RedisRestarting",
	} {
		text, err := os.ReadFile("../../docs/runbooks/" + alert + ".md")
		require.NoError(t, err)
		assert.Contains(t, string(text), "\n## First look\n\n```sh\nhelm tenant golive \"${NAME:?}\" --namespace \"${NAMESPACE:?}\"\n", alert)
	}
}
