package view

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"runtime"
	"sync"

	"github.com/saysee/saysee/ui/geom"
)

// The zooms at which a photo's pixels become visible as such, in view pixels per photo pixel.
const (
	pixelsOver = 2 // they are drawn as squares instead of being blended
	gridOver   = 8 // lines are drawn between them
)

// leastRows is the number of rows under which another goroutine costs more than it saves.
const leastRows = 64

// inParallel splits n rows over the processors and waits until all are done.
func inParallel(n int, work func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), 4, n/leastRows)
	if parts <= 1 {
		work(0, n)
		return
	}
	var wg sync.WaitGroup
	for i := range parts - 1 {
		wg.Go(func() { work(i*n/parts, (i+1)*n/parts) })
	}
	work((parts-1)*n/parts, n)
	wg.Wait()
}

// scaler draws the visible part of a photo. It keeps its tables from frame to frame.
type scaler struct {
	cols []column
	rows sync.Pool // of *[]byte
}

// column is where a column of the view takes its pixels from: byte offset in a row of the source, and the
// share of the pixel to its right, of 256.
type column struct {
	at    int32
	right uint32
}

// draw fills a part of dst, whose top-left is view pixel (0, 0), with the photo as t places it and the background
// around it.
func (s *scaler) draw(dst *image.RGBA, part image.Rectangle, p *Pyramid, t geom.Transform, background color.RGBA) {
	part = part.Intersect(dst.Rect)
	if p == nil || t.Empty() {
		fill(dst, part, background)
		return
	}
	src, level := p.level(t.Zoom())
	scale := t.Zoom() * float64(int(1)<<level)
	off := t.Offset()
	if scale == 1 { // nothing to blend then, if pixels meet pixels
		off.X, off.Y = math.Round(off.X), math.Round(off.Y)
	}
	size := p.Size()
	photo := image.Rect(
		pixelAt(off.X), pixelAt(off.Y),
		pixelAt(off.X+float64(size.X)*t.Zoom()), pixelAt(off.Y+float64(size.Y)*t.Zoom()),
	).Intersect(part)
	around(dst, part, photo, background)
	if photo.Empty() {
		return
	}
	if t.Zoom() > pixelsOver {
		s.squares(dst, photo, src, off, scale)
		if t.Zoom() >= gridOver {
			grid(dst, photo, off, scale)
		}
		return
	}
	s.blend(dst, photo, src, off, scale)
}

// pixelAt returns the first pixel whose centre is not before v.
func pixelAt(v float64) int { return int(math.Ceil(min(max(v, -1e6), 1e6) - 0.5)) }

// squares draws each pixel of the photo as a square of its own.
func (s *scaler) squares(dst *image.RGBA, r image.Rectangle, src *image.RGBA, off geom.Pos, scale float64) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	s.cols = s.cols[:0]
	for x := r.Min.X; x < r.Max.X; x++ {
		s.cols = append(s.cols, column{at: int32(4 * sourceAt(x, off.X, scale, w))})
	}
	before := -1
	var last []byte
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := dst.Pix[y*dst.Stride+4*r.Min.X:][:4*r.Dx()]
		at := sourceAt(y, off.Y, scale, h)
		if at == before {
			copy(row, last)
			continue
		}
		from := rowOf(src, at)
		for i, c := range s.cols {
			binary.LittleEndian.PutUint32(row[4*i:], binary.LittleEndian.Uint32(from[c.at:]))
		}
		before, last = at, row
	}
}

// sourceAt returns the pixel of the source that the centre of view pixel v lies in.
func sourceAt(v int, off, scale float64, n int) int {
	return min(max(int((float64(v)+0.5-off)/scale), 0), n-1)
}

