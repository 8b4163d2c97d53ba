package prep_test

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/prep"
)

// ramp is a photo whose red is 10 times the column and whose green is 10 times the row.
func ramp(w, h int) *photo.Photo {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(10 * x), uint8(10 * y), 7, 255})
		}
	}
	return &photo.Photo{Pix: img}
}

func TestSamplingKeepsTheCornersThatItShould(t *testing.T) {
	for name, c := range map[string]struct {
		grow string
		red  []float32 // along a row
	}{
		// torch.nn.functional.interpolate([0, 10, 20, 30], 7, align_corners=True)
		"should keep both": {"linear-corners", []float32{0, 5, 10, 15, 20, 25, 30}},
		// tf.compat.v1.image.resize_bilinear([0, 10, 20, 30], 7)
		"should keep the first": {"linear-corner", []float32{0, 40. / 7, 80. / 7, 120. / 7, 160. / 7, 200. / 7, 240. / 7}},
	} {
		t.Run(name, func(t *testing.T) {
			s := model.ImageSpec{
				Size: 7, Multiple: 1, Resize: "long", Shrink: c.grow, Grow: c.grow, Order: "RGB", Pad: 100, PadMean: true,
				Window: 8, Stride: 8, Mean: [3]float32{1, 2, 3}, Std: [3]float32{2, 2, 2},
			}
			l := model.NewLetterbox(image.Rect(0, 0, 4, 2), s)
			planes := make([]float32, 3*8*8)
			if err := preparer(t, s).Fill(planes, ramp(4, 2), l); err != nil {
				t.Fatal(err)
			}
			for x, red := range c.red {
				if want := (min(red, 30) - 1) / 2; math.Abs(float64(planes[x]-want)) > 1e-4 {
					t.Errorf("pixel %d is %v, want %v", x, planes[x], want)
				}
			}
			if content := l.Resized(); content != image.Pt(7, 4) {
				t.Fatal(content)
			}
			if planes[7] != 0 || planes[4*8] != 0 || planes[8*8+7*8] != 0 {
				t.Error("the canvas is not 0 beside the content")
			}
		})
	}
}

func TestSamplingRefusesWhatDoesNotFit(t *testing.T) {
	s := model.ImageSpec{Size: 8, Multiple: 1, Resize: "long", Shrink: "linear-corner", Grow: "linear-corner", Order: "BGR", Std: [3]float32{1, 1, 1}}
	p := preparer(t, s)
	if _, err := prep.New(s); err != nil {
		t.Fatal(err)
	}
	for name, crop := range map[string]image.Rectangle{"a part outside the photo": image.Rect(0, 0, 9, 9), "an empty part": {}} {
		l := model.Letterbox{Crop: crop, Canvas: image.Pt(8, 8), Scale: 1}
		if err := p.Fill(make([]float32, 3*64), ramp(4, 4), l); err == nil {
			t.Error(name + " is accepted")
		}
	}
}
