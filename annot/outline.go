package annot

import (
	"image"
	"math"
)

// Bounds returns the box around the outline.
func (r Ring) Bounds() Box { return boundsOf(r) }

// SignedArea returns the area by the shoelace formula, positive for an outline that runs clockwise on the
// screen (y grows downwards).
func (r Ring) SignedArea() float64 {
	if len(r) == 0 {
		return 0
	}
	sum := 0.0
	o := r[0] // an origin close by keeps the products small
	for i, p := range r {
		q := r[(i+1)%len(r)]
		sum += (p.X-o.X)*(q.Y-o.Y) - (q.X-o.X)*(p.Y-o.Y)
	}
	return sum / 2
}

// Area returns the area in square pixels, whichever way the outline runs.
func (r Ring) Area() float64 { return math.Abs(r.SignedArea()) }

// Contains reports whether p lies inside, by the even-odd rule.
func (r Ring) Contains(p Point) bool {
	inside := false
	for i, a := range r {
		b := r[(i+1)%len(r)]
		if (a.Y > p.Y) != (b.Y > p.Y) && p.X < a.X+(p.Y-a.Y)*((b.X-a.X)/(b.Y-a.Y)) {
			inside = !inside
		}
	}
	return inside
}

// Distance returns how far p is from the outline itself, +Inf for a ring without points.
func (r Ring) Distance(p Point) float64 {
	if len(r) == 0 {
		return math.Inf(1)
	}
	return min(Line(r).Distance(p), segmentDistance(p, r[len(r)-1], r[0]))
}

// Area returns the area of the parts less their holes, in square pixels. Parts must not overlap.
func (p Polygon) Area() float64 {
	sum := 0.0
	for _, part := range p {
		sum += part.Outer.Area()
		for _, h := range part.Holes {
			sum -= h.Area()
		}
	}
	return sum
}

// Contains reports whether q lies in a part and in none of its holes.
func (p Polygon) Contains(q Point) bool {
	for _, part := range p {
		if part.contains(q) {
			return true
		}
	}
	return false
}

func (p Part) contains(q Point) bool {
	if !p.Outer.Contains(q) {
		return false
	}
	for _, h := range p.Holes {
		if h.Contains(q) {
			return false
		}
	}
	return true
}

// Distance returns how far q is from the nearest outline, be it of a part or a hole; +Inf without any.
func (p Polygon) Distance(q Point) float64 {
	d := math.Inf(1)
	for _, part := range p {
		d = min(d, part.Outer.Distance(q))
		for _, h := range part.Holes {
			d = min(d, h.Distance(q))
		}
	}
	return d
}

// Distance returns how far q is from the line, +Inf for a line without points.
func (l Line) Distance(q Point) float64 {
	if len(l) == 0 {
		return math.Inf(1)
	}
	d := segmentDistance(q, l[0], l[0])
	for i := 1; i < len(l); i++ {
		d = min(d, segmentDistance(q, l[i-1], l[i]))
	}
	return d
}

// Distance returns how far q is from p.
func (p Point) Distance(q Point) float64 { return math.Hypot(p.X-q.X, p.Y-q.Y) }

// Distance returns how far q is from the sides of the box.
func (b Box) Distance(q Point) float64 {
	return Ring{{b.X0, b.Y0}, {b.X1, b.Y0}, {b.X1, b.Y1}, {b.X0, b.Y1}}.Distance(q)
}

// Distance returns how far q is from the outline of the set, along the sides of its pixels; +Inf for an
// empty set.
func (m Mask) Distance(q Point) float64 {
	d := math.Inf(1)
	for e := range m.cracks() {
		d = min(d, segmentDistance(q, e.a, e.b))
	}
	return d
}

// Contains reports whether q lies on what the region covers: its mask or polygon, or the box when it has
// neither. Points and lines cover nothing.
func (r Region) Contains(q Point) bool {
	switch s := r.Shape.(type) {
	case Mask:
		return s.Contains(q)
	case Polygon:
		return s.Contains(q)
	case Line, Point:
		return false
	}
	return r.Box.Contains(q)
}

