package pages

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// row is the cells of a line of a table.
func row(line string) []string {
	var cells []string
	for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells
}

// rows are the rows of a page's tables by their first cell, a row without one added to
// that of the row above.
func rows(t *testing.T, page string) map[string][][]string {
	t.Helper()
	found, name := map[string][][]string{}, ""
	for line := range strings.Lines(read(t, page)) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := row(line)
		if cells[0] != "" {
			name = cells[0]
		}
		found[name] = append(found[name], cells[1:])
	}
	return found
}

// fault is what the benchmarks have of a fault, of the clients the worse: the longest
// gap, that at the change to the next master, and what was lost.
type fault struct {
	tuned, change, stock string
	tunedLost, stockLost int
}

// benchmark is what the first table of the benchmarks has of a fault.
func benchmark(t *testing.T, name string) fault {
	t.Helper()
	clients := rows(t, "docs/benchmarks.md")[name]
	require.Len(t, clients, 2, name)
	var worst fault
	for _, cells := range clients {
		require.Len(t, cells, 6, name)
		worst.tuned, worst.tunedLost = worse(t, worst.tuned, worst.tunedLost, cells[1], cells[3])
		worst.change, _ = worse(t, worst.change, 0, cells[2], "0")
		worst.stock, worst.stockLost = worse(t, worst.stock, worst.stockLost, cells[4], cells[5])
	}
	return worst
}

// worse is of two gaps and of two losses the larger.
func worse(t *testing.T, gap string, lost int, otherGap, otherLost string) (string, int) {
	t.Helper()
	if gap == "" || number(t, otherGap) > number(t, gap) {
		gap = otherGap
	}
	return gap, max(lost, int(number(t, otherLost)))
}

// number reads "1,234" and "<0.10", too.
func number(t *testing.T, text string) float64 {
	t.Helper()
	value, err := strconv.ParseFloat(strings.TrimPrefix(strings.ReplaceAll(text, ",", ""), "<"), 64)
	require.NoError(t, err, text)
	return value
}

// TestFiguresAgree holds that pages that quote the benchmarks have its figures, of both
// clients the worse.
func TestFiguresAgree(t *testing.T) {
	readme := read(t, "README.md")
	for quoted, name := range map[string]string{"Pod deleted": "master's Pod deleted", "process killed": "master killed (kill -9)"} {
		cells := regexp.MustCompile(`\| ` + quoted + ` \| (\S+) s without a write, (\d+) lost \| (\S+) s(?: without a write)?, ([0-9,]+) (?:acknowledged writes )?lost \|`).FindStringSubmatch(readme)
		require.NotNil(t, cells, quoted)
		measured := benchmark(t, name)
		assert.Equal(t, measured.tuned, cells[1], quoted)
		assert.InDelta(t, measured.tunedLost, number(t, cells[2]), 0, quoted)
		// In whole seconds.
		assert.InDelta(t, number(t, measured.stock), number(t, cells[3]), 0.5, quoted)
		assert.InDelta(t, measured.stockLost, number(t, cells[4]), 0, quoted)
	}
	assert.Contains(t, readme, "The clients of the deleted Pod went over to the next master within "+strings.TrimPrefix(benchmark(t, "master's Pod deleted").change, "<")+" s")

	page := read(t, "docs/benchmarks.md")
	deleted, killed := benchmark(t, "master's Pod deleted"), benchmark(t, "master killed (kill -9)")
	lost := regexp.MustCompile(`lose ([0-9,]+) and ([0-9,]+) acknowledged writes\]\(images`).FindStringSubmatch(page)
	require.NotNil(t, lost)
	assert.InDelta(t, deleted.stockLost, max(number(t, lost[1]), number(t, lost[2])), 0, "the picture's caption")
	back := regexp.MustCompile(`is back after (\S+) s, the operator's defaults after (\S+) s\]`).FindStringSubmatch(page)
	require.NotNil(t, back)
	assert.Equal(t, killed.tuned, back[1], "the picture's caption")
	assert.InDelta(t, number(t, killed.stock), number(t, back[2]), 0.5, "the picture's caption")

	failover := rows(t, "docs/failover.md")
	for quoted, name := range map[string]string{
		"Pod deleted": "master's Pod deleted", "node drained": "master's node drained", "process killed": "master killed (kill -9)",
		"frozen for 15 s": "master frozen for 15 s", "Pod force-deleted": "master force-deleted",
	} {
		measured := benchmark(t, name)
		require.Len(t, failover[quoted], 1, quoted)
		assert.Equal(t, []string{measured.change + " s", measured.tuned + " s", strconv.Itoa(measured.tunedLost)}, failover[quoted][0][1:], quoted)
	}
	// Of two runs, the worst.
	inARow := rows(t, "docs/benchmarks.md")
	require.Len(t, inARow["container"], 1)
	worst, _ := worse(t, seconds(inARow["container"][0][2]), 0, seconds(inARow["has its container killed, 20 times"][0][2]), "0")
	require.Len(t, failover["container gone as a whole"], 1)
	assert.Equal(t, []string{worst + " s", worst + " s", "0"}, failover["container gone as a whole"][0][1:])
}

// seconds is the figure of "1.2 s".
func seconds(cell string) string { return strings.TrimSuffix(cell, " s") }

// TestTenantsFiguresAgree is the same of what tenants are told of a node that is lost, by
// library, and of an election that is split.
func TestTenantsFiguresAgree(t *testing.T) {
	clients, _, found := strings.Cut(read(t, "docs/clients.md"), "<!-- end -->")
	require.True(t, found)
	var least, most string
	for line := range strings.Lines(clients) {
		cells := row(line)
		if len(cells) != 12 || cells[2] == "with" || cells[0] == "---" {
			continue
		}
		most, _ = worse(t, most, 0, cells[9], "0")
		if least == "" || number(t, cells[9]) < number(t, least) {
			least = cells[9]
		}
	}
	var values struct {
		Sentinel struct{ FailoverTimeoutMilliseconds int }
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "charts/tenant-redis/values.yaml")), &values))
	page := read(t, "docs/for-tenants.md")
	assert.Contains(t, page, "A node that is lost costs "+least+" to "+most+" s,")
	assert.Contains(t, page, fmt.Sprintf("an election that is split, up to %d s,", 2*values.Sentinel.FailoverTimeoutMilliseconds/1000))
}

// TestChecksAreCounted holds that the administrators' page says how many checks of the list
// are ok: all but those about what its instance does not have.
func TestChecksAreCounted(t *testing.T) {
	ok := 0
	for name, found := range rows(t, "docs/golive.md") {
		if len(found[0]) == 4 && strings.HasPrefix(name, "`") && !slices.Contains([]string{"`proxies`", "`user`", "`selected`"}, name) {
			ok++
		}
	}
	require.Greater(t, ok, 10)
	assert.Contains(t, read(t, "docs/for-administrators.md"), fmt.Sprintf("grep -c ^ok checklist\n```\n\n```text\n%d\n```", ok))
}

// TestProxysFiguresAgree is the same of what the proxy's page quotes.
func TestProxysFiguresAgree(t *testing.T) {
	measured, quoted := rows(t, "docs/design/proxy.md"), 0
	for name, found := range rows(t, "docs/proxy.md") {
		if cells := found[0]; len(cells) == 3 && strings.HasSuffix(cells[1], " s") {
			quoted++
			table, later, since := strings.Cut(cells[1], ", since then ")
			if since {
				assert.Regexp(t, "a `make test` saw [^)]*"+regexp.QuoteMeta(later)+" for the ", read(t, "docs/design/proxy.md"), name)
			}
			name = strings.TrimSuffix(name, ", and thawed as a second master")
			var same bool
			for other, of := range measured {
				same = same || strings.HasPrefix(other, name) && strings.HasPrefix(of[0][0], table+", ")
			}
			assert.True(t, same, "%s: %s is not in docs/design/proxy.md", name, table)
		}
	}
	assert.Equal(t, 7, quoted)
}

// TestVersionsAgree holds that pages that name the default versions name those of the
// charts' values.
func TestVersionsAgree(t *testing.T) {
	var values struct {
		Image string
		Proxy struct{ Image string }
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "charts/tenant-redis/values.yaml")), &values))
	minor := regexp.MustCompile(`:(\d+\.\d+)\.\d+$`)
	server, proxy := minor.FindStringSubmatch(values.Image), minor.FindStringSubmatch(values.Proxy.Image)
	require.NotNil(t, server)
	require.NotNil(t, proxy)
	assert.Contains(t, read(t, "README.md"), "What runs is Valkey "+server[1]+",")
	assert.Contains(t, read(t, "docs/faq.md"), "Valkey "+server[1]+" by default")
	assert.Contains(t, read(t, "CHANGELOG.md"), "Valkey "+server[1]+" and HAProxy "+proxy[1]+" by default")
	versions := read(t, "docs/versions.md")
	assert.Contains(t, versions, "Valkey "+server[1]+", the default: `"+values.Image+"`")
	assert.Contains(t, versions, "`"+values.Proxy.Image+"`")

	found := func(file, pattern string) string {
		match := regexp.MustCompile(pattern).FindStringSubmatch(read(t, file))
		require.NotNil(t, match, "%s: %s", file, pattern)
		return match[1]
	}
	// The oldest ones, as the chart refuses those before.
	oldest := func(image string) string {
		return found("charts/tenant-redis/templates/_validate-images.tpl", `"image" .*\$`+regexp.QuoteMeta(image)+`\b.*\n\s+"oldest" "(\d+\.\d+)\.0"`)
	}
	comments := read(t, "charts/tenant-redis/values.yaml")
	for oldest, says := range map[string][2]string{
		oldest("v.image"):          {"| Redis %s |", "Valkey, or Redis %s or newer,"},
		oldest("v.proxy.image"):    {"| %s LTS |", "Image of HAProxy %s or newer"},
		oldest("v.exporter.image"): {"| Redis exporter | %s with", "v%s.0 or later."},
	} {
		assert.Contains(t, versions, fmt.Sprintf(says[0], oldest))
		assert.Contains(t, comments, fmt.Sprintf(says[1], oldest))
	}
	assert.Contains(t, read(t, "docs/proxy.md"), "HAProxy "+oldest("v.proxy.image")+" or later")
	for _, page := range []string{"README.md", "docs/faq.md", "CHANGELOG.md"} {
		assert.Regexp(t, `Redis \(?`+oldest("v.image")+` (or|and) newer`, read(t, page))
	}

	kubernetes := found("charts/tenant-redis/Chart.yaml", `kubeVersion: ">=(\d+\.\d+)\.0-0"`)
	assert.Contains(t, read(t, "README.md"), "- Kubernetes "+kubernetes+" or newer,")
	assert.Contains(t, versions, "| Kubernetes | "+kubernetes+"; ")
	assert.Contains(t, versions, found("ci/sources/kubernetes/go.mod", `k8s.io/kubernetes v(\d+\.\d+)\.`)+", with kind |")
	assert.Contains(t, versions, found("ci/tools/helm/go.mod", `helm.sh/helm/v3 v(\d+\.\d+)\.`)+" and "+found("ci/tools/helm4/go.mod", `helm.sh/helm/v4 v(\d+\.\d+)\.`)+", in every")
}

