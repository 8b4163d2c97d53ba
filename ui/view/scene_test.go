package view

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/overlay/overlaytest"
	"github.com/saysee/saysee/ui/geom"
)

// table is a scene with a region of every kind on a photo of 250 × 170, shown in 266 × 186.
func table(around color.RGBA) *scene {
	s := newScene()
	s.background = around
	s.photo = NewPyramid(testPhoto(250, 170))
	s.photo.Build()
	s.place = geom.Fit(image.Pt(250, 170), 266, 186, 8)
	ring := outline(150, 30, 230, 40, 220, 100, 160, 90)
	ring.Shape.(annot.Polygon)[0].Holes = []annot.Ring{{{X: 180, Y: 55}, {X: 200, Y: 58}, {X: 195, Y: 75}}}
	masked := outline(20, 110, 60, 100, 120, 120, 100, 160, 30, 150)
	masked.Shape = masked.Shape.(annot.Polygon).Rasterize(250, 170, annot.EvenOdd)
	regions := []annot.Region{
		rect(box(10, 30, 130, 90)), ring, suggested(masked), suggested(rect(box(140, 110, 240, 160))),
		{Box: box(80, 60, 80, 60), Shape: annot.Point{X: 80, Y: 60}},
	}
	for i := range regions {
		regions[i].ID, regions[i].Class = annot.RegionID(i+1), i
	}
	regions[0].Locked = true
	s.setItems(Items(regions), []annot.Class{{Name: "table"}, {Name: "plate"}, {Name: "猫"}, {Name: "spoon"}, {Name: "dot"}})
	return s
}

func (s *scene) shown() *image.RGBA {
	w, h := s.place.View()
	return s.render(int(w), int(h))
}

func TestPictures(t *testing.T) {
	for theme, around := range map[string]color.RGBA{"dark": dark, "light": light} {
		for name, prepare := range map[string]func(s *scene){
			"plain":            func(*scene) {},
			"hovered":          func(s *scene) { s.hovered = 3 },
			"selected polygon": func(s *scene) { s.selected[2] = true },
			"selected mask":    func(s *scene) { s.selected[3] = true },
		} {
			t.Run(theme+" "+name, func(t *testing.T) {
				s := table(around)
				prepare(s)
				overlaytest.Golden(t, theme+" "+name, s.shown(), 0)
			})
		}
	}
	t.Run("pixels with a grid", func(t *testing.T) {
		s := table(dark)
		s.selected[3] = true
		s.place = s.place.ZoomAt(s.place.ToView(annot.Point{X: 25, Y: 113}), 12)
		overlaytest.Golden(t, "pixels", s.shown(), 0)
	})
	t.Run("a dense screen", func(t *testing.T) {
		s := table(dark)
		s.unit = 2
		s.selected[4] = true
		s.place = geom.Fit(image.Pt(250, 170), 282, 202, 16)
		overlaytest.Golden(t, "dense", s.shown(), 0)
	})
	t.Run("an outline in the making", func(t *testing.T) {
		s := table(dark)
		s.setItems(nil, nil)
		line := annot.Line{{X: 30, Y: 40}, {X: 200, Y: 60}, {X: 150, Y: 140}, {X: 32, Y: 43}}
		s.fresh = &annot.Region{Box: line.Bounds(), Shape: line}
		s.marks = marks{points: line[:3], strong: 0}
		overlaytest.Golden(t, "making", s.shown(), 0)
	})
	t.Run("no photo", func(t *testing.T) {
		s := newScene()
		s.background = light
		if n := overlaytest.Differing(s.render(40, 30), image.NewUniform(light), 0); n > 0 {
			t.Errorf("%d pixels are not of the colour around", n)
		}
	})
}

