package batch

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/releaseutil"

	"github.com/tenant-redis/tenant-redis/plugin/internal/yamltext"
)

// separated is between a file's name and the number of a document in it.
const separated = "\x00"

// inOrder returns what helm template prints of the rendered files of a chart:
// their documents in the order in which Helm installs them, then the hooks, those
// of helm test only if they are asked for.
//
// Helm decodes whole documents to learn their kinds and annotations, which took
// a quarter of the time of a batch. It is therefore given their heads, and each
// document takes the place of its head.
func inOrder(files map[string]string, tests bool) (string, error) {
	documents, heads := map[string]string{}, map[string]string{}
	for file, text := range files {
		for i, document := range split(text) {
			name := fmt.Sprintf("%s%s%06d", file, separated, i)
			documents[name], heads[name] = document, head(document)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(heads, nil, releaseutil.InstallOrder)
	if err != nil {
		return "", unreadable(documents)
	}
	slices.SortStableFunc(hooks, func(a, b *release.Hook) int { return cmp.Compare(fileOf(a.Path), fileOf(b.Path)) })
	var b strings.Builder
	add := func(name string) { fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", fileOf(name), documents[name]) }
	for _, m := range manifests {
		add(m.Name)
	}
	for _, h := range hooks {
		if tests || !slices.Contains(h.Events, release.HookTest) {
			add(h.Path)
		}
	}
	return b.String(), nil
}

// unreadable says which document Helm cannot read. Helm's own words may quote a
// Secret.
func unreadable(documents map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		var ignored any
		text := []byte(documents[name])
		if err := yaml.Unmarshal(text, &ignored); err != nil {
			at, words := yamltext.Problem(text, err)
			return fmt.Errorf("%s: line %d, column %d of a document: is not valid YAML: %s; look at the chart's output with helm template", fileOf(name), at.Line, at.Column, words)
		}
	}
	return errors.New("the chart makes a document whose apiVersion, kind or metadata Helm cannot read; look at the chart's output with helm template")
}

func fileOf(name string) string {
	file, _, _ := strings.Cut(name, separated)
	return file
}

// split returns the documents of a file as Helm splits them. Most files have one,
// which needs no search.
func split(text string) []string {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "---") && !strings.Contains(text, "\n---") {
		return []string{text}
	}
	byName := releaseutil.SplitManifests(text)
	documents := make([]string, len(byName))
	for i := range documents {
		documents[i] = byName[fmt.Sprintf("manifest-%d", i)]
	}
	return documents
}

// topKey is how a line begins that has a key of the document itself.
var topKey = regexp.MustCompile(`^([A-Za-z]+):\s`)

// headFields are the fields that Helm reads to sort a document.
var headFields = []string{"apiVersion", "kind", "metadata"}

// head returns those fields, or the whole document if it is not plainly in block
// style, if it has not each of them once, or if an alias in them may need more.
func head(document string) string {
	var b strings.Builder
	var found []string
	reading := false
	for line := range strings.Lines(document) {
		if !strings.ContainsRune(" \t\r\n#-", rune(line[0])) {
			match := topKey.FindStringSubmatch(line)
			if match == nil {
				return document
			}
			if reading = slices.Contains(headFields, match[1]); reading {
				found = append(found, match[1])
			}
		}
		if reading {
			b.WriteString(line)
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, headFields) || strings.Contains(b.String(), "*") {
		return document
	}
	return b.String()
}
