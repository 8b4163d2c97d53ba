package cv

import (
	"fmt"
	"image"
	"slices"

	"gocv.io/x/gocv"

	"github.com/saysee/saysee/pipeline/photo/header"
)

// Decode decodes a JPEG, PNG, WebP, TIFF or BMP file as it is stored, EXIF's orientation left alone, into
// dst, whose size must be the one that the header states. With alpha, dst gets colours that are not
// premultiplied and their alpha, else an alpha of 255.
//
// cv::imdecode ends the process when a header claims a size that it finds too large, so the header is read
// here first, from the same fields.
func Decode(dst *image.RGBA, data []byte, alpha bool) error {
	if err := checkImage(dst); err != nil {
		return err
	}
	info, err := checkFile(dst.Rect.Size(), data)
	if err != nil {
		return err
	}
	// OpenCV 4.6 turns TIFF by its orientation whatever the flags say; JPEG and PNG unless told otherwise,
	// WebP never.
	if info.Format == header.TIFF && info.Orientation != 1 {
		data = header.Unturned(data)
	}
	flags, code, channels := gocv.IMReadColor|gocv.IMReadIgnoreOrientation, gocv.ColorBGRToRGBA, 3
	if alpha {
		flags, code, channels = gocv.IMReadUnchanged, gocv.ColorBGRAToRGBA, 4
	}
	var s mats
	defer s.done()
	out, err := s.rgba(dst)
	if err != nil {
		return err
	}
	s.pin.Pin(&data[0])
	decoded, err := gocv.IMDecode(data, flags)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDecode, err)
	}
	bgr := s.keep(decoded)
	want := gocv.MatTypeCV8UC3
	if channels == 4 {
		want = gocv.MatTypeCV8UC4
	}
	if bgr.Empty() || bgr.Type() != want || bgr.Cols() != dst.Rect.Dx() || bgr.Rows() != dst.Rect.Dy() {
		return ErrDecode
	}
	if out, err = s.part(out, dst.Rect, dst.Rect); err != nil {
		return err
	}
	step := out.Step()
	gocv.CvtColor(*bgr, out, code)
	if out.Step() != step {
		return errMoved
	}
	return nil
}

// DecodeReduced decodes a JPEG file as it is stored to about an eighth, a quarter or half of its size, by 8, 4 or 2. Most of
// the pixels are never made, which takes a fraction of the time.
func DecodeReduced(data []byte, by int) (*image.RGBA, error) {
	flags, ok := map[int]gocv.IMReadFlag{
		2: gocv.IMReadReducedColor2, 4: gocv.IMReadReducedColor4, 8: gocv.IMReadReducedColor8,
	}[by]
	info, err := header.Parse(data)
	if err != nil {
		return nil, err
	}
	if !ok || info.Format != header.JPEG {
		return nil, fmt.Errorf("%w: %v to be decoded to 1/%d", ErrArgument, info.Format, by)
	}
	if _, err := checkFile(image.Pt(info.W, info.H), data); err != nil {
		return nil, err
	}
	var s mats
	defer s.done()
	s.pin.Pin(&data[0])
	decoded, err := gocv.IMDecode(data, flags|gocv.IMReadIgnoreOrientation)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDecode, err)
	}
	bgr := s.keep(decoded)
	if bgr.Empty() || bgr.Type() != gocv.MatTypeCV8UC3 {
		return nil, ErrDecode
	}
	dst := image.NewRGBA(image.Rect(0, 0, bgr.Cols(), bgr.Rows()))
	out, err := s.rgba(dst)
	if err != nil {
		return nil, err
	}
	if out, err = s.part(out, dst.Rect, dst.Rect); err != nil {
		return nil, err
	}
	step := out.Step()
	gocv.CvtColor(*bgr, out, gocv.ColorBGRToRGBA)
	if out.Step() != step {
		return nil, errMoved
	}
	return dst, nil
}

// checkFile refuses what cv::imdecode would abort on (validateInputImageSize in OpenCV's loadsave.cpp).
func checkFile(size image.Point, data []byte) (header.Info, error) {
	if len(data) == 0 || len(data) > maxBytes {
		return header.Info{}, fmt.Errorf("%w: a file of %d bytes", ErrArgument, len(data))
	}
	info, err := header.Parse(data)
	if err != nil {
		return info, err
	}
	if info.Format == header.GIF {
		return info, fmt.Errorf("%w: GIF is not OpenCV's to decode", ErrArgument)
	}
	if image.Pt(info.W, info.H) != size {
		return info, fmt.Errorf("%w: %v for a picture of %d × %d pixels", ErrArgument, size, info.W, info.H)
	}
	if info.W > maxSide || info.H > maxSide || info.W*info.H*4 > maxBytes {
		return info, fmt.Errorf("%w: %d × %d pixels are too many", ErrArgument, info.W, info.H)
	}
	return info, nil
}

