package overlay

import (
	"encoding/binary"
	"image"
	"math"
	"math/bits"
)

// vec is a point of the picture.
type vec struct{ x, y float32 }

// path is a run of points, at most one pixel apart, in the painter's arena.
type path struct{ from, to int }

// contours finds the outlines of a bitmap and appends them to points and paths. An outline runs along the
// cracks between pixels in the shape and pixels outside, with the shape on its right; its points are the
// middles of the cracks, each the mean of itself and smooth neighbours on either side, which takes the
// stairs out of slanting edges. Pixels that touch at a corner are one piece.
//
// Every outline, also that of a hole, holds a crack with a shape's pixel below it. Those are marked with bit
// 1 of the pixel as they are walked, so each outline is found once.
func (b *bitmap) contours(points []vec, paths []path, smooth int) ([]vec, []path) {
	for at := b.stride; at < len(b.bits); at += b.stride {
		above, row := b.bits[at-b.stride:at], b.bits[at:at+b.stride]
		for i := 0; i+8 <= len(row); i += 8 {
			for {
				v, up := binary.LittleEndian.Uint64(row[i:]), binary.LittleEndian.Uint64(above[i:])
				fresh := v &^ up &^ (v >> 1) & ones
				if fresh == 0 {
					break
				}
				from := len(points)
				points = b.walk(points, at+i+bits.TrailingZeros64(fresh)/8)
				smoothRing(points[from:], smooth)
				paths = append(paths, path{from, len(points)})
			}
		}
	}
	return points, paths
}

// The steps of a walk: east, south, west, north.
var steps = [4]image.Point{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}

// walk follows the outline that begins with the crack above the pixel at index start.
func (b *bitmap) walk(points []vec, start int) []vec {
	// In direction d from corner v, whose south-east pixel has index v, the pixels ahead on the right and on
	// the left are at these offsets.
	right := [4]int{0, -1, -b.stride - 1, -b.stride}
	left := [4]int{-b.stride, 0, -1, -b.stride - 1}
	advance := [4]int{1, b.stride, -1, -b.stride}
	y := start / b.stride
	x := start - y*b.stride
	v, d := start, 0
	fx, fy := float32(b.org.X+x), float32(b.org.Y+y)
	for {
		if d == 0 {
			b.bits[v] |= 2
		}
		dx, dy := float32(steps[d].X), float32(steps[d].Y)
		points = append(points, vec{fx + dx/2, fy + dy/2})
		fx, fy = fx+dx, fy+dy
		v += advance[d]
		switch {
		case b.bits[v+left[d]]&1 != 0:
			d = (d + 3) & 3
		case b.bits[v+right[d]]&1 == 0:
			d = (d + 1) & 3
		}
		if v == start && d == 0 {
			return points
		}
	}
}

// maxSmooth is the most neighbours on either side that smoothRing takes.
const maxSmooth = 7

// smoothRing replaces every point of a closed path by the mean of itself and k neighbours on either side;
// fewer on a short path, which would shrink otherwise.
func smoothRing(ring []vec, k int) {
	n := len(ring)
	k = min(k, n/12, maxSmooth)
	if k <= 0 {
		return
	}
	// The first and last points are still needed after they have been replaced.
	var head, tail [maxSmooth]vec
	copy(head[:], ring[:k])
	copy(tail[:], ring[n-k:])
	var past [maxSmooth + 1]vec // the last k+1 points as they were
	var sx, sy float64          // in float64, or a long path would drift
	for i := range k {
		sx += float64(tail[i].x) + float64(ring[i].x)
		sy += float64(tail[i].y) + float64(ring[i].y)
	}
	scale := 1 / float64(2*k+1)
	for i := range n {
		next := head[max(i+k-n, 0)]
		if i+k < n {
			next = ring[i+k]
		}
		sx, sy = sx+float64(next.x), sy+float64(next.y)
		past[i%(k+1)] = ring[i]
		ring[i] = vec{float32(sx * scale), float32(sy * scale)}
		old := tail[min(i, k-1)]
		if i >= k {
			old = past[(i-k)%(k+1)]
		}
		sx, sy = sx-float64(old.x), sy-float64(old.y)
	}
}

// sample appends points along the part of a segment inside near, both ends included, at most a pixel apart.
func sample(points []vec, x0, y0, x1, y1 float64, near image.Rectangle) []vec {
	x0, y0, x1, y1, ok := clipSegment(x0, y0, x1, y1, near)
	if !ok {
		return points
	}
	n := int(math.Hypot(x1-x0, y1-y0)) + 1
	for i := range n + 1 {
		t := float64(i) / float64(n)
		points = append(points, vec{float32(x0 + t*(x1-x0)), float32(y0 + t*(y1-y0))})
	}
	return points
}

// clipSegment returns the part of a segment inside r, by Liang and Barsky.
func clipSegment(x0, y0, x1, y1 float64, r image.Rectangle) (ax, ay, bx, by float64, ok bool) {
	t0, t1 := 0.0, 1.0
	dx, dy := x1-x0, y1-y0
	for _, e := range [4][2]float64{
		{-dx, x0 - float64(r.Min.X)},
		{dx, float64(r.Max.X) - x0},
		{-dy, y0 - float64(r.Min.Y)},
		{dy, float64(r.Max.Y) - y0},
	} {
		p, q := e[0], e[1]
		switch {
		case p == 0 && q >= 0:
		case p < 0:
			t0 = max(t0, q/p)
		case p > 0:
			t1 = min(t1, q/p)
		default:
			return 0, 0, 0, 0, false // parallel and outside, or not a number
		}
	}
	if t0 > t1 {
		return 0, 0, 0, 0, false
	}
	return x0 + t0*dx, y0 + t0*dy, x0 + t1*dx, y0 + t1*dy, true
}
