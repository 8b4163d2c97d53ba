package record_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/live/livetest"
	"github.com/saysee/saysee/pipeline/record"
	"github.com/saysee/saysee/pipeline/source"
)

// child is the file that a copy of this test, made to be killed, records to for ever.
const child = "SAYSEE_TEST_RECORD"

func TestMain(m *testing.M) {
	if path := os.Getenv(child); path != "" {
		r, err := record.Start(record.Params{Raw: path, FPS: 25, Wait: true})
		for i := 0; err == nil; i++ {
			r.Add(live.View{Frame: noise(image.Pt(96, 64), i, 25)})
			if i == 500 {
				fmt.Println("recorded")
			}
		}
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// noise is a frame that no codec makes small.
func noise(size image.Point, i int, fps float64) *source.Frame {
	img := image.NewRGBA(image.Rectangle{Max: size})
	x := uint32(i*7919 + 1)
	for p := range img.Pix {
		x = x*1664525 + 1013904223
		img.Pix[p] = byte(x >> 24)
	}
	return source.NewFrame(img, i, time.Duration(float64(i)/fps*float64(time.Second)), time.Now())
}

// photos gives frames of a walk over the bundled photos.
func photos(t *testing.T, size image.Point, n int, fps float64) []*source.Frame {
	t.Helper()
	all := livetest.Photos(t)
	var frames []*source.Frame
	for i := range n {
		img := image.NewRGBA(image.Rectangle{Max: size})
		livetest.Frame(t, img, all, i, n)
		frames = append(frames, source.NewFrame(img, i, time.Duration(float64(i)/fps*float64(time.Second)), time.Now()))
	}
	return frames
}

func start(t *testing.T, p record.Params) *record.Recorder {
	t.Helper()
	r, err := record.Start(p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// frames reads a video.
func frames(t *testing.T, path string) (n int, last *image.RGBA) {
	t.Helper()
	c, err := cv.OpenVideo(path)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer c.Close()
	for {
		img, err := c.Read(nil)
		if err != nil {
			return n, last
		}
		n, last = n+1, img
	}
}

func TestRecord(t *testing.T) {
	for _, ending := range cv.VideoEndings() {
		t.Run("should keep what came, what was drawn and what was found, "+ending, func(t *testing.T) {
			dir := t.TempDir()
			p := record.Params{
				Raw: filepath.Join(dir, "raw"+ending), Annotated: filepath.Join(dir, "drawn"+ending), Log: filepath.Join(dir, "a.jsonl"),
				FPS: 25, Wait: true, Draw: func(dst *image.RGBA, v live.View) {
					for y := range 20 {
						for x := range 20 {
							dst.SetRGBA(x, y, color.RGBA{255, 0, 0, 255})
						}
					}
				},
			}
			r := start(t, p)
			mask := annot.Polygon{{Outer: annot.Ring{{X: 10, Y: 10}, {X: 20, Y: 10}, {X: 20, Y: 30}}}}.Rasterize(160, 120, annot.EvenOdd)
			regions := []annot.Region{{Box: annot.Box{X0: 10, Y0: 10, X1: 20, Y1: 30}, Score: 0.9, Shape: mask, Track: 7}}
			for _, f := range photos(t, image.Pt(160, 120), 30, 25) {
				before := f.Copy()
				r.Add(live.View{Frame: f})
				r.Found(live.Result{Frame: f, Regions: regions, Classes: []annot.Class{{Name: "cat"}}})
				if string(before.Pix) != string(f.Pix.Pix) {
					t.Fatal("a frame was drawn on")
				}
				f.Release()
			}
			s, err := r.Stop()
			if err != nil || s.Frames != 30 || s.Results != 30 || s.Missed != 0 || s.Length != 1200*time.Millisecond || len(s.Files) != 3 {
				t.Fatalf("%+v, %v", s, err)
			}
			n, raw := frames(t, p.Raw)
			m, drawn := frames(t, p.Annotated)
			if n != 30 || m != 30 {
				t.Errorf("%d and %d frames", n, m)
			}
			if c := drawn.RGBAAt(8, 8); c.R < 180 || c.G > 80 || c == raw.RGBAAt(8, 8) {
				t.Errorf("drawn %v, raw %v", c, raw.RGBAAt(8, 8))
			}
			checkLog(t, p.Log, 30)
		})
	}
}

func checkLog(t *testing.T, path string, want int) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var l struct {
			Frame   int
			Seconds float64
			Regions []struct {
				Class string
				Track int
				Box   [4]float64
				Mask  struct {
					Size   [2]int
					Counts string
				}
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Frame != n || len(l.Regions) != 1 {
			t.Fatalf("line %d: %+v", n, l)
		}
		r := l.Regions[0]
		runs, err := annot.DecodeRLE(r.Mask.Counts)
		if err != nil || r.Class != "cat" || r.Track != 7 || r.Box != [4]float64{10, 10, 20, 30} || r.Mask.Size != [2]int{120, 160} {
			t.Errorf("line %d: %+v, %v", n, r, err)
		}
		if m, err := annot.MaskFromFullRuns(160, 120, runs); err != nil || m.Area() < 80 {
			t.Errorf("mask of %d pixels, %v", m.Area(), err)
		}
	}
	if n != want {
		t.Errorf("%d lines", n)
	}
}

func TestTime(t *testing.T) {
	record1 := func(t *testing.T, fps float64, times ...time.Duration) int {
		path := filepath.Join(t.TempDir(), "a.mkv")
		r := start(t, record.Params{Raw: path, FPS: fps, Wait: true})
		for i, at := range times {
			f := noise(image.Pt(64, 48), i, 1)
			f.Time = at
			r.Add(live.View{Frame: f})
			r.Add(live.View{Frame: f}) // shown again with a new answer
		}
		s, err := r.Stop()
		if n, _ := frames(t, path); err != nil || n != s.Frames {
			t.Errorf("%d frames, %+v, %v", n, s, err)
		}
		return s.Frames
	}
	ms := time.Millisecond
	for name, tt := range map[string]struct {
		times []time.Duration
		want  int
	}{
		"should repeat the frames of a slow source":              {[]time.Duration{0, 200 * ms, 400 * ms}, 11},
		"should keep frames that come a little early or late":    {[]time.Duration{0, 30 * ms, 90 * ms, 115 * ms, 165 * ms}, 5},
		"should leave out frames of a fast source":               {[]time.Duration{0, 4 * ms, 8 * ms, 12 * ms, 16 * ms, 20 * ms, 24 * ms, 28 * ms}, 3},
		"should leave out the time that the source was gone for": {[]time.Duration{0, 40 * ms, time.Hour, time.Hour + 40*ms}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			if n := record1(t, 25, tt.times...); n != tt.want {
				t.Errorf("%d frames, want %d", n, tt.want)
			}
		})
	}
}

func TestSizeThatChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mkv")
	r := start(t, record.Params{Annotated: path, FPS: 25, Wait: true, Draw: func(*image.RGBA, live.View) {}})
	for i, size := range []image.Point{{160, 120}, {160, 120}, {320, 120}, {40, 120}} {
		r.Add(live.View{Frame: noise(size, i, 25)})
	}
	if _, err := r.Stop(); err != nil {
		t.Fatal(err)
	}
	if n, last := frames(t, path); n != 4 || last.Rect.Size() != image.Pt(160, 120) || last.RGBAAt(5, 60).R > 40 || last.RGBAAt(80, 60).R < 40 {
		t.Errorf("%d frames, the last %v: %v beside, %v inside", n, last.Rect, last.RGBAAt(5, 60), last.RGBAAt(80, 60))
	}
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=9m"); err != nil {
		t.Skip("no small disk can be made here:", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	for _, ending := range cv.VideoEndings() {
		t.Run("should stop with a word and leave a file to play, "+ending, func(t *testing.T) {
			path := filepath.Join(dir, "a"+ending)
			defer os.Remove(path) //nolint:errcheck // the disk goes anyway
			failed := make(chan error, 1)
			r := start(t, record.Params{Raw: path, FPS: 25, Wait: true, Failed: func(err error) { failed <- err }})
			told := error(nil)
			sent := 0
			for ; told == nil && sent < 3000; sent++ {
				f := noise(image.Pt(320, 240), sent, 25)
				r.Add(live.View{Frame: f})
				f.Release()
				select {
				case told = <-failed:
				default:
				}
			}
			s, err := r.Stop()
			if !errors.Is(err, record.ErrFull) || !errors.Is(told, record.ErrFull) || errors.Is(err, record.ErrUnplayable) {
				t.Errorf("after %d frames: told %v, returned %v", sent, told, err)
			}
			if n, _ := frames(t, path); n != s.Frames || n < 5 {
				t.Errorf("%d of %d frames can be played", n, s.Frames)
			}
		})
	}
	t.Run("should end the log with a whole line", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(dir, "rest"), make([]byte, 9<<20-64<<10), 0o600); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "a.jsonl")
		r := start(t, record.Params{Log: path, Wait: true})
		f := noise(image.Pt(64, 48), 0, 25)
		for range 2000 {
			r.Found(live.Result{Frame: f, Regions: make([]annot.Region, 10)})
		}
		s, err := r.Stop()
		if !errors.Is(err, record.ErrFull) {
			t.Error(err)
		}
		data, err := os.ReadFile(path)
		if err != nil || s.Results == 0 || strings.Count(string(data), "\n") != s.Results || !strings.HasSuffix(string(data), "}\n") {
			t.Errorf("%d bytes, %d results, %v", len(data), s.Results, err)
		}
	})
}

