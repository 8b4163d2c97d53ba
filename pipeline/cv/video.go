package cv

import (
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"gocv.io/x/gocv"
)

// The causes of errors of videos.
var (
	// ErrOpen is the cause when a video cannot be opened, or a place for one cannot be written.
	ErrOpen = errors.New("the video cannot be opened")
	// ErrNoFrame is the cause when there is no further frame: the video's end, or a source that went away.
	ErrNoFrame = errors.New("no further frame")
)

// Backend says which part of OpenCV opens a video.
type Backend int

// The backends.
const (
	Devices = Backend(gocv.VideoCaptureV4L2)   // cameras, on Linux
	Any     = Backend(gocv.VideoCaptureAny)    // cameras, elsewhere
	Files   = Backend(gocv.VideoCaptureFFmpeg) // files and network addresses
)

// NetworkTimeout is how long a network source may be silent before FFmpeg gives it up.
const NetworkTimeout = 5 // seconds

// options are what OpenCV and FFmpeg take from the environment and from nowhere else, in OpenCV's notation.
// Those that a protocol or a codec does not know are passed over. What the caller's environment says stays.
var options = map[string]string{
	// RTSP over TCP loses no packets; times are in microseconds.
	"OPENCV_FFMPEG_CAPTURE_OPTIONS": fmt.Sprintf("rtsp_transport;tcp|timeout;%d|rw_timeout;%[1]d", NetworkTimeout*1_000_000),
	// x264 at a live picture's pace. Without look-ahead a frame is in the file soon after it was written.
	"OPENCV_FFMPEG_WRITER_OPTIONS": "preset;veryfast|tune;zerolatency",
	// FFmpeg says on standard error what our errors say; it is quiet when it is asked to speak at level −8.
	"OPENCV_FFMPEG_DEBUG":    "1",
	"OPENCV_FFMPEG_LOGLEVEL": "-8",
	// Without its plug-ins GStreamer fails loudly, and with them it adds nothing.
	"OPENCV_VIDEOIO_PRIORITY_GSTREAMER": "0",
}

var setOptions = sync.OnceFunc(func() {
	for name, value := range options {
		if _, set := os.LookupEnv(name); !set {
			_ = os.Setenv(name, value) // names and values are fine
		}
	}
})

// orientationAuto is CAP_PROP_ORIENTATION_AUTO, which gocv does not name yet.
const orientationAuto = gocv.VideoCaptureProperties(49)

// VideoInfo is what a video says of itself. Any of it may be wrong.
type VideoInfo struct {
	Size   image.Point
	FPS    float64 // 0 when unknown
	Frames int     // 0 when unknown, or without end
}

// Capture reads the frames of a camera, a file or an address. One goroutine may use it at a time; a call may
// block for as long as the source is silent, up to the time-outs of the device or of the network.
type Capture struct {
	vc   *gocv.VideoCapture
	bgr  gocv.Mat
	mats mats
}

// Wish is what is asked of a camera; zero values leave it to the camera, which may do something else anyway.
type Wish struct {
	Size image.Point
	FPS  float64
}

// OpenDevice opens the camera of a number. The error wraps ErrOpen.
func OpenDevice(n int, by Backend, w Wish) (*Capture, error) {
	if n < 0 || n > 255 {
		return nil, fmt.Errorf("%w: camera %d", ErrArgument, n)
	}
	if by != Devices && by != Any {
		return nil, fmt.Errorf("%w: backend %d opens no cameras", ErrArgument, by)
	}
	setOptions()
	vc, err := gocv.VideoCaptureDeviceWithAPI(n, gocv.VideoCaptureAPI(by))
	c, err := capture(vc, err)
	if err != nil {
		return nil, err
	}
	// A few hundred rows of raw video fill a USB 2 line; larger pictures come at full rate as JPEG only.
	const rawWidth = 800
	if w.Size.X > rawWidth {
		vc.Set(gocv.VideoCaptureFOURCC, vc.ToCodec("MJPG"))
	}
	if w.Size.X > 0 && w.Size.Y > 0 {
		vc.Set(gocv.VideoCaptureFrameWidth, float64(w.Size.X))
		vc.Set(gocv.VideoCaptureFrameHeight, float64(w.Size.Y))
	}
	if w.FPS > 0 && w.FPS <= 1000 {
		vc.Set(gocv.VideoCaptureFPS, w.FPS)
	}
	vc.Set(gocv.VideoCaptureBufferSize, 1)
	return c, nil
}

