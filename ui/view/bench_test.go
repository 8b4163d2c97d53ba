package view

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/ui/geom"
)

// The sizes of the figures: a 24-megapixel photo in the canvas of a window of 1400 × 900.
var (
	benchPhoto = image.Pt(6000, 4000)
	benchView  = image.Pt(1020, 680)
)

func testPhoto(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			i := img.PixOffset(x, y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = uint8(40+x*160/w), uint8(60+y*120/h), uint8(90+(x/16+y/16)%2*30), 255
		}
	}
	return img
}

// scatter returns n polygons of 24 points, as large as objects in a crowded photo are.
func scatter(n int, size image.Point) []Item {
	r := rand.New(rand.NewPCG(5, 6))
	items := make([]Item, n)
	for i := range items {
		mid := annot.Point{X: r.Float64() * float64(size.X), Y: r.Float64() * float64(size.Y)}
		radius := (0.02 + 0.06*r.Float64()) * float64(size.Y)
		ring := make(annot.Ring, 24)
		for k := range ring {
			sin, cos := math.Sincos(2 * math.Pi * float64(k) / 24)
			d := radius * (0.7 + 0.3*r.Float64())
			ring[k] = annot.Point{X: mid.X + d*cos, Y: mid.Y + d*sin}
		}
		shape := annot.Polygon{{Outer: ring}}
		items[i] = Item{
			annot.Region{ID: annot.RegionID(i + 1), Class: i % 20, Box: shape.Bounds(), Shape: shape},
			overlay.Accepted,
		}
		if i%3 == 0 {
			items[i].State = overlay.Suggested
		}
	}
	return items
}

func benchClasses() []annot.Class {
	out := make([]annot.Class, 20)
	for i := range out {
		out[i].Name = fmt.Sprintf("class %d", i)
	}
	return out
}

func benchScene(n int) *scene {
	s := newScene()
	s.photo = NewPyramid(testPhoto(benchPhoto.X, benchPhoto.Y))
	s.photo.Build()
	s.setItems(scatter(n, benchPhoto), benchClasses())
	s.place = geom.Fit(benchPhoto, float64(benchView.X), float64(benchView.Y), 8)
	return s
}

// frames measures f, and reports the least time of all runs too, which other work on the machine cannot raise, and the
// processor time of all cores.
func frames(b *testing.B, f func()) {
	least, cores := time.Hour, processorTime(b)
	for b.Loop() {
		began := time.Now()
		f()
		least = min(least, time.Since(began))
	}
	b.ReportMetric(float64(least.Microseconds())/1000, "least-ms")
	b.ReportMetric((processorTime(b)-cores).Seconds()*1000/float64(b.N), "cpu-ms")
}

// processorTime is what all threads of the program have used so far.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkBuild(b *testing.B) {
	img := testPhoto(benchPhoto.X, benchPhoto.Y)
	frames(b, func() { NewPyramid(img).Build() })
}

func BenchmarkPhoto(b *testing.B) {
	for _, zoom := range []float64{0.17, 0.26, 0.3, 0.49, 1, 1.7, 5, 12} {
		b.Run(fmt.Sprint(zoom), func(b *testing.B) {
			s := benchScene(0)
			s.place = s.place.ZoomAt(geom.Pos{X: 600, Y: 300}, zoom)
			s.render(benchView.X, benchView.Y)
			frames(b, func() { s.scaler.draw(s.still, s.still.Rect, s.photo, s.place, s.background) })
		})
	}
}

// BenchmarkPan is a frame of a pan over 200 polygons, at the fit and closer.
func BenchmarkPan(b *testing.B) {
	for _, zoom := range []float64{0.17, 0.3, 1} {
		b.Run(fmt.Sprint(zoom), func(b *testing.B) {
			s := benchScene(200)
			s.place = s.place.ZoomAt(geom.Pos{X: 500, Y: 300}, zoom)
			d := 1.0
			frames(b, func() {
				s.place = s.place.Pan(geom.Pos{X: 7 * d, Y: 3 * d})
				s.render(benchView.X, benchView.Y)
				d = -d
			})
		})
	}
}

// BenchmarkZoom is a step of the zoom.
func BenchmarkZoom(b *testing.B) {
	s := benchScene(200)
	z := 1.25
	frames(b, func() {
		s.place = s.place.ZoomAt(geom.Pos{X: 300, Y: 200}, s.place.Zoom()*z)
		s.render(benchView.X, benchView.Y)
		z = 1 / z
	})
}

// BenchmarkThreshold is a step of a slider that changes which of 100 regions are shown.
func BenchmarkThreshold(b *testing.B) {
	s := benchScene(100)
	all, n := s.items, 0
	frames(b, func() {
		n = (n + 37) % 100
		s.setItems(all[:n], s.classes)
		s.render(benchView.X, benchView.Y)
	})
}

// BenchmarkSelect is a new selection among 1,000 regions.
func BenchmarkSelect(b *testing.B) {
	s := benchScene(1000)
	id := annot.RegionID(1)
	frames(b, func() {
		clear(s.selected)
		s.selected[id] = true
		s.render(benchView.X, benchView.Y)
		id = id%1000 + 1
	})
}

// BenchmarkHover is the pointer going from one of 1,000 regions to the next.
func BenchmarkHover(b *testing.B) {
	s := benchScene(1000)
	id := annot.RegionID(1)
	frames(b, func() {
		s.hovered = id
		s.render(benchView.X, benchView.Y)
		id = id%1000 + 1
	})
}

// BenchmarkDrag is a frame of dragging one of 1,000 regions.
func BenchmarkDrag(b *testing.B) {
	s := benchScene(1000)
	s.selected[7] = true
	r := s.item(7).Region
	d := 1.0
	frames(b, func() {
		s.setDraft(7, geom.Move(r.Box, d, d), geom.MoveShape(r.Shape, d, d))
		s.render(benchView.X, benchView.Y)
		d++
	})
}
