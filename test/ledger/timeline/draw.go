package timeline

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"time"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/tenant-redis/tenant-redis/test/picture"
)

// The picture is 1200 by 600 pixels, higher if it has more than two panels.
const (
	pixel       = picture.Pixel
	width       = 1200 * pixel
	height      = 600 * pixel
	panelHeight = 250 * pixel
	border      = 14 * pixel
	headHeight  = 62 * pixel
)

// The colours can be told apart by the colour-blind too.
var (
	keptColour  = color.NRGBA{R: 0x56, G: 0xa0, B: 0xd3, A: 0xff}
	lostColour  = color.NRGBA{R: 0xd5, G: 0x2b, B: 0x1e, A: 0xff}
	errorColour = color.NRGBA{R: 0xf4, G: 0xb4, B: 0x4d, A: 0xff}
	gapColour   = color.NRGBA{R: 0xfb, G: 0xe3, B: 0xe0, A: 0xff}
	markColours = map[Kind]color.Color{
		Fault:  color.NRGBA{R: 0xb0, G: 0x12, B: 0x0a, A: 0xff},
		Switch: color.NRGBA{R: 0x0b, G: 0x6b, B: 0x3a, A: 0xff},
		Action: color.NRGBA{R: 0x5b, G: 0x2c, B: 0x83, A: 0xff},
	}
)

// WritePNG draws the picture as a PNG.
func (p Picture) WritePNG(out io.Writer) error {
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, p.height()), vgimg.UseDPI(picture.DPI))}
	if err := p.drawOn(canvas); err != nil {
		return err
	}
	_, err := canvas.WriteTo(out)
	return err
}

// WriteSVG draws the picture as an SVG.
func (p Picture) WriteSVG(out io.Writer) error {
	return picture.WriteSVG(out, width, p.height(), p.drawOn)
}

func (p Picture) height() vg.Length {
	return max(height, headHeight+2*border+panelHeight*vg.Length(len(p.Panels)))
}

func (p Picture) drawOn(canvas vg.CanvasWriterTo) error {
	if err := p.Validate(); err != nil {
		return err
	}
	if err := p.draw(draw.New(canvas)); err != nil {
		return fmt.Errorf("drawing %q: %w", p.Title, err)
	}
	return nil
}

func (p Picture) draw(canvas draw.Canvas) error {
	picture.Blank(canvas)
	inner := draw.Crop(canvas, border, -border, border, -border)
	p.head(inner)

	from, to := p.window()
	rows := make([][]*plot.Plot, len(p.Panels))
	for i, panel := range p.Panels {
		drawn, err := panel.plot(from, to, p.peak())
		if err != nil {
			return err
		}
		if i == len(p.Panels)-1 {
			drawn.X.Label.Text = "seconds since the fault"
		}
		rows[i] = []*plot.Plot{drawn}
	}
	tiles := draw.Tiles{Rows: len(rows), Cols: 1, PadY: 6 * pixel}
	cells := plot.Align(rows, tiles, draw.Crop(inner, 0, 0, 0, -headHeight))
	for i, row := range rows {
		row[0].Draw(cells[i][0])
	}
	return nil
}

// head has the headline, and below it the legend in one row.
func (p Picture) head(canvas draw.Canvas) {
	canvas.FillText(fitting(p.headline(), canvas.Max.X-canvas.Min.X), vg.Point{X: canvas.Min.X, Y: canvas.Max.Y - 17*pixel}, p.headline())

	entry := func(x vg.Length, c color.Color, label string) vg.Length {
		y := canvas.Max.Y - 44*pixel
		box := vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + 16*pixel, Y: y + 10*pixel}}
		canvas.SetColor(c)
		canvas.Fill(box.Path())
		style := picture.Style(12, picture.Ink)
		canvas.FillText(style, vg.Point{X: x + 22*pixel, Y: y}, label)
		return x + 22*pixel + style.Width(label) + 24*pixel
	}
	x := entry(canvas.Min.X, keptColour, "acknowledged")
	x = entry(x, lostColour, "acknowledged, but lost")
	x = entry(x, errorColour, "failed or unknown")
	entry(x, gapColour, "longest time without an acknowledged write that survived")
}

