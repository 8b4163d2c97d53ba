// Package cv is the only one that calls OpenCV. OpenCV 4.6 ends the whole process on an argument that it
// does not like, so every function here checks every argument first and returns an error that wraps
// ErrArgument instead; whatever is passed, no C++ exception can arise. Results are written into the
// caller's Go memory, which is pinned for the time of the call, and nothing of OpenCV's outlives a call.
//
// Pictures are *image.RGBA whose Pix holds all of its rows; a sub-image is refused, its rectangle is an
// argument of its own. Alpha is ignored unless said.
package cv

import (
	"errors"
	"fmt"
	"image"
	"math"
	"runtime"
	"unsafe"

	"gocv.io/x/gocv"
)

// The causes of errors.
var (
	// ErrArgument is the cause of every refusal of an argument.
	ErrArgument = errors.New("argument out of range")
	// ErrDecode is the cause when OpenCV cannot decode a picture.
	ErrDecode = errors.New("the picture's data are damaged")
	// ErrEncode is the cause when OpenCV cannot encode a picture.
	ErrEncode = errors.New("the picture cannot be encoded")
	// errMoved tells that OpenCV wrote somewhere else than into our memory, which no valid call does.
	errMoved = errors.New("the result is not where it should be")
)

// maxSide and maxBytes bound every picture and plane: OpenCV counts in 32-bit integers.
const (
	maxSide  = 1 << 20
	maxBytes = math.MaxInt32
)

// Interp is a way of resizing.
type Interp int

// The ways of resizing, OpenCV's.
const (
	Nearest = Interp(gocv.InterpolationNearestNeighbor)
	Linear  = Interp(gocv.InterpolationLinear)
	Cubic   = Interp(gocv.InterpolationCubic)
	Area    = Interp(gocv.InterpolationArea)
)

func (i Interp) check() error {
	switch i {
	case Nearest, Linear, Cubic, Area:
		return nil
	}
	return fmt.Errorf("%w: interpolation %d", ErrArgument, i)
}

// mats owns the OpenCV headers of one call and pins the memory that they point into. Its zero value is
// ready; done makes it so again.
type mats struct {
	pin runtime.Pinner
	all [12]gocv.Mat
	n   int
}

func (s *mats) done() {
	for i := range s.all[:s.n] {
		_ = s.all[i].Close() // never fails
		s.all[i] = gocv.Mat{}
	}
	s.n = 0
	s.pin.Unpin()
}

func (s *mats) keep(m gocv.Mat) *gocv.Mat {
	s.all[s.n] = m
	s.n++
	return &s.all[s.n-1]
}

// over pins data and makes a header over it: rows × cols elements of the type, whose size in bytes is elem.
func (s *mats) over(data []byte, rows, cols, elem int, mt gocv.MatType) (*gocv.Mat, error) {
	if len(data) > 0 {
		s.pin.Pin(&data[0])
	}
	return s.header(data, rows, cols, elem, mt)
}

// header makes a header over data that is pinned already. (A Pinner allocates from its sixth pin on.)
func (s *mats) header(data []byte, rows, cols, elem int, mt gocv.MatType) (*gocv.Mat, error) {
	if rows < 1 || cols < 1 || rows > maxSide || cols > maxSide {
		return nil, fmt.Errorf("%w: %d × %d pixels", ErrArgument, cols, rows)
	}
	need := rows * cols * elem
	if need > maxBytes {
		return nil, fmt.Errorf("%w: %d × %d pixels are too many", ErrArgument, cols, rows)
	}
	if len(data) < need {
		return nil, fmt.Errorf("%w: %d bytes for %d × %d pixels", ErrArgument, len(data), cols, rows)
	}
	m, err := gocv.NewMatFromBytes(rows, cols, mt, data[:need])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrArgument, err)
	}
	return s.keep(m), nil
}

// rgba makes a header over all of img; its columns count the stride.
func (s *mats) rgba(img *image.RGBA) (*gocv.Mat, error) {
	if err := checkImage(img); err != nil {
		return nil, err
	}
	return s.over(img.Pix, img.Rect.Dy(), img.Stride/4, 4, gocv.MatTypeCV8UC4)
}

