package cv_test

import (
	"errors"
	"image"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/saysee/saysee/pipeline/cv"
)

// resident returns the process's memory in bytes, 0 where /proc does not tell.
func resident() int {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(data))[1])
	return pages * os.Getpagesize()
}

// work calls everything once, well and badly.
func work(t *testing.T, l *cv.Letterboxer, src, dst *image.RGBA, file []byte, planes []float32) {
	t.Helper()
	box := image.Rect(0, 0, 64, 64)
	err := errors.Join(
		cv.Decode(src, file, false),
		cv.Orient(dst, src, 6),
		cv.Resize(dst, box, src, src.Rect, cv.Area),
		l.Fill(planes, src, src.Rect, image.Pt(64, 48), cv.Area),
		cv.ResizePlane(planes[:4096], 64, 64, planes[4096:], 32, 32, image.Rect(3, 3, 20, 20), cv.Linear),
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cv.EncodePNG(dst, 1); err != nil {
		t.Fatal(err)
	}
	if cv.Decode(dst, file, false) == nil || l.Fill(planes, src, box, image.Pt(65, 1), cv.Area) == nil {
		t.Fatal("bad calls should fail")
	}
}

func TestMemoryDoesNotGrow(t *testing.T) {
	if resident() == 0 {
		t.Skip("this system does not tell the process's memory")
	}
	n := starter
	n.W, n.H = 64, 64
	l := letterboxer(t, n)
	src, dst, planes := opaque(picture(320, 240)), image.NewRGBA(image.Rect(0, 0, 240, 320)), make([]float32, 3*64*64)
	file, err := cv.EncodePNG(src, 1)
	if err != nil {
		t.Fatal(err)
	}
	run := func(times int) int {
		for range times {
			work(t, l, src, dst, file, planes)
		}
		runtime.GC()
		return resident()
	}
	before := run(50)
	// A leak of one picture a round would be 300 kB × 150 = 45 MB.
	if grown := run(150) - before; grown > 8<<20 {
		t.Errorf("memory grew by %d kB in 150 rounds", grown>>10)
	}
}
