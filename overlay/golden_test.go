package overlay_test

import (
	"image"
	"image/color"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/overlay/overlaytest"
)

// assertGolden compares a picture with testdata/NAME.png.
func assertGolden(t *testing.T, name string, got *image.RGBA) {
	t.Helper()
	overlaytest.Golden(t, name, got, 0.002)
}

// backdrop is a picture with light and dark parts.
func backdrop(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := uint8(40 + 170*(x*2/w))
			m.SetRGBA(x, y, color.RGBA{v, v, v - uint8(30*(y*2/h)), 255})
		}
	}
	return m
}

// maskOf returns the mask of the photo's pixels for which in holds, over r.
func maskOf(r image.Rectangle, in func(x, y int) bool) annot.Mask {
	bits := make([]byte, 0, r.Dx()*r.Dy())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if in(x, y) {
				bits = append(bits, 1)
			} else {
				bits = append(bits, 0)
			}
		}
	}
	return annot.NewMask(r, bits)
}

// disc returns a mask of a disc, with a hole when inner is not 0.
func disc(cx, cy, outer, inner int) annot.Mask {
	return maskOf(image.Rect(cx-outer, cy-outer, cx+outer, cy+outer), func(x, y int) bool {
		d := (2*x-2*cx+1)*(2*x-2*cx+1) + (2*y-2*cy+1)*(2*y-2*cy+1)
		return d <= 4*outer*outer && d >= 4*inner*inner
	})
}

func byModel(class int, score float64, box annot.Box, shape annot.Shape) annot.Region {
	return annot.Region{
		Class: class, Score: score, Box: box, Shape: shape,
		Source: annot.Source{Maker: annot.ByModel}, Review: annot.Suggested,
	}
}

// scene has one region of each shape.
func scene() []annot.Region {
	ring := disc(60, 70, 38, 14)
	small := disc(150, 60, 20, 0)
	house := annot.Polygon{{
		Outer: annot.Ring{{X: 200, Y: 90}, {X: 240, Y: 55}, {X: 280, Y: 90}, {X: 280, Y: 140}, {X: 200, Y: 140}},
		Holes: []annot.Ring{{{X: 230, Y: 100}, {X: 250, Y: 100}, {X: 250, Y: 130}, {X: 230, Y: 130}}},
	}}
	path := annot.Line{{X: 20, Y: 170}, {X: 80, Y: 150}, {X: 130, Y: 175}}
	return []annot.Region{
		byModel(0, 0.914, ring.Bounds(), ring),
		byModel(1, 0.5, small.Bounds(), small),
		byModel(2, 0.75, house.Bounds(), house),
		byModel(3, 0.301, annot.Box{X0: 120, Y0: 110, X1: 190, Y1: 150}, nil),
		byModel(4, 1, path.Bounds(), path),
		byModel(5, 0.2, annot.Box{X0: 250, Y0: 175, X1: 250, Y1: 175}, annot.Point{X: 250, Y: 175}),
	}
}

var sceneClasses = []annot.Class{
	{Name: "ring"}, {Name: "猫 cat"}, {Name: "house"}, {Name: "box", Color: "#ffffff"}, {Name: "path"}, {Name: "point"},
}

func TestDrawGolden(t *testing.T) {
	t.Parallel()
	size := image.Pt(320, 200)
	whole := overlay.View{Size: size, Scale: 1, Unit: 1}
	for name, c := range map[string]struct {
		view  overlay.View
		items func([]annot.Region) []overlay.Item
		opt   func(*overlay.Options)
	}{
		"found": {view: whole},
		"reviewed": {
			view: whole,
			items: func(r []annot.Region) []overlay.Item {
				r[0].Review, r[2].Review, r[2].Locked, r[3].Review = annot.Accepted, annot.Accepted, true, annot.Accepted
				items := overlay.AppendReviewed(nil, r)
				items[1].Focus, items[3].Focus = overlay.Hovered, overlay.Selected
				return items
			},
		},
		"evaluated": {
			view: whole,
			items: func(r []annot.Region) []overlay.Item {
				items := overlay.AppendFound(nil, r[:4])
				for i, s := range []overlay.State{overlay.Correct, overlay.Extra, overlay.Missed, overlay.Extra} {
					items[i].State = s
				}
				return items
			},
			opt: func(o *overlay.Options) { o.Dots = true },
		},
		"pixels at 800 percent": {view: overlay.View{Size: size, Scale: 8, X: -1080, Y: -400, Unit: 1}},
		"small and offset":      {view: overlay.View{Size: size, Scale: 0.5, X: 80.25, Y: 50.5, Unit: 1}},
		"boxes and legend": {
			view: overlay.View{Size: size, Scale: 1, Unit: 0.8},
			opt:  func(o *overlay.Options) { *o = overlay.Options{Boxes: true, Legend: true} },
		},
		"boxes alone": {
			view: whole,
			opt:  func(o *overlay.Options) { *o = overlay.Options{Boxes: true} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			regions := scene()
			items := overlay.AppendFound(nil, regions)
			if c.items != nil {
				items = c.items(regions)
			}
			opt := overlay.Defaults()
			if c.opt != nil {
				c.opt(&opt)
			}
			dst := backdrop(320, 200)
			var p overlay.Painter
			p.Draw(dst, c.view, items, sceneClasses, opt)
			assertGolden(t, name, dst)
		})
	}
}

func TestTextGolden(t *testing.T) {
	t.Parallel()
	classes := []annot.Class{
		{Name: "AVATAR To 0123"},
		{Name: "咖啡杯 蜥蜴"},
		{Name: "Straße, naïve, Ελλάδα"},
		{Name: "no font has \U0010FFFD this"},
		{Name: "a name that is too long for any tag to hold it"},
	}
	var regions []annot.Region
	for i := range classes {
		y := 30 + 40*float64(i)
		regions = append(regions, byModel(i, float64(i)/4, annot.Box{X0: 10, Y0: y, X1: 310, Y1: y + 12}, nil))
	}
	dst := backdrop(320, 220)
	var p overlay.Painter
	opt := overlay.Defaults()
	opt.Legend = false
	p.Draw(dst, overlay.View{Size: dst.Rect.Size(), Scale: 1, Unit: 1}, overlay.AppendFound(nil, regions), classes, opt)
	assertGolden(t, "text", dst)
}