// Orient turns src by EXIF's orientation, 1 to 8, into dst, which has the size of the result and memory
// of its own.
func Orient(dst, src *image.RGBA, orientation int) error {
	var s mats
	defer s.done()
	in, out, err := s.pair(dst, src)
	if err != nil {
		return err
	}
	size := src.Rect.Size()
	if orientation >= 5 {
		size.X, size.Y = size.Y, size.X
	}
	if orientation < 1 || orientation > 8 || dst.Rect.Size() != size {
		return fmt.Errorf("%w: orientation %d of %v into %v", ErrArgument, orientation, src.Rect, dst.Rect)
	}
	const rows, columns, both = 0, 1, -1 // what gocv.Flip reverses
	switch orientation {
	case 1:
		in.CopyTo(out)
	case 2:
		gocv.Flip(*in, out, columns)
	case 3:
		gocv.Flip(*in, out, both)
	case 4:
		gocv.Flip(*in, out, rows)
	case 5:
		gocv.Transpose(*in, out)
	case 6:
		gocv.Rotate(*in, out, gocv.Rotate90Clockwise)
	case 7:
		gocv.Transpose(*in, out)
		gocv.Flip(*out, out, both)
	case 8:
		gocv.Rotate(*in, out, gocv.Rotate90CounterClockwise)
	}
	return inPlace(out, dst.Pix)
}

// pair makes headers over two whole pictures without gaps between rows, in memory of their own.
func (s *mats) pair(dst, src *image.RGBA) (in, out *gocv.Mat, err error) {
	if in, err = s.rgba(src); err != nil {
		return nil, nil, err
	}
	if out, err = s.rgba(dst); err != nil {
		return nil, nil, err
	}
	if src.Stride != 4*src.Rect.Dx() || dst.Stride != 4*dst.Rect.Dx() {
		return nil, nil, fmt.Errorf("%w: gaps between rows", ErrArgument)
	}
	if overlap(dst.Pix, src.Pix) {
		return nil, nil, fmt.Errorf("%w: source and result share memory", ErrArgument)
	}
	return in, out, nil
}

// maxJPEGSide is libjpeg's limit (JPEG_MAX_DIMENSION in jmorecfg.h).
const maxJPEGSide = 65500

// EncodeJPEG returns a JPEG file of quality 1 to 100; alpha is ignored.
func EncodeJPEG(img *image.RGBA, quality int) ([]byte, error) {
	if quality < 1 || quality > 100 {
		return nil, fmt.Errorf("%w: quality %d", ErrArgument, quality)
	}
	return encode(img, gocv.JPEGFileExt, maxJPEGSide, gocv.IMWriteJpegQuality, quality)
}

// EncodePNG returns a PNG file without alpha. Compression is zlib's, 0 (none) to 9 (smallest).
func EncodePNG(img *image.RGBA, compression int) ([]byte, error) {
	const maxPNGSide = 1_000_000 // libpng's PNG_USER_WIDTH_MAX
	if compression < 0 || compression > 9 {
		return nil, fmt.Errorf("%w: compression %d", ErrArgument, compression)
	}
	return encode(img, gocv.PNGFileExt, maxPNGSide, gocv.IMWritePngCompression, compression)
}

func encode(img *image.RGBA, ext gocv.FileExt, side, param, value int) ([]byte, error) {
	var s mats
	defer s.done()
	in, err := s.rgba(img)
	if err != nil {
		return nil, err
	}
	if img.Rect.Dx() > side || img.Rect.Dy() > side {
		return nil, fmt.Errorf("%w: a side over %d pixels", ErrArgument, side)
	}
	if in, err = s.part(in, img.Rect, img.Rect); err != nil {
		return nil, err
	}
	bgr := s.keep(gocv.NewMat())
	gocv.CvtColor(*in, bgr, gocv.ColorRGBAToBGR)
	buf, err := gocv.IMEncodeWithParams(ext, *bgr, []int{param, value})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrEncode, err)
	}
	defer buf.Close()
	if buf.Len() == 0 {
		return nil, ErrEncode
	}
	return slices.Clone(buf.GetBytes()), nil
}
