package timeline

import (
	"fmt"
	"slices"
	"time"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/tenant-redis/tenant-redis/test/ledger"
	"github.com/tenant-redis/tenant-redis/test/picture"
)

// headroom is how much higher than the peak a panel is, to have room for the
// labels of marks; the lowest row is the gap's.
const (
	headroom  = 1.65
	rowHeight = 17 * pixel
	labelSize = 12
)

// gapBand shades the longest gap after the fault.
type gapBand struct{ panel Panel }

// bounds are the sides of the gap on a canvas.
func (g gapBand) bounds(c draw.Canvas, p *plot.Plot) (left, right vg.Length) {
	toX, _ := p.Transforms(&c)
	gap := g.panel.gap()
	left, right = toX(g.panel.seconds(gap.From)), toX(g.panel.seconds(gap.To))
	return max(left, c.Min.X), min(right, c.Max.X)
}

// Plot implements [plot.Plotter].
func (g gapBand) Plot(c draw.Canvas, p *plot.Plot) {
	left, right := g.bounds(c, p)
	band := vg.Rectangle{Min: vg.Point{X: left, Y: c.Min.Y}, Max: vg.Point{X: right, Y: c.Max.Y}}
	c.SetColor(gapColour)
	c.Fill(band.Path())
}

// gapLabel writes the gap's length just above the highest writes.
type gapLabel gapBand

// Plot implements [plot.Plotter].
func (g gapLabel) Plot(c draw.Canvas, p *plot.Plot) {
	left, right := gapBand(g).bounds(c, p)
	_, toY := p.Transforms(&c)
	style := picture.Style(14, markColours[Fault])
	style.Font.Weight = xfont.WeightBold
	label := describe(g.panel.gap())
	half := style.Width(label) / 2
	at := vg.Point{X: min(max((left+right)/2, c.Min.X+half), c.Max.X-half) - half, Y: toY(p.Y.Max/headroom) + 7*pixel}
	box := vg.Rectangle{
		Min: vg.Point{X: at.X - 4*pixel, Y: at.Y - 4*pixel},
		Max: vg.Point{X: at.X + 2*half + 4*pixel, Y: at.Y + 14*pixel},
	}
	c.SetColor(gapColour)
	c.Fill(box.Path())
	c.FillText(style, at, label)
}

// describe is a gap's length, and whether it was not over in the end.
func describe(gap ledger.Gap) string {
	if gap.Duration() == 0 {
		return fmt.Sprintf("below %s", ledger.GapFloor)
	}
	label := fmt.Sprintf("%.2f s", gap.Duration().Seconds())
	if gap.Duration() < time.Second {
		label = fmt.Sprintf("%d ms", gap.Duration().Milliseconds())
	}
	if !gap.Recovered {
		label += ", not over"
	}
	return label
}

// markLines draws the marks as lines with labels, in as many rows as they need
// not to cover each other.
type markLines struct{ panel Panel }

// Plot implements [plot.Plotter].
func (m markLines) Plot(c draw.Canvas, p *plot.Plot) {
	toX, _ := p.Transforms(&c)
	marks := slices.Clone(m.panel.Marks)
	slices.SortStableFunc(marks, func(a, b Mark) int { return a.At.Compare(b.At) })
	var rows []vg.Length
	for _, mark := range marks {
		at := m.panel.seconds(mark.At)
		if at < p.X.Min || at > p.X.Max {
			continue
		}
		x := toX(at)
		style := picture.Style(labelSize, markColours[mark.Kind])
		label := fmt.Sprintf("%s  %+.1f s", mark.Label, at)
		if mark.Kind == Fault {
			label = mark.Label
		}
		start, end := labelSpan(x, style.Width(label), c)
		row := freeRow(rows, start)
		if row == len(rows) {
			rows = append(rows, 0)
		}
		rows[row] = end
		y := c.Max.Y - rowHeight*vg.Length(row+1)
		c.StrokeLine2(markStyle(mark.Kind), x, c.Min.Y, x, y+rowHeight-3*pixel)
		c.FillText(style, vg.Point{X: start, Y: y + 3*pixel}, label)
	}
}

// labelSpan puts a label right of its line, or left if there is no room.
func labelSpan(x, width vg.Length, c draw.Canvas) (start, end vg.Length) {
	const space = 5 * pixel
	if x+space+width <= c.Max.X {
		return x + space, x + space + width
	}
	return x - space - width, x - space
}

// freeRow is the first row whose last label ends before start.
func freeRow(rows []vg.Length, start vg.Length) int {
	for i, end := range rows {
		if end+8*pixel < start {
			return i
		}
	}
	return len(rows)
}

func markStyle(kind Kind) draw.LineStyle {
	style := draw.LineStyle{Color: markColours[kind], Width: 2 * pixel}
	if kind != Fault {
		style.Width = 1.5 * pixel
		style.Dashes = []vg.Length{5 * pixel, 3 * pixel}
	}
	return style
}
