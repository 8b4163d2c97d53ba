package annot_test

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/saysee/saysee/annot"
)

// pixels is the plain truth that masks are held against.
type pixels map[image.Point]bool

func pixelsOf(m annot.Mask) pixels {
	p := pixels{}
	r := m.Rect()
	bits := m.Bitmap(nil)
	for i, b := range bits {
		if b != 0 {
			p[image.Pt(r.Min.X+i%r.Dx(), r.Min.Y+i/r.Dx())] = true
		}
	}
	return p
}

func randomRect(rng *rand.Rand) image.Rectangle {
	x, y := rng.IntN(16)-4, rng.IntN(16)-4
	return image.Rect(x, y, x+rng.IntN(12), y+rng.IntN(12))
}

func TestMaskSetOperations(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		a, b := randomMask(rng, randomRect(rng)), randomMask(rng, randomRect(rng))
		pa, pb := pixelsOf(a), pixelsOf(b)
		union, inter, minus := pixels{}, pixels{}, pixels{}
		for p := range pa {
			union[p] = true
			if pb[p] {
				inter[p] = true
			} else {
				minus[p] = true
			}
		}
		for p := range pb {
			union[p] = true
		}
		for _, c := range []struct {
			name string
			got  annot.Mask
			want pixels
		}{
			{"union", a.Union(b), union},
			{"union of all", annot.UnionAll(a, b, annot.Mask{}, a), union},
			{"intersection", a.Intersect(b), inter},
			{"difference", a.Subtract(b), minus},
			{"trimmed", a.Trim(), pa},
		} {
			if diff := cmp.Diff(c.want, pixelsOf(c.got)); diff != "" {
				t.Fatalf("%s of %v and %v:\n%s", c.name, a, b, diff)
			}
			if c.got.Area() != len(c.want) || c.got.Empty() != (len(c.want) == 0) {
				t.Fatalf("%s: area %d, empty %v, want %d pixels", c.name, c.got.Area(), c.got.Empty(), len(c.want))
			}
		}
		if got := a.Overlap(b); got != len(inter) {
			t.Fatalf("overlap = %d, want %d", got, len(inter))
		}
		if a.Equal(b) != cmp.Equal(pa, pb) {
			t.Fatalf("%v and %v: equal = %v", a, b, a.Equal(b))
		}
		if !a.Equal(a.Trim()) {
			t.Fatalf("%v is not equal to itself trimmed", a)
		}
		p := annot.Point{X: rng.Float64()*24 - 8, Y: rng.Float64()*24 - 8}
		if want := pa[image.Pt(int(math.Floor(p.X)), int(math.Floor(p.Y)))]; a.Contains(p) != want {
			t.Fatalf("%v contains %v = %v", a, p, !want)
		}
		checkTight(t, a, pa)
	}
}

func checkTight(t *testing.T, m annot.Mask, px pixels) {
	t.Helper()
	var want image.Rectangle
	for p := range px {
		want = want.Union(image.Rect(p.X, p.Y, p.X+1, p.Y+1))
	}
	if got := m.TightBounds(); got != want {
		t.Fatalf("tight bounds of %v = %v, want %v", m, got, want)
	}
	if got := m.Trim().Rect(); got != want {
		t.Fatalf("trimmed crop of %v = %v, want %v", m, got, want)
	}
}

