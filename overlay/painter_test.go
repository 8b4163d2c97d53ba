package overlay_test

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/overlay/overlaytest"
)

func TestDrawWithinSubImage(t *testing.T) {
	t.Parallel()
	t.Run("should draw the same at any place of a larger picture, and nothing around it", func(t *testing.T) {
		t.Parallel()
		regions := scene()
		items := overlay.AppendFound(nil, regions)
		var p overlay.Painter
		alone := backdrop(320, 200)
		p.Draw(alone, overlay.View{Size: image.Pt(320, 200), Scale: 1, Unit: 1}, items, sceneClasses, overlay.Defaults())

		around := color.RGBA{1, 2, 3, 255}
		large := image.NewRGBA(image.Rect(-20, -30, 400, 300))
		for i := range large.Pix {
			large.Pix[i] = [4]uint8{1, 2, 3, 255}[i%4]
		}
		part := large.SubImage(image.Rect(17, -11, 337, 189)).(*image.RGBA)
		back := backdrop(320, 200)
		for y := range 200 {
			for x := range 320 {
				part.SetRGBA(17+x, y-11, back.RGBAAt(x, y))
			}
		}
		p.Draw(part, overlay.View{Size: image.Pt(320, 200), Scale: 1, X: 17, Y: -11, Unit: 1}, items, sceneClasses, overlay.Defaults())
		for y := large.Rect.Min.Y; y < large.Rect.Max.Y; y++ {
			for x := large.Rect.Min.X; x < large.Rect.Max.X; x++ {
				want := around
				if image.Pt(x, y).In(part.Rect) {
					want = alone.RGBAAt(x-17, y+11)
				}
				if got := large.RGBAAt(x, y); got != want {
					t.Fatalf("pixel (%d, %d) is %v, want %v", x, y, got, want)
				}
			}
		}
	})
}

func TestDrawOnTransparentLayer(t *testing.T) {
	t.Parallel()
	t.Run("should give the same picture when the layer is laid over the photo", func(t *testing.T) {
		t.Parallel()
		regions := scene()
		items := overlay.AppendReviewed(nil, regions)
		view := overlay.View{Size: image.Pt(320, 200), Scale: 1, Unit: 1}
		var p overlay.Painter
		direct := backdrop(320, 200)
		p.Draw(direct, view, items, sceneClasses, overlay.Defaults())
		layer := image.NewRGBA(image.Rect(0, 0, 320, 200))
		p.Draw(layer, view, items, sceneClasses, overlay.Defaults())
		back := backdrop(320, 200)
		for y := range 200 {
			for x := range 320 {
				l, b := layer.RGBAAt(x, y), back.RGBAAt(x, y)
				if l.R > l.A || l.G > l.A || l.B > l.A {
					t.Fatalf("pixel (%d, %d) of the layer, %v, has more colour than opacity", x, y, l)
				}
				mix := func(over, under uint8) uint8 { return over + uint8(int(under)*(255-int(l.A))/255) }
				got := color.RGBA{mix(l.R, b.R), mix(l.G, b.G), mix(l.B, b.B), 255}
				if want := direct.RGBAAt(x, y); !overlaytest.Near(got, want, 8) {
					t.Fatalf("pixel (%d, %d) is %v over the photo, want %v", x, y, got, want)
				}
			}
		}
	})
}

func TestPicture(t *testing.T) {
	t.Parallel()
	t.Run("should leave the photo as it is", func(t *testing.T) {
		t.Parallel()
		photo := backdrop(320, 200)
		before := slices.Clone(photo.Pix)
		regions := scene()
		var p overlay.Painter
		out := p.Picture(photo, overlay.AppendFound(nil, regions), sceneClasses, overlay.Defaults())
		if !slices.Equal(before, photo.Pix) {
			t.Error("the photo was drawn on")
		}
		if slices.Equal(before, out.Pix) {
			t.Error("nothing was drawn")
		}
	})
	t.Run("should draw nothing of hidden regions and with the zero options", func(t *testing.T) {
		t.Parallel()
		photo := backdrop(320, 200)
		regions := scene()
		var p overlay.Painter
		if out := p.Picture(photo, overlay.AppendFound(nil, regions), sceneClasses, overlay.Options{}); !slices.Equal(photo.Pix, out.Pix) {
			t.Error("something was drawn with the zero options")
		}
		for i := range regions {
			regions[i].Hidden = true
		}
		if out := p.Picture(photo, overlay.AppendFound(nil, regions), sceneClasses, overlay.Defaults()); !slices.Equal(photo.Pix, out.Pix) {
			t.Error("a hidden region was drawn")
		}
	})
}

