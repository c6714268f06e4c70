package figures

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMatrix(t *testing.T) {
	file := filepath.Join(t.TempDir(), "matrix.yaml")
	read := func(text string) ([]Setting, error) {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return Matrix(file)
	}
	found, err := read("- {instances: 50, workers: 3, queries: 100}\n- {instances: 10, workers: 3, queries: 100, shards: 2, delay: 5, silent: 1}\n- {instances: 10, operator: \"1.2\", workers: 3, queries: 100}\n")
	require.NoError(t, err)
	assert.Equal(t, []Setting{
		{Instances: 10, Operator: "1.3", Shards: 2, Workers: 3, Queries: 100, Delay: 5, Silent: 1},
		{Instances: 10, Operator: "1.2", Shards: 1, Workers: 3, Queries: 100},
		{Instances: 50, Operator: "1.3", Shards: 1, Workers: 3, Queries: 100},
	}, found)
	for text, says := range map[string]string{
		"- {instances: 10, workers: 3}":                                           "entry 1: instances, workers and queries are 10, 3 and 0: each must be 1 or more",
		"- {instances: 10, workers: 3, queries: 1, operator: \"1.4\"}":            `entry 1: operator: "1.4" must be 1.2 or 1.3, in quotes`,
		"- {instances: 10, workers: 3, queries: 1, operator: \"1.2\", shards: 2}": "entry 1: shards: 1.2 cannot be limited to namespaces",
		"- {instances: 10, workers: 3, queries: 1, shards: 5}":                    "entry 1: shards: 5 must be 4 or less",
		"- {instances: 10, workers: 3, queries: 1, silent: 10}":                   "entry 1: silent: 10 must be less than instances, 10",
		"- {instance: 10}": "unknown field",
	} {
		_, err := read(text)
		require.ErrorContains(t, err, says, text)
		require.ErrorContains(t, err, file)
	}
}

func TestAdd(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rows.json")
	small, large := Row{Setting: Setting{Instances: 10}, Pass: 1}, Row{Setting: Setting{Instances: 50}, Pass: 2}
	for _, row := range []Row{large, small} {
		require.NoError(t, Add(file, row))
	}
	small.Pass = 3
	require.NoError(t, Add(file, small))
	rows, err := Rows(file)
	require.NoError(t, err)
	assert.Equal(t, []Row{small, large}, rows)
}

func TestRepaired(t *testing.T) {
	r := Row{Repairs: []float64{1, 2, 3, 4, 5}}
	assert.InDelta(t, 3, r.Repaired(0.5), 0)
	assert.InDelta(t, 5, r.Repaired(0.95), 0)
}

// grown are rows of a setting in which a pass takes so many seconds for an instance, and
// 2 s before it begins.
func grown(s Setting, an float64) []Row {
	var rows []Row
	for _, n := range []int{10, 100, 1000} {
		rows = append(rows, Row{
			Setting: s.sized(n), Pass: 2 + an*float64(n), Reconcile: 0.3 + float64(n)/1000, Calls: 60, Cores: 2,
			CPU: Programs{0.05, 0.07, 0.02, 0.02},
		})
	}
	return rows
}

// TestSlopes holds which part of the formula tells how long a pass takes.
func TestSlopes(t *testing.T) {
	for name, test := range map[string]struct {
		Setting
		formula float64
	}{
		"workers":      {Setting{Operator: "1.3", Shards: 1, Workers: 3, Queries: 5000}, 0.31 / 3},
		"calls":        {Setting{Operator: "1.3", Shards: 1, Workers: 3, Queries: 100}, 0.6},
		"CPU":          {Setting{Operator: "1.3", Shards: 1, Workers: 30, Queries: 5000}, 0.08},
		"two of three": {Setting{Operator: "1.3", Shards: 2, Workers: 3, Queries: 100}, 0.3},
	} {
		t.Run(name, func(t *testing.T) {
			// What one takes by itself is that of one alone.
			rows := append(grown(test.Setting, 0.25), grown(Setting{Operator: "1.3", Shards: 1, Workers: 1, Queries: 7}, 1)[0])
			found := slopes(rows)
			require.Len(t, found, 1)
			assert.InDelta(t, 0.25, found[0].measured, 1e-9)
			assert.InDelta(t, test.formula, found[0].formula(), 1e-9)
		})
	}
}

func TestDraw(t *testing.T) {
	rows := append(grown(Setting{Operator: "1.3", Shards: 1, Workers: 3, Queries: 5000}, 0.25), grown(Setting{Operator: "1.2", Shards: 1, Workers: 30, Queries: 5000}, 0.1)...)
	for n := range rows {
		rows[n].Repairs = []float64{10, 20, 40}
	}
	for name, drawing := range map[string]func(io.Writer, []Row) error{"pass": DrawPass, "repairs": DrawRepairs} {
		var out, again bytes.Buffer
		require.NoError(t, drawing(&out, rows))
		require.NoError(t, drawing(&again, rows))
		assert.Equal(t, again.String(), out.String(), "the same rows give the same picture")
		for _, text := range []string{"instances", "1,000", "30 s", "3 workers, 5,000 calls/s", "30 workers, 5,000 calls/s, v1.2"} {
			assert.Contains(t, out.String(), text, name)
		}
		decoder := xml.NewDecoder(&out)
		var err error
		for err == nil {
			_, err = decoder.Token()
		}
		assert.True(t, errors.Is(err, io.EOF), "the SVG is no XML: %v", err)
	}
}
