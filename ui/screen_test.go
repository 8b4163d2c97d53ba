package ui

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline/pipelinetest"
)

// screen is a virtual display of its own, and a program on it.
type screen struct {
	t       *testing.T
	home    string
	env     []string
	program *exec.Cmd
	log     bytes.Buffer
}

// newScreen starts a display, or skips where the tools for it are missing.
func newScreen(t *testing.T) *screen {
	t.Helper()
	for _, tool := range []string{"Xvfb", "xdotool"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is missing", tool)
			}
			t.Skipf("NO REAL WINDOW WAS TESTED: %s is missing", tool)
		}
	}
	number := freeDisplay(t)
	display := exec.Command("Xvfb", fmt.Sprintf(":%d", number), "-screen", "0", "1400x900x24", "-nolisten", "tcp")
	if err := display.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = display.Process.Kill() // it may have ended
		_ = display.Wait()
	})
	home := t.TempDir()
	s := &screen{t: t, home: home, env: append(os.Environ(),
		fmt.Sprintf("DISPLAY=:%d", number), "HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_CACHE_HOME="+home, "XDG_DATA_HOME="+home,
		"LANG=en_US.UTF-8", "LC_ALL=", "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(home, "none"), "WAYLAND_DISPLAY=", "LIBGL_ALWAYS_SOFTWARE=1",
		asProgram+"=1")}
	if os.Getenv(model.LibraryEnv) == "" {
		s.env = append(s.env, model.LibraryEnv+"="+filepath.Join(modeltest.Root(t), ".cache", "onnxruntime", "lib"))
	}
	s.until("the display", func() bool { return s.try("getmouselocation") == nil })
	return s
}

// freeDisplay returns the number of a display that nobody has.
func freeDisplay(t *testing.T) int {
	t.Helper()
	for n := 150; n < 250; n++ {
		socket := fmt.Sprintf("/tmp/.X11-unix/X%d", n)
		if _, err := os.Stat(socket); err == nil {
			continue
		}
		if c, err := net.Dial("unix", "@"+socket); err == nil {
			_ = c.Close() // somebody has it
			continue
		}
		return n
	}
	t.Fatal("no display is free")
	return 0
}

func (s *screen) until(what string, holds func() bool) {
	s.t.Helper()
	for late := time.Now().Add(25 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(late) {
			s.t.Fatalf("waited in vain for %s\n%s", what, s.log.String())
		}
	}
}

func (s *screen) try(args ...string) error {
	c := exec.Command("xdotool", args...)
	c.Env = s.env
	return c.Run()
}

// do lets the hand act.
func (s *screen) do(args ...string) {
	s.t.Helper()
	if err := s.try(args...); err != nil {
		s.t.Fatalf("xdotool %s: %v", strings.Join(args, " "), err)
	}
	time.Sleep(150 * time.Millisecond)
}

// open starts the program on a folder and waits for its window to show the photo.
func (s *screen) open(dir, photo string) {
	s.t.Helper()
	s.program = exec.Command(os.Args[0], dir)
	s.program.Env = s.env
	s.program.Stdout, s.program.Stderr = &s.log, &s.log
	if err := s.program.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.until("the window", func() bool { return s.try("search", "--onlyvisible", "--name", photo) == nil })
	time.Sleep(500 * time.Millisecond)
	s.do("search", "--onlyvisible", "--name", photo, "windowfocus")
}

// quit ends the program with its key and waits for it.
func (s *screen) quit() {
	s.t.Helper()
	s.do("key", "ctrl+q")
	done := make(chan error, 1)
	go func() { done <- s.program.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			s.t.Fatalf("%v\n%s", err, s.log.String())
		}
	case <-time.After(40 * time.Second):
		_ = s.program.Process.Signal(syscall.SIGQUIT) // it tells where it hangs
		<-done
		s.t.Fatalf("it does not end\n%s", s.log.String())
	}
}

// labels reads what is saved of a photo; nothing for a photo without labels.
func labels(t *testing.T, dir, photo string) (doc annot.Document, raw []byte) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, annot.StoreFolder, "photos", photo+".json"))
	if os.IsNotExist(err) {
		return doc, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if doc, _, _, err = annot.DecodeDocument(raw); err != nil {
		t.Fatal(err)
	}
	return doc, raw
}

func TestRealWindow(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	s := newScreen(t)
	dir := pipelinetest.Album(t, "cat.jpg", "horse.jpg")
	regions := func(n int) func() bool {
		return func() bool {
			doc, _ := labels(t, dir, "cat.jpg")
			return len(doc.Regions) == n
		}
	}
	s.open(dir, "cat.jpg")
	s.do("key", "slash")
	s.do("type", "--delay", "20", "cat | kitten, horse")
	s.do("key", "Return")
	// The model is loaded and looks; Enter accepts what it found as soon as there is something.
	s.until("the label to be saved", func() bool {
		s.do("key", "y")
		return regions(1)()
	})
	s.do("key", "ctrl+z")
	s.until("undo to be saved", regions(0))
	s.do("key", "ctrl+shift+z")
	s.until("redo to be saved", regions(1))
	// A box by hand, on the canvas.
	s.do("key", "r")
	s.do("mousemove", "300", "300", "mousedown", "1", "mousemove", "360", "340", "mousemove", "420", "400", "mouseup", "1")
	s.until("the box to be saved", regions(2))
	s.until("its mask to be saved", func() bool {
		doc, _ := labels(t, dir, "cat.jpg")
		_, masked := doc.Regions[1].Shape.(annot.Mask)
		return masked
	})
	// The next photo takes them over, by key, and back again.
	copied := func(n int) func() bool {
		return func() bool {
			doc, _ := labels(t, dir, "horse.jpg")
			return len(doc.Regions) == n
		}
	}
	s.do("key", "d")
	s.until("the next photo", func() bool { return s.try("search", "--onlyvisible", "--name", "horse.jpg") == nil })
	s.do("key", "ctrl+p")
	s.until("the copies to be saved", copied(2))
	s.do("key", "ctrl+z")
	s.until("undo to be saved", copied(0))
	s.do("key", "a")
	s.until("the first photo", func() bool { return s.try("search", "--onlyvisible", "--name", "cat.jpg") == nil })
	s.do("key", "ctrl+s")
	s.quit()
	doc, before := labels(t, dir, "cat.jpg")
	if doc.Regions[0].Source.Maker != annot.ByModel || doc.Regions[1].Source.Maker != annot.ByHand {
		t.Errorf("regions made by %v and %v", doc.Regions[0].Source, doc.Regions[1].Source)
	}
	if _, ok := doc.Regions[0].Shape.(annot.Mask); !ok {
		t.Errorf("the model's region has no mask but %T", doc.Regions[0].Shape)
	}
	s.open(dir, "cat.jpg")
	s.quit()
	if _, after := labels(t, dir, "cat.jpg"); !bytes.Equal(before, after) {
		t.Error("looking at the photo again has changed its labels")
	}
}
