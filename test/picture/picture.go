// Package picture is what the pictures that tests draw have in common.
package picture

import (
	"bytes"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Pixel is the unit of all lengths.
const (
	DPI   = 96
	Pixel = vg.Inch / DPI
)

// Ink is for text and axes, Faint for grids.
var (
	Ink   = color.NRGBA{R: 0x22, G: 0x22, B: 0x22, A: 0xff}
	Faint = color.NRGBA{R: 0xdd, G: 0xdd, B: 0xdd, A: 0xff}
)

// Style is for text of a size in pixels.
func Style(size vg.Length, c color.Color) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size*Pixel),
		Handler: plot.DefaultTextHandler,
	}
}

// WriteSVG writes what is drawn as an SVG. It has no fonts in it: where there is no
// Liberation Sans, it asks for others with the same widths.
func WriteSVG(out io.Writer, width, height vg.Length, drawn func(vg.CanvasWriterTo) error) error {
	canvas := vgsvg.New(width, height)
	if err := drawn(canvas); err != nil {
		return err
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	_, err := out.Write(bytes.ReplaceAll(svg.Bytes(),
		[]byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif")))
	return err
}

// Blank makes the whole canvas white.
func Blank(canvas draw.Canvas) {
	canvas.SetColor(color.White)
	canvas.Fill(canvas.Path())
}

// Axes has the axes of a plot drawn in ink, with letters that can be read.
func Axes(p *plot.Plot) {
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding = 0
		axis.Color = Ink
		axis.Tick.Label.Font = Style(12, Ink).Font
		axis.Label.TextStyle.Font = Style(12, Ink).Font
	}
}
