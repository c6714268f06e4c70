package pages

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const root = "../.."

// TestCommandsCanBeCopied holds that the commands of each page work where neither the
// images nor the files of the machine are on which they were written.
func TestCommandsCanBeCopied(t *testing.T) {
	pages, err := Pages(root)
	require.NoError(t, err)
	count := 0
	for _, page := range pages {
		blocks, err := Blocks(root, page)
		require.NoError(t, err)
		count += len(blocks)
		set := map[string]bool{}
		for _, b := range blocks {
			for _, problem := range Problems(root, b.Script, set) {
				t.Errorf("%s:%d: %s", page, b.Line, problem)
			}
		}
	}
	require.Greater(t, count, 150, "the blocks are found")
}

// TestTextsNameNoLocalImage is the same of what is copied and is no page: examples,
// values, and what programs and charts print.
func TestTextsNameNoLocalImage(t *testing.T) {
	var files []string
	for _, pattern := range []string{
		"examples/*/*.yaml", "examples/*/*/*.yaml", "examples/*/Dockerfile", "examples/*/*/Dockerfile",
		"charts/*/values.yaml", "charts/*/templates/NOTES.txt", "charts/*/README.md.gotmpl", "plugin/cmd/*/*.go", "plugin/cmd/*/*.txt",
	} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		files = append(files, found...)
	}
	require.Greater(t, len(files), 40)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.NotRegexp(t, local, string(text), file)
	}
}

func TestProblems(t *testing.T) {
	for script, problem := range map[string]string{
		"kubectl run a --image=tenant-redis.local/valkey:8":               "nowhere but here",
		"kubectl run a --image=example/go:local":                          "nowhere but here",
		"cat /home/somebody/README.md":                                    "nowhere but here",
		"kubectl create -f examples/go/jobs.yaml":                         "there is no examples/go/jobs.yaml",
		"helm install a b --post-renderer bin/tenant-post":                "is Helm 3's",
		"kubectl get pods -n $NAMESPACE":                                  "$NAMESPACE is set nowhere",
		"kubectl get pods -n \"${NAMESPACE}\"":                            "$NAMESPACE is set nowhere",
		"NAMESPACE=redis-system NAME=team-a-cache":                        "NAME is preset",
		"NAME=b\nkubectl -n team-a patch secret $NAME":                    "a namespace of the examples",
		"kubectl --namespace=redis-system delete pod \"rfr-${NAME:?}-0\"": "a namespace of the examples",
		"if true; then": "syntax error",
		"# NAMESPACE=a\nkubectl get pods -n $NAMESPACE":                     "$NAMESPACE is set nowhere",
		"kubectl exec a -- sh -c 'NAME=b'\nkubectl get pods -n \"x-$NAME\"": "$NAME is set nowhere",
	} {
		assert.Contains(t, strings.Join(Problems(root, script, map[string]bool{}), "\n"), problem, script)
	}
	for _, script := range []string{
		"NAMESPACE=a\nkubectl get pods -n $NAMESPACE",
		"kubectl get pods -n \"${NAMESPACE:?of the alert}\"",
		"kubectl exec a -- sh -c 'REDISCLI_AUTH=$REDIS_PASSWORD redis-cli role'",
		"kubectl exec a -- sh -c \"REDISCLI_AUTH=\\$REDIS_PASSWORD redis-cli role\"",
		"for pod in a b; do echo $pod; done\nread -rs PASSWORD\necho $PASSWORD",
		"# Helm 3\nhelm install a b --post-renderer bin/tenant-post",
		"helm install a charts/tenant-redis --values examples/tenants/team-a/values.yaml",
	} {
		assert.Empty(t, Problems(root, script, map[string]bool{}), script)
	}
}

// code is what stands in fences, in which no sentence is.
var code = regexp.MustCompile("(?ms)^ *```.*?^ *```")

// sentenceEnd ends a sentence, a cell of a table or a line.
var sentenceEnd = regexp.MustCompile(`[.!?][)"*]*\s|\s\|\s|\n`)

// action is what a template has in the place of a word.
var action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// TestSentencesAreShort holds that somebody in a hurry can read the pages. Those of
// docs/design have the long arguments.
func TestSentencesAreShort(t *testing.T) {
	pages, err := Pages(root)
	require.NoError(t, err)
	for _, page := range pages {
		if strings.HasPrefix(page, "docs/design/") {
			continue
		}
		assertShort(t, page, code.ReplaceAllString(read(t, page), ""))
	}
}

