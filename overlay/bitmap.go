package overlay

import (
	"encoding/binary"
	"image"
	"math"
	"math/bits"
	"slices"

	"github.com/saysee/saysee/annot"
)

const ones = 0x0101010101010101

// bitmap is the part of a shape that can be seen, sampled at the centres of the picture's pixels: one byte
// each, bit 0 for "in the shape". A border of at least one pixel all around is empty, so neighbours can be
// asked for without a check. Rows are whole words, so work goes eight pixels at a time.
type bitmap struct {
	org    image.Point // the pixel of the picture at bits[0]
	w, h   int
	stride int
	bits   []byte
}

// inner returns the rectangle of the picture that may hold pixels of the shape.
func (b *bitmap) inner() image.Rectangle {
	return image.Rect(b.org.X+1, b.org.Y+1, b.org.X+b.w-1, b.org.Y+b.h-1)
}

// reset makes the bitmap empty, with r as its inner part.
func (b *bitmap) reset(r image.Rectangle) {
	b.org = r.Min.Sub(image.Pt(1, 1))
	b.w, b.h = r.Dx()+2, r.Dy()+2
	b.stride = (b.w + 7) &^ 7
	n := b.stride * b.h
	b.bits = slices.Grow(b.bits[:0], n)[:n]
	clear(b.bits)
}

// sampler tells, along one axis, at which pixel of the picture a photo coordinate begins: the first whose
// centre is not before it.
type sampler struct {
	scale, offset float64
	lo, hi        int
}

func (s sampler) at(v float64) int {
	f := math.Ceil(v*s.scale + s.offset - 0.5)
	return int(min(max(f, float64(s.lo)), float64(s.hi)))
}

// shapeRect returns the visible pixels that a box of the photo can touch, grown by the margin that lines
// need beyond the picture's edge.
func (f *frame) shapeRect(b annot.Box, margin int) image.Rectangle {
	if b.Empty() || !b.Finite() {
		return image.Rectangle{}
	}
	visible := image.Rect(-margin, -margin, f.w+margin, f.h+margin)
	x0, y0 := f.point(annot.Point{X: b.X0, Y: b.Y0})
	x1, y1 := f.point(annot.Point{X: b.X1, Y: b.Y1})
	return image.Rect(
		int(math.Floor(x0)), int(math.Floor(y0)), int(math.Ceil(x1)), int(math.Ceil(y1)),
	).Intersect(visible)
}

// mask samples a mask. It returns false when nothing of it can be seen.
//
// Each vertical run of the mask leaves two marks, where it begins and where it ends; a running XOR down the
// rows then fills what lies between, eight columns at a time.
func (b *bitmap) mask(m annot.Mask, f *frame, margin int) bool {
	r := f.shapeRect(m.Bounds(), margin)
	rect := m.Rect()
	width, height := rect.Dx(), rect.Dy()
	if r.Empty() || height <= 0 {
		return false
	}
	b.reset(r)
	xs := sampler{f.scale, f.x, r.Min.X, r.Max.X}
	ys := sampler{f.scale, f.y, r.Min.Y, r.Max.Y}
	last := xs.last()
	col, row, inside := 0, 0, false
	for _, run := range m.Runs() {
		n := int(run)
		for inside && n > 0 && col < width && rect.Min.X+col < last {
			k := min(n, height-row)
			b.toggle(xs, ys, rect.Min.X+col, rect.Min.Y+row, rect.Min.Y+row+k)
			n -= k
			if row += k; row == height {
				col, row = col+1, 0
			}
		}
		if col >= width || rect.Min.X+col >= last {
			break
		}
		row += n
		if row >= height {
			col, row = col+row/height, row%height
		}
		inside = !inside
	}
	b.accumulate()
	return true
}

// last returns a photo coordinate at or after which nothing can be seen.
func (s sampler) last() int {
	return int(min(math.Ceil((float64(s.hi)+1-s.offset)/s.scale), math.MaxInt32))
}

// toggle marks the begin and the end of the photo pixels [y0, y1) in column x.
func (b *bitmap) toggle(xs, ys sampler, x, y0, y1 int) {
	px0, px1 := xs.at(float64(x)), xs.at(float64(x+1))
	if px0 >= px1 {
		return
	}
	py0, py1 := ys.at(float64(y0)), ys.at(float64(y1))
	if py0 >= py1 {
		return
	}
	top := b.bits[(py0-b.org.Y)*b.stride:]
	end := b.bits[(py1-b.org.Y)*b.stride:]
	for i := px0 - b.org.X; i < px1-b.org.X; i++ {
		top[i] ^= 1
		end[i] ^= 1
	}
}

