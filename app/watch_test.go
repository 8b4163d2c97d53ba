package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/live/livetest"
)

// watchArgs asks for cats and horses, quickly.
func watchArgs(t *testing.T, source string, more ...string) []string {
	t.Helper()
	args := []string{
		"watch", source, "--find", "cat, horse", "--headless", "--no-masks", "--onnxruntime", library(t), "--size", "160", "--score", "0.1",
	}
	return append(args, more...)
}

// framesOf counts a video's frames.
func framesOf(t *testing.T, path string) (n int) {
	t.Helper()
	c, err := cv.OpenVideo(path)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer c.Close()
	for {
		if _, err := c.Read(nil); err != nil {
			return n
		}
		n++
	}
}

func TestWatchAFile(t *testing.T) {
	clip := livetest.Clip(t, "clip.mp4", image.Pt(160, 120), 50, 10)
	out := t.TempDir()
	file := func(name string) string { return filepath.Join(out, name) }
	code, stdout, stderr := saysee(t, watchArgs(t, clip, "--json", "--every", "2", "--record", file("a.mp4"), "--record-raw", file("raw.mkv"),
		"--log", file("a.jsonl"), "--when", "cat, horse", "--snapshots", file("seen"))...)
	if code != cli.OK {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	lines, rest, _ := strings.Cut(stdout, "{\n")
	var report watchReport
	if err := json.Unmarshal([]byte("{"+rest), &report); err != nil {
		t.Fatal(err)
	}
	if report.Captured != 50 || report.Inferred != 25 || report.Dropped != 0 || len(report.Written) != 3 || report.Latency != nil {
		t.Errorf("%+v", report)
	}
	if a, raw := framesOf(t, file("a.mp4")), framesOf(t, file("raw.mkv")); a != 50 || raw != 50 {
		t.Errorf("%d and %d frames", a, raw)
	}
	data, err := os.ReadFile(file("a.jsonl"))
	if err != nil || strings.Count(string(data), "\n") != 25 || !strings.Contains(string(data), `"class":"cat"`) {
		t.Errorf("%d bytes of log, %v", len(data), err)
	}
	seen, err := os.ReadDir(file("seen"))
	if err != nil || report.Alerts == 0 || len(seen) != report.Alerts || strings.Count(lines, "\n") != report.Alerts {
		t.Errorf("%d alerts, %d pictures, %v:\n%s", report.Alerts, len(seen), err, lines)
	}
	var first alarmLine
	if err := json.NewDecoder(strings.NewReader(lines)).Decode(&first); err != nil || first.Alert != "cat" || first.Seconds > 2 {
		t.Errorf("%+v, %v", first, err)
	}
	t.Run("should not write over what is there", func(t *testing.T) {
		code, _, stderr := saysee(t, watchArgs(t, clip, "--record", file("a.mp4"))...)
		if code != cli.Failure || !strings.Contains(stderr, "--overwrite") || framesOf(t, file("a.mp4")) != 50 {
			t.Errorf("exit %d\n%s", code, stderr)
		}
	})
	t.Run("should end after so many seconds of the video", func(t *testing.T) {
		code, stdout, _ := saysee(t, watchArgs(t, clip, "--max-seconds", "1", "--every", "5", "--log", file("b.jsonl"))...)
		data, err := os.ReadFile(file("b.jsonl"))
		if n := strings.Count(string(data), "\n"); code != cli.OK || err != nil || n < 3 || n > 6 {
			t.Errorf("exit %d, %d lines, %v\n%s", code, n, err, stdout)
		}
	})
	t.Run("should say that a file is cut off, after all that is there", func(t *testing.T) {
		avi := livetest.Clip(t, "cut.avi", image.Pt(160, 120), 20, 10)
		whole, err := os.ReadFile(avi)
		if err != nil {
			t.Fatal(err)
		}
		save(t, avi, whole[:len(whole)*2/3])
		code, stdout, stderr := saysee(t, watchArgs(t, avi, "--every", "10")...)
		if code != cli.Problems || !strings.Contains(stdout, "cut off, after") || !strings.Contains(stdout, "frames, ") {
			t.Errorf("exit %d\n%s%s", code, stdout, stderr)
		}
	})
}

func TestWatchUsesThePacksLiveVariant(t *testing.T) {
	clip, out := livetest.Clip(t, "clip.mp4", image.Pt(160, 120), 4, 10), t.TempDir()
	clock := regexp.MustCompile(`"at":"[^"]*",|"ms":[^,]*,`)
	watch := func(size string) string {
		log := filepath.Join(out, size+".jsonl")
		if code, stdout, stderr := saysee(t, watchArgs(t, clip, "--log", log, "--size", size)...); code != cli.OK {
			t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
		}
		lines, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return clock.ReplaceAllString(string(lines), "")
	}
	own := watch("0")
	if !strings.Contains(own, `"box"`) {
		t.Fatalf("nothing found: %s", own)
	}
	if same := watch("320"); own != same {
		t.Errorf("without --size it found\n%s\nat the size of the live variant\n%s", own, same)
	}
	if other := watch("416"); own == other {
		t.Error("the size makes no difference")
	}
}

func TestWatchAStream(t *testing.T) {
	photo := assets.Photo("cat.jpg")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
		for i := 0; i < 40 && r.Context().Err() == nil; i++ { // then it breaks off
			fmt.Fprintf(w, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(photo), photo)
			w.(http.Flusher).Flush()
			time.Sleep(25 * time.Millisecond)
		}
	}))
	defer server.Close()
	out := filepath.Join(t.TempDir(), "a.avi")
	code, stdout, stderr := saysee(t, watchArgs(t, server.URL+"/video", "--max-seconds", "5", "--json", "--record-raw", out)...)
	if code != cli.OK {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	var report watchReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Reconnects == 0 || report.Captured < 15 || report.Inferred < 1 || report.Latency == nil || report.Classes[0].Frames == 0 {
		t.Errorf("%+v", report)
	}
	if n := framesOf(t, out); n < 5 {
		t.Errorf("%d frames", n)
	}
	if !strings.Contains(stderr, "broke off; trying again") {
		t.Errorf("said %q", stderr)
	}
}