// TestPagesNameNoTest holds that users read what is so, and not which test says it: that
// stands in a comment, unless it is a command to run.
func TestPagesNameNoTest(t *testing.T) {
	other := regexp.MustCompile("(?s)<!--.*?-->|```.*?```|`[^`\n]*go test[^`\n]*`")
	pages, err := Pages(root)
	require.NoError(t, err)
	for _, page := range pages {
		if !strings.HasPrefix(page, "docs/design/") && page != "CONTRIBUTING.md" {
			assert.NotRegexp(t, `\bTest[A-Z]\w+`, other.ReplaceAllString(read(t, page), ""), page)
		}
	}
}

// TestAlertsSentencesAreShort is the same of what alerts say.
func TestAlertsSentencesAreShort(t *testing.T) {
	alerts, err := filepath.Glob(root + "/charts/*/alerts/*.yaml")
	require.NoError(t, err)
	require.Greater(t, len(alerts), 50)
	for _, file := range alerts {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var alert struct{ Annotations map[string]string }
		require.NoError(t, yaml.Unmarshal(text, &alert), file)
		require.NotEmpty(t, alert.Annotations["summary"], file)
		for _, says := range alert.Annotations {
			// What Prometheus fills in is a word.
			assertShort(t, file, action.ReplaceAllString(says, "word"))
		}
	}
}

// assertShort holds that no sentence of a text has too many words.
func assertShort(t *testing.T, file, text string) {
	t.Helper()
	const most = 25
	for _, sentence := range sentenceEnd.Split(text, -1) {
		if words := len(strings.Fields(sentence)); words > most {
			t.Errorf("%s: a sentence has %d words; write two: %.80s…", file, words, strings.TrimSpace(sentence))
		}
	}
}

// TestPipeline runs what the page about GitOps has for a pipeline, which needs no cluster.
func TestPipeline(t *testing.T) {
	script := regexp.MustCompile("(?s)in a pipeline\\..*?```bash\n(.*?)```").FindStringSubmatch(read(t, "docs/gitops.md"))
	require.NotNil(t, script)
	repository, err := filepath.Abs(root)
	require.NoError(t, err)
	folder := t.TempDir()
	for _, name := range []string{"bin", "charts", "examples"} {
		require.NoError(t, os.Symlink(filepath.Join(repository, name), filepath.Join(folder, name)))
	}
	pipeline := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script[1])
	pipeline.Dir, pipeline.Env = folder, append(os.Environ(), "PATH="+filepath.Join(repository, "bin")+":"+os.Getenv("PATH"))
	out, err := pipeline.CombinedOutput()
	require.NoError(t, err, "%s", out)
	tenants, err := filepath.Glob(folder + "/rendered/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, tenants)
}

// TestBlocksRun runs each page from top to bottom where nothing reaches a cluster. The real
// programs are asked then whether they could be called as the page calls them.
func TestBlocksRun(t *testing.T) {
	t.Setenv("KUBECONFIG", os.DevNull)
	for _, program := range []string{"kubectl", "helm", "helm4", "tenant"} {
		require.FileExists(t, root+"/bin/"+program, "run make tools build")
	}
	pages, err := Pages(root)
	require.NoError(t, err)
	checked := map[string]error{}
	for _, page := range pages {
		blocks, err := Blocks(root, page)
		require.NoError(t, err)
		var script strings.Builder
		for _, b := range blocks {
			script.WriteString(b.Script)
		}
		called, err := Run(t.Context(), root, script.String())
		require.NoError(t, err, page)
		require.Equal(t, len(blocks) > 0, len(called) > 0, "%s calls programs", page)
		for _, c := range called {
			line := strings.Join(c, " ")
			if _, known := checked[line]; !known {
				checked[line] = c.Check(t.Context(), root)
			}
			assert.NoError(t, checked[line], "%s: %s", page, line)
		}
	}
	require.Greater(t, len(checked), 150, "ways to call a program")
}

// TestCheck holds that what does not fit the programs is found.
func TestCheck(t *testing.T) {
	for line, problem := range map[string]string{
		"kubectl get pods --namespaces x":                                      "unknown flag",
		"kubectl gett pods":                                                    "unknown command",
		"kubectl rollout restar deployment/x":                                  "no such command",
		"kubectl get pods -o jsonpath={.items":                                 "error parsing",
		"kubectl exec x -- sh -c if":                                           "in the Pod",
		"helm install x charts/redis-operator --set replica=2":                 "replica",
		"helm upgrade x charts/tenant-redis --namespaces redis-system":         "unknown flag",
		"helm rolback x":                                                       "unknown command",
		"helm tenant golive x --namespaces y":                                  "unknown flag",
		"helm tenant upgrade x charts/tenant-redis --tenant none.yaml":         "none.yaml",
		"make operators-image":                                                 "no target",
		"tenant check --require-provenances --tenant examples/x rendered.yaml": "unknown flag",
	} {
		assert.ErrorContains(t, Called(strings.Fields(line)).Check(t.Context(), root), problem, line)
	}
}