// TestStill holds what saves the work: whatever was drawn anew, shifted or kept, the picture is the same as one
// that is drawn at once. (A line that the view cuts is sampled from another place, which a pixel may show.)
func TestStill(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	items := scatter(40, image.Pt(900, 700))
	for i := range items {
		items[i].State = overlay.Accepted // dashes begin anew where the view cuts a line
	}
	s := newScene()
	s.photo = NewPyramid(testPhoto(900, 700))
	s.photo.Build()
	s.place = geom.Fit(image.Pt(900, 700), 300, 240, 8)
	s.setItems(items, benchClasses())
	steps := map[string]func(){
		"pan": func() {
			s.place = s.place.Pan(geom.Pos{X: float64(r.IntN(81) - 40), Y: float64(r.IntN(61) - 30)})
		},
		"zoom": func() {
			s.place = s.place.ZoomAt(geom.Pos{X: 300 * r.Float64(), Y: 240 * r.Float64()}, s.place.Zoom()*(0.6+r.Float64()))
		},
		"edit": func() {
			next := append([]Item(nil), s.items...)
			i := r.IntN(len(next))
			next[i].Region.Box = geom.Move(next[i].Region.Box, 20, -10)
			next[i].Region.Shape = geom.MoveShape(next[i].Region.Shape, 20, -10)
			s.setItems(next, s.classes)
		},
		"delete and add": func() {
			next := append([]Item(nil), s.items[1:]...)
			one := s.items[0]
			one.Region.ID += 100
			s.setItems(append(next, one), s.classes)
		},
		"hide":   func() { s.items[3].Region.Hidden = !s.items[3].Region.Hidden; s.dirty.all = true },
		"draft":  func() { s.setDraft(s.items[5].Region.ID, box(100, 100, 300, 300), nil) },
		"settle": func() { s.clearDrafts() },
		"select": func() { s.selected[s.items[r.IntN(40)].Region.ID] = true; s.dirty.all = !s.selectedMove() },
	}
	names := make([]string, 0, len(steps))
	for name := range steps {
		names = append(names, name)
	}
	slices.Sort(names)
	s.shown()
	for i := range 120 {
		name := names[r.IntN(len(names))]
		steps[name]()
		got := image.NewRGBA(image.Rect(0, 0, 300, 240))
		copy(got.Pix, s.shown().Pix)
		s.dirty.all = true
		if n := overlaytest.Differing(got, s.shown(), 2); n > 4 {
			t.Fatalf("step %d, %s: %d pixels differ from a picture drawn at once", i, name, n)
		}
	}
}

// TestCrowd holds that a crowd, which is painted in parts, looks like one that is painted at once.
func TestCrowd(t *testing.T) {
	items := scatter(crowd+20, image.Pt(900, 700))
	s := newScene()
	s.options.Labels = false
	s.photo = NewPyramid(testPhoto(900, 700))
	s.place = geom.Fit(image.Pt(900, 700), 300, 240, 8)
	for i := range items {
		items[i].State = overlay.Accepted
	}
	s.setItems(items, benchClasses())
	got := s.shown()
	want := image.NewRGBA(got.Rect)
	s.scaler.draw(want, want.Rect, s.photo, s.place, s.background)
	opt := s.options.overlay()
	var layout []overlay.Item
	for i := range items {
		layout = append(layout, overlay.Item{Region: &items[i].Region, State: items[i].State})
	}
	var p overlay.Painter
	p.Draw(want, s.view(), layout, s.classes, opt)
	if n := overlaytest.Differing(got, want, 2); n > 4 {
		t.Errorf("%d pixels differ", n)
	}
}

func TestStillIsKept(t *testing.T) {
	s := table(dark)
	s.shown()
	clean := func(name string, want bool) {
		t.Helper()
		if got := !s.dirty.all && len(s.dirty.rects) == 0; got != want {
			t.Errorf("%s: nothing to draw anew is %v, want %v", name, got, want)
		}
		s.shown()
	}
	s.hovered = 2
	clean("hover", true)
	s.selected[2] = true
	clean("select", true)
	s.setItems(append([]Item(nil), s.items...), s.classes)
	clean("the same items again", true)
	s.setDraft(2, box(0, 0, 30, 30), nil)
	clean("begin of a drag", false)
	s.setDraft(2, box(0, 0, 40, 30), nil)
	clean("its next step", true)
}

