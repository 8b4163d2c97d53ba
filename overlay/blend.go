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

// tone is a colour times its opacity in lanes, and what stays of the pixel below, of 256.
type tone struct{ rb, ga, inv uint32 }

func (p paint) at(a uint32) tone { return tone{p.rb * a, p.ga * a, 256 - a} }

// over returns the tone on the pixel.
func (t *tone) over(pixel uint32) uint32 {
	rb := ((pixel&lanes)*t.inv + t.rb) >> 8 & lanes
	ga := ((pixel>>8&lanes)*t.inv + t.ga) &^ lanes
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
func (c *canvas) span(y, x0, x1 int, t tone) {
	row := c.pix[y*c.stride+4*x0 : y*c.stride+4*x1]
	inv := uint64(t.inv)
	rb := uint64(t.rb) | uint64(t.rb)<<32
	ga := uint64(t.ga) | uint64(t.ga)<<32
	if inv == 0 { // opaque: what lies below is not read
		solid := rb>>8&lanes2 | ga&^lanes2
		for len(row) >= 8 {
			binary.LittleEndian.PutUint64(row, solid)
			row = row[8:]
		}
	}
	for len(row) >= 16 { // two at a time, which the processor overlaps
		v, w := binary.LittleEndian.Uint64(row), binary.LittleEndian.Uint64(row[8:])
		v = ((v&lanes2)*inv+rb)>>8&lanes2 | ((v>>8&lanes2)*inv+ga)&^lanes2
		w = ((w&lanes2)*inv+rb)>>8&lanes2 | ((w>>8&lanes2)*inv+ga)&^lanes2
		binary.LittleEndian.PutUint64(row, v)
		binary.LittleEndian.PutUint64(row[8:], w)
		row = row[16:]
	}
	for len(row) >= 4 {
		binary.LittleEndian.PutUint32(row, t.over(binary.LittleEndian.Uint32(row)))
		row = row[4:]
	}
}

// columns paints tones side by side from x on, in the rows [y0, y1), clipped to the canvas.
func (c *canvas) columns(x, y0, y1 int, tones []tone) {
	if x < 0 {
		tones = tones[min(-x, len(tones)):]
		x = 0
	}
	tones = tones[:min(len(tones), max(c.w-x, 0))]
	if len(tones) == 0 {
		return
	}
	for y := max(y0, 0); y < min(y1, c.h); y++ {
		row := c.pix[y*c.stride+4*x:]
		for i := range tones {
			px := row[4*i : 4*i+4]
			binary.LittleEndian.PutUint32(px, tones[i].over(binary.LittleEndian.Uint32(px)))
		}
	}
}

// pixel paints one pixel, which must lie in the canvas.
func (c *canvas) pixel(x, y int, p paint, a uint32) {
	at := c.pix[y*c.stride+4*x:]
	t := p.at(a)
	binary.LittleEndian.PutUint32(at, t.over(binary.LittleEndian.Uint32(at)))
}

// fill paints a rectangle, clipped to the canvas.
func (c *canvas) fill(r image.Rectangle, p paint, a uint32) { c.tone(r, p.at(a)) }

func (c *canvas) tone(r image.Rectangle, t tone) {
	r = r.Intersect(image.Rect(0, 0, c.w, c.h))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		c.span(y, r.Min.X, r.Max.X, t)
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
