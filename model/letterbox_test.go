package model_test

import (
	"image"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
)

func TestLetterbox(t *testing.T) {
	for name, c := range map[string]struct {
		crop    image.Rectangle
		size    int
		resized image.Point
	}{
		"should scale the long side to the canvas":    {image.Rect(0, 0, 640, 480), 416, image.Pt(416, 312)},
		"should round halves to even, as Python does": {image.Rect(0, 0, 8, 5), 4, image.Pt(4, 2)},
		"should keep at least a pixel":                {image.Rect(0, 0, 1000, 1), 416, image.Pt(416, 1)},
		"should enlarge a small photo":                {image.Rect(0, 0, 1, 1), 416, image.Pt(416, 416)},
		"should scale a tile by its own size":         {image.Rect(100, 100, 300, 200), 400, image.Pt(400, 200)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := model.NewLetterbox(c.crop, model.ImageSpec{Size: c.size}).Resized(); got != c.resized {
				t.Errorf("got %v, want %v", got, c.resized)
			}
		})
	}
}

func TestBoxesComeBackFromTheCanvas(t *testing.T) {
	l := model.NewLetterbox(image.Rect(100, 50, 300, 150), model.ImageSpec{Size: 400})
	want := annot.Box{X0: 120, Y0: 60, X1: 280, Y1: 140}
	if got := l.ToPhoto(l.ToCanvas(want)); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	clipped := l.ToPhoto(annot.Box{X0: -10, Y0: 100, X1: 50, Y1: 1000})
	if want := (annot.Box{X0: 100, Y0: 100, X1: 125, Y1: 150}); clipped != want {
		t.Errorf("got %v, want %v", clipped, want)
	}
	if b := l.ToPhoto(annot.Box{X0: 10, Y0: 300, X1: 20, Y1: 390}); !b.Empty() {
		t.Errorf("a box in the padding became %v", b)
	}
}

func TestAMarginCutsTheCanvasDown(t *testing.T) {
	spec := model.ImageSpec{Size: 416, Multiple: 32, Margin: 64}
	for name, c := range map[string]struct {
		photo, canvas image.Point
	}{
		"should keep the margin, rounded up":              {image.Pt(640, 480), image.Pt(416, 384)},
		"should cut the other side of a portrait":         {image.Pt(426, 640), image.Pt(352, 416)},
		"should leave a square photo its square":          {image.Pt(500, 500), image.Pt(416, 416)},
		"should leave a narrow strip room to be seen":     {image.Pt(4000, 20), image.Pt(416, 96)},
		"should leave a small canvas enough to pick from": {image.Pt(20, 4000), image.Pt(128, 160)},
	} {
		t.Run(name, func(t *testing.T) {
			spec := spec
			if c.canvas.Y == 160 {
				spec.Size = 160
			}
			if got := model.NewLetterbox(image.Rectangle{Max: c.photo}, spec).Canvas; got != c.canvas {
				t.Errorf("got %v, want %v", got, c.canvas)
			}
		})
	}
}

func TestAFittedCanvasHoldsTheContentAndTheWindow(t *testing.T) {
	short := model.ImageSpec{Size: 448, Multiple: 1, Resize: "short", MaxLong: 2048, Window: 448, Stride: 224}
	long := model.ImageSpec{Size: 520, Multiple: 1, Resize: "long", Window: 480, Stride: 320}
	for name, c := range map[string]struct {
		spec            model.ImageSpec
		photo           image.Point
		content, canvas image.Point
	}{
		"should scale the short side, halves up": {short, image.Pt(641, 480), image.Pt(598, 448), image.Pt(598, 448)},
		"should bound the long side":             {short, image.Pt(6000, 600), image.Pt(2048, 205), image.Pt(2048, 448)},
		"should scale the long side":             {long, image.Pt(480, 641), image.Pt(389, 520), image.Pt(480, 520)},
	} {
		t.Run(name, func(t *testing.T) {
			l := model.NewLetterbox(image.Rectangle{Max: c.photo}, c.spec)
			if l.Resized() != c.content || l.Canvas != c.canvas {
				t.Errorf("content %v on %v, want %v on %v", l.Resized(), l.Canvas, c.content, c.canvas)
			}
			whole := annot.Box{X1: float64(c.content.X), Y1: float64(c.content.Y)}
			if got, want := l.ToPhoto(whole), (annot.Box{X1: float64(c.photo.X), Y1: float64(c.photo.Y)}); got != want {
				t.Errorf("the content is %v of the photo, want %v", got, want)
			}
		})
	}
}
