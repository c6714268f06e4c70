package main

import (
	"bytes"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// diagram is what a source has: boxes, some of them around others, and arrows between them.
type diagram struct {
	Title         string
	Size          [2]int
	Groups, Boxes map[string]box
	Arrows        []arrow
}

type box struct {
	// At is x, y, width and height.
	At     [4]int
	Text   []string
	Dashed bool
}

type arrow struct {
	From, To, Text string
	Dashed         bool
}

func (b box) left() int   { return b.At[0] }
func (b box) top() int    { return b.At[1] }
func (b box) right() int  { return b.At[0] + b.At[2] }
func (b box) bottom() int { return b.At[1] + b.At[3] }

func (b box) within(other box) bool {
	return b.left() >= other.left() && b.right() <= other.right() && b.top() >= other.top() && b.bottom() <= other.bottom()
}

// A letter is less than this wide, and a line of text as high.
const (
	letter = 8
	line   = 18
)

// style has the colours of a light page, and of a dark one.
const style = `svg { --page: #ffffff; --group: #f6f8fa; --box: #ffffff; --line: #57606a; --text: #1f2328; --name: #0550ae; }
@media (prefers-color-scheme: dark) {
  svg { --page: #0d1117; --group: #161b22; --box: #21262d; --line: #8b949e; --text: #e6edf3; --name: #79c0ff; }
}
rect { stroke: var(--line); }
.page { fill: var(--page); stroke: none; }
.group { fill: var(--group); }
.box { fill: var(--box); }
.dashed { stroke-dasharray: 5 4; }
path { fill: none; stroke: var(--line); stroke-width: 1.5; }
marker path { fill: var(--line); stroke: none; }
text { fill: var(--text); font: 13px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
.name { fill: var(--name); font-weight: 600; }
`

// draw draws a source as SVG.
func draw(source []byte) ([]byte, error) {
	var d diagram
	if err := yaml.UnmarshalStrict(source, &d); err != nil {
		return nil, err
	}
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%[1]d" height="%[2]d" role="img">`+"\n", d.Size[0], d.Size[1])
	fmt.Fprintf(&svg, "<title>%s</title>\n<style>\n%s</style>\n", html.EscapeString(d.Title), style)
	fmt.Fprintln(&svg, `<marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker>`)
	fmt.Fprintf(&svg, `<rect class="page" width="%d" height="%d" rx="6"/>`+"\n", d.Size[0], d.Size[1])
	for _, name := range slices.Sorted(maps.Keys(d.Groups)) {
		group := d.Groups[name]
		rectangle(&svg, "group", group)
		// At its bottom: arrows come from above.
		write(&svg, "name", (group.left()+group.right())/2, group.bottom()-14, "middle", strings.Join(group.Text, " "))
	}
	for _, name := range slices.Sorted(maps.Keys(d.Boxes)) {
		if err := d.Boxes[name].draw(&svg); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, a := range d.Arrows {
		if err := d.connect(&svg, a); err != nil {
			return nil, fmt.Errorf("the arrow from %s to %s: %w", a.From, a.To, err)
		}
	}
	fmt.Fprintln(&svg, "</svg>")
	return svg.Bytes(), nil
}

// draw draws a box, its first line as its name.
func (b box) draw(svg *bytes.Buffer) error {
	rectangle(svg, "box", b)
	y := (b.top()+b.bottom()-line*len(b.Text))/2 + 14
	for n, text := range b.Text {
		if letter*len(text) > b.At[2] {
			return fmt.Errorf("%q needs a width of %d", text, letter*len(text))
		}
		class := "name"
		if n > 0 {
			class = "text"
		}
		write(svg, class, (b.left()+b.right())/2, y+n*line, "middle", text)
	}
	return nil
}

// connect draws an arrow and its text.
func (d diagram) connect(svg *bytes.Buffer, a arrow) error {
	from, err := d.named(a.From)
	if err != nil {
		return err
	}
	to, err := d.named(a.To)
	if err != nil {
		return err
	}
	points := route(from, to)
	class := ""
	if a.Dashed {
		class = ` class="dashed"`
	}
	fmt.Fprintf(svg, `<path%s d="M%d %d`, class, points[0][0], points[0][1])
	for _, point := range points[1:] {
		fmt.Fprintf(svg, " %d %d", point[0], point[1])
	}
	fmt.Fprintln(svg, `" marker-end="url(#head)"/>`)
	if a.Text != "" {
		x, y := d.beside(from, to, points)
		write(svg, "text", x, y, "start", a.Text)
	}
	return nil
}

func (d diagram) named(name string) (box, error) {
	for _, boxes := range []map[string]box{d.Boxes, d.Groups} {
		if found, ok := boxes[name]; ok {
			return found, nil
		}
	}
	return box{}, fmt.Errorf("no box is called %q", name)
}

// route is where an arrow goes: straight through the middle of what two boxes face each
// other with, or else to the right and then up or down.
func route(from, to box) [][2]int {
	if top, bottom := max(from.top(), to.top()), min(from.bottom(), to.bottom()); top < bottom {
		return [][2]int{{from.right(), (top + bottom) / 2}, {to.left(), (top + bottom) / 2}}
	}
	start, end := from.bottom(), to.top()
	if to.bottom() <= from.top() {
		start, end = from.top(), to.bottom()
	}
	if left, right := max(from.left(), to.left()), min(from.right(), to.right()); left < right {
		return [][2]int{{(left + right) / 2, start}, {(left + right) / 2, end}}
	}
	x, y := (to.left()+to.right())/2, (from.top()+from.bottom())/2
	return [][2]int{{from.right(), y}, {x, y}, {x, end}}
}

// beside is where an arrow's text begins: above a line, or right of one, and outside of
// the group that the line leaves or enters.
func (d diagram) beside(from, to box, points [][2]int) (x, y int) {
	start, end := points[0], points[1]
	for _, group := range d.Groups {
		switch {
		case from.within(group) && !to.within(group) && start[1] == end[1]:
			start[0] = group.right()
		case to.within(group) && !from.within(group) && start[0] == end[0]:
			end[1] = group.top()
		}
	}
	if start[1] == end[1] {
		return start[0] + 8, start[1] - 6
	}
	return start[0] + 8, (start[1]+end[1])/2 + 4
}

func rectangle(svg *bytes.Buffer, class string, b box) {
	if b.Dashed {
		class += " dashed"
	}
	fmt.Fprintf(svg, `<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="6"/>`+"\n", class, b.left(), b.top(), b.At[2], b.At[3])
}

func write(svg *bytes.Buffer, class string, x, y int, anchor, text string) {
	fmt.Fprintf(svg, `<text class="%s" x="%d" y="%d" text-anchor="%s">%s</text>`+"\n", class, x, y, anchor, html.EscapeString(text))
}