// OpenVideo opens a file or a network address. Frames come as they are stored: OpenCV 4.6 on FFmpeg 5 takes a
// quarter turn that a file states for the opposite one, so it is told to leave them. The error wraps ErrOpen.
func OpenVideo(uri string) (*Capture, error) {
	if uri == "" || strings.ContainsRune(uri, 0) {
		return nil, fmt.Errorf("%w: the address %q", ErrArgument, uri)
	}
	setOptions()
	c, err := capture(gocv.VideoCaptureFileWithAPI(uri, gocv.VideoCaptureAPI(Files)))
	if err != nil {
		return nil, err
	}
	c.vc.Set(orientationAuto, 0)
	return c, nil
}

func capture(vc *gocv.VideoCapture, err error) (*Capture, error) {
	if err == nil && vc.IsOpened() {
		return &Capture{vc: vc, bgr: gocv.NewMat()}, nil
	}
	_ = vc.Close() // never fails
	return nil, ErrOpen
}

// Info tells what the video says of itself.
func (c *Capture) Info() VideoInfo {
	whole := func(p gocv.VideoCaptureProperties, most float64) int {
		if v := c.vc.Get(p); v > 0 && v <= most {
			return int(v)
		}
		return 0
	}
	info := VideoInfo{
		Size:   image.Pt(whole(gocv.VideoCaptureFrameWidth, maxSide), whole(gocv.VideoCaptureFrameHeight, maxSide)),
		Frames: whole(gocv.VideoCaptureFrameCount, math.MaxInt32),
	}
	if fps := c.vc.Get(gocv.VideoCaptureFPS); fps > 0 && fps <= 1000 {
		info.FPS = fps
	}
	return info
}

// Position returns the time of the frame read last, in milliseconds from the video's beginning; 0 where
// the source does not tell, as for the last frames of a file whose frames are stored out of order.
func (c *Capture) Position() float64 {
	ms := c.vc.Get(gocv.VideoCapturePosMsec)
	if !(ms > 0) || math.IsInf(ms, 0) {
		return 0
	}
	return ms
}