func TestAppendReviewed(t *testing.T) {
	t.Parallel()
	regions := []annot.Region{
		{Review: annot.Suggested},
		{Review: annot.Accepted},
		{Review: annot.Accepted, Locked: true},
		{Review: annot.Suggested, Locked: true},
	}
	var got []overlay.State
	for _, it := range overlay.AppendReviewed(nil, regions) {
		got = append(got, it.State)
	}
	want := []overlay.State{overlay.Suggested, overlay.Accepted, overlay.Locked, overlay.Suggested}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestMaskSampling(t *testing.T) {
	t.Parallel()
	t.Run("should take the photo pixel under each pixel's centre, at any scale and offset", func(t *testing.T) {
		t.Parallel()
		rng := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			r := image.Rect(0, 0, 1+rng.IntN(30), 1+rng.IntN(30)).Add(image.Pt(rng.IntN(20), rng.IntN(20)))
			dense := rng.IntN(4)
			m := maskOf(r, func(int, int) bool { return rng.IntN(4) <= dense })
			bits := m.Bitmap(nil)
			v := overlay.View{
				Size: image.Pt(60, 60), Scale: math.Exp(rng.Float64()*4 - 2),
				X: rng.Float64()*40 - 30, Y: rng.Float64()*40 - 30,
			}
			const w, h = 50, 40
			got := overlay.SampleMask(m, v, w, h)
			for i := range got {
				px := int(math.Floor((float64(i%w) + 0.5 - v.X) / v.Scale))
				py := int(math.Floor((float64(i/w) + 0.5 - v.Y) / v.Scale))
				want := false
				if image.Pt(px, py).In(r) {
					want = bits[(py-r.Min.Y)*r.Dx()+px-r.Min.X] != 0
				}
				if got[i] != want {
					t.Fatalf("mask %v, view %+v: pixel (%d, %d) is %v", r, v, i%w, i/w, got[i])
				}
			}
		}
	})
}

// cracks counts the sides between a pixel in a w × h bitmap and one outside, by their middles.
func cracks(bits []byte, w, h int) map[[2]float32]int {
	at := func(x, y int) byte {
		if x < 0 || y < 0 || x >= w || y >= h {
			return 0
		}
		return bits[y*w+x]
	}
	out := map[[2]float32]int{}
	for y := range h + 1 {
		for x := range w + 1 {
			if at(x, y) != at(x, y-1) {
				out[[2]float32{float32(x) + 0.5, float32(y)}]++
			}
			if at(x, y) != at(x-1, y) {
				out[[2]float32{float32(x), float32(y) + 0.5}]++
			}
		}
	}
	return out
}

func TestContours(t *testing.T) {
	t.Parallel()
	t.Run("should walk every crack once", func(t *testing.T) {
		t.Parallel()
		rng := rand.New(rand.NewPCG(3, 4))
		for range 200 {
			w, h := 1+rng.IntN(24), 1+rng.IntN(24)
			bits := make([]byte, w*h)
			for i := range bits {
				bits[i] = byte(rng.IntN(2))
			}
			got := map[[2]float32]int{}
			for _, ring := range overlay.Contours(bits, w, h, 0) {
				for _, p := range ring {
					got[p]++
				}
			}
			if d := cmp.Diff(cracks(bits, w, h), got); d != "" {
				t.Fatalf("cracks of a %d × %d bitmap: %s", w, h, d)
			}
		}
	})
	t.Run("should find the hole, and keep pixels that touch at a corner in one piece", func(t *testing.T) {
		t.Parallel()
		if n := len(overlay.Contours([]byte{1, 1, 1, 1, 0, 1, 1, 1, 1}, 3, 3, 0)); n != 2 {
			t.Errorf("a ring has %d outlines, want 2", n)
		}
		if n := len(overlay.Contours([]byte{1, 0, 0, 1}, 2, 2, 0)); n != 1 {
			t.Errorf("two pixels at a corner have %d outlines, want 1", n)
		}
	})
	t.Run("should smooth a disc's outline to nearly a circle around the same middle", func(t *testing.T) {
		t.Parallel()
		const size, r = 80, 30
		bits := make([]byte, size*size)
		for i := range bits {
			if math.Hypot(float64(i%size)-39.5, float64(i/size)-39.5) <= r {
				bits[i] = 1
			}
		}
		rings := overlay.Contours(bits, size, size, 3)
		if len(rings) != 1 {
			t.Fatalf("%d outlines, want 1", len(rings))
		}
		for _, p := range rings[0] {
			if d := math.Hypot(float64(p[0])-40, float64(p[1])-40); math.Abs(d-r) > 0.75 {
				t.Errorf("point %v is %.2f from the middle, want about %d", p, d, r)
			}
		}
	})
}