// plot draws one panel on the common axes.
func (p Panel) plot(from, to, peak float64) (*plot.Plot, error) {
	drawn := plot.New()
	drawn.Title.Text = fmt.Sprintf("%s: %d acknowledged, %d lost", p.Title, p.Account.Acknowledged, p.Account.Lost)
	drawn.Title.TextStyle = picture.Style(13, picture.Ink)
	drawn.Title.TextStyle.XAlign, drawn.Title.TextStyle.YAlign = draw.XCenter, draw.YTop
	drawn.Title.Padding = 3 * pixel
	drawn.X.Min, drawn.X.Max = from, to
	drawn.Y.Min, drawn.Y.Max = 0, peak*headroom
	drawn.X.Tick.Marker = secondTicks{}
	drawn.Y.Tick.Marker = countTicks{peak: peak}
	drawn.Y.Label.Text = fmt.Sprintf("writes per %d ms", p.Account.Buckets.WidthMs)
	picture.Axes(drawn)
	if err := p.layers(drawn, from, to); err != nil {
		return nil, err
	}
	drawn.X.Min, drawn.X.Max = from, to
	drawn.Y.Min, drawn.Y.Max = 0, peak*headroom
	return drawn, nil
}

// layers adds what a panel shows, the lowest first. Lost writes are what the
// acknowledged ones leave to be seen of all.
func (p Panel) layers(drawn *plot.Plot, from, to float64) error {
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = nil, picture.Faint
	b := p.Account.Buckets
	all, err := p.area(from, to, lostColour, func(i int) int { return b.Acknowledged[i] })
	if err != nil {
		return err
	}
	kept, err := p.area(from, to, keptColour, func(i int) int { return b.Acknowledged[i] - b.Lost[i] })
	if err != nil {
		return err
	}
	failures, err := p.area(from, to, errorColour, func(i int) int { return b.Failed[i] + b.Unknown[i] })
	if err != nil {
		return err
	}
	gap := gapBand{panel: p}
	drawn.Add(gap, grid, failures, all, kept, markLines{panel: p}, gapLabel(gap))
	return nil
}

// area is a filled step function of the buckets in the window.
func (p Panel) area(from, to float64, fill color.Color, value func(int) int) (*plotter.Line, error) {
	b := p.Account.Buckets
	var points plotter.XYs
	for i := range b.Acknowledged {
		start := p.seconds(time.UnixMilli(b.StartMs + b.WidthMs*int64(i)))
		end := start + float64(b.WidthMs)/1000
		if end <= from || start >= to {
			continue
		}
		y := float64(value(i))
		points = append(points, plotter.XY{X: max(start, from), Y: y}, plotter.XY{X: min(end, to), Y: y})
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return nil, err
	}
	line.FillColor = fill
	line.Width = 0
	return line, nil
}

// secondTicks are at whole seconds, as many as can be read.
type secondTicks struct{}

// Ticks implements [plot.Ticker].
func (secondTicks) Ticks(from, to float64) []plot.Tick {
	step := 1.0
	for _, next := range []float64{2, 5, 10, 30, 60, 300, 600} {
		if (to-from)/step > 24 {
			step = next
		}
	}
	var ticks []plot.Tick
	for at := math.Ceil(from/step) * step; at <= to; at += step {
		ticks = append(ticks, plot.Tick{Value: at, Label: fmt.Sprintf("%.0f", at+0)})
	}
	return ticks
}

// countTicks are at round numbers up to the peak, below the labels.
type countTicks struct{ peak float64 }

// Ticks implements [plot.Ticker].
func (t countTicks) Ticks(_, _ float64) []plot.Tick {
	step := 1.0
	for decade := 1.0; t.peak/step > 5; decade *= 10 {
		for _, factor := range []float64{1, 2, 5} {
			if t.peak/step > 5 {
				step = decade * factor
			}
		}
	}
	var ticks []plot.Tick
	for at := 0.0; at <= t.peak*1.05; at += step {
		ticks = append(ticks, plot.Tick{Value: at, Label: fmt.Sprintf("%.0f", at)})
	}
	return ticks
}

// fitting is the largest bold style in which a headline is no wider than this.
func fitting(headline string, width vg.Length) text.Style {
	for size := vg.Length(17); ; size-- {
		style := picture.Style(size, picture.Ink)
		style.Font.Weight = xfont.WeightBold
		if size == 9 || style.Width(headline) <= width {
			return style
		}
	}
}
