package ui

import (
	"image"
	_ "image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/live/livetest"
	"github.com/saysee/saysee/pipeline/pipelinetest"
)

// keptFrames are the photos that were made of frames.
func keptFrames(t *testing.T, dir string) []string {
	t.Helper()
	frames, err := filepath.Glob(filepath.Join(dir, "live-*.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

// TestRealLive plays a clip through the code that reads cameras: words are changed while it runs, a frame is frozen and
// kept with what was found in it.
func TestRealLive(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	s := newScreen(t)
	clip := livetest.Clip(t, "clip.mp4", image.Pt(320, 240), 60, 10)
	dir := pipelinetest.Album(t, "cat.jpg")
	s.start(dir, "Live", asWatcher+"="+clip)
	s.do("key", "slash")
	s.do("type", "--delay", "20", "cat | kitten, horse, dog, person")
	s.do("key", "Return")
	var doc annot.Document
	photo := ""
	s.until("a frame with regions to be kept", func() bool {
		before := len(keptFrames(t, dir))
		s.do("key", "space") // freezes; only if it has done so without an effect, it goes on
		wait(0.2, func() bool {
			s.do("key", "Return") // keeps the frame once the models have looked at it, and goes on
			return len(keptFrames(t, dir)) > before
		})
		for _, f := range keptFrames(t, dir) {
			d, raw := labels(t, dir, filepath.Base(f))
			if raw != nil && len(d.Regions) > 0 {
				doc, photo = d, f
				return true
			}
		}
		return false
	})
	s.press("s", "the snapshot", func() bool {
		shots, err := filepath.Glob(filepath.Join(s.home, "Saysee", "captures", "*.jpg"))
		return err == nil && len(shots) > 0
	})
	s.quit()
	f, err := os.Open(photo)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c, _, err := image.DecodeConfig(f); err != nil || c.Width != 320 || c.Height != 240 {
		t.Errorf("the photo is %d × %d, %v", c.Width, c.Height, err)
	}
	if doc.Photo.Width != 320 || doc.Photo.Height != 240 {
		t.Errorf("labels of a photo of %d × %d", doc.Photo.Width, doc.Photo.Height)
	}
	for _, r := range doc.Regions {
		if r.Review != annot.Accepted || r.Source.Maker != annot.ByModel || r.Shape == nil {
			t.Errorf("%+v", r)
		}
		if b := r.Box; b.X0 < 0 || b.Y0 < 0 || b.X1 > 320 || b.Y1 > 240 {
			t.Errorf("box %v leaves the frame", b)
		}
	}
}
