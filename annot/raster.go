package annot

import (
	"image"
	"math"
	"slices"
	"sort"
)

// FillRule tells which points an outline that crosses itself holds.
type FillRule uint8

// The fill rules, as in SVG.
const (
	EvenOdd FillRule = iota // points that a ray leaves by an odd number of crossings
	NonZero                 // points that the outline winds around
)

// Rasterize returns the pixels of a photo of w × h whose centres lie in the polygon: in the outline of a
// part and in none of its holes. A centre exactly on an edge belongs to the right or lower side, so
// neighbours that share an edge share no pixel. A ring with fewer than three points, or with a coordinate
// that is not finite, holds nothing.
func (p Polygon) Rasterize(w, h int, rule FillRule) Mask {
	clip := image.Rectangle{Max: image.Pt(max(w, 0), max(h, 0))}
	parts := make([]Mask, 0, len(p))
	for _, part := range p {
		m := part.Outer.rasterize(clip, rule)
		holes := make([]Mask, 0, len(part.Holes))
		for _, hole := range part.Holes {
			holes = append(holes, hole.rasterize(m.rect, rule))
		}
		parts = append(parts, m.Subtract(UnionAll(holes...)))
	}
	return UnionAll(parts...).Trim()
}

// slope is an edge of an outline, turned so that X0 < X1.
type slope struct {
	x0, y0, x1, y1 float64
	winds          int
}

type crossing struct {
	y     float64
	winds int
}

func (r Ring) rasterize(clip image.Rectangle, rule FillRule) Mask {
	if len(r) < 3 || !r.finite() {
		return Mask{}
	}
	rect := pixelsAround(r.Bounds(), clip)
	if rect.Empty() {
		return Mask{}
	}
	edges := r.slopes()
	out := spanWriter{rect: rect}
	var active []slope
	var cuts []crossing
	next := 0
	for x := rect.Min.X; x < rect.Max.X; x++ {
		cx := float64(x) + 0.5
		for ; next < len(edges) && edges[next].x0 <= cx; next++ {
			active = append(active, edges[next])
		}
		active = slices.DeleteFunc(active, func(e slope) bool { return e.x1 <= cx })
		cuts = cuts[:0]
		for _, e := range active {
			cuts = append(cuts, crossing{e.y0 + (cx-e.x0)*((e.y1-e.y0)/(e.x1-e.x0)), e.winds})
		}
		fillColumn(&out, x, cuts, rule)
	}
	return out.mask()
}

// slopes returns the edges that are not vertical, from the left; a vertical one crosses no column.
func (r Ring) slopes() []slope {
	var all []slope
	for i, q := range r {
		p := r[(i+len(r)-1)%len(r)]
		switch {
		case p.X < q.X:
			all = append(all, slope{p.X, p.Y, q.X, q.Y, 1})
		case p.X > q.X:
			all = append(all, slope{q.X, q.Y, p.X, p.Y, -1})
		}
	}
	slices.SortFunc(all, func(a, b slope) int {
		switch {
		case a.x0 < b.x0:
			return -1
		case a.x0 > b.x0:
			return 1
		}
		return 0
	})
	return all
}

// fillColumn writes the pixels of column x whose centres lie between the crossings that enter and leave.
func fillColumn(out *spanWriter, x int, cuts []crossing, rule FillRule) {
	slices.SortFunc(cuts, func(a, b crossing) int {
		switch {
		case a.y < b.y:
			return -1
		case a.y > b.y:
			return 1
		}
		return 0
	})
	top, bottom := float64(out.rect.Min.Y), float64(out.rect.Max.Y)
	winding := 0
	for i, c := range cuts {
		inside := winding != 0
		if rule == EvenOdd {
			inside = i%2 == 1
		}
		if inside {
			y0, y1 := math.Ceil(cuts[i-1].y-0.5), math.Ceil(c.y-0.5)
			out.add(Span{x, int(min(max(y0, top), bottom)), int(min(max(y1, top), bottom))})
		}
		winding += c.winds
	}
}

func (r Ring) finite() bool {
	for _, p := range r {
		if math.IsNaN(p.X) || math.IsInf(p.X, 0) || math.IsNaN(p.Y) || math.IsInf(p.Y, 0) {
			return false
		}
	}
	return true
}

