package eval_test

import (
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
)

// The generated set, the same as in testdata/generated.py.
const (
	generatedPhotos  = 5000
	generatedClasses = 80
)

// random is Knuth's 64-bit linear congruential generator (MMIX).
type random uint64

// draw returns a multiple of 2^-53 in [0, 1).
func (r *random) draw() float64 {
	*r = *r*6364136223846793005 + 1442695040888963407
	return float64(*r>>11) / (1 << 53)
}

// cents rounds to two decimals. The conversions, here and below, keep the compiler from fusing products
// and sums, which Python does not.
func cents(x float64) float64 { return float64(int(float64(x*100)+0.5)) / 100 }

// box draws x, y, width and height.
func (r *random) box() [4]float64 {
	w, h := r.draw(), r.draw()
	w, h = cents(4+float64(300*float64(w*w))), cents(4+float64(300*float64(h*h)))
	return [4]float64{cents(r.draw() * 300), cents(r.draw() * 150), w, h}
}

func corners(b [4]float64) annot.Box {
	return annot.Box{X0: b[0], Y0: b[1], X1: b[0] + b[2], Y1: b[1] + b[3]}
}

func generate() []eval.Photo {
	r := random(1)
	photos := make([]eval.Photo, generatedPhotos)
	for i := range photos {
		p := &photos[i]
		p.Width, p.Height = 640, 480
		n := 7
		if (i+1)%5 == 0 {
			n = 8
		}
		for range n {
			r.object(p)
		}
		for range 3 {
			class := int(generatedClasses * r.draw())
			b := r.box()
			score := float64(int(600*r.draw())) / 1000
			p.Predictions = append(p.Predictions, annot.Region{Class: class, Box: corners(b), Score: score})
		}
	}
	return photos
}

// object adds a truth and, mostly, a prediction near it.
func (r *random) object(p *eval.Photo) {
	u := r.draw()
	class := int(generatedClasses * float64(u*u))
	b := r.box()
	crowd := r.draw() < 0.01
	p.Truth = append(p.Truth, eval.Truth{
		Region: annot.Region{Class: class, Box: corners(b)},
		Area:   cents(float64(b[2]*b[3]) * 0.6), Crowd: crowd,
	})
	if r.draw() >= 0.85 {
		return
	}
	var d [4]float64
	for i := range d {
		d[i] = cents(b[i] + float64(float64((r.draw()-0.5)*0.3)*b[2+i%2]))
	}
	if r.draw() < 0.05 {
		class = (class + 1) % generatedClasses
	}
	score := float64(int(1000*r.draw())) / 1000
	p.Predictions = append(p.Predictions, annot.Region{Class: class, Box: corners(d), Score: score})
}

// BenchmarkEvaluate is what testdata/peer_pycocotools.py times pycocotools with.
func BenchmarkEvaluate(b *testing.B) {
	photos := generate()
	for b.Loop() {
		if _, err := eval.Evaluate(b.Context(), photos, generatedClasses, eval.Boxes); err != nil {
			b.Fatal(err)
		}
	}
}
