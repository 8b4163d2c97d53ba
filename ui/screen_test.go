package ui

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
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
	ended   chan error // what the program ended with
	said    said
}

// said is what a program writes while it is read.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
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
	number := startDisplay(t)
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

// startDisplay starts a display that lasts as long as the test, and returns the number that it chose among the free ones.
func startDisplay(t *testing.T) int {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// Without -noreset a display starts afresh whenever the last who looks at it leaves, as each xdotool does until the window
	// is there, and turns away who comes meanwhile.
	display := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset")
	display.ExtraFiles = []*os.File{w}
	err = display.Start()
	_ = w.Close() // the display has it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = display.Process.Signal(syscall.SIGTERM) // killed, it would leave its socket behind; it may have ended
		_ = display.Wait()
	})
	var number int
	if _, err := fmt.Fscanln(r, &number); err != nil {
		t.Fatalf("the display does not start: %v", err)
	}
	return number
}

// patience is how long a program that works may take for what is asked of it: longer on a machine whose cores are wanted by
// many, as it is now.
func patience() time.Duration {
	busy := 1.0
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(raw), &busy)
		busy /= float64(runtime.NumCPU())
	}
	return time.Duration(min(max(busy, 1), 6) * float64(25*time.Second))
}

// wait reports whether something holds before part of the patience is over.
func wait(part float64, holds func() bool) bool {
	for began := time.Now(); !holds(); time.Sleep(50 * time.Millisecond) {
		if float64(time.Since(began)) > part*float64(patience()) {
			return false
		}
	}
	return true
}

func (s *screen) until(what string, holds func() bool) {
	s.t.Helper()
	if !wait(1, holds) {
		s.t.Fatalf("waited in vain for %s\n%s", what, s.said.String())
	}
}

// press sends a key that does no harm twice until its effect is seen: the first may have come before the window had
// anything to do it with.
func (s *screen) press(key, what string, holds func() bool) {
	s.t.Helper()
	s.until(what, func() bool {
		s.do("key", key)
		return wait(0.1, holds)
	})
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

// start starts the program on a folder, with more in its environment, and waits for a window of that name.
func (s *screen) start(dir, name string, env ...string) {
	s.t.Helper()
	program, ended := exec.Command(os.Args[0], dir), make(chan error, 1)
	program.Env = append(slices.Clip(s.env), env...)
	program.Stdout, program.Stderr = &s.said, &s.said
	if err := program.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		ended <- program.Wait()
		close(ended)
	}()
	s.t.Cleanup(func() {
		_ = program.Process.Kill() // it has ended, unless the test has failed
		<-ended
	})
	s.program, s.ended = program, ended
	s.until("the window", func() bool {
		select {
		case err := <-ended:
			s.t.Fatalf("it ended before its window was there: %v\n%s", err, s.said.String())
		default:
		}
		return s.shows(name)()
	})
	time.Sleep(500 * time.Millisecond)
	s.do("search", "--onlyvisible", "--name", name, "windowfocus")
}

// shows tells whether a window of that name is seen.
func (s *screen) shows(name string) func() bool {
	return func() bool { return s.try("search", "--onlyvisible", "--name", name) == nil }
}

// quit ends the program with its key and waits for it.
func (s *screen) quit() {
	s.t.Helper()
	over := func() bool {
		select {
		case err := <-s.ended:
			if err != nil {
				s.t.Fatalf("%v\n%s", err, s.said.String())
			}
			return true
		default:
			return false
		}
	}
	if wait(2, func() bool { return s.try("key", "ctrl+q") == nil && wait(0.2, over) }) {
		return
	}
	_ = s.program.Process.Signal(syscall.SIGQUIT) // it tells where it hangs
	<-s.ended
	s.t.Fatalf("it does not end\n%s", s.said.String())
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
	s.start(dir, "cat.jpg")
	s.do("key", "slash")
	s.do("type", "--delay", "20", "cat | kitten, horse")
	s.do("key", "Return")
	// The model is loaded and looks; Y accepts what it found as soon as there is something.
	s.press("y", "the label to be saved", regions(1))
	s.press("ctrl+z", "undo to be saved", regions(0))
	s.press("ctrl+shift+z", "redo to be saved", regions(1))
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
	s.press("d", "the next photo", s.shows("horse.jpg"))
	s.do("key", "ctrl+p")
	s.until("the copies to be saved", copied(2))
	s.press("ctrl+z", "undo to be saved", copied(0))
	s.press("a", "the first photo", s.shows("cat.jpg"))
	s.do("key", "ctrl+s")
	s.quit()
	doc, before := labels(t, dir, "cat.jpg")
	if doc.Regions[0].Source.Maker != annot.ByModel || doc.Regions[1].Source.Maker != annot.ByHand {
		t.Errorf("regions made by %v and %v", doc.Regions[0].Source, doc.Regions[1].Source)
	}
	if _, ok := doc.Regions[0].Shape.(annot.Mask); !ok {
		t.Errorf("the model's region has no mask but %T", doc.Regions[0].Shape)
	}
	s.start(dir, "cat.jpg")
	s.quit()
	if _, after := labels(t, dir, "cat.jpg"); !bytes.Equal(before, after) {
		t.Error("looking at the photo again has changed its labels")
	}
}
