package timeline

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/vg"

	"github.com/tenant-redis/tenant-redis/test/ledger"
	"github.com/tenant-redis/tenant-redis/test/picture"
)

var fault = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// panel is ten seconds of writes with a gap of two from the fault on, which
// comes after four.
func panel(marks ...Mark) Panel {
	b := ledger.Buckets{StartMs: fault.Add(-4 * time.Second).UnixMilli(), WidthMs: 100}
	for i := range 100 {
		down := i >= 40 && i < 60
		b.Acknowledged = append(b.Acknowledged, map[bool]int{false: 80}[down])
		b.Failed = append(b.Failed, map[bool]int{true: 70}[down])
		b.Lost, b.Unknown = append(b.Lost, 0), append(b.Unknown, 0)
	}
	gap := ledger.Gap{Span: ledger.Span{From: fault, To: fault.Add(2 * time.Second)}, Recovered: true}
	return Panel{Title: "tuned", Account: ledger.Account{Acknowledged: 6400, Buckets: b, Gaps: []ledger.Gap{gap}}, Marks: marks}
}

func TestPictures(t *testing.T) {
	killed := Mark{At: fault, Kind: Fault, Label: "master <killed> & gone"}
	switched := Mark{At: fault.Add(1900 * time.Millisecond), Kind: Switch, Label: "switch"}
	picture := Picture{Title: "A killed master", Panels: []Panel{panel(killed, switched), panel(killed)}}

	var out bytes.Buffer
	require.NoError(t, picture.WritePNG(&out))
	decoded, err := png.Decode(&out)
	require.NoError(t, err)
	require.Equal(t, 1200, decoded.Bounds().Dx())
	require.Equal(t, 600, decoded.Bounds().Dy())
	_, _, _, opacity := decoded.At(0, 0).RGBA()
	require.EqualValues(t, 0xffff, opacity, "the background must not be transparent")

	out.Reset()
	require.NoError(t, picture.WriteSVG(&out))
	for _, text := range []string{"A killed master: tuned 2.00 s without a write, 0 lost; tuned 2.00 s without a write, 0 lost", "tuned: 6400 acknowledged, 0 lost", "switch  +1.9 s", "seconds since the fault", "writes per 100 ms"} {
		require.Contains(t, out.String(), text)
	}
	decoder := xml.NewDecoder(&out)
	for err = nil; err == nil; _, err = decoder.Token() {
		continue
	}
	require.True(t, errors.Is(err, io.EOF), "the SVG is no XML: %v", err)
}

func TestTable(t *testing.T) {
	killed := Mark{At: fault.Add(500 * time.Millisecond), Kind: Fault}
	quiet, silent := panel(killed), panel(killed)
	quiet.Title, quiet.Account.Gaps = "quiet", nil
	silent.Title, silent.Account.Gaps[0].Recovered, silent.Account.Lost = "silent", false, 3
	var out strings.Builder
	require.NoError(t, Picture{Panels: []Panel{panel(killed), quiet, silent}}.WriteTable(&out))
	require.Equal(t, `        acknowledged  lost  longest gap       first success after the fault
tuned   6400          0     2.00 s            1.50 s
quiet   6400          0     below 100ms       0.00 s
silent  6400          3     2.00 s, not over  never
`, out.String())
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		panels []Panel
		want   string
	}{
		"no panels":       {nil, `picture "p" has no panels`},
		"no buckets":      {[]Panel{{Title: "empty"}}, `panel "empty" has no buckets`},
		"an unknown kind": {[]Panel{panel(Mark{Label: "drain", Kind: "drill"})}, `mark "drain" is of kind "drill"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, Picture{Title: "p", Panels: test.panels}.WritePNG(io.Discard), test.want)
		})
	}
}

func TestWindow(t *testing.T) {
	killed := Mark{At: fault, Kind: Fault}
	tests := map[string]struct {
		marks    []Mark
		from, to float64
	}{
		"around fault and gap":  {[]Mark{killed}, -1, 5},
		"up to the last mark":   {[]Mark{killed, {At: fault.Add(2500 * time.Millisecond), Kind: Action}}, -1, 5.5},
		"not beyond the writes": {[]Mark{killed, {At: fault.Add(5 * time.Second), Kind: Action}}, -1, 6},
		"a fault that followed": {[]Mark{{At: fault.Add(time.Second), Kind: Fault}, killed}, -1, 5},
		"without a fault":       {nil, 0, 9},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			from, to := Picture{Panels: []Panel{panel(test.marks...)}}.window()
			require.InDelta(t, test.from, from, 1e-9)
			require.InDelta(t, test.to, to, 1e-9)
		})
	}
}

// TestWindowWithoutWarmUp holds that a picture begins when the last of its clients writes,
// and no later than the fault.
func TestWindowWithoutWarmUp(t *testing.T) {
	early, late := panel(Mark{At: fault, Kind: Fault}), panel(Mark{At: fault, Kind: Fault})
	for skip, want := range map[int]float64{37: -0.3, 30: -1, 45: 0} {
		b := early.Account.Buckets
		b.StartMs += int64(skip) * b.WidthMs
		b.Acknowledged, b.Failed, b.Lost, b.Unknown = b.Acknowledged[skip:], b.Failed[skip:], b.Lost[skip:], b.Unknown[skip:]
		late.Account.Buckets = b
		from, _ := Picture{Panels: []Panel{early, late}}.window()
		require.InDelta(t, want, from, 1e-9)
	}
}

func TestFitting(t *testing.T) {
	const room = 400 * pixel
	require.Equal(t, picture.Style(17, picture.Ink).Font.Size, fitting("short", room).Font.Size)
	long := strings.Repeat("long ", 12)
	style := fitting(long, room)
	require.Less(t, style.Font.Size, picture.Style(17, picture.Ink).Font.Size)
	require.LessOrEqual(t, style.Width(long), vg.Length(room))
}

func TestCountTicks(t *testing.T) {
	tests := map[float64][]float64{
		1:   {0, 1},
		4:   {0, 1, 2, 3, 4},
		7:   {0, 2, 4, 6},
		84:  {0, 20, 40, 60, 80},
		160: {0, 50, 100, 150},
		900: {0, 200, 400, 600, 800},
	}
	for peak, want := range tests {
		var got []float64
		for _, tick := range (countTicks{peak: peak}).Ticks(0, peak) {
			got = append(got, tick.Value)
		}
		require.Equal(t, want, got, peak)
	}
}

func TestLabelsDoNotCoverEachOther(t *testing.T) {
	rows := []vg.Length{100, 50}
	require.Equal(t, 0, freeRow(rows, 120))
	require.Equal(t, 1, freeRow(rows, 70))
	require.Equal(t, 2, freeRow(rows, 40))
}