// How a version is tested, in the words of docs/versions.md.
const (
	everyTest    = "every test of the cluster"
	wholeLab     = "the whole lab, as Debian 12 has it"
	labInShort   = "the lab in short"
	faultsInFull = "in `make test-full` the faults of every commit on the cluster"
	notHere      = "not here"
)

// testedVersions are the versions that a test runs, as "redis 8.0", and how: by the lists that
// the tests read.
func testedVersions(t *testing.T) map[string][]string {
	t.Helper()
	how := map[string][]string{}
	listed := func(file, pattern, words string) {
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(read(t, file), -1)
		require.NotEmpty(t, found, file)
		for _, match := range found {
			version := match[1] + " " + match[2]
			how[version] = append(how[version], words)
		}
	}
	const image = `(?m)/(redis|valkey|haproxy):(\d+\.\d+)\.`
	listed("ci/images/list", image, everyTest)
	listed("ci/images/list-tests", image, everyTest)
	listed("ci/images/list-full", image, faultsInFull)
	listed("ci/servers/list", `(?m)^(redis|valkey|haproxy)-(\S+)`, labInShort)
	debian := regexp.MustCompile(`Debian 12's own, Redis (\S+) and\n# HAProxy (\S+):`).FindStringSubmatch(read(t, "ci/servers/list"))
	require.NotNil(t, debian)
	how["redis "+debian[1]] = append(how["redis "+debian[1]], wholeLab)
	how["haproxy "+debian[2]] = append(how["haproxy "+debian[2]], wholeLab)
	return how
}

// TestTestedHereIsTrue holds that docs/versions.md says of each version what the tests run on
// it, and leaves none out that they run.
func TestTestedHereIsTrue(t *testing.T) {
	how := testedVersions(t)
	servers, _, found := strings.Cut(read(t, "docs/versions.md"), "\n## Kubernetes")
	require.True(t, found)
	for _, row := range regexp.MustCompile(`(?m)^\| (?:(Valkey|Redis) )?(\d[^|]*) \| [^|]* \| ([^|]*) \|`).FindAllStringSubmatch(servers, -1) {
		names, _, _ := strings.Cut(row[2], ", the default")
		if strings.Contains(names, "and older") {
			assert.Equal(t, "refused", row[3])
			continue
		}
		for _, version := range regexp.MustCompile(`\d+\.\d+`).FindAllString(names, -1) {
			version = cmp.Or(strings.ToLower(row[1]), "haproxy") + " " + version
			want := how[version]
			if want == nil {
				want = []string{notHere}
			}
			var said []string
			for _, words := range []string{everyTest, faultsInFull, labInShort, wholeLab, notHere} {
				if strings.Contains(row[3], words) {
					said = append(said, words)
				}
			}
			assert.ElementsMatch(t, want, said, version)
			delete(how, version)
		}
	}
	assert.Empty(t, how, "docs/versions.md has no row for what is tested")

	// What list-full makes is what the faults are run on.
	_, test, found := strings.Cut(read(t, "test/e2e/full_test.go"), "func TestFailoverOfOtherServers(")
	require.True(t, found)
	test, _, _ = strings.Cut(test, "\n}\n")
	var run []string
	for _, match := range regexp.MustCompile(`"(\w+/\w+:[\d.]+)"`).FindAllStringSubmatch(test, -1) {
		run = append(run, "docker.io/"+match[1])
	}
	assert.ElementsMatch(t, regexp.MustCompile(`docker\.io\S+`).FindAllString(read(t, "ci/images/list-full"), -1), run)
}
