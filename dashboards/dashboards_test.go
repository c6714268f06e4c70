package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const charts = "../charts"

func generated(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := generate(charts)
	require.NoError(t, err)
	return files
}

// TestCommitted holds that the chart has what is generated now, and nothing
// else.
func TestCommitted(t *testing.T) {
	files := generated(t)
	committed := os.DirFS(filepath.Join(charts, "redis-dashboards", "dashboards"))
	require.NoError(t, fs.WalkDir(committed, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(committed, path)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(files[path], text), "%s: run make docs", path)
		delete(files, path)
		return nil
	}))
	assert.Empty(t, files, "run make docs")
}

// TestLimitsAreRead holds that a limit of the alerts is one of the dashboards.
func TestLimitsAreRead(t *testing.T) {
	changed := t.TempDir()
	values := filepath.Join(changed, "tenant-redis", "values.yaml")
	require.NoError(t, os.MkdirAll(filepath.Dir(values), 0o755))
	require.NoError(t, os.WriteFile(values, []byte("monitoring: {thresholds: {memoryPercent: 77}}"), 0o600))
	files, err := generate(changed)
	require.NoError(t, err)
	assert.Contains(t, string(files["tenants/tenant-redis.json"]), `"value": 77`)
	assert.NotContains(t, string(generated(t)["tenants/tenant-redis.json"]), `"value": 77`)

	require.NoError(t, os.WriteFile(values, []byte("monitoring: {}"), 0o600))
	_, err = generate(changed)
	assert.ErrorContains(t, err, "monitoring.thresholds is missing")
}

// TestPanels holds that each panel says what it shows, and where it stands.
func TestPanels(t *testing.T) {
	uids := map[string]string{}
	for file, text := range generated(t) {
		var d classic
		plugins.RegisterDefaultPlugins()
		require.NoError(t, json.Unmarshal(text, &d), file)
		assert.Equal(t, *d.Uid+".json", filepath.Base(file))
		assert.NotContains(t, uids, *d.Uid)
		uids[*d.Uid] = file
		assert.Less(t, len(text), 1<<20, "%s: more than a ConfigMap holds", file)

		ids := map[uint32]bool{}
		for _, entry := range unfolded(d) {
			if entry.RowPanel != nil {
				assert.NotEmpty(t, entry.RowPanel.Title)
				continue
			}
			p := entry.Panel
			name := file + ": " + *p.Title
			assert.False(t, ids[*p.Id], "%s: number", name)
			ids[*p.Id] = true
			assert.Regexp(t, `^[A-Z].*\.$`, *p.Description, name)
			assert.NotEmpty(t, *p.FieldConfig.Defaults.Unit, name)
			assert.Equal(t, source, *p.Datasource, name)
		}
		assert.Empty(t, overlaps(d), file)
	}
	assert.Len(t, uids, 4)
}

// TestNoPlaceholderIsLeft holds that each <placeholder> is written out.
func TestNoPlaceholderIsLeft(t *testing.T) {
	left := regexp.MustCompile(`\{<|<[a-z]+>`)
	for file, text := range generated(t) {
		var plain any
		require.NoError(t, json.Unmarshal(text, &plain))
		var unescaped bytes.Buffer
		encoder := json.NewEncoder(&unescaped)
		encoder.SetEscapeHTML(false)
		require.NoError(t, encoder.Encode(plain))
		assert.Empty(t, left.FindAllString(unescaped.String(), -1), file)
	}
}

// TestOverlapsAreFound is the control of TestPanels.
func TestOverlapsAreFound(t *testing.T) {
	for name, move := range map[string]func(*dashboard.GridPos){
		"onto the one beside": func(g *dashboard.GridPos) { g.X -= g.W / 2 },
		"onto the one above":  func(g *dashboard.GridPos) { g.Y-- },
		"over the edge":       func(g *dashboard.GridPos) { g.W = 25 - g.X },
	} {
		var d classic
		require.NoError(t, json.Unmarshal(generated(t)["tenants/tenant-redis.json"], &d))
		require.Empty(t, overlaps(d))
		move(d.Panels[2].Panel.GridPos)
		assert.NotEmpty(t, overlaps(d), name)
	}
}

// unfolded returns all rows and panels, those of closed rows included.
func unfolded(d classic) []dashboard.PanelOrRowPanel {
	var all []dashboard.PanelOrRowPanel
	for _, entry := range d.Panels {
		all = append(all, entry)
		if entry.RowPanel != nil {
			for n := range entry.RowPanel.Panels {
				all = append(all, dashboard.PanelOrRowPanel{Panel: &entry.RowPanel.Panels[n]})
			}
		}
	}
	return all
}

// overlaps returns the titles of panels that cover others or leave the page.
func overlaps(d classic) []string {
	var found []string
	taken := map[[2]uint32]bool{}
	for _, entry := range unfolded(d) {
		var grid dashboard.GridPos
		var title string
		if entry.RowPanel != nil {
			grid, title = *entry.RowPanel.GridPos, *entry.RowPanel.Title
		} else {
			grid, title = *entry.Panel.GridPos, *entry.Panel.Title
		}
		clash := grid.W == 0 || grid.H == 0 || grid.X+grid.W > full
		for x := grid.X; x < grid.X+grid.W; x++ {
			for y := grid.Y; y < grid.Y+grid.H; y++ {
				clash = clash || taken[[2]uint32{x, y}]
				taken[[2]uint32{x, y}] = true
			}
		}
		if clash {
			found = append(found, title)
		}
	}
	return found
}
