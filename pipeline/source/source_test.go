package source_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/source"
)

// clip writes a video of n frames, each of one grey, 2 brighter than the one before, and returns its path.
func clip(t testing.TB, name string, size image.Point, n int, fps float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := cv.CreateVideo(path, size, fps)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	img := image.NewRGBA(image.Rectangle{Max: size})
	for i := range n {
		grey(img, i)
		if err := w.Write(img); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func grey(img *image.RGBA, i int) {
	for p := range img.Pix {
		img.Pix[p] = byte(20 + 2*i%200)
	}
}

func open(t testing.TB, s source.Spec) source.Source {
	t.Helper()
	src, err := source.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// all reads to the end and returns the number of frames, their last one's time and how the source ended.
func all(t testing.TB, src source.Source) (n int, last time.Duration, err error) {
	t.Helper()
	first := 0
	last = -1
	for {
		f, err := src.Next(t.Context())
		if err != nil {
			return n, last, err
		}
		if n == 0 {
			first = f.Seq
		}
		if f.Seq != first+n || f.Time <= last {
			t.Fatalf("frame %d has number %d and time %v after %v", n, f.Seq, f.Time, last)
		}
		n, last = n+1, f.Time
		f.Release()
	}
}

func TestParse(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.mp4")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		arg  string
		want source.Spec
		err  error
	}{
		"should take a number for a camera":             {"2", source.Spec{Kind: source.Camera, Device: 2}, nil},
		"should take camera:1 for a camera":             {"camera:1", source.Spec{Kind: source.Camera, Device: 1}, nil},
		"should refuse a number that no camera has":     {"-1", source.Spec{}, source.ErrSpec},
		"should know an address":                        {"rtsp://host/a", source.Spec{Kind: source.Stream, Path: "rtsp://host/a"}, nil},
		"should refuse an address without a host":       {"rtsp:///a", source.Spec{}, source.ErrSpec},
		"should take a file's address for its path":     {"file://" + file, source.Spec{Kind: source.File, Path: file}, nil},
		"should take a file for a video":                {file, source.Spec{Kind: source.File, Path: file}, nil},
		"should take a folder for its photos":           {dir, source.Spec{Kind: source.Folder, Path: dir}, nil},
		"should take a pattern for its photos":          {dir + "/*.jpg", source.Spec{Kind: source.Folder, Path: dir + "/*.jpg"}, nil},
		"should say that a file is not there":           {filepath.Join(dir, "no.mp4"), source.Spec{}, source.ErrMissing},
		"should say that a device is not there":         {"/dev/video251", source.Spec{}, source.ErrMissing},
		"should refuse a device that is no camera":      {"/dev/null", source.Spec{}, source.ErrSpec},
		"should refuse nothing":                         {"", source.Spec{}, source.ErrSpec},
		"should refuse a name that no system can write": {"a\x00", source.Spec{}, source.ErrSpec},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := source.Parse(tt.arg)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	t.Run("should not show a password", func(t *testing.T) {
		s, err := source.Parse("rtsp://me:secret@host/a")
		if err != nil || s.String() != "rtsp://me:xxxxx@host/a" {
			t.Errorf("%v, %v", s, err)
		}
	})
}

func TestFile(t *testing.T) {
	t.Run("should yield every frame in order and then end", func(t *testing.T) {
		src := open(t, source.Spec{Kind: source.File, Path: clip(t, "a.mp4", image.Pt(64, 48), 40, 25)})
		if i := src.Info(); i.Live || i.Guessed || i.FPS != 25 || i.Size != image.Pt(64, 48) || i.Frames != 40 {
			t.Errorf("%+v", i)
		}
		n, last, err := all(t, src)
		if n != 40 || !errors.Is(err, io.EOF) || (last-1560*time.Millisecond).Abs() > 2*time.Millisecond {
			t.Errorf("%d frames to %v, then %v", n, last, err)
		}
	})
	t.Run("should hold frames that are kept while others are read", func(t *testing.T) {
		src := open(t, source.Spec{Kind: source.File, Path: clip(t, "a.avi", image.Pt(64, 48), 12, 25)})
		first, err := src.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		was := first.Pix.RGBAAt(5, 5)
		if _, _, err := all(t, src); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if now := first.Pix.RGBAAt(5, 5); now != was || was == (color.RGBA{}) {
			t.Errorf("%v became %v", was, now)
		}
		first.Release()
	})
	for _, fps := range []float64{1, 240} {
		t.Run("should keep the times of a slow and of a fast video", func(t *testing.T) {
			src := open(t, source.Spec{Kind: source.File, Path: clip(t, "a.mp4", image.Pt(64, 48), 12, fps)})
			n, last, err := all(t, src)
			want := time.Duration(11 / fps * float64(time.Second))
			if n != 12 || !errors.Is(err, io.EOF) || src.Info().FPS != fps || (last-want).Abs() > 2*time.Millisecond {
				t.Errorf("%d frames to %v, then %v; %+v", n, last, err, src.Info())
			}
		})
	}
	t.Run("should play by its clock, and again from the start, when asked", func(t *testing.T) {
		src := open(t, source.Spec{Kind: source.File, Path: clip(t, "a.avi", image.Pt(64, 48), 5, 50), Paced: true, Loop: true})
		if !src.Info().Live {
			t.Error("it is not live")
		}
		begin := time.Now()
		var last time.Duration
		for i := range 12 {
			f, err := src.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := time.Duration(i) * 20 * time.Millisecond; (f.Time - want).Abs() > 3*time.Millisecond {
				t.Errorf("frame %d at %v", i, f.Time)
			}
			last = f.Time
			f.Release()
		}
		if took := time.Since(begin); took < last-25*time.Millisecond {
			t.Errorf("%v took %v", last, took)
		}
	})
	t.Run("should stop waiting when its context ends", func(t *testing.T) {
		src := open(t, source.Spec{Kind: source.File, Path: clip(t, "a.avi", image.Pt(64, 48), 5, 0.1), Paced: true})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		var err error
		begin := time.Now()
		for err == nil {
			var f *source.Frame
			f, err = src.Next(ctx)
			f.Release()
		}
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > 5*time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) source.Spec {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return source.Spec{Kind: source.File, Path: path}
	}
	whole, err := os.ReadFile(clip(t, "a.mp4", image.Pt(64, 48), 40, 25))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		spec source.Spec
		want error
	}{
		"should say that a file is not there":      {source.Spec{Kind: source.File, Path: filepath.Join(dir, "no.mp4")}, source.ErrMissing},
		"should say that a file is empty":          {write("empty.mp4", nil), source.ErrEmpty},
		"should say that a file is no video":       {write("text.mp4", []byte("this is no video, but it is long enough")), source.ErrNoVideo},
		"should say that an MP4 is cut off":        {write("cut.mp4", whole[:len(whole)*2/3]), source.ErrTruncated},
		"should say that a camera is not there":    {source.Spec{Kind: source.Camera, Device: 250}, source.ErrMissing},
		"should say that a folder has no photos":   {source.Spec{Kind: source.Folder, Path: t.TempDir()}, source.ErrEmpty},
		"should say that a folder is not there":    {source.Spec{Kind: source.Folder, Path: filepath.Join(dir, "no")}, source.ErrMissing},
		"should say that nothing answers at a URL": {source.Spec{Kind: source.Stream, Path: "http://127.0.0.1:1/a.mjpg"}, source.ErrMissing},
	} {
		t.Run(name, func(t *testing.T) {
			src, err := source.Open(t.Context(), tt.spec)
			if err == nil {
				_ = src.Close()
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func TestFolder(t *testing.T) {
	src := open(t, source.Spec{Kind: source.Folder, Path: filepath.Join("..", "..", "assets", "photos"), FPS: 2})
	n, last, err := all(t, src)
	if n != 5 || last != 2*time.Second || !errors.Is(err, io.EOF) {
		t.Errorf("%d frames to %v, then %v", n, last, err)
	}
}

// turn writes the clockwise rotation by 90 degrees into an MP4's track header, as telephones do.
func turn(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("tkhd"))
	if at < 0 || data[at+4] != 0 {
		t.Fatal("no track header of version 0")
	}
	// ISO/IEC 14496-12, 8.3.2: the matrix {a b u c d v x y w} begins 40 bytes after the version.
	matrix := data[at+4+40:]
	for i, v := range []uint32{0, 1 << 16, 0, 0xffff0000, 0, 0, 48 << 16, 0, 1 << 30} {
		binary.BigEndian.PutUint32(matrix[4*i:], v)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mp4")
	w, err := cv.CreateVideo(path, image.Pt(64, 48), 25)
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for y := range 24 {
		for x := range 32 {
			img.SetRGBA(x, y, color.RGBA{250, 250, 250, 255}) // bright at the top left
		}
	}
	for range 5 {
		if err := w.Write(img); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	turn(t, path)
	src := open(t, source.Spec{Kind: source.File, Path: path})
	f, err := src.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	if src.Info().Rotation != 90 || f.Size() != image.Pt(48, 64) {
		t.Errorf("turned by %d, %v", src.Info().Rotation, f.Size())
	}
	if left, right := f.Pix.RGBAAt(10, 10), f.Pix.RGBAAt(38, 10); left.R > 90 || right.R < 180 {
		t.Errorf("top left %v, top right %v", left, right)
	}
}
