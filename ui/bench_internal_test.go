package ui

import (
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
)

// BenchmarkTurn is what the window does of its own from the key that asks for the next photo, which was read ahead, to the
// moment when Fyne can draw it: the session's work, texts, and the layout of what has changed. Fyne's and OpenGL's share is not in it.
func BenchmarkTurn(b *testing.B) {
	d := newDesk(b, 1400, 900)
	dir := b.TempDir()
	const photos = 200
	for i := range photos {
		name := filepath.Join(dir, fmt.Sprintf("%016x_jpg.jpg", rand.Uint64()))
		f, err := os.Create(name)
		if err != nil {
			b.Fatal(err)
		}
		if err := jpeg.Encode(f, image.NewRGBA(image.Rect(0, 0, 320+i, 240)), nil); err != nil {
			b.Fatal(err)
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
	d.open(dir)
	d.until("the folder", func() bool { return d.s.FolderPath() == dir && d.s.Photo().Shown != nil })
	least, all, turns := time.Hour, time.Duration(0), 0
	key := fyne.KeyRight
	for b.Loop() {
		b.StopTimer()
		d.rest(40 * time.Millisecond)
		if i := d.s.Index(); i == 0 {
			key = fyne.KeyRight
		} else if i == photos-1 {
			key = fyne.KeyLeft
		}
		b.StartTimer()
		began := time.Now()
		d.key(key)
		took := time.Since(began)
		if d.s.Photo().Shown != nil {
			least, all, turns = min(least, took), all+took, turns+1
		}
	}
	b.ReportMetric(float64(least.Microseconds())/1000, "least-ms")
	b.ReportMetric(float64(all.Microseconds())/1000/float64(max(turns, 1)), "read-ahead-ms")
}

// rest runs what is posted until nothing has been for a while.
func (d *desk) rest(quiet time.Duration) {
	for {
		select {
		case f := <-d.queue:
			f()
		case <-time.After(quiet):
			return
		}
	}
}