func TestPlacer(t *testing.T) {
	t.Parallel()
	area := image.Rect(0, 0, 200, 100)
	box := image.Rect(50, 40, 150, 90)
	const w, h = 40, 20
	above := image.Rect(50, 16, 90, 36)
	inside := image.Rect(54, 46, 94, 66)
	topRight := image.Rect(106, 46, 146, 66)
	bottomLeft := image.Rect(54, 64, 94, 84)
	for name, c := range map[string]struct {
		taken []image.Rectangle
		box   image.Rectangle
		want  image.Rectangle
		ok    bool
	}{
		"should take the place above first":           {nil, box, above, true},
		"should go inside when above is taken":        {[]image.Rectangle{above}, box, inside, true},
		"should go inside when above is no photo":     {nil, box.Sub(image.Pt(0, 30)), inside.Sub(image.Pt(0, 30)), true},
		"should go to the top right third":            {[]image.Rectangle{above, inside}, box, topRight, true},
		"should go to the bottom left fourth":         {[]image.Rectangle{above, image.Rect(54, 46, 146, 64)}, box, bottomLeft, true},
		"should move left to stay in the photo":       {nil, image.Rect(180, 40, 190, 90), image.Rect(160, 16, 200, 36), true},
		"should follow the part that can be seen":     {nil, image.Rect(-50, -50, 300, 300), image.Rect(4, 6, 44, 26), true},
		"should give up when all is taken":            {[]image.Rectangle{area}, box, image.Rectangle{}, false},
		"should give nothing to a box out of sight":   {nil, box.Add(image.Pt(400, 0)), image.Rectangle{}, false},
		"should take a box without an inside as well": {nil, image.Rect(50, 40, 50, 40), above, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p overlay.Placer
			p.Reset(area, h)
			for _, r := range c.taken {
				p.Reserve(r)
			}
			got, ok := p.Place(c.box, w, h, 1)
			if got != c.want || ok != c.ok {
				t.Errorf("got %v, %v, want %v, %v", got, ok, c.want, c.ok)
			}
		})
	}
}