// Distance returns how far q is from the outline of the region, as a person sees it: of its shape, or of
// its box when it has none.
func (r Region) Distance(q Point) float64 {
	if s, ok := r.Shape.(interface{ Distance(Point) float64 }); ok {
		return s.Distance(q)
	}
	return r.Box.Distance(q)
}

// segmentDistance returns how far p is from the nearest point between a and b.
func segmentDistance(p, a, b Point) float64 {
	dx, dy := b.X-a.X, b.Y-a.Y
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = max(0, min(1, ((p.X-a.X)*dx+(p.Y-a.Y)*dy)/l))
	}
	return math.Hypot(a.X+t*dx-p.X, a.Y+t*dy-p.Y)
}

// Stroke returns the pixels of a photo of w × h whose centres lie within radius of the path: what a round
// brush covers that is drawn along it. One point gives a disc.
func Stroke(path []Point, radius float64, w, h int) Mask {
	clip := image.Rectangle{Max: image.Pt(max(w, 0), max(h, 0))}
	if len(path) == 0 || !Ring(path).finite() || !(radius >= 0) || math.IsInf(radius, 0) {
		return Mask{}
	}
	strokes := []Mask{capsule(path[0], path[0], radius, clip)}
	for i := 1; i < len(path); i++ {
		strokes = append(strokes, capsule(path[i-1], path[i], radius, clip))
	}
	return UnionAll(strokes...)
}

// Paint adds a brush stroke to the mask, in a photo of w × h pixels.
func (m Mask) Paint(path []Point, radius float64, w, h int) Mask {
	return m.Union(Stroke(path, radius, w, h)).Trim()
}

// Erase takes a brush stroke out of the mask.
func (m Mask) Erase(path []Point, radius float64) Mask {
	return m.Subtract(Stroke(path, radius, m.rect.Max.X, m.rect.Max.Y)).Trim()
}

// capsule returns the pixels of clip whose centres lie within r of the segment from a to b.
func capsule(a, b Point, r float64, clip image.Rectangle) Mask {
	box := boundsOf([]Point{a, b})
	rect := pixelsAround(Box{box.X0 - r, box.Y0 - r, box.X1 + r, box.Y1 + r}, clip)
	out := spanWriter{rect: rect}
	for x := rect.Min.X; x < rect.Max.X; x++ {
		y0, y1, ok := capsuleColumn(a, b, r, float64(x)+0.5)
		if ok {
			y0 = max(math.Ceil(y0-0.5), float64(rect.Min.Y))
			y1 = min(math.Floor(y1-0.5)+1, float64(rect.Max.Y))
			out.add(Span{x, int(y0), int(max(y1, y0))})
		}
	}
	return out.mask()
}

// capsuleColumn returns where the vertical line at x enters and leaves the points within r of the segment.
// They form a convex set, so what the two discs and the band between them give is one interval.
func capsuleColumn(a, b Point, r, x float64) (y0, y1 float64, ok bool) {
	y0, y1 = math.Inf(1), math.Inf(-1)
	for _, c := range []Point{a, b} {
		if d := r*r - (x-c.X)*(x-c.X); d >= 0 {
			s := math.Sqrt(d)
			y0, y1 = min(y0, c.Y-s), max(y1, c.Y+s)
		}
	}
	l := a.Distance(b)
	if l == 0 {
		return y0, y1, y0 <= y1
	}
	// The corners of the band, offset by r at right angles to the segment.
	nx, ny := -(b.Y-a.Y)/l*r, (b.X-a.X)/l*r
	band := Ring{{a.X + nx, a.Y + ny}, {b.X + nx, b.Y + ny}, {b.X - nx, b.Y - ny}, {a.X - nx, a.Y - ny}}
	for i, p := range band {
		q := band[(i+1)%4]
		if (p.X <= x) != (q.X <= x) {
			y := p.Y + (x-p.X)*((q.Y-p.Y)/(q.X-p.X))
			y0, y1 = min(y0, y), max(y1, y)
		}
	}
	return y0, y1, y0 <= y1
}
