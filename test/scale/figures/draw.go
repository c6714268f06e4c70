package figures

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/tenant-redis/tenant-redis/test/picture"
)

// The plots' files, as docs/scale.md names them.
const (
	PassPlot    = "images/scale-pass.svg"
	RepairsPlot = "images/scale-repairs.svg"
)

const (
	pixel  = picture.Pixel
	width  = 900 * pixel
	height = 480 * pixel
	// resync is the operator's own period, in seconds.
	resync = 30
)

// colours are those of the series, which can be told apart by the colour-blind too.
var colours = []color.Color{
	color.NRGBA{R: 0xd5, G: 0x2b, B: 0x1e, A: 0xff},
	color.NRGBA{R: 0x1f, G: 0x6f, B: 0xb4, A: 0xff},
	color.NRGBA{R: 0x0b, G: 0x6b, B: 0x3a, A: 0xff},
	color.NRGBA{R: 0xe0, G: 0x92, B: 0x10, A: 0xff},
	color.NRGBA{R: 0x5b, G: 0x2c, B: 0x83, A: 0xff},
	color.NRGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xff},
}

// sizes are the ticks of the axis of instances, seconds those of the other.
var (
	sizes   = plot.ConstantTicks{{Value: 10, Label: "10"}, {Value: 20}, {Value: 50, Label: "50"}, {Value: 100, Label: "100"}, {Value: 200}, {Value: 300, Label: "300"}, {Value: 500}, {Value: 1000, Label: "1,000"}}
	seconds = plot.ConstantTicks{
		{Value: 1, Label: "1 s"},
		{Value: 3},
		{Value: 10, Label: "10 s"},
		{Value: resync, Label: "30 s"},
		{Value: 60, Label: "1 min"},
		{Value: 120, Label: "2 min"},
		{Value: 300, Label: "5 min"},
		{Value: 600, Label: "10 min"},
		{Value: 1200},
	}
)

// name is what the legend calls a series.
func (s Setting) name() string {
	name := fmt.Sprintf("%d workers, %s calls/s", s.Workers, grouped(s.Queries))
	if s.Shards > 1 {
		name = fmt.Sprintf("%d × %s", s.Shards, name)
	}
	if s.Operator != "1.3" {
		name += ", v" + s.Operator
	}
	return name
}

// DrawPass draws how long a pass over all instances takes, and dashed what the formula
// says.
func DrawPass(out io.Writer, rows []Row) error {
	p := axes("A pass over all instances: measured (line) and by the formula (dashes)")
	for n, s := range slopes(rows) {
		measured, formula := plotter.XYs{}, plotter.XYs{}
		for _, r := range s.rows {
			measured = append(measured, plotter.XY{X: float64(r.Instances), Y: r.Pass})
			formula = append(formula, plotter.XY{X: float64(r.Instances), Y: float64(r.Instances) * s.formula()})
		}
		if err := lines(p, n, s.rows[0].name(), measured, formula); err != nil {
			return err
		}
	}
	return write(out, p)
}

// DrawRepairs draws how long repairs take: the median, and dashed within what 95 % are.
func DrawRepairs(out io.Writer, rows []Row) error {
	p := axes("From a fault to its repair: median (line) and 95 % (dashes)")
	for n, s := range series(rows) {
		median, most := plotter.XYs{}, plotter.XYs{}
		for _, r := range s {
			median = append(median, plotter.XY{X: float64(r.Instances), Y: r.Repaired(0.5)})
			most = append(most, plotter.XY{X: float64(r.Instances), Y: r.Repaired(0.95)})
		}
		if err := lines(p, n, s[0].name(), median, most); err != nil {
			return err
		}
	}
	return write(out, p)
}

func axes(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle = picture.Style(15, picture.Ink)
	p.Title.Padding = 8 * pixel
	p.X.Label.Text = "instances"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = sizes, seconds
	picture.Axes(p)
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.TextStyle = picture.Style(12, picture.Ink)
	p.Legend.XOffs, p.Legend.Padding = 8*pixel, 2*pixel
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = picture.Faint, picture.Faint
	p.Add(grid)
	return p
}

// lines adds a series: a line with points, and one of dashes.
func lines(p *plot.Plot, n int, name string, solid, dashed plotter.XYs) error {
	line, points, err := plotter.NewLinePoints(solid)
	if err != nil {
		return err
	}
	dashes, err := plotter.NewLine(dashed)
	if err != nil {
		return err
	}
	c := colours[n%len(colours)]
	line.Color, points.Color, dashes.Color = c, c, c
	line.Width, dashes.Width = 2*pixel, 1.2*pixel
	dashes.Dashes = []vg.Length{5 * pixel, 4 * pixel}
	points.Shape, points.Radius = draw.CircleGlyph{}, 3*pixel
	p.Add(dashes, line, points)
	p.Legend.Add(name, line, points)
	return nil
}

// write draws the plot with the operator's period across.
func write(out io.Writer, p *plot.Plot) error {
	period, err := plotter.NewLine(plotter.XYs{{X: p.X.Min, Y: resync}, {X: p.X.Max, Y: resync}})
	if err != nil {
		return err
	}
	period.Color, period.Width = picture.Ink, pixel
	p.Add(period)
	return picture.WriteSVG(out, width, height, func(canvas vg.CanvasWriterTo) error {
		drawn := draw.New(canvas)
		picture.Blank(drawn)
		p.Draw(draw.Crop(drawn, 14*pixel, -24*pixel, 12*pixel, -12*pixel))
		return nil
	})
}
