// Package source brings moving pictures in: cameras, video files, network streams and folders of photos, all
// as frames with a time and a number. A live source (camera, stream, a file played by its clock) yields what
// comes when it comes; a file or a folder yields every frame, in order, as fast as it is asked.
package source

import (
	"context"
	"errors"
	"fmt"
	"image"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The causes of errors. Each comes wrapped with a sentence that says what was opened.
var (
	// ErrMissing: there is no such camera, file, folder or host.
	ErrMissing = errors.New("it is not there")
	// ErrBusy: another program uses the camera.
	ErrBusy = errors.New("another program uses the camera")
	// ErrDenied: the system does not let this user open it.
	ErrDenied = errors.New("the system does not allow it")
	// ErrUnplugged: the camera was there, and is gone.
	ErrUnplugged = errors.New("the camera is unplugged")
	// ErrLost: the stream was there, and has ended or broken off.
	ErrLost = errors.New("the stream broke off")
	// ErrTimeout: nothing came for as long as one waits.
	ErrTimeout = errors.New("nothing came in time")
	// ErrRefused: the host answers, but does not give the stream.
	ErrRefused = errors.New("the server does not give the stream")
	// ErrTruncated: the file ends before its content does. What is there was read, if anything can be.
	ErrTruncated = errors.New("the file is cut off")
	// ErrEmpty: the file has no bytes, or the folder no photos.
	ErrEmpty = errors.New("it is empty")
	// ErrNoVideo: the file or the stream holds no video that can be read.
	ErrNoVideo = errors.New("it is no video that can be read")
	// ErrFrame: one frame cannot be read. The next may.
	ErrFrame = errors.New("a frame cannot be read")
	// ErrSpec: the words that name a source mean none.
	ErrSpec = errors.New("not a source")
)

// DefaultFPS is the rate of a source that does not tell its own.
const DefaultFPS = 30

// Kind is what a source is.
type Kind uint8

// The kinds.
const (
	Camera Kind = iota // a device, by number
	File               // a video file
	Stream             // a network address, or a pipe
	Folder             // a folder of photos, or a pattern
)

// Spec says what to open and how.
type Spec struct {
	Kind   Kind
	Device int    // of a camera: N of /dev/videoN
	Path   string // of a file or a folder, or the URL of a stream

	// Size and FPS are wishes to a camera, which may do something else. FPS is the rate of a folder.
	Size image.Point
	FPS  float64
	// Paced plays a file or a folder by its clock, as if it were a camera: it is a live source then.
	Paced bool
	// Loop begins a paced file or folder again at its end.
	Loop bool
	// Timeout is how long a live source may be silent; 0 for 10 seconds, which covers a slow camera's start.
	Timeout time.Duration
}

const defaultTimeout = 10 * time.Second

func (s Spec) timeout() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return defaultTimeout
}

// Live reports whether frames come by themselves, so that who is slow misses some.
func (s Spec) Live() bool { return s.Kind == Camera || s.Kind == Stream || s.Paced }

// String names the source for people; a stream's password is hidden.
func (s Spec) String() string {
	switch s.Kind {
	case Camera:
		return "camera " + strconv.Itoa(s.Device)
	case Stream:
		if u, err := url.Parse(s.Path); err == nil {
			return u.Redacted()
		}
	}
	return s.Path
}

// Parse reads how people name a source: a camera's number ("0"), "camera:0" or its device path, a URL, a video
// file, a folder or a pattern of photos. The error wraps ErrSpec or ErrMissing.
func Parse(arg string) (Spec, error) {
	number := strings.TrimPrefix(arg, "camera:")
	if n, err := strconv.Atoi(number); err == nil {
		if n < 0 || n > maxDevice {
			return Spec{}, fmt.Errorf("%w: camera %d: the numbers go from 0 to %d", ErrSpec, n, maxDevice)
		}
		return Spec{Kind: Camera, Device: n}, nil
	}
	if strings.Contains(arg, "://") {
		return parseURL(arg)
	}
	if arg == "" || strings.ContainsRune(arg, 0) {
		return Spec{}, fmt.Errorf("%w: an empty name", ErrSpec)
	}
	if strings.HasPrefix(arg, "/dev/") {
		return parseDevice(arg)
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir(), err != nil && strings.ContainsAny(arg, "*?["):
		return Spec{Kind: Folder, Path: arg}, nil
	case err != nil:
		return Spec{}, fileError(arg, err)
	}
	return Spec{Kind: File, Path: arg}, nil
}

// maxDevice is the last number that Linux gives to a video device.
const maxDevice = 255

func parseURL(arg string) (Spec, error) {
	u, err := url.Parse(arg)
	switch {
	case err != nil:
		return Spec{}, fmt.Errorf("%w: the address cannot be read", ErrSpec) // the error would show a password
	case u.Scheme == "file":
		return Parse(u.Path)
	case u.Host == "":
		return Spec{}, fmt.Errorf("%w: %q names no host", ErrSpec, u.Redacted())
	}
	return Spec{Kind: Stream, Path: arg}, nil
}

// parseDevice finds the number behind a device's path, which may be a link such as /dev/v4l/by-id/….
func parseDevice(path string) (Spec, error) {
	actual, err := filepath.EvalSymlinks(path)
	if err != nil {
		return Spec{}, fileError(path, err)
	}
	n, err := strconv.Atoi(strings.TrimPrefix(actual, "/dev/video"))
	if err != nil || n < 0 || n > maxDevice {
		return Spec{}, fmt.Errorf("%w: %s is no camera", ErrSpec, path)
	}
	return Spec{Kind: Camera, Device: n}, nil
}

// fileError tells why a path cannot be opened.
func fileError(path string, err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s: %w", path, ErrMissing)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s: %w", path, ErrDenied)
	}
	return fmt.Errorf("%w: %w", ErrMissing, err)
}

// Info is what is known of a source.
type Info struct {
	Name string
	Live bool
	// Size is the frames' size when it was opened. Each frame has its own, and a stream may change it.
	Size image.Point
	// FPS is the rate that the source states, or DefaultFPS; Guessed says which.
	FPS     float64
	Guessed bool
	Frames  int // how many there are, as the file states; 0 when unknown or without end
	// Rotation is the clockwise turn in degrees that the file asks for. Frames come turned already.
	Rotation int
}

// Source yields frames. One goroutine may use it at a time.
type Source interface {
	Info() Info
	// Next waits for the next frame, which the caller must Release. At the end the error is io.EOF, or
	// wraps ErrTruncated; ErrFrame concerns one frame only, after any other error there is no further frame.
	// It returns within milliseconds once ctx ends.
	Next(ctx context.Context) (*Frame, error)
	// Close gives the source back. It does not wait long for a device that hangs.
	Close() error
}

// Open opens a source. The error wraps one of the causes above, or is ctx's. It returns within milliseconds once ctx ends,
// even when a host does not answer.
func Open(ctx context.Context, s Spec) (Source, error) {
	if s.Kind == Folder {
		return openFolder(s)
	}
	if isHTTP(s) {
		if src, err := openMJPEG(ctx, s); !errors.Is(err, errOther) {
			return src, err
		}
	}
	return openVideo(ctx, s)
}