func TestKill(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for ending, want := range map[string]int{".mkv": 300, ".avi": 440} {
		t.Run("should leave a file that can be played, "+ending, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a"+ending)
			cmd := exec.Command(exe)
			cmd.Env = append(os.Environ(), child+"="+path)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if said, err := bufio.NewReader(out).ReadString('\n'); err != nil || said != "recorded\n" {
				t.Errorf("%q, %v", said, err)
			}
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed, and says so
			// Matroska is written in pieces of five seconds, AVI nearly frame by frame.
			if n, _ := frames(t, path); n < want {
				t.Errorf("%d frames, want %d of 490 or more", n, want)
			}
		})
	}
}

func TestStart(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.mkv")
	if err := os.WriteFile(there, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		p    record.Params
		want string
	}{
		"should not write over a file":           {record.Params{Raw: there}, "there already"},
		"should want a video's name":             {record.Params{Raw: filepath.Join(dir, "a.jpg")}, "ends in .mp4"},
		"should say that there is no folder":     {record.Params{Log: filepath.Join(dir, "no", "a.jsonl")}, "no such folder"},
		"should not write a log over a folder":   {record.Params{Log: dir}, "it is a folder"},
		"should not write over the annotated's":  {record.Params{Annotated: there}, "there already"},
		"should refuse a snapshot's name as log": {record.Params{Raw: filepath.Join(dir, "b")}, "ends in"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := record.Start(tt.p); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("should write over a file when told to", func(t *testing.T) {
		r := start(t, record.Params{Raw: there, Overwrite: true, Wait: true})
		r.Add(live.View{Frame: noise(image.Pt(64, 48), 0, 25)})
		if _, err := r.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Run("should record nothing without a frame", func(t *testing.T) {
		if s, err := start(t, record.Params{Raw: filepath.Join(dir, "none.mkv")}).Stop(); err != nil || s.Frames != 0 || len(s.Files) != 0 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestPicture(t *testing.T) {
	img := noise(image.Pt(32, 24), 0, 1).Pix
	for _, name := range []string{"a.png", "a.jpg"} {
		if err := record.Picture(filepath.Join(t.TempDir(), name), img); err != nil {
			t.Error(err)
		}
	}
	if err := record.Picture(filepath.Join(t.TempDir(), "a.xyz"), img); err == nil {
		t.Error("no error for a.xyz")
	}
}
