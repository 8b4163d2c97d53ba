package overlay

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"
)

// Blending works on four channels at once: the bytes R, G, B, A of a pixel, read as a little-endian word,
// fall into two pairs of 16-bit lanes, R with B and G with A. Opacities run from 0 to 256, so that 256 is
// exactly opaque and a division is a shift; a lane never holds more than 255·256.
const (
	lanes  = 0x00FF00FF
	lanes2 = 0x00FF00FF00FF00FF
)

// paint is an opaque colour in lanes.
type paint struct{ rb, ga uint32 }

func paintOf(c color.RGBA) paint {
	return paint{uint32(c.R) | uint32(c.B)<<16, uint32(c.G) | 255<<16}
}

// over returns the paint at opacity a on the pixel.
func (p paint) over(pixel, a uint32) uint32 {
	inv := 256 - a
	rb := ((pixel&lanes)*inv + p.rb*a) >> 8 & lanes
	ga := ((pixel>>8&lanes)*inv + p.ga*a) &^ lanes
	return rb | ga
}

// canvas is the picture that is drawn on, with (0, 0) at its top-left pixel.
type canvas struct {
	pix    []byte
	stride int
	w, h   int
}

func canvasOf(dst *image.RGBA) canvas {
	b := dst.Bounds()
	return canvas{dst.Pix[dst.PixOffset(b.Min.X, b.Min.Y):], dst.Stride, b.Dx(), b.Dy()}
}

// span paints the pixels [x0, x1) of row y, which must lie in the canvas.
func (c *canvas) span(y, x0, x1 int, p paint, a uint32) {
	row := c.pix[y*c.stride+4*x0 : y*c.stride+4*x1]
	inv := uint64(256 - a)
	rb := uint64(p.rb*a) | uint64(p.rb*a)<<32
	ga := uint64(p.ga*a) | uint64(p.ga*a)<<32
	for len(row) >= 8 {
		v := binary.LittleEndian.Uint64(row)
		e := ((v&lanes2)*inv + rb) >> 8 & lanes2
		o := ((v>>8&lanes2)*inv + ga) &^ lanes2
		binary.LittleEndian.PutUint64(row, e|o)
		row = row[8:]
	}
	if len(row) >= 4 {
		binary.LittleEndian.PutUint32(row, p.over(binary.LittleEndian.Uint32(row), a))
	}
}

// pixel paints one pixel, which must lie in the canvas.
func (c *canvas) pixel(x, y int, p paint, a uint32) {
	at := c.pix[y*c.stride+4*x:]
	binary.LittleEndian.PutUint32(at, p.over(binary.LittleEndian.Uint32(at), a))
}

// fill paints a rectangle, clipped to the canvas.
func (c *canvas) fill(r image.Rectangle, p paint, a uint32) {
	r = r.Intersect(image.Rect(0, 0, c.w, c.h))
	if r.Empty() {
		return
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		c.span(y, r.Min.X, r.Max.X, p, a)
	}
}

// alpha paints a coverage of 0 to 255 per pixel, w bytes a row, with its top-left at (x, y), clipped.
func (c *canvas) alpha(x, y int, cover []byte, w int, p paint, a uint32) {
	if w == 0 {
		return
	}
	x0, x1 := max(-x, 0), min(w, c.w-x)
	for row := 0; row*w < len(cover); row++ {
		if y+row < 0 || y+row >= c.h {
			continue
		}
		for i := x0; i < x1; i++ {
			if v := uint32(cover[row*w+i]); v != 0 {
				c.pixel(x+i, y+row, p, (v+v>>7)*a>>8)
			}
		}
	}
}

// opacity turns 0..1 into 0..256.
func opacity(f float64) uint32 {
	if !(f > 0) {
		return 0
	}
	return uint32(min(f, 1)*256 + 0.5)
}

// round paints a rectangle with rounded corners, clipped to the canvas.
func (c *canvas) round(r image.Rectangle, radius float64, p paint, a uint32) {
	radius = min(radius, float64(r.Dx())/2, float64(r.Dy())/2)
	for y := max(r.Min.Y, 0); y < min(r.Max.Y, c.h); y++ {
		in := 0.0 // how far the row is drawn in
		d := radius - min(float64(y-r.Min.Y)+0.5, float64(r.Max.Y-y)-0.5)
		if d > 0 {
			in = radius - math.Sqrt(max(radius*radius-d*d, 0))
		}
		whole := int(math.Ceil(in))
		c.fill(image.Rect(r.Min.X+whole, y, r.Max.X-whole, y+1), p, a)
		if part := float64(whole) - in; part > 0 {
			edge := uint32(float64(a)*part + 0.5)
			c.fill(image.Rect(r.Min.X+whole-1, y, r.Min.X+whole, y+1), p, edge)
			c.fill(image.Rect(r.Max.X-whole, y, r.Max.X-whole+1, y+1), p, edge)
		}
	}
}
