//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tenant-redis/tenant-redis/test/e2e/framework"
	"github.com/tenant-redis/tenant-redis/test/ledger"
	"github.com/tenant-redis/tenant-redis/test/ledger/timeline"
)

const (
	outcomesFolder = ".cache/failover"
	tableFile      = ".cache/log/failover.txt"
)

// outcome is what a fault led to, on both sides.
type outcome struct {
	fault fault
	sides []*side
}

// outcomes are those so far, in the order of the faults.
var outcomes []outcome

// forgetOutcomes removes what an earlier run has left.
func forgetOutcomes(t *testing.T) {
	t.Helper()
	require.NoError(t, os.RemoveAll(framework.Path(outcomesFolder)))
	require.NoError(t, os.RemoveAll(framework.Path(tableFile)))
	require.NoError(t, os.MkdirAll(framework.Path(outcomesFolder), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Dir(framework.Path(tableFile)), 0o755))
}

// record keeps an outcome: accounts, logs and a picture as files, and its rows
// for the table.
func record(t *testing.T, o outcome) {
	t.Helper()
	if len(outcomes) == 0 {
		forgetOutcomes(t)
	}
	outcomes = append(outcomes, o)
	base := framework.Path(filepath.Join(outcomesFolder, o.fault.name))
	picture := timeline.Picture{Title: o.fault.label}
	for _, s := range o.sides {
		if s.lines == nil {
			s.lines = s.witness.Lines(t)
		}
		assert.NoError(t, os.WriteFile(base+"-"+s.name+".log", framework.Text(s.lines), 0o644))
		if s.report.Schema == "" {
			continue
		}
		document, err := json.MarshalIndent(s.report, "", "  ")
		assert.NoError(t, err)
		assert.NoError(t, os.WriteFile(base+"-"+s.name+".json", document, 0o644))
		picture.Panels = append(picture.Panels, o.panels(s)...)
	}
	if len(picture.Panels) > 0 {
		draw(t, base+".png", picture.WritePNG)
		draw(t, base+".svg", picture.WriteSVG)
	}
	assert.NoError(t, os.WriteFile(framework.Path(tableFile), []byte(table()), 0o644))
}

func draw(t *testing.T, path string, write func(io.Writer) error) {
	t.Helper()
	var picture bytes.Buffer
	assert.NoError(t, write(&picture))
	assert.NoError(t, os.WriteFile(path, picture.Bytes(), 0o644))
}

// drawn is the client that pictures show, which asks Sentinel after an error only, as
// most libraries do.
const drawn = ledger.Naive

// panels are one for each side, or none if that has no such client.
func (o outcome) panels(s *side) []timeline.Panel {
	account, found := s.report.Account(drawn)
	if !found {
		return nil
	}
	return []timeline.Panel{{Title: s.describe(), Account: account, Marks: o.marks(s)}}
}

func (s *side) describe() string {
	if s.tuned {
		return "tenant chart"
	}
	return "operator's defaults"
}

// marks are what happened when: the fault, and what logs tell of the rest.
func (o outcome) marks(s *side) []timeline.Mark {
	marks := []timeline.Mark{{At: s.at, Kind: timeline.Fault, Label: o.fault.label}}
	if o.fault.over != "" {
		marks = append(marks, timeline.Mark{At: s.ended, Kind: timeline.Action, Label: o.fault.over})
	}
	for _, sign := range []struct {
		text string
		mark timeline.Mark
	}{
		{"stop.sh: handing over", timeline.Mark{Kind: timeline.Action, Label: "hand-over begins"}},
		{"+switch-master", timeline.Mark{Kind: timeline.Switch, Label: "Sentinel names another master"}},
	} {
		for _, line := range s.lines {
			if line.At.After(s.at) && strings.Contains(line.Text, sign.text) {
				sign.mark.At = line.At
				marks = append(marks, sign.mark)
				break
			}
		}
	}
	return marks
}

// table compares all outcomes so far.
func table() string {
	var out strings.Builder
	fmt.Fprintln(&out, "Faults on the master: the tenant chart (tuned) and the operator's defaults (stock)")
	rows := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(rows, "fault\tclient\tat most\ttuned: gap\tat the change\tlost\tfirst success\tstock: gap\tat the change\tlost\tfirst success\tstock : tuned")
	for _, o := range outcomes {
		for _, client := range []ledger.Kind{ledger.Follow, ledger.Naive} {
			fmt.Fprintln(rows, strings.Join(o.row(client), "\t"))
		}
	}
	_ = rows.Flush()
	fmt.Fprintf(&out, "A busy machine gets %s more than \"at most\". At the change is the gap in which the client went over to the next master. First success is counted from the fault, the gap from the last success before. Stock : tuned is that of the gaps.\n", seconds(slack))
	return out.String()
}

// row has what a kind of client saw on both sides.
func (o outcome) row(client ledger.Kind) []string {
	tuned, tunedCells := o.seen("tuned", client)
	stock, stockCells := o.seen("stock", client)
	return slices.Concat([]string{o.fault.name, string(client), seconds(o.fault.gap)}, tunedCells, stockCells, []string{ratio(stock, tuned)})
}

// seen has the longest gap that a kind of client saw on a side, and its cells.
func (o outcome) seen(name string, client ledger.Kind) (ledger.Gap, []string) {
	for _, s := range o.sides {
		account, found := s.report.Account(client)
		if s.name != name || !found {
			continue
		}
		gap := account.GapAfter(s.at)
		first, recovered := account.Recovery(s.at)
		length, change, success := seconds(gap.Duration()), short(account.GapAtChange(s.at)), seconds(first)
		if !recovered {
			length, success = ">"+length, "-"
		}
		return gap, []string{length, change, strconv.Itoa(account.Lost), success}
	}
	return ledger.Gap{}, []string{"-", "-", "-", "-"}
}

// ratio is how many times as long as another a gap is, if both ended.
func ratio(gap, other ledger.Gap) string {
	if !gap.Recovered || !other.Recovered || other.Duration() == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", gap.Duration().Seconds()/other.Duration().Seconds())
}

// short is a gap that may be too short to be listed.
func short(gap ledger.Gap) string {
	if gap.Duration() == 0 {
		return "<" + seconds(ledger.GapFloor)
	}
	return seconds(gap.Duration())
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }
