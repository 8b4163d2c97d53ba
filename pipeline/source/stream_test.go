package source_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/source"
)

// mjpeg serves JPEG pictures as network cameras do, 25 a second, and then breaks off.
func mjpeg(sizes ...image.Point) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
		for i, size := range sizes {
			img := image.NewRGBA(image.Rectangle{Max: size})
			grey(img, i)
			data, err := cv.EncodeJPEG(img, 90)
			if err != nil {
				return
			}
			fmt.Fprintf(w, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(data))
			_, _ = w.Write(append(data, "\r\n"...))
			if f, ok := w.(http.Flusher); ok {
				f.Flush()
			}
			select {
			case <-time.After(40 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
	}
}

func times(n int, size image.Point) []image.Point {
	sizes := make([]image.Point, n)
	for i := range sizes {
		sizes[i] = size
	}
	return sizes
}

func TestHTTPStream(t *testing.T) {
	small, large := image.Pt(64, 48), image.Pt(128, 96)
	t.Run("should yield frames, change their size with the camera, and say that it broke off", func(t *testing.T) {
		server := httptest.NewServer(mjpeg(append(times(30, small), times(30, large)...)...))
		defer server.Close()
		src := open(t, source.Spec{Kind: source.Stream, Path: server.URL + "/video.mjpg"})
		if i := src.Info(); !i.Live || i.Size != small || i.Frames != 0 {
			t.Errorf("%+v", i)
		}
		sizes := map[image.Point]int{}
		last := time.Duration(-1)
		for {
			f, err := src.Next(t.Context())
			if errors.Is(err, source.ErrLost) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if f.Time <= last {
				t.Fatalf("%v after %v", f.Time, last)
			}
			last = f.Time
			sizes[f.Size()]++
			f.Release()
		}
		if sizes[small] < 25 || sizes[large] < 25 || len(sizes) != 2 {
			t.Errorf("%v", sizes)
		}
	})
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		want  error
		says  string
	}{
		"should say what the server answers":   {http.NotFound, source.ErrRefused, "404 Not Found"},
		"should say that a page is no video":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }, source.ErrNoVideo, ""},
		"should say that nothing came in time": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, source.ErrTimeout, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.serve)
			defer server.Close()
			defer server.CloseClientConnections()
			_, err := source.Open(t.Context(), source.Spec{Kind: source.Stream, Path: server.URL, Timeout: 700 * time.Millisecond})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("should say that a stream has stopped without a word", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mjpeg(times(30, small)...)(w, r)
			<-r.Context().Done()
		}))
		defer server.Close()
		defer server.CloseClientConnections()
		src := open(t, source.Spec{Kind: source.Stream, Path: server.URL, Timeout: 700 * time.Millisecond})
		n := 0
		for {
			f, err := src.Next(t.Context())
			if err != nil {
				if !errors.Is(err, source.ErrTimeout) || n < 20 {
					t.Errorf("%v after %d frames", err, n)
				}
				break
			}
			n++
			f.Release()
		}
	})
}

func TestHangingHost(t *testing.T) {
	// A host that takes the connection and says nothing.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, scheme := range []string{"http", "rtsp"} {
		spec := source.Spec{Kind: source.Stream, Path: scheme + "://" + l.Addr().String() + "/a"}
		t.Run("should be left at once when the context ends, "+scheme, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			begin := time.Now()
			_, err := source.Open(ctx, spec)
			if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > time.Second {
				t.Errorf("%v after %v", err, took)
			}
		})
		t.Run("should be given up in time, "+scheme, func(t *testing.T) {
			spec := spec
			spec.Timeout = 300 * time.Millisecond
			if _, err := source.Open(t.Context(), spec); !errors.Is(err, source.ErrTimeout) {
				t.Error(err)
			}
		})
	}
}

// rtsp serves a clip with a real RTSP server, GStreamer's, and returns its address.
func rtsp(t *testing.T, path string) string {
	t.Helper()
	const python = "/usr/bin/python3" // the system's, which has the bindings
	if exec.Command(python, "-c", "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer").Run() != nil {
		t.Skip("no RTSP server here: gir1.2-gst-rtsp-server-1.0 and python3-gi")
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/rtsp.py", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and says so
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(address)
}

func TestRTSP(t *testing.T) {
	address := rtsp(t, clip(t, "a.avi", image.Pt(64, 48), 200, 25))
	t.Run("should yield frames as they come", func(t *testing.T) {
		src := open(t, source.Spec{Kind: source.Stream, Path: address})
		begin := time.Now()
		for range 40 {
			f, err := src.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if f.Size() != image.Pt(64, 48) || f.Pix.RGBAAt(9, 9).A != 255 || time.Since(f.At) > time.Second {
				t.Errorf("%v, %v", f.Size(), f.Pix.RGBAAt(9, 9))
			}
			f.Release()
		}
		if took := time.Since(begin); took < 500*time.Millisecond || !src.Info().Live {
			t.Errorf("40 frames of a live stream in %v", took)
		}
	})
	t.Run("should say that there is none under a path", func(t *testing.T) {
		_, err := source.Open(t.Context(), source.Spec{Kind: source.Stream, Path: strings.TrimSuffix(address, "clip") + "none"})
		if !errors.Is(err, source.ErrRefused) {
			t.Error(err)
		}
	})
}