// assertApart fails when tags leave the picture or lie on each other.
func assertApart(t *testing.T, area image.Rectangle, tags []image.Rectangle) {
	t.Helper()
	for i, r := range tags {
		if r.Empty() || !r.In(area) {
			t.Fatalf("tag %v is not in %v", r, area)
		}
		for _, o := range tags[:i] {
			if r.Overlaps(o) {
				t.Fatalf("tags %v and %v overlap", r, o)
			}
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	t.Run("should lie in the photo and apart, whatever the boxes", func(t *testing.T) {
		t.Parallel()
		rng := rand.New(rand.NewPCG(5, 6))
		var p overlay.Painter
		for range 60 {
			size := image.Pt(20+rng.IntN(600), 20+rng.IntN(400))
			var regions []annot.Region
			for range rng.IntN(80) {
				x, y := rng.Float64()*700-50, rng.Float64()*500-50
				box := annot.Box{X0: x, Y0: y, X1: x + rng.Float64()*200, Y1: y + rng.Float64()*200}
				regions = append(regions, byModel(rng.IntN(len(sceneClasses)), rng.Float64(), box, nil))
			}
			dst := image.NewRGBA(image.Rectangle{Max: size})
			opt := overlay.Defaults()
			opt.Dots = rng.IntN(2) == 0
			p.Draw(dst, overlay.View{Size: size, Scale: 1}, overlay.AppendFound(nil, regions), sceneClasses, opt)
			tags, dots := p.TagRects()
			assertApart(t, dst.Rect, tags)
			for _, d := range dots {
				if !d.In(dst.Rect) {
					t.Fatalf("dot %v is not in %v", d, dst.Rect)
				}
			}
		}
	})
	t.Run("should give every region a tag when there is room", func(t *testing.T) {
		t.Parallel()
		var regions []annot.Region
		for i := range 24 {
			x, y := float64(i%6*160+5), float64(i/6*160)
			regions = append(regions, byModel(i%6, 0.5, annot.Box{X0: x, Y0: y, X1: x + 60, Y1: y + 60}, nil))
		}
		dst := image.NewRGBA(image.Rect(0, 0, 960, 640))
		var p overlay.Painter
		opt := overlay.Defaults()
		opt.Legend = false
		p.Draw(dst, overlay.View{Size: dst.Rect.Size(), Scale: 1}, overlay.AppendFound(nil, regions), sceneClasses, opt)
		tags, dots := p.TagRects()
		if len(tags) != len(regions) || len(dots) != 0 {
			t.Errorf("%d tags and %d dots for %d regions", len(tags), len(dots), len(regions))
		}
		assertApart(t, dst.Rect, tags)
	})
	t.Run("should give small boxes dots and the smallest nothing, but the selected one its tag", func(t *testing.T) {
		t.Parallel()
		regions := []annot.Region{
			byModel(0, 0.5, annot.Box{X0: 100, Y0: 100, X1: 200, Y1: 150}, nil),
			byModel(0, 0.5, annot.Box{X0: 300, Y0: 100, X1: 395, Y1: 150}, nil),
			byModel(0, 0.5, annot.Box{X0: 100, Y0: 300, X1: 139, Y1: 350}, nil),
			byModel(0, 0.5, annot.Box{X0: 300, Y0: 300, X1: 330, Y1: 350}, nil),
		}
		items := overlay.AppendFound(nil, regions)
		items[3].Focus = overlay.Selected
		dst := image.NewRGBA(image.Rect(0, 0, 960, 640))
		var p overlay.Painter
		opt := overlay.Defaults()
		opt.Dots = true
		p.Draw(dst, overlay.View{Size: dst.Rect.Size(), Scale: 1, Unit: 1}, items, sceneClasses, opt)
		tags, dots := p.TagRects()
		if len(tags) != 2 || len(dots) != 1 {
			t.Errorf("%d tags and %d dots, want 2 and 1", len(tags), len(dots))
		}
	})
	t.Run("should leave a crowd's photo to be seen", func(t *testing.T) {
		t.Parallel()
		regions, size := crowd(1000)
		dst := image.NewRGBA(image.Rectangle{Max: size})
		var p overlay.Painter
		p.Draw(dst, overlay.View{Size: size, Scale: 1}, overlay.AppendFound(nil, regions), sceneClasses, overlay.Defaults())
		tags, _ := p.TagRects()
		covered := 0
		for _, r := range tags {
			covered += r.Dx() * r.Dy()
		}
		if covered*8 > size.X*size.Y || len(tags) < 10 {
			t.Errorf("%d tags cover %d pixels of %d", len(tags), covered, size.X*size.Y)
		}
	})
}

func TestFonts(t *testing.T) {
	t.Parallel()
	t.Run("should have the characters of everyday Chinese and European writing on every machine", func(t *testing.T) {
		t.Parallel()
		for _, r := range "猫狗杯子茶托勺人汽车自行蜥蜴鹦鹉，。；：！？（）【】ÄÖÜßéçñøłžĞŞΩжщ€→…0.87" {
			if overlay.Missing(r) {
				t.Errorf("no bundled font has %q", r)
			}
		}
	})
	t.Run("should draw something for a character that no font has", func(t *testing.T) {
		t.Parallel()
		for i, ink := range overlay.FontCoverage("A\U0010FFFD", 20) {
			if ink == 0 {
				t.Errorf("character %d has no ink", i)
			}
		}
	})
	t.Run("should find a font by its name and pass over a broken one", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		for name, data := range map[string][]byte{
			"DejaVuSans.ttf":           assets.InterRegular,
			"NotoSansCJK-Regular.ttc":  []byte("no font"),
			"wqy-microhei.ttc":         assets.InterRegular[:500],
			"sub/Arial Unicode.ttf":    assets.InterSemiBold,
			"something else.ttf":       assets.InterSemiBold,
			"segoeui.ttf/not a file":   nil,
			"NotoSansSC-Regular.empty": nil,
		} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if n := overlay.FindFonts(dir, "", filepath.Join(dir, "missing")); n != 2 {
			t.Errorf("found %d fonts, want 2", n)
		}
	})
}

// FuzzDraw draws with any numbers: nothing from a file or a model may panic.
func FuzzDraw(f *testing.F) {
	f.Add(1.0, 0.0, 0.0, 1.0, 10.0, 10.0, 50.0, 40.0, 0.5, 0, uint8(0), "cat")
	f.Add(0.001, 1e9, -1e9, 0.0, -1e300, 0.0, 1e300, 5.0, math.NaN(), -7, uint8(3), "")
	f.Add(1e6, 3.0, 3.0, 100.0, 0.0, 0.0, 1e-9, 1e-9, 7.0, 1<<40, uint8(200), "\xff\x00\n\u202e\U0001F408")
	f.Add(math.Inf(1), 0.0, 0.0, 1.0, math.NaN(), 0.0, 1.0, math.Inf(1), 0.5, 3, uint8(9), "长")
	f.Fuzz(func(t *testing.T, scale, x, y, unit, x0, y0, x1, y1, score float64, class int, kind uint8, name string) {
		box := annot.Box{X0: x0, Y0: y0, X1: x1, Y1: y1}
		shapes := []annot.Shape{
			nil,
			annot.Point{X: x0, Y: y0},
			annot.Line{{X: x0, Y: y0}, {X: x1, Y: y1}, {X: y0, Y: x1}},
			annot.Line{},
			annot.Polygon{{Outer: annot.Ring{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}}, Holes: []annot.Ring{{{X: x1, Y: x1}}, {}}}},
			annot.Polygon{},
			annot.Mask{},
			disc(40, 30, 20, 5), disc(-40, -30, 20, 5),
		}
		r := byModel(class, score, box, shapes[int(kind)%len(shapes)])
		item := overlay.Item{Region: &r, State: overlay.State(kind % 9), Focus: overlay.Focus(kind % 3)}
		dst := image.NewRGBA(image.Rect(-3, 5, 60, 50))
		var p overlay.Painter
		v := overlay.View{Size: image.Pt(80, 60), Scale: scale, X: x, Y: y, Unit: unit}
		classes := []annot.Class{{Name: name}, {Name: name, Color: name}}
		p.Draw(dst, v, []overlay.Item{item, {}, item}, classes, overlay.Defaults())
	})
}