// Read waits for the next frame and writes it into dst, opaque. dst is used again when it has the frame's
// size, and replaced by a new picture when not or when nil. The error wraps ErrNoFrame at the end.
func (c *Capture) Read(dst *image.RGBA) (*image.RGBA, error) {
	defer c.mats.done()
	if !c.vc.Read(&c.bgr) || c.bgr.Empty() {
		return dst, ErrNoFrame
	}
	code := gocv.ColorBGRToRGBA
	switch c.bgr.Type() {
	case gocv.MatTypeCV8UC3:
	case gocv.MatTypeCV8UC1:
		code = gocv.ColorGrayToBGRA
	case gocv.MatTypeCV8UC4:
		code = gocv.ColorBGRAToRGBA
	default:
		return dst, fmt.Errorf("%w: a frame of OpenCV's type %d", ErrDecode, c.bgr.Type())
	}
	w, h := c.bgr.Cols(), c.bgr.Rows()
	if dst == nil || dst.Rect != image.Rect(0, 0, w, h) || dst.Stride != 4*w {
		dst = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	out, err := c.mats.rgba(dst)
	if err != nil {
		return dst, err
	}
	gocv.CvtColor(c.bgr, out, code)
	return dst, inPlace(out, dst.Pix)
}

// Close gives the source back.
func (c *Capture) Close() {
	if c.vc == nil {
		return
	}
	_ = c.bgr.Close() // never fails
	_ = c.vc.Close()
	c.vc = nil
}

// Mirror turns a picture left to right, in place.
func Mirror(img *image.RGBA) error {
	var s mats
	defer s.done()
	m, err := s.rgba(img)
	if err != nil {
		return err
	}
	part, err := s.part(m, img.Rect, img.Rect)
	if err != nil {
		return err
	}
	step := part.Step()
	gocv.Flip(*part, part, 1)
	if part.Step() != step {
		return errMoved
	}
	return nil
}

// codecs are tried in this order for a file's ending: H.264 where the distribution's FFmpeg can, MPEG-4
// else. AVI holds JPEG pictures, which any player takes.
var codecs = map[string][]string{
	".mp4": {"avc1", "mp4v"},
	".mkv": {"H264", "FMP4", "MJPG"},
	".avi": {"MJPG"},
}

// VideoEndings are the endings of the files that CreateVideo makes.
func VideoEndings() []string { return []string{".mp4", ".mkv", ".avi"} }

// WritesVideo reports whether CreateVideo can make a file of this name, by its ending.
func WritesVideo(path string) bool {
	return slices.Contains(VideoEndings(), strings.ToLower(filepath.Ext(path)))
}

// Writer writes frames of one size to a video. One goroutine may use it at a time.
type Writer struct {
	vw   *gocv.VideoWriter
	size image.Point
	bgr  []byte
	mats mats
}

// CreateVideo makes a video file by the ending of its name, one of VideoEndings. A side of odd length, which
// H.264 cannot hold, loses its last row or column. The error wraps ErrOpen.
func CreateVideo(path string, size image.Point, fps float64) (*Writer, error) {
	size = image.Pt(size.X&^1, size.Y&^1)
	const side = 16384
	if size.X < 2 || size.Y < 2 || size.X > side || size.Y > side || !(fps > 0 && fps <= 1000) {
		return nil, fmt.Errorf("%w: a video of %d × %d pixels at %v frames a second", ErrArgument, size.X, size.Y, fps)
	}
	if strings.ContainsAny(path, "\x00%") {
		// OpenCV takes a percent sign for a number in a row of pictures.
		return nil, fmt.Errorf("%w: the name %q", ErrArgument, path)
	}
	for ending, names := range codecs {
		if !strings.HasSuffix(strings.ToLower(path), ending) {
			continue
		}
		setOptions()
		for _, codec := range names {
			vw, err := gocv.VideoWriterFile(path, codec, fps, size.X, size.Y, true)
			if err == nil && vw.IsOpened() {
				return &Writer{vw: vw, size: size, bgr: make([]byte, size.X*size.Y*3)}, nil
			}
			if vw != nil {
				_ = vw.Close() // never fails
			}
		}
		return nil, ErrOpen
	}
	return nil, fmt.Errorf("%w: %q ends in none of %s", ErrArgument, path, strings.Join(VideoEndings(), ", "))
}

// Size returns the size of the frames that the file holds.
func (w *Writer) Size() image.Point { return w.size }

// Write appends a frame, which must have the video's size, or one pixel more where that was odd. OpenCV does
// not tell whether the disk took it.
func (w *Writer) Write(img *image.RGBA) error {
	defer w.mats.done()
	whole, err := w.mats.rgba(img)
	if err != nil {
		return err
	}
	if s := img.Rect.Size(); s.X&^1 != w.size.X || s.Y&^1 != w.size.Y {
		return fmt.Errorf("%w: a frame of %d × %d in a video of %d × %d pixels", ErrArgument, s.X, s.Y, w.size.X, w.size.Y)
	}
	in, err := w.mats.part(whole, image.Rectangle{Max: w.size}, img.Rect)
	if err != nil {
		return err
	}
	bgr, err := w.mats.over(w.bgr, w.size.Y, w.size.X, 3, gocv.MatTypeCV8UC3)
	if err != nil {
		return err
	}
	gocv.CvtColor(*in, bgr, gocv.ColorRGBAToBGR)
	if err := inPlace(bgr, w.bgr); err != nil {
		return err
	}
	return w.vw.Write(*bgr)
}

// Close finishes the file. Nothing else may be called afterwards.
func (w *Writer) Close() {
	if w.vw == nil {
		return
	}
	_ = w.vw.Close() // never fails
	w.vw = nil
}
