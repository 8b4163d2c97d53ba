package cv_test

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/pipeline/cv"
)

// frame paints a bright square that moves with i on grey.
func frame(w, h, i int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for p := range img.Pix {
		img.Pix[p] = 90
		if p%4 == 3 {
			img.Pix[p] = 255
		}
	}
	for y := 8; y < 24; y++ {
		for x := 4 + 2*i; x < 20+2*i; x++ {
			img.SetRGBA(x, y, color.RGBA{250, 20, 20, 255})
		}
	}
	return img
}

func writeClip(t *testing.T, path string, w, h, n int, fps float64) {
	t.Helper()
	v, err := cv.CreateVideo(path, image.Pt(w, h), fps)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for i := range n {
		if err := v.Write(frame(w, h, i)); err != nil {
			t.Fatal(err)
		}
	}
}

func readClip(t *testing.T, path string) (frames []*image.RGBA, times []float64, info cv.VideoInfo) {
	t.Helper()
	c, err := cv.OpenVideo(path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	info = c.Info()
	for {
		img, err := c.Read(nil)
		if errors.Is(err, cv.ErrNoFrame) {
			return frames, times, info
		}
		if err != nil {
			t.Fatal(err)
		}
		frames, times = append(frames, img), append(times, c.Position())
	}
}

func TestVideoRoundTrip(t *testing.T) {
	for _, ending := range cv.VideoEndings() {
		t.Run("should give back every frame in order from "+ending, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "clip"+ending)
			writeClip(t, path, 97, 65, 20, 25) // odd sides lose a row and a column
			frames, times, info := readClip(t, path)
			if len(frames) != 20 || info.FPS != 25 || info.Size != image.Pt(96, 64) {
				t.Fatalf("%d frames, %+v", len(frames), info)
			}
			for i, f := range frames {
				inside, outside := f.RGBAAt(12+2*i, 16), f.RGBAAt(90, 50)
				if inside.R < 180 || inside.G > 90 || outside.R > 120 || inside.A != 255 {
					t.Errorf("frame %d: %v in the square, %v beside", i, inside, outside)
				}
				if want := float64(i) * 40; times[i] != 0 && (times[i] < want-1.5 || times[i] > want+1.5) {
					t.Errorf("frame %d at %.1f ms, want %.0f", i, times[i], want)
				}
			}
		})
	}
}

func TestVideoThatIsCutOff(t *testing.T) {
	for _, ending := range []string{".mkv", ".avi"} { // an MP4's index comes last
		t.Run("should be playable up to there, as after a crash, "+ending, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "clip"+ending)
			writeClip(t, path, 160, 120, 60, 25)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data[:len(data)*7/10], 0o644); err != nil {
				t.Fatal(err)
			}
			frames, _, _ := readClip(t, path)
			if len(frames) < 12 {
				t.Errorf("%d of 60 frames", len(frames))
			}
		})
	}
}

func TestVideoArguments(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, open := range map[string]func() (*cv.Capture, error){
		"should refuse a missing file":       func() (*cv.Capture, error) { return cv.OpenVideo(filepath.Join(dir, "none.mp4")) },
		"should refuse an empty file":        func() (*cv.Capture, error) { return cv.OpenVideo(file("empty.mp4", nil)) },
		"should refuse what is no video":     func() (*cv.Capture, error) { return cv.OpenVideo(file("text.mp4", []byte("no video"))) },
		"should refuse an empty name":        func() (*cv.Capture, error) { return cv.OpenVideo("") },
		"should refuse a name with a zero":   func() (*cv.Capture, error) { return cv.OpenVideo("a\x00b") },
		"should refuse a negative camera":    func() (*cv.Capture, error) { return cv.OpenDevice(-1, cv.Devices, cv.Wish{}) },
		"should refuse a camera not there":   func() (*cv.Capture, error) { return cv.OpenDevice(250, cv.Devices, cv.Wish{}) },
		"should refuse a backend for files":  func() (*cv.Capture, error) { return cv.OpenDevice(0, cv.Files, cv.Wish{}) },
		"should refuse an address of nobody": func() (*cv.Capture, error) { return cv.OpenVideo("http://127.0.0.1:1/x.mjpg") },
	} {
		t.Run(name, func(t *testing.T) {
			c, err := open()
			if err == nil {
				c.Close()
			}
			if !errors.Is(err, cv.ErrOpen) && !errors.Is(err, cv.ErrArgument) {
				t.Errorf("error %v", err)
			}
		})
	}
	for _, v := range []struct {
		name string
		size image.Point
		fps  float64
	}{
		{"a.mp4", image.Pt(0, 10), 25},
		{"a.mp4", image.Pt(1, 10), 25},
		{"a.mp4", image.Pt(1<<20, 10), 25},
		{"a.mp4", image.Pt(64, 64), 0},
		{"a.mp4", image.Pt(64, 64), -1},
		{"a.xyz", image.Pt(64, 64), 25},
		{"a%03d.mp4", image.Pt(64, 64), 25},
		{"no/folder/a.mp4", image.Pt(64, 64), 25},
	} {
		t.Run(fmt.Sprintf("should not write %s of %v at %v", v.name, v.size, v.fps), func(t *testing.T) {
			w, err := cv.CreateVideo(filepath.Join(dir, v.name), v.size, v.fps)
			if err == nil {
				w.Close()
			}
			if !errors.Is(err, cv.ErrOpen) && !errors.Is(err, cv.ErrArgument) {
				t.Errorf("error %v", err)
			}
		})
	}
	t.Run("should refuse a frame of another size", func(t *testing.T) {
		w, err := cv.CreateVideo(filepath.Join(dir, "b.mp4"), image.Pt(64, 64), 25)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		for _, img := range []*image.RGBA{nil, frame(32, 64, 0), frame(66, 64, 0), frame(64, 64, 0).SubImage(image.Rect(1, 1, 9, 9)).(*image.RGBA)} {
			if err := w.Write(img); !errors.Is(err, cv.ErrArgument) {
				t.Errorf("error %v", err)
			}
		}
	})
}

func TestMirror(t *testing.T) {
	img := frame(64, 32, 0)
	left := img.RGBAAt(5, 10)
	if err := cv.Mirror(img); err != nil {
		t.Fatal(err)
	}
	if got := img.RGBAAt(64-1-5, 10); got != left {
		t.Errorf("%v, want %v", got, left)
	}
	if err := cv.Mirror(nil); !errors.Is(err, cv.ErrArgument) {
		t.Errorf("error %v", err)
	}
}
