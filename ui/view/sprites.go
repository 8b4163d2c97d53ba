package view

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"github.com/saysee/saysee/ui/geom"
)

// sprite is a small picture that is stamped around a position.
type sprite struct{ img *image.RGBA }

// stamp draws the sprite with its middle at p.
func (s *sprite) stamp(dst *image.RGBA, p geom.Pos) {
	n := s.img.Rect.Dx()
	x, y := math.Round(p.X-float64(n)/2), math.Round(p.Y-float64(n)/2)
	if !(x > -1e6 && x < 1e6 && y > -1e6 && y < 1e6) {
		return
	}
	at := image.Rect(0, 0, n, n).Add(image.Pt(int(x), int(y)))
	draw.Draw(dst, at, s.img, image.Point{}, draw.Over)
}

// sprites are the marks on a selected region, made for one density of the screen.
type sprites struct {
	unit   float64
	handle sprite // of a box
	vertex sprite // point of an outline
	hot    sprite // point that the pointer is on
	faint  sprite // middle of an edge, where a point can be drawn out
}

var (
	markFill = color.NRGBA{255, 255, 255, 255}
	markEdge = color.NRGBA{17, 19, 22, 255}
	markSoft = color.NRGBA{255, 255, 255, 140}
	markHot  = color.NRGBA{74, 99, 219, 255} // accent fill
)

func (s *sprites) prepare(unit float64) {
	if s.unit == unit {
		return
	}
	s.unit = unit
	s.handle = newSprite(handleSide*unit, 1.25*unit, 2*unit, markFill, markEdge)
	s.vertex = newSprite(vertexSide*unit, 1.25*unit, vertexSide*unit/2, markFill, markEdge)
	s.hot = newSprite((vertexSide+3)*unit, 1.5*unit, (vertexSide+3)*unit/2, markHot, markFill)
	s.faint = newSprite(vertexSide*unit, 1.25*unit, vertexSide*unit/2, markSoft, markEdge)
}

// newSprite draws a rounded square with an edge inside it; with a radius of half its side, a circle.
func newSprite(side, edge, radius float64, fill, line color.NRGBA) sprite {
	n := int(math.Round(side)) + 2
	img := image.NewRGBA(image.Rect(0, 0, n, n))
	mid := float64(n) / 2
	for y := range n {
		for x := range n {
			// The signed distance from a rounded square, negative inside.
			dx := math.Abs(float64(x)+0.5-mid) - side/2 + radius
			dy := math.Abs(float64(y)+0.5-mid) - side/2 + radius
			d := math.Hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - radius
			core := cover(d + edge)
			f := core * float64(fill.A) / 255
			l := (cover(d) - core) * float64(line.A) / 255
			mix := func(cf, cl uint8) uint8 { return uint8(math.Round(f*float64(cf) + l*float64(cl))) }
			img.SetRGBA(x, y, color.RGBA{
				mix(fill.R, line.R), mix(fill.G, line.G), mix(fill.B, line.B), mix(255, 255),
			})
		}
	}
	return sprite{img}
}
