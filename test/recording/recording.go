// Package recording keeps what a command prints, and when, and draws it as an SVG that
// plays it again.
package recording

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
	"unicode/utf8"
)

// Line is a line that a command has printed.
type Line struct {
	// At is the time since the command began.
	At   time.Duration
	Text string
}

// Recording is a command and what it has printed.
type Recording struct {
	// Command is what a reader would type.
	Command string
	Lines   []Line
}

// Run runs a program, copies what it prints to out and keeps it. The recording is whole
// also where the program fails, which the error says.
func Run(ctx context.Context, command string, program []string, out io.Writer) (Recording, error) {
	recorded := Recording{Command: command}
	reader, writer, err := os.Pipe()
	if err != nil {
		return recorded, err
	}
	defer func() { _ = reader.Close() }()
	child := exec.CommandContext(ctx, program[0], program[1:]...)
	child.Stdout, child.Stderr = writer, writer
	begun := time.Now()
	err = child.Start()
	// The child has its own: when that is closed, there is no more to read.
	_ = writer.Close()
	if err != nil {
		return recorded, err
	}
	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		recorded.Lines = append(recorded.Lines, Line{At: time.Since(begun), Text: lines.Text()})
		fmt.Fprintln(out, lines.Text())
	}
	return recorded, errors.Join(lines.Err(), child.Wait())
}

const (
	// longest is how long a pause is at most when it is played.
	longest = 2 * time.Second
	// shown is how long the last line stays before all begins again.
	shown = 8 * time.Second

	// columns is how much of a line is drawn, so that a page can show it all.
	columns = 110

	// Sizes in pixels: of a letter, of a line, and of the room around.
	letterWidth, lineHeight, border = 7.8, 19, 16
)

// head has a dark terminal's colours, which can be read on light and dark pages. Without
// animations all lines are there, as for those who want none.
const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" role="img">
<title>%[3]s</title>
<style>
rect{fill:#0d1117;stroke:#57606a}
text{fill:#e6edf3;font:13px ui-monospace,Menlo,Consolas,"Liberation Mono",monospace;white-space:pre}
.prompt{fill:#7ee787}
.result{fill:#ffa657;font-weight:bold}
@media (prefers-reduced-motion:reduce){text{animation:none!important}}
`

// WriteSVG draws the recording. The same recording gives the same picture.
func (r Recording) WriteSVG(out io.Writer) error {
	if len(r.Lines) == 0 {
		return fmt.Errorf("%q has printed nothing", r.Command)
	}
	widest := utf8.RuneCountInString(r.Command) + 2
	for _, line := range r.Lines {
		widest = max(widest, utf8.RuneCountInString(clip(line.Text)))
	}
	times, end := r.played()

	var svg strings.Builder
	fmt.Fprintf(&svg, head, int(float64(widest)*letterWidth)+2*border, (len(r.Lines)+1)*lineHeight+2*border, escape(r.Command))
	for i, at := range times {
		// A line is there from its time on.
		part := 100 * at.Seconds() / end.Seconds()
		fmt.Fprintf(&svg, "@keyframes l%d{0%%,%.2f%%{opacity:0}%.2f%%,100%%{opacity:1}}\n", i, part, part+0.01)
	}
	fmt.Fprint(&svg, "</style>\n<rect width=\"100%\" height=\"100%\" rx=\"6\"/>\n")
	row := func(i int, attributes, text string) {
		fmt.Fprintf(&svg, "<text x=\"%d\" y=\"%d\"%s>%s</text>\n", border, border+(i+1)*lineHeight-5, attributes, escape(text))
	}
	row(0, ` class="prompt"`, "$ "+r.Command)
	for i, line := range r.Lines {
		class := ""
		if strings.Contains(line.Text, "longest gap") || strings.Contains(line.Text, `client "`) {
			class = ` class="result"`
		}
		row(i+1, fmt.Sprintf(`%s style="animation:l%d %.1fs step-end infinite"`, class, i, end.Seconds()), clip(line.Text))
	}
	fmt.Fprint(&svg, "</svg>\n")
	_, err := io.WriteString(out, svg.String())
	return err
}

// played is when each line comes, without long pauses, and when all is over.
func (r Recording) played() (times []time.Duration, end time.Duration) {
	var at, last time.Duration
	for _, line := range r.Lines {
		at += min(line.At-last, longest)
		last = line.At
		times = append(times, at)
	}
	return times, at + shown
}

// clip ends what is too long with an ellipsis.
func clip(text string) string {
	if letters := []rune(text); len(letters) > columns {
		return string(letters[:columns-1]) + "…"
	}
	return text
}

func escape(text string) string {
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text))
	return escaped.String()
}