func TestWatchSaysWhatIsWrong(t *testing.T) {
	clip := filepath.Join(t.TempDir(), "a.mp4")
	save(t, clip, nil)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no window for a log":   {[]string{"watch", clip, "--find", "cat", "--log", "a.jsonl"}, cli.BadUsage, "--log goes with --headless"},
		"no source":             {[]string{"watch", "--find", "cat", "--headless"}, cli.BadUsage, "name one source"},
		"no words":              {[]string{"watch", clip, "--headless"}, cli.BadUsage, "no words"},
		"a file not there":      {watchArgs(t, clip+"4"), cli.BadUsage, "it is not there"},
		"an empty file":         {watchArgs(t, clip), cli.Failure, "it is empty"},
		"a camera not there":    {watchArgs(t, "250"), cli.Failure, "camera 250: it is not there"},
		"a host not there":      {watchArgs(t, "rtsp://127.0.0.1:1/a"), cli.Failure, "nothing answers at this address"},
		"a rule on other words": {watchArgs(t, clip, "--when", "zebra"), cli.BadUsage, "none of the classes"},
		"a picture of nothing":  {watchArgs(t, clip, "--notify"), cli.BadUsage, "need --when"},
		"a zone of two corners": {watchArgs(t, clip, "--zone", "0,0 1,1"), cli.BadUsage, "needs three"},
		"a size of nothing":     {watchArgs(t, clip, "--resolution", "big"), cli.BadUsage, "no size"},
		"every no frame":        {watchArgs(t, clip, "--every", "0"), cli.BadUsage, "--every"},
		"a time of NaN":         {watchArgs(t, clip, "--max-seconds", "NaN"), cli.BadUsage, "--max-seconds"},
		"a loop of no clock":    {watchArgs(t, clip, "--loop"), cli.BadUsage, "needs --paced"},
	} {
		t.Run("should say what is wrong with "+name, func(t *testing.T) {
			code, _, stderr := saysee(t, c.args...)
			if code != c.code || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, want %d; said %q", code, c.code, stderr)
			}
		})
	}
	t.Run("should list cameras when nothing is named", func(t *testing.T) {
		if code, stdout, _ := saysee(t, "watch"); code != cli.OK || stdout == "" {
			t.Errorf("exit %d, said %q", code, stdout)
		}
	})
}

// listener is a desktop that hears notifications.
type listener struct{ heard chan [2]string }

func (l listener) Notify(_ string, _ uint32, _, title, text string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	l.heard <- [2]string{title, text}
	return 1, nil
}

func TestNotify(t *testing.T) {
	daemon, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("no dbus-daemon here")
	}
	cmd := exec.CommandContext(t.Context(), daemon, "--session", "--nofork", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed, and says so
	}()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
	t.Run("should say that nobody listens", func(t *testing.T) {
		if err := (desktop{}).Notify("Saysee", "cat"); err == nil {
			t.Error("no error")
		}
	})
	bus, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	l := listener{make(chan [2]string, 1)}
	if err := bus.Export(l, "/org/freedesktop/Notifications", "org.freedesktop.Notifications"); err != nil {
		t.Fatal(err)
	}
	if reply, err := bus.RequestName("org.freedesktop.Notifications", dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(reply, err)
	}
	t.Run("should be heard by the desktop", func(t *testing.T) {
		photos := filepath.Join(t.TempDir(), "photos")
		for i := range 3 {
			save(t, filepath.Join(photos, fmt.Sprintf("%d.jpg", i)), assets.Photo("cat.jpg"))
		}
		code, _, stderr := saysee(t, watchArgs(t, photos, "--fps", "2", "--when", "cat", "--notify")...)
		if code != cli.OK {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
		select {
		case got := <-l.heard:
			if got[0] != "Saysee: cat has come" || got[1] != photos {
				t.Errorf("%q", got)
			}
		case <-time.After(5 * time.Second):
			t.Error("nothing was heard")
		}
	})
}