// blend draws every pixel as the mean of the four that are nearest in the source, weighted by how near they
// are. With at least a pixel for every two on the screen that takes all of them in.
func (s *scaler) blend(dst *image.RGBA, r image.Rectangle, src *image.RGBA, off geom.Pos, scale float64) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	s.cols = s.cols[:0]
	for x := r.Min.X; x < r.Max.X; x++ {
		at, right := between(x, off.X, scale, w)
		s.cols = append(s.cols, column{int32(4 * at), right})
	}
	first := int(s.cols[0].at)
	end := min(int(s.cols[len(s.cols)-1].at)+8, 4*w)
	for i := range s.cols {
		s.cols[i].at -= int32(first)
	}
	if scale > 1 {
		s.enlarge(dst, r, src, off.Y, scale, first, end)
		return
	}
	cols := s.cols
	inParallel(r.Dy(), func(from, to int) {
		buf := s.row(end - first + 8)
		defer s.rows.Put(buf)
		for y := r.Min.Y + from; y < r.Min.Y+to; y++ {
			at, below := between(y, off.Y, scale, h)
			mixed := rowOf(src, at)[first:end]
			if scale == 1 {
				copy(dst.Pix[y*dst.Stride+4*r.Min.X:][:4*r.Dx()], mixed)
				continue
			}
			if below > 0 {
				mixRows(*buf, mixed, rowOf(src, min(at+1, h-1))[first:end], below)
			} else {
				copy(*buf, mixed)
			}
			oneMore(*buf, end-first)
			mixColumns(dst.Pix[y*dst.Stride+4*r.Min.X:], *buf, cols)
		}
	})
}

// enlarge is blend where the view has more rows than the source: each row of the source, bytes first to end of it, is made as
// wide as the view once, and not for every row of the view that lies by it.
func (s *scaler) enlarge(dst *image.RGBA, r image.Rectangle, src *image.RGBA, off, scale float64, first, end int) {
	h, n, cols := src.Rect.Dy(), 4*r.Dx(), s.cols
	inParallel(r.Dy(), func(from, to int) {
		raw, upper, lower := s.row(end-first+8), s.row(n), s.row(n)
		widen := func(row *[]byte, y int) {
			copy(*raw, rowOf(src, y)[first:end])
			oneMore(*raw, end-first)
			mixColumns(*row, *raw, cols)
		}
		have := -2 // the row of the source that is in upper
		for y := r.Min.Y + from; y < r.Min.Y+to; y++ {
			at, below := between(y, off, scale, h)
			if at != have {
				if upper, lower = lower, upper; at != have+1 {
					widen(upper, at)
				}
				widen(lower, min(at+1, h-1))
				have = at
			}
			mixRows(dst.Pix[y*dst.Stride+4*r.Min.X:], (*upper)[:n], (*lower)[:n], below)
		}
		for _, row := range []*[]byte{raw, upper, lower} {
			s.rows.Put(row)
		}
	})
}

// oneMore repeats the last pixel of a row of n bytes: the one right of it is asked for, with no share.
func oneMore(row []byte, n int) { copy(row[n:], row[n-4:n]) }

// row returns a row of at least n bytes to work on.
func (s *scaler) row(n int) *[]byte {
	if b, ok := s.rows.Get().(*[]byte); ok && len(*b) >= n {
		return b
	}
	b := make([]byte, n)
	return &b
}

// between returns the pixel of the source at or before the centre of view pixel v, and the share of the next
// one, of 256.
func between(v int, off, scale float64, n int) (at int, next uint32) {
	f := (float64(v)+0.5-off)/scale - 0.5
	f = min(max(f, 0), float64(n-1))
	at = int(f)
	return at, uint32((f - float64(at)) * 256)
}

// mixRows writes the mean of two rows of equal length, the second with a share of 256.
func mixRows(dst, a, b []byte, share uint32) {
	f, g := uint64(share), uint64(256-share)
	n := len(a)
	b, dst = b[:n], dst[:n]
	i := 0
	for ; i+8 <= n; i += 8 {
		va, vb := binary.LittleEndian.Uint64(a[i:]), binary.LittleEndian.Uint64(b[i:])
		e := ((va&lanes)*g + (vb&lanes)*f) >> 8 & lanes
		o := ((va>>8&lanes)*g + (vb>>8&lanes)*f) &^ lanes
		binary.LittleEndian.PutUint64(dst[i:], e|o)
	}
	for ; i < n; i++ {
		dst[i] = byte((uint32(a[i])*(256-share) + uint32(b[i])*share) >> 8)
	}
}