// pixelsAround returns the pixels of clip that b touches.
func pixelsAround(b Box, clip image.Rectangle) image.Rectangle {
	c := Box{float64(clip.Min.X), float64(clip.Min.Y), float64(clip.Max.X), float64(clip.Max.Y)}
	b = Box{math.Floor(b.X0), math.Floor(b.Y0), math.Ceil(b.X1), math.Ceil(b.Y1)}.Intersect(c)
	if b.Empty() {
		return image.Rectangle{}
	}
	return image.Rect(int(b.X0), int(b.Y0), int(b.X1), int(b.Y1))
}

// cocoScale is the factor by which COCO's rule enlarges a polygon before it walks its outline.
const cocoScale = 5

// cocoLimit keeps scaled coordinates where sums of two are exact.
const cocoLimit = 1 << 45

// RasterizeCOCO returns the pixels that COCO's own tools count for a segmentation of one or several
// polygons in a photo of w × h, so that areas and IoUs agree with theirs to the pixel. The rule is not the
// pixel-centre rule of Rasterize: the outline is walked on a grid five times finer, rounded, and sampled
// where it passes the middle of a column. Each ring is filled even-odd and the rings are united.
// (rleFrPoly and rleMerge in cocoapi's maskApi.c.)
func RasterizeCOCO(rings []Ring, w, h int) Mask {
	if w <= 0 || h <= 0 {
		return Mask{}
	}
	masks := make([]Mask, 0, len(rings))
	for _, r := range rings {
		if r.finite() {
			masks = append(masks, rasterizeCOCO(r, w, h))
		}
	}
	return UnionAll(masks...)
}

func rasterizeCOCO(r Ring, w, h int) Mask {
	fine := make([]image.Point, len(r))
	for i, p := range r {
		fine[i] = image.Pt(cocoRound(cocoScale*p.X), cocoRound(cocoScale*p.Y))
	}
	var flips []int // positions, counted down the columns, where inside and outside change
	for i, p := range fine {
		flips = cocoEdge(flips, p, fine[(i+1)%len(fine)], w, h)
	}
	slices.Sort(flips)
	var out runWriter
	at, inside := 0, false
	for _, f := range append(flips, w*h) {
		out.add(f-at, inside)
		at, inside = f, !inside
	}
	full := Mask{image.Rect(0, 0, w, h), out.done()}
	return full.Trim()
}

// cocoRound rounds halves up for positive numbers and, as a conversion in C does, cuts towards zero for
// negative ones.
func cocoRound(x float64) int {
	return int(max(-cocoLimit, min(cocoLimit, x+0.5)))
}

// cocoEdge appends the flips of one edge: one in each column whose middle the edge passes. On the fine
// grid the middle of column x lies between 5x+2 and 5x+3; the flip is at the upper of the two points.
func cocoEdge(flips []int, p, q image.Point, w, h int) []int {
	dx, dy := abs(q.X-p.X), abs(q.Y-p.Y)
	flat := dx >= dy
	if flat && p.X > q.X || !flat && p.Y > q.Y {
		p, q = q, p
	}
	lo, hi := min(p.X, q.X), max(p.X, q.X)
	first, last := max(0, (lo-2+cocoScale-1)/cocoScale), min(w-1, (hi-3)/cocoScale)
	if hi < 3 {
		return flips
	}
	for x := first; x <= last; x++ {
		before := cocoScale*x + 2
		var y int
		if flat {
			s := float64(q.Y-p.Y) / float64(dx)
			at := func(t int) int { return int(float64(p.Y) + s*float64(t) + 0.5) }
			y = min(at(before-p.X), at(before+1-p.X))
		} else {
			s := float64(q.X-p.X) / float64(dy)
			// The first step of the walk that has passed the middle; points of the walk only go down.
			t := sort.Search(dy+1, func(t int) bool {
				u := int(float64(p.X) + s*float64(t) + 0.5)
				return u > before == (q.X > p.X)
			})
			if t == 0 || t > dy {
				continue
			}
			y = p.Y + t - 1
		}
		fy := (float64(y)+0.5)/cocoScale - 0.5
		flips = append(flips, x*h+int(math.Ceil(min(max(fy, 0), float64(h)))))
	}
	return flips
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}