func checkImage(img *image.RGBA) error {
	switch {
	case img == nil:
		return fmt.Errorf("%w: no picture", ErrArgument)
	case img.Rect.Min != (image.Point{}):
		return fmt.Errorf("%w: a sub-image %v", ErrArgument, img.Rect)
	case img.Rect.Empty():
		return fmt.Errorf("%w: an empty picture %v", ErrArgument, img.Rect)
	case img.Stride%4 != 0 || img.Stride/4 < img.Rect.Dx():
		return fmt.Errorf("%w: stride %d for %d pixels", ErrArgument, img.Stride, img.Rect.Dx())
	}
	return nil
}

// part makes a header over a rectangle of m, which is bounds in size.
func (s *mats) part(m *gocv.Mat, r, bounds image.Rectangle) (*gocv.Mat, error) {
	if r.Empty() || !r.In(bounds) {
		return nil, fmt.Errorf("%w: part %v of %v", ErrArgument, r, bounds)
	}
	return s.keep(m.Region(r)), nil
}

// plane makes a header over w × h float32.
func (s *mats) plane(data []float32, w, h int) (*gocv.Mat, error) {
	return s.over(bytesOf(data), h, w, 4, gocv.MatTypeCV32FC1)
}

func bytesOf(f []float32) []byte {
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 4*len(f))
}

// inPlace checks that m, a header over data from its first byte, still is one: OpenCV replaces the memory
// of a result without a word when its size or type is not what it wants.
func inPlace(m *gocv.Mat, data []byte) error {
	got, err := m.DataPtrUint8()
	if err != nil || len(got) == 0 || &got[0] != &data[0] {
		return errMoved
	}
	return nil
}

// Resize scales the part from of src into the part to of dst, which may not overlap in memory. The result
// is cv2.resize(src[from], size of to), alpha treated as a fourth colour: to the last bit for all ways but
// Cubic, where four channels and three can differ by 1.
func Resize(dst *image.RGBA, to image.Rectangle, src *image.RGBA, from image.Rectangle, by Interp) error {
	var s mats
	defer s.done()
	if err := by.check(); err != nil {
		return err
	}
	whole, err := s.rgba(src)
	if err != nil {
		return err
	}
	in, err := s.part(whole, from, src.Rect)
	if err != nil {
		return err
	}
	canvas, err := s.rgba(dst)
	if err != nil {
		return err
	}
	out, err := s.part(canvas, to, dst.Rect)
	if err != nil {
		return err
	}
	if overlap(dst.Pix, src.Pix) {
		return fmt.Errorf("%w: source and result share memory", ErrArgument)
	}
	return resize(in, out, to.Size(), by)
}

func overlap(a, b []byte) bool {
	a0, b0 := uintptr(unsafe.Pointer(&a[0])), uintptr(unsafe.Pointer(&b[0]))
	return a0 < b0+uintptr(len(b)) && b0 < a0+uintptr(len(a))
}

// resize fills out, whose size is given.
func resize(in, out *gocv.Mat, size image.Point, by Interp) error {
	step := out.Step()
	gocv.Resize(*in, out, size, 0, 0, gocv.InterpolationFlags(by))
	if out.Step() != step || out.Cols() != size.X || out.Rows() != size.Y {
		return errMoved
	}
	return nil
}

// ResizePlane scales the part from of a plane of sw × sh float32 into dst of dw × dh, row-major. It has
// cv2.resize's half-pixel centres, and equals it for the part cut out beforehand: nothing outside from is
// read. dst may not overlap src.
func ResizePlane(dst []float32, dw, dh int, src []float32, sw, sh int, from image.Rectangle, by Interp) error {
	var s mats
	defer s.done()
	if err := by.check(); err != nil {
		return err
	}
	whole, err := s.plane(src, sw, sh)
	if err != nil {
		return err
	}
	in, err := s.part(whole, from, image.Rect(0, 0, sw, sh))
	if err != nil {
		return err
	}
	out, err := s.plane(dst, dw, dh)
	if err != nil {
		return err
	}
	if overlap(bytesOf(dst), bytesOf(src)) {
		return fmt.Errorf("%w: source and result share memory", ErrArgument)
	}
	if err := resize(in, out, image.Pt(dw, dh), by); err != nil {
		return err
	}
	return inPlace(out, bytesOf(dst))
}