// mixColumns writes a pixel for every column, the mean of two neighbours in the row. Eight bytes hold both;
// each channel's pair falls into the lower and the upper half of a word.
func mixColumns(dst, row []byte, cols []column) {
	dst = dst[:4*len(cols)]
	for i, c := range cols {
		v := binary.LittleEndian.Uint64(row[c.at:])
		e, o := v&lanes, v>>8&lanes
		rb := (uint32(e)*(256-c.right) + uint32(e>>32)*c.right) >> 8 & 0x00FF00FF
		ga := (uint32(o)*(256-c.right) + uint32(o>>32)*c.right) &^ 0x00FF00FF
		binary.LittleEndian.PutUint32(dst[4*i:], rb|ga)
	}
}

// fill paints a rectangle of the picture.
func fill(dst *image.RGBA, r image.Rectangle, c color.RGBA) {
	r = r.Intersect(dst.Rect)
	if r.Empty() {
		return
	}
	first := dst.Pix[r.Min.Y*dst.Stride+4*r.Min.X:][:4*r.Dx()]
	for i := 0; i < len(first); i += 4 {
		first[i], first[i+1], first[i+2], first[i+3] = c.R, c.G, c.B, c.A
	}
	for y := r.Min.Y + 1; y < r.Max.Y; y++ {
		copy(dst.Pix[y*dst.Stride+4*r.Min.X:], first)
	}
}

// around paints all of a rectangle but another one in it.
func around(dst *image.RGBA, b, hole image.Rectangle, c color.RGBA) {
	if hole.Empty() {
		fill(dst, b, c)
		return
	}
	fill(dst, image.Rect(b.Min.X, b.Min.Y, b.Max.X, hole.Min.Y), c)
	fill(dst, image.Rect(b.Min.X, hole.Max.Y, b.Max.X, b.Max.Y), c)
	fill(dst, image.Rect(b.Min.X, hole.Min.Y, hole.Min.X, hole.Max.Y), c)
	fill(dst, image.Rect(hole.Max.X, hole.Min.Y, b.Max.X, hole.Max.Y), c)
}

// gridStep is how much lighter or darker than the photo the lines of the grid are, and veryDark the brightness
// below which they are lighter, of 255.
const (
	gridStep = 32
	veryDark = 56
)

// grid draws a line along the left and upper side of every pixel of the photo.
func grid(dst *image.RGBA, r image.Rectangle, off geom.Pos, scale float64) {
	each(r.Min.X, r.Max.X, off.X, scale, func(x int) {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			contrast(dst.Pix[y*dst.Stride+4*x:])
		}
	})
	each(r.Min.Y, r.Max.Y, off.Y, scale, func(y int) {
		row := dst.Pix[y*dst.Stride+4*r.Min.X:][:4*r.Dx()]
		for ; len(row) >= 4; row = row[4:] {
			contrast(row)
		}
	})
}

// each calls f with every view pixel in [lo, hi) at which a pixel of the photo begins.
func each(lo, hi int, off, scale float64, f func(int)) {
	for k := math.Ceil((float64(lo) - 0.5 - off) / scale); ; k++ {
		v := pixelAt(off + k*scale)
		if v >= hi {
			return
		}
		if v >= lo {
			f(v)
		}
	}
}

// contrast makes a pixel darker, or a very dark one lighter.
func contrast(p []byte) {
	if int(p[0])*3+int(p[1])*6+int(p[2]) >= 10*veryDark {
		for i := range 3 {
			p[i] -= min(p[i], gridStep)
		}
		return
	}
	for i := range 3 {
		p[i] += min(255-p[i], gridStep)
	}
}