// accumulate turns marks into pixels, from the top row down.
func (b *bitmap) accumulate() {
	for at := b.stride; at < len(b.bits); at += b.stride {
		above := b.bits[at-b.stride : at]
		row := b.bits[at:][:len(above)]
		for i := 0; i+8 <= len(row); i += 8 {
			v := binary.LittleEndian.Uint64(row[i:]) ^ binary.LittleEndian.Uint64(above[i:])
			binary.LittleEndian.PutUint64(row[i:], v)
		}
	}
}

// polygon samples a polygon by the even-odd rule over all its rings. It returns false when nothing of it can
// be seen. Marks go to the pixels where an edge is crossed, row by row, and a running XOR along the row
// fills between them.
func (b *bitmap) polygon(p annot.Polygon, f *frame) bool {
	r := f.shapeRect(around(p), 0)
	if r.Empty() {
		return false
	}
	b.reset(r)
	for _, part := range p {
		b.ring(part.Outer, f, r)
		for _, hole := range part.Holes {
			b.ring(hole, f, r)
		}
	}
	b.sweep()
	return true
}

// sweep turns marks into pixels, from the left: every pixel becomes the XOR of the marks up to it.
func (b *bitmap) sweep() {
	for at := 0; at < len(b.bits); at += b.stride {
		row, in := b.bits[at:at+b.stride], uint64(0)
		for i := 0; i+8 <= len(row); i += 8 {
			v := binary.LittleEndian.Uint64(row[i:])
			v ^= v << 8
			v ^= v << 16
			v ^= v<<32 ^ in
			binary.LittleEndian.PutUint64(row[i:], v)
			in = v >> 56 * ones
		}
		clear(row[b.w-1:])
	}
}

// around is Polygon.Bounds without the garbage.
func around(p annot.Polygon) annot.Box {
	var b annot.Box
	first := true
	for _, part := range p {
		for _, q := range part.Outer {
			if first {
				b, first = annot.Box{X0: q.X, Y0: q.Y, X1: q.X, Y1: q.Y}, false
			}
			b.X0, b.Y0 = min(b.X0, q.X), min(b.Y0, q.Y)
			b.X1, b.Y1 = max(b.X1, q.X), max(b.Y1, q.Y)
		}
	}
	return b
}

func (b *bitmap) ring(ring annot.Ring, f *frame, r image.Rectangle) {
	for i, q := range ring {
		p := ring[(i+len(ring)-1)%len(ring)]
		x0, y0 := f.point(p)
		x1, y1 := f.point(q)
		if math.IsNaN(x0 + y0 + x1 + y1) {
			continue
		}
		if y0 > y1 {
			x0, y0, x1, y1 = x1, y1, x0, y0
		}
		first := max(int(math.Ceil(y0-0.5)), r.Min.Y)
		last := min(int(math.Ceil(y1-0.5)), r.Max.Y)
		for y := first; y < last; y++ {
			x := x0 + (float64(y)+0.5-y0)*(x1-x0)/(y1-y0)
			px := int(math.Ceil(min(max(x-0.5, float64(r.Min.X)), float64(r.Max.X))))
			b.bits[(y-b.org.Y)*b.stride+px-b.org.X] ^= 1
		}
	}
}

// tint paints the pixels of the shape.
func (b *bitmap) tint(c *canvas, p paint, a uint32) {
	t := p.at(a)
	r := b.inner().Intersect(image.Rect(0, 0, c.w, c.h))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := b.bits[(y-b.org.Y)*b.stride:][:b.stride]
		for x := r.Min.X; x < r.Max.X; {
			x0 := b.org.X + skip(row, x-b.org.X, 0)
			if x0 >= r.Max.X {
				break
			}
			x1 := min(b.org.X+skip(row, x0-b.org.X, ones), r.Max.X)
			c.span(y, x0, x1, t)
			x = x1
		}
	}
}

// skip returns the first place from i on where the row differs from the pattern, all 0 or all 1; the length
// of the row if there is none.
func skip(row []byte, i int, pattern uint64) int {
	for i+8 <= len(row) {
		if v := binary.LittleEndian.Uint64(row[i:]) ^ pattern; v != 0 {
			return i + bits.TrailingZeros64(v)/8
		}
		i += 8
	}
	for i < len(row) && row[i] == byte(pattern) {
		i++
	}
	return i
}