func TestSameShape(t *testing.T) {
	shapes := []annot.Shape{
		nil,
		annot.Point{X: 1},
		annot.Point{X: 2},
		annot.Line{{X: 1}},
		annot.Line{{X: 2}},
		blob(0, 0, 4, 4).Shape, blob(0, 0, 5, 4).Shape,
		outline(0, 0, 4, 0, 4, 4).Shape, outline(0, 0, 4, 0, 4, 5).Shape,
		annot.Polygon{{Outer: annot.Ring{{X: 0}, {X: 4}, {X: 4, Y: 4}}, Holes: []annot.Ring{{{X: 1}}}}},
	}
	for i, a := range shapes {
		for j, b := range shapes {
			b = annot.Region{Shape: b}.Clone().Shape
			if got := sameShape(a, b); got != (i == j) {
				t.Errorf("%T %v and %T %v: same is %v", a, a, b, b, got)
			}
		}
	}
}

// slowly draws the photo by asking for every pixel by itself.
func slowly(p *image.RGBA, t geom.Transform, w, h int, around color.RGBA) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			q := t.ToPhoto(geom.Pos{X: float64(x) + 0.5, Y: float64(y) + 0.5})
			if !t.Bounds().Contains(q) {
				out.SetRGBA(x, y, around)
				continue
			}
			out.SetRGBA(x, y, p.RGBAAt(int(q.X), int(q.Y)))
		}
	}
	return out
}

func noise(w, h int) *image.RGBA {
	r := rand.New(rand.NewPCG(9, 9))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.IntN(256)) | uint8(i%4/3)*255
	}
	return img
}

func TestScaler(t *testing.T) {
	var s scaler
	photo := noise(60, 40)
	fit := geom.Fit(image.Pt(60, 40), 90, 80, 0)
	draw := func(p *Pyramid, tr geom.Transform) *image.RGBA {
		out := image.NewRGBA(image.Rect(0, 0, 90, 80))
		s.draw(out, out.Rect, p, tr, dark)
		return out
	}
	for _, zoom := range []float64{1, 2.5, 3, 7, 7.9} {
		t.Run(fmt.Sprintf("should show the pixels as they are at %v", zoom), func(t *testing.T) {
			tr := fit.ZoomAt(geom.Pos{X: 20, Y: 30}, zoom)
			if zoom == 1 { // pixels meet pixels
				o := tr.Offset()
				tr = tr.Pan(geom.Pos{X: float64(int(o.X)) - o.X, Y: float64(int(o.Y)) - o.Y})
			}
			if n := overlaytest.Differing(draw(NewPyramid(photo), tr), slowly(photo, tr, 90, 80, dark), 0); n > 0 {
				t.Errorf("%d pixels differ", n)
			}
		})
	}
	t.Run("should keep an even colour even, at any zoom and on any side", func(t *testing.T) {
		even := image.NewRGBA(image.Rect(0, 0, 501, 333))
		for i := range even.Pix {
			even.Pix[i] = 200 | uint8(i%4/3)*255
		}
		p := NewPyramid(even)
		p.Build()
		r := rand.New(rand.NewPCG(1, 1))
		for range 60 {
			tr := geom.Fit(image.Pt(501, 333), 90, 80, 0).ZoomAt(
				geom.Pos{X: 90 * r.Float64(), Y: 80 * r.Float64()}, 0.05+2*r.Float64())
			if n := overlaytest.Differing(draw(p, tr), slowly(even, tr, 90, 80, dark), 1); n > 0 {
				t.Fatalf("%d pixels differ at %v", n, tr)
			}
		}
	})
	t.Run("should follow a slope without steps when blending", func(t *testing.T) {
		slope := image.NewRGBA(image.Rect(0, 0, 512, 8))
		for i := range slope.Pix {
			slope.Pix[i] = uint8(i / 4 % 512 / 2)
		}
		p := NewPyramid(slope)
		p.Build()
		tr := geom.Fit(image.Pt(512, 8), 90, 80, 0)
		out := draw(p, tr)
		for x := range 90 {
			want := tr.ToPhoto(geom.Pos{X: float64(x) + 0.5, Y: 40}).X / 2
			if got := float64(out.RGBAAt(x, 40).R); got < want-2.5 || got > want+1.5 {
				t.Errorf("at %d: %v, want about %v", x, got, want)
			}
		}
	})
	t.Run("should take a part of a larger picture for a photo", func(t *testing.T) {
		part := photo.SubImage(image.Rect(7, 5, 47, 35)).(*image.RGBA)
		alone := image.NewRGBA(image.Rect(0, 0, 40, 30))
		for y := range 30 {
			copy(alone.Pix[y*alone.Stride:][:160], part.Pix[y*part.Stride:])
		}
		a, b := NewPyramid(part), NewPyramid(alone)
		for _, zoom := range []float64{0.7, 1.5, 4} {
			tr := geom.Fit(image.Pt(40, 30), 90, 80, 0).ZoomAt(geom.Pos{X: 20, Y: 30}, zoom)
			if n := overlaytest.Differing(draw(a, tr), draw(b, tr), 0); n > 0 {
				t.Errorf("%d pixels differ at %v", n, zoom)
			}
		}
	})
}

