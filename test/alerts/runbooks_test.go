package alerts

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const runbooks = repository + "/docs/runbooks"

var (
	heading = regexp.MustCompile(`(?m)^## (.+)$`)
	block   = regexp.MustCompile("(?s)```sh\n(.*?)```")
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
)

// sections are those of each runbook, in this order.
var sections = []string{"Meaning", "Impact", "First look", "Diagnosis", "Mitigation", "Over when"}

// TestRunbooks holds that each alert has a runbook and each runbook an alert, all built
// alike: whom it affects, where to look first, what to do, and how one sees the end.
func TestRunbooks(t *testing.T) {
	rules := everything(t)
	names := runbookNames(t)
	assert.Equal(t, rules.alerts(), names)
	panels := panelTitles(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(runbooks + "/" + name + ".md")
			require.NoError(t, err)
			text := string(data)
			severity := rules[name].Labels["severity"]
			assert.Regexp(t, `^# `+name+`\n\n\*\*Severity:\*\* `+severity+`\. \*\*Affects:\*\* .+\.\n\n`+"```sh\n"+`: "\$\{NAMESPACE:\?`, text,
				"title, severity and whom it affects, then the variables")

			parts := heading.Split(text, -1)
			var headings []string
			for n, match := range heading.FindAllStringSubmatch(text, -1) {
				headings = append(headings, match[1])
				assert.Greater(t, len(strings.TrimSpace(parts[n+1])), 15, "%s says something", match[1])
			}
			require.Equal(t, sections, headings)
			assert.Regexp(t, "```sh\n", parts[5], "the mitigation has commands")
			assert.Regexp(t, "(?s)```sh\n.*(golive|get pods)|dashboard Redis / ", parts[3], "a first look")
			for _, match := range regexp.MustCompile("(?:`([^`]+)` and )?`([^`]+)` of the dashboard (Redis / \\w+( and \\w+)?)").FindAllStringSubmatch(parts[3], -1) {
				for _, panel := range match[1:3] {
					assert.Contains(t, append(panels[match[3]], ""), panel, match[3])
				}
			}
			for _, match := range link.FindAllStringSubmatch(text, -1) {
				file, _, _ := strings.Cut(match[1], "#")
				assert.FileExists(t, filepath.Join(runbooks, file))
			}
			assertShell(t, text)
		})
	}
}

// TestRunbookIndex holds that the index has each runbook once, below its severity.
func TestRunbookIndex(t *testing.T) {
	data, err := os.ReadFile(runbooks + "/README.md")
	require.NoError(t, err)
	rules := everything(t)
	_, bySeverity, found := strings.Cut(string(data), "## By severity\n")
	require.True(t, found)
	critical, warning, found := strings.Cut(bySeverity, "### Warning\n")
	require.True(t, found)
	for _, name := range runbookNames(t) {
		line := "[" + name + "](" + name + ".md): " + rules[name].Annotations["summary"]
		part, other := critical, warning
		if rules[name].Labels["severity"] == "warning" {
			part, other = warning, critical
		}
		assert.Equal(t, 1, strings.Count(part, line), "%s, with its summary, below its severity", name)
		assert.NotContains(t, other, line)
	}
	for _, match := range link.FindAllStringSubmatch(string(data), -1) {
		file, _, _ := strings.Cut(match[1], "#")
		assert.FileExists(t, filepath.Join(runbooks, file))
	}
}

func runbookNames(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(runbooks + "/Redis*.md")
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".md"))
	}
	return names
}

// panelTitles are the titles of panels and rows, by dashboard.
func panelTitles(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(repository + "/charts/redis-dashboards/dashboards/*/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	titles := map[string][]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		var dashboard struct {
			Title  string
			Panels []struct {
				Title  string
				Panels []struct{ Title string }
			}
		}
		require.NoError(t, json.Unmarshal(data, &dashboard))
		for _, panel := range dashboard.Panels {
			titles[dashboard.Title] = append(titles[dashboard.Title], panel.Title)
			for _, inner := range panel.Panels {
				titles[dashboard.Title] = append(titles[dashboard.Title], inner.Title)
			}
		}
	}
	return titles
}

// assertShell holds that the commands are Bash, and need no variable but those of the
// alert and those that the runbook sets.
func assertShell(t *testing.T, text string) {
	t.Helper()
	blocks := block.FindAllStringSubmatch(text, -1)
	require.GreaterOrEqual(t, len(blocks), 3, "variables, how to look, and what to do")
	var script strings.Builder
	for _, b := range blocks {
		script.WriteString(b[1])
	}
	command := exec.CommandContext(t.Context(), "shellcheck", "--shell=bash", "--exclude=SC2016", "-")
	command.Stdin = strings.NewReader(script.String())
	out, err := command.CombinedOutput()
	assert.NoError(t, err, string(out))
}
