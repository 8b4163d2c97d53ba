package session_test

import (
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/eval"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/view"
)

// benchLoop is a session that shows photos as the window does, and what it posts.
func benchLoop(b *testing.B) (chan func(), *session.Session) {
	b.Helper()
	queue := make(chan func(), 10000)
	s := session.New(session.Params{
		Post:     func(f func()) { queue <- f },
		CacheDir: b.TempDir(),
		Load:     func(session.Choice) (*pipeline.Models, error) { return nil, errors.New("no models here") },
		Prepare: func(img *image.RGBA) any {
			p := view.NewPyramid(img)
			p.Build()
			return p
		},
	})
	b.Cleanup(func() {
		go func() { // what is still posted has nobody to run it
			for range queue {
			}
		}()
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return queue, s
}

func pump(queue chan func(), holds func() bool) {
	for !holds() {
		(<-queue)()
	}
}

// drain runs what is posted so far.
func drain(queue chan func()) {
	for {
		select {
		case f := <-queue:
			f()
		default:
			return
		}
	}
}

// linked fills a folder with n names of one bundled photo.
func linked(b *testing.B, n int) string {
	b.Helper()
	dir := b.TempDir()
	data, first := assets.Photo("cat.jpg"), filepath.Join(dir, "000000.jpg")
	err := os.WriteFile(first, data, 0o600)
	for i := 1; i < n && err == nil; i++ {
		if i%10000 == 0 { // file systems bound the links to a file
			next := filepath.Join(dir, fmt.Sprintf("%06d.jpg", i))
			err, first = os.WriteFile(next, data, 0o600), next
			continue
		}
		err = os.Link(first, filepath.Join(dir, fmt.Sprintf("%06d.jpg", i)))
	}
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// BenchmarkOpen is from the order to open a folder until its first photo can be drawn.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{2000, 20000, 100000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := linked(b, n)
			queue, s := benchLoop(b)
			least := time.Hour
			for b.Loop() {
				b.StopTimer()
				if err := s.OpenSamples(nil); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				began := time.Now()
				s.Open(dir)
				pump(queue, func() bool { return s.FolderPath() == dir && s.Photo().Shown != nil })
				least = min(least, time.Since(began))
			}
			b.ReportMetric(float64(least.Microseconds())/1000, "least-ms")
		})
	}
}

// BenchmarkNext is the change to a photo that was read ahead, without drawing it.
func BenchmarkNext(b *testing.B) {
	for name, size := range map[string]image.Point{"small": {640, 426}, "12MP": {4000, 3000}, "24MP": {6000, 4000}} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			for i := range 2 {
				f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.jpg", i)))
				if err == nil {
					err = errors.Join(jpeg.Encode(f, image.NewRGBA(image.Rectangle{Max: size}), nil), f.Close())
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			queue, s := benchLoop(b)
			s.Open(dir)
			pump(queue, func() bool { return s.FolderPath() == dir && s.Photo().Shown != nil })
			for _, i := range []int{1, 0} { // both are read now
				s.Go(i)
				pump(queue, func() bool { return s.Photo().Shown != nil })
			}
			least, at := time.Hour, 0
			for b.Loop() {
				at = 1 - at
				began := time.Now()
				s.Go(at)
				pump(queue, func() bool { return s.Photo().Shown != nil })
				least = min(least, time.Since(began))
				drain(queue)
			}
			b.ReportMetric(float64(least.Microseconds())/1000, "least-ms")
		})
	}
}

// BenchmarkMemory goes through 2,000 photos and tells what of the heap is in use after 100 and at the end.
func BenchmarkMemory(b *testing.B) {
	dir := linked(b, 2000)
	queue, s := benchLoop(b)
	s.Open(dir)
	pump(queue, func() bool { return s.FolderPath() == dir && s.Photo().Shown != nil })
	inUse := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / (1 << 20)
	}
	for b.Loop() {
		s.Go(0)
		for i := range 2000 {
			s.Go(i)
			pump(queue, func() bool { return s.Photo().Shown != nil })
			if i == 100 {
				b.ReportMetric(inUse(), "MB-after-100")
			}
		}
		b.ReportMetric(inUse(), "MB-after-2000")
	}
}

// BenchmarkCut is a step of a threshold in an evaluation of 200 photos with 4,000 things: what is judged anew while a hand waits.
func BenchmarkCut(b *testing.B) {
	dir := linked(b, 200)
	queue, s := benchLoop(b)
	s.Open(dir)
	pump(queue, func() bool { return s.FolderPath() == dir && s.Photo().Shown != nil })
	var things []thing
	for i := range 200 {
		for k := range 20 {
			x := float64(k * 15)
			things = append(things, thing{fmt.Sprintf("%06d.jpg", i), "cat", annot.Box{X0: x, Y0: x / 2, X1: x + 40, Y1: x/2 + 40}})
		}
	}
	s.Evaluate(session.Plan{Truth: truth(b, 451, 300, things...), Compared: session.OwnLabels, By: eval.Boxes})
	pump(queue, func() bool { return s.Evaluation().State == session.EvalDone })
	score := 0.0
	for b.Loop() {
		score += 0.001
		s.SetThreshold(-1, score)
		for len(queue) > 0 {
			(<-queue)()
		}
	}
}
