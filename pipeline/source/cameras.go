package source

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/saysee/saysee/pipeline/cv"
)

// Device is a camera of this machine.
type Device struct {
	Number int
	Name   string // as its maker calls it
}

// Spec returns how to open the camera.
func (d Device) Spec() Spec { return Spec{Kind: Camera, Device: d.Number} }

// backend opens cameras.
var backend = func() cv.Backend {
	if runtime.GOOS == "linux" {
		return cv.Devices
	}
	return cv.Any
}()

// sysfs is where Linux tells of its video devices.
const sysfs = "/sys/class/video4linux"

// Cameras lists the cameras of this machine by number, without opening any. Only Linux tells; elsewhere the
// list is empty, and cameras are opened by number.
func Cameras() []Device { return camerasIn(sysfs) }

// camerasIn reads the list. A camera has several devices: the first, of index 0, gives pictures, the others
// tell of them.
func camerasIn(dir string) []Device {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no camera was ever plugged in, or not Linux
	}
	var found []Device
	for _, e := range entries {
		n, err := strconv.Atoi(strings.TrimPrefix(e.Name(), "video"))
		if err != nil || !strings.HasPrefix(e.Name(), "video") {
			continue
		}
		if line(filepath.Join(dir, e.Name(), "index")) != "0" {
			continue
		}
		name := line(filepath.Join(dir, e.Name(), "name"))
		if name == "" {
			name = "camera " + strconv.Itoa(n)
		}
		found = append(found, Device{n, name})
	}
	slices.SortFunc(found, func(a, b Device) int { return a.Number - b.Number })
	return found
}

func line(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func devicePath(n int) string { return "/dev/video" + strconv.Itoa(n) }

// deviceThere reports whether a camera is plugged in, where that can be seen.
func deviceThere(n int) bool {
	if runtime.GOOS != "linux" {
		return true
	}
	_, err := os.Stat(devicePath(n))
	return err == nil
}