func TestPyramid(t *testing.T) {
	t.Run("should halve by the mean of four pixels", func(t *testing.T) {
		src := noise(7, 5)
		got := halve(src)
		if got.Rect != image.Rect(0, 0, 4, 3) {
			t.Fatalf("size %v", got.Rect)
		}
		for y := range 3 {
			for x := range 4 {
				sum := 0
				for _, d := range [4]image.Point{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
					sum += int(src.RGBAAt(min(2*x+d.X, 6), min(2*y+d.Y, 4)).G)
				}
				if g := int(got.RGBAAt(x, y).G); g != (sum+2)/4 {
					t.Errorf("(%d, %d): %d, want %d", x, y, g, (sum+2)/4)
				}
			}
		}
	})
	t.Run("should choose the size with a pixel for every two on the screen", func(t *testing.T) {
		p := NewPyramid(testPhoto(2000, 40))
		if _, i := p.level(0.1); i != 0 {
			t.Errorf("level %d before the others are made", i)
		}
		p.Build()
		for zoom, want := range map[float64]int{3: 0, 1: 0, 0.51: 0, 0.5: 1, 0.3: 1, 0.25: 2, 0.01: 3} {
			if img, i := p.level(zoom); i != want || img.Rect.Dx() != 2000>>want {
				t.Errorf("level %d of %v at %v, want %d", i, img.Rect, zoom, want)
			}
		}
	})
	t.Run("should bear a photo of one pixel, and of none", func(t *testing.T) {
		for _, size := range []image.Point{{}, {X: 1, Y: 1}, {X: 3000, Y: 1}} {
			p := NewPyramid(image.NewRGBA(image.Rectangle{Max: size}))
			p.Build()
			s := newScene()
			s.photo, s.place = p, geom.Fit(size, 40, 30, 8)
			s.render(40, 30)
		}
	})
}

func TestShift(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for range 50 {
		src := noise(20, 15)
		got := image.NewRGBA(src.Rect)
		copy(got.Pix, src.Pix)
		dx, dy := r.IntN(19)-9, r.IntN(15)-7
		shift(got, dx, dy)
		for y := range 15 {
			for x := range 20 {
				at := image.Pt(x-dx, y-dy)
				if at.In(src.Rect) && got.RGBAAt(x, y) != src.RGBAAt(at.X, at.Y) {
					t.Fatalf("moved by (%d, %d), (%d, %d) is wrong", dx, dy, x, y)
				}
			}
		}
	}
}