func TestMaskIoU(t *testing.T) {
	a := annot.NewMask(image.Rect(0, 0, 4, 1), []byte{1, 1, 1, 0})
	b := annot.NewMask(image.Rect(1, 0, 6, 2), []byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1})
	for name, c := range map[string]struct {
		a, b  annot.Mask
		crowd bool
		want  float64
	}{
		"should divide by the union":                     {a, b, false, 2.0 / 11},
		"should divide by the first area for a crowd":    {a, b, true, 2.0 / 3},
		"should be 1 for the same set":                   {b, b, false, 1},
		"should be 0 for empty sets":                     {annot.Mask{}, annot.Mask{}, false, 0},
		"should be 0 for sets whose crops share nothing": {a, annot.NewMask(image.Rect(9, 9, 10, 10), []byte{1}), true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.a.IoU(c.b, c.crowd); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestMaskClip(t *testing.T) {
	m := annot.NewMask(image.Rect(-1, -1, 2, 1), []byte{1, 1, 1, 1, 1, 1})
	if got := m.Clip(5, 5); got.Area() != 2 || got.Rect() != image.Rect(0, 0, 2, 1) {
		t.Errorf("clipped to %v, area %d", got.Rect(), got.Area())
	}
	if got := m.Clip(-5, 5); !got.Empty() {
		t.Errorf("clipped to %v", got)
	}
}

// checkOutline holds a traced polygon against its mask.
func checkOutline(t *testing.T, m annot.Mask) annot.Polygon {
	t.Helper()
	poly := m.Trace()
	if got := poly.Area(); got != float64(m.Area()) {
		t.Fatalf("traced area = %v, mask has %d pixels: %v", got, m.Area(), m)
	}
	b := m.Rect()
	// Rasterising starts at the photo's corner, so the polygon is moved there.
	moved := annot.Polygon{}
	shift := func(r annot.Ring) annot.Ring {
		var out annot.Ring
		for _, p := range r {
			out = append(out, annot.Point{X: p.X - float64(b.Min.X), Y: p.Y - float64(b.Min.Y)})
		}
		return out
	}
	for _, part := range poly {
		if part.Outer.SignedArea() <= 0 {
			t.Fatalf("outline %v does not run clockwise", part.Outer)
		}
		p := annot.Part{Outer: shift(part.Outer)}
		for _, h := range part.Holes {
			if h.SignedArea() >= 0 {
				t.Fatalf("hole %v runs clockwise", h)
			}
			p.Holes = append(p.Holes, shift(h))
		}
		moved = append(moved, p)
	}
	want := annot.NewMask(image.Rect(0, 0, b.Dx(), b.Dy()), m.Bitmap(nil))
	for _, rule := range []annot.FillRule{annot.EvenOdd, annot.NonZero} {
		if got := moved.Rasterize(b.Dx(), b.Dy(), rule); !got.Equal(want) {
			t.Fatalf("rule %d: traced %v, rasterised %v, want %v", rule, moved, got, want)
		}
	}
	if n := len(m.Components(false)); n != len(poly) {
		t.Fatalf("%d parts, %d components", len(poly), n)
	}
	for _, r := range ringsOf(poly) {
		checkRing(t, r)
	}
	return poly
}

func ringsOf(p annot.Polygon) []annot.Ring {
	var all []annot.Ring
	for _, part := range p {
		all = append(append(all, part.Outer), part.Holes...)
	}
	return all
}

// checkRing makes sure that no point comes twice and none lies on a straight stretch.
func checkRing(t *testing.T, r annot.Ring) {
	t.Helper()
	seen := map[annot.Point]bool{}
	for i, p := range r {
		if seen[p] {
			t.Fatalf("ring %v passes %v twice", r, p)
		}
		seen[p] = true
		a, b := r[(i+len(r)-1)%len(r)], r[(i+1)%len(r)]
		if (p.X-a.X)*(b.Y-p.Y) == (p.Y-a.Y)*(b.X-p.X) {
			t.Fatalf("ring %v has %v on a straight stretch", r, p)
		}
	}
}

func TestTrace(t *testing.T) {
	bitmap := func(rows ...string) annot.Mask {
		var bits []byte
		for _, row := range rows {
			for _, c := range row {
				if c == '#' {
					bits = append(bits, 1)
				} else {
					bits = append(bits, 0)
				}
			}
		}
		return annot.NewMask(image.Rect(0, 0, len(rows[0]), len(rows)), bits)
	}
	for name, c := range map[string]struct {
		m    annot.Mask
		want annot.Polygon
	}{
		"should trace a block along its sides": {bitmap("....", ".##.", ".##."), annot.Polygon{
			{Outer: annot.Ring{{X: 3, Y: 1}, {X: 3, Y: 3}, {X: 1, Y: 3}, {X: 1, Y: 1}}},
		}},
		"should keep a hole": {bitmap("###", "#.#", "###"), annot.Polygon{{
			Outer: annot.Ring{{X: 3, Y: 0}, {X: 3, Y: 3}, {X: 0, Y: 3}, {X: 0, Y: 0}},
			Holes: []annot.Ring{{{X: 1, Y: 1}, {X: 1, Y: 2}, {X: 2, Y: 2}, {X: 2, Y: 1}}},
		}}},
		"should make two parts of pixels that touch in a corner": {bitmap("#.", ".#"), annot.Polygon{
			{Outer: annot.Ring{{X: 1, Y: 0}, {X: 1, Y: 1}, {X: 0, Y: 1}, {X: 0, Y: 0}}},
			{Outer: annot.Ring{{X: 2, Y: 1}, {X: 2, Y: 2}, {X: 1, Y: 2}, {X: 1, Y: 1}}},
		}},
		"should have no parts for an empty set": {annot.Mask{}, annot.Polygon{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.m.Trace()); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, m := range map[string]annot.Mask{
		"should cut holes that touch in a corner apart":   bitmap("####", "#.##", "##.#", "####"),
		"should cut a bay that closes in a corner off":    bitmap("###.", "#.#.", "##..", "#..."),
		"should cut a ring that closes in a corner":       bitmap("#####", "#...#", "#.##.", "#.#..", "###.."),
		"should keep an island within a hole":             bitmap("#####", "#...#", "#.#.#", "#...#", "#####"),
		"should hold for a chess board":                   bitmap("#.#.#", ".#.#.", "#.#.#", ".#.#."),
		"should hold for an inverse chess board in frame": bitmap("######", "#.#.##", "##.#.#", "#.#.##", "######"),
	} {
		t.Run(name, func(t *testing.T) { checkOutline(t, m) })
	}
	t.Run("should be exact for any mask", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 6))
		for range 3000 {
			checkOutline(t, randomMask(rng, randomRect(rng)))
		}
	})
}

func TestComponents(t *testing.T) {
	m := annot.NewMask(image.Rect(5, 5, 9, 8), []byte{
		1, 0, 0, 1,
		0, 1, 1, 0,
		0, 0, 1, 0,
	})
	describe := func(ms []annot.Mask) string {
		s := ""
		for _, m := range ms {
			s += fmt.Sprint(m.Rect(), m.Area(), " ")
		}
		return s
	}
	if got, want := describe(m.Components(false)), "(5,5)-(6,6) 1 (6,6)-(8,8) 3 (8,5)-(9,6) 1 "; got != want {
		t.Errorf("connected by sides: %s, want %s", got, want)
	}
	if got, want := describe(m.Components(true)), "(5,5)-(9,8) 5 "; got != want {
		t.Errorf("connected by corners too: %s, want %s", got, want)
	}
	t.Run("should agree with a flood fill", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 8))
		for range 1000 {
			m := randomMask(rng, randomRect(rng))
			for _, diagonal := range []bool{false, true} {
				pieces := m.Components(diagonal)
				if want := countFlood(pixelsOf(m), diagonal); len(pieces) != want {
					t.Fatalf("%d pieces, want %d", len(pieces), want)
				}
				if all := annot.UnionAll(pieces...); !all.Equal(m) {
					t.Fatalf("pieces of %v make %v", m, all)
				}
			}
		}
	})
}

func countFlood(px pixels, diagonal bool) int {
	n := 0
	for len(px) > 0 {
		n++
		var stack []image.Point
		for p := range px {
			stack = append(stack, p)
			break
		}
		for len(stack) > 0 {
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if !px[p] {
				continue
			}
			delete(px, p)
			for dx := -1; dx <= 1; dx++ {
				for dy := -1; dy <= 1; dy++ {
					if diagonal || dx == 0 || dy == 0 {
						stack = append(stack, p.Add(image.Pt(dx, dy)))
					}
				}
			}
		}
	}
	return n
}
