package recording

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var recorded = Recording{Command: "make demo", Lines: []Line{
	{At: time.Second, Text: "[   1s] kill -9 <master> & wait"},
	{At: time.Minute, Text: `team-a-cache, client "follow"  0 lost`},
}}

func TestSVG(t *testing.T) {
	var first, second bytes.Buffer
	require.NoError(t, recorded.WriteSVG(&first))
	require.NoError(t, recorded.WriteSVG(&second))
	require.Equal(t, first.String(), second.String())
	for _, part := range []string{"$ make demo<", "kill -9 &lt;master&gt; &amp; wait", `class="result"`, "prefers-reduced-motion", `viewBox="0 0 320 89"`} {
		require.Contains(t, first.String(), part)
	}
	decoder := xml.NewDecoder(&first)
	var err error
	for err == nil {
		_, err = decoder.Token()
	}
	require.True(t, errors.Is(err, io.EOF), "the SVG is no XML: %v", err)
}

func TestLongLinesEndEarly(t *testing.T) {
	for length, shown := range map[int]string{110: strings.Repeat("ü", 110), 111: strings.Repeat("ü", 109) + "…"} {
		var svg bytes.Buffer
		require.NoError(t, Recording{Command: "c", Lines: []Line{{Text: strings.Repeat("ü", length)}}}.WriteSVG(&svg))
		require.Contains(t, svg.String(), ">"+shown+"<")
		require.Contains(t, svg.String(), `width="890"`)
	}
}

func TestNothingPrinted(t *testing.T) {
	require.ErrorContains(t, Recording{Command: "true"}.WriteSVG(io.Discard), `"true" has printed nothing`)
}

// TestPausesAreShort holds that nobody watches a pause, and that lines keep their order.
func TestPausesAreShort(t *testing.T) {
	times, end := recorded.played()
	require.Equal(t, []time.Duration{time.Second, 3 * time.Second}, times)
	require.Equal(t, 11*time.Second, end)
}

func TestRun(t *testing.T) {
	var out strings.Builder
	kept, err := Run(t.Context(), "try it", []string{"sh", "-c", "echo one; echo two >&2; exit 3"}, &out)
	require.ErrorContains(t, err, "exit status 3")
	require.Equal(t, "one\ntwo\n", out.String())
	require.Equal(t, "try it", kept.Command)
	require.Len(t, kept.Lines, 2)
	require.Equal(t, "one", kept.Lines[0].Text)
	require.LessOrEqual(t, kept.Lines[0].At, kept.Lines[1].At)
}

func TestNoSuchProgram(t *testing.T) {
	_, err := Run(t.Context(), "x", []string{t.TempDir() + "/missing"}, io.Discard)
	require.Error(t, err)
}