// crowd returns n boxes over a photo of full HD size.
func crowd(n int) ([]annot.Region, image.Point) {
	rng := rand.New(rand.NewPCG(7, 8))
	regions := make([]annot.Region, n)
	for i := range regions {
		x, y := rng.Float64()*1800, rng.Float64()*960
		box := annot.Box{X0: x, Y0: y, X1: x + 40 + rng.Float64()*80, Y1: y + 40 + rng.Float64()*80}
		regions[i] = byModel(rng.IntN(6), rng.Float64(), box, nil)
	}
	return regions, image.Pt(1920, 1080)
}

// masks returns n masks over a photo of full HD size, with wavy outlines as a model draws them.
func masks(n int) ([]annot.Region, image.Point) {
	rng := rand.New(rand.NewPCG(9, 10))
	regions := make([]annot.Region, n)
	for i := range regions {
		cx, cy, r := 200+rng.Float64()*1500, 150+rng.Float64()*750, 80+rng.Float64()*150
		m := maskOf(image.Rect(int(cx-r*1.3), int(cy-r*1.3), int(cx+r*1.3), int(cy+r*1.3)), func(x, y int) bool {
			dx, dy := float64(x)-cx, float64(y)-cy
			return math.Hypot(dx, dy) < r*(1+0.2*math.Sin(5*math.Atan2(dy, dx)))
		})
		regions[i] = byModel(i%6, rng.Float64(), m.Bounds(), m)
	}
	return regions, image.Pt(1920, 1080)
}

func TestDrawMakesNoGarbage(t *testing.T) {
	regions, size := masks(5)
	more, _ := crowd(50)
	items := overlay.AppendReviewed(overlay.AppendFound(nil, append(regions, more...)), scene())
	dst := image.NewRGBA(image.Rectangle{Max: size})
	var p overlay.Painter
	draw := func() {
		p.Draw(dst, overlay.View{Size: size, Scale: 1}, items, sceneClasses, overlay.Defaults())
	}
	draw()
	if n := testing.AllocsPerRun(5, draw); n != 0 {
		t.Errorf("%v allocations for a picture in steady state, want none", n)
	}
}

func BenchmarkDraw(b *testing.B) {
	manyMasks, size := masks(20)
	manyBoxes, _ := crowd(1000)
	for _, c := range []struct {
		name    string
		regions []annot.Region
		scale   float64
	}{
		{"20 masks", manyMasks, 1},
		{"20 masks halved", manyMasks, 0.5},
		{"1000 boxes", manyBoxes, 1},
	} {
		b.Run(fmt.Sprintf("%s on %dx%d", c.name, size.X, size.Y), func(b *testing.B) {
			items := overlay.AppendFound(nil, c.regions)
			dst := image.NewRGBA(image.Rectangle{Max: size})
			var p overlay.Painter
			b.ReportAllocs()
			for b.Loop() {
				p.Draw(dst, overlay.View{Size: size, Scale: c.scale}, items, sceneClasses, overlay.Defaults())
			}
		})
	}
}
