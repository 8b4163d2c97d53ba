package photo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/tiff"

	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/photo/header"
)

// Decode decodes a file's bytes. The photo is upright by EXIF's orientation in every format that carries
// one (JPEG, PNG, WebP, TIFF); transparent pixels lie over white; of an animation it is the first picture;
// 16-bit channels keep their upper half. The errors wrap ErrEmpty, ErrNotAPicture, ErrTruncated,
// ErrTooLarge, ErrUnsupported, ErrDamaged or ErrHeader.
//
// OpenCV decodes what is common; the standard library what OpenCV cannot or gets wrong.
func Decode(data []byte, l Limits) (*Photo, error) {
	if len(data) == 0 {
		return nil, ErrEmpty
	}
	info, err := header.Parse(data)
	if err != nil {
		return nil, err
	}
	if err := l.check(info.W, info.H); err != nil {
		return nil, err
	}
	if err := header.CheckWhole(data, info); err != nil {
		return nil, err
	}
	stored := newImage(info.W, info.H)
	if err := decodeInto(stored, data, info); err != nil {
		buffers.put(stored.Pix)
		return nil, err
	}
	upright, err := turn(stored, info)
	if err != nil {
		return nil, err
	}
	return &Photo{Pix: upright, Format: info.Format, Orientation: info.Orientation}, nil
}

// ReadSmall loads the photo at path and decodes it upright, at no less than a size: of large JPEG files only as much as that
// takes. It is for thumbnails; the size that the photo has is not told.
func ReadSmall(path string, l Limits, least image.Point) (*Photo, error) {
	data, err := Load(path, l)
	if err != nil {
		return nil, err
	}
	info, err := header.Parse(data)
	if err == nil && info.Format == header.JPEG && info.Channels != 4 && l.check(info.W, info.H) == nil {
		w, h := info.Upright()
		for _, by := range []int{8, 4, 2} {
			if w/by >= least.X && h/by >= least.Y && header.CheckWhole(data, info) == nil {
				return small(data, info, by)
			}
		}
	}
	return Decode(data, l)
}

func small(data []byte, info header.Info, by int) (*Photo, error) {
	stored, err := cv.DecodeReduced(data, by)
	if err != nil {
		return nil, broken(err, data)
	}
	upright, err := turn(stored, info)
	if err != nil {
		return nil, err
	}
	return &Photo{Pix: upright, Format: info.Format, Orientation: info.Orientation}, nil
}

// turn makes an upright picture of a stored one, and takes its memory.
func turn(stored *image.RGBA, info header.Info) (*image.RGBA, error) {
	if info.Orientation == 1 {
		return stored, nil
	}
	defer buffers.put(stored.Pix)
	w, h := stored.Rect.Dx(), stored.Rect.Dy()
	if info.Orientation >= 5 {
		w, h = h, w
	}
	upright := newImage(w, h)
	if err := cv.Orient(upright, stored, info.Orientation); err != nil {
		buffers.put(upright.Pix)
		return nil, err
	}
	return upright, nil
}

func newImage(w, h int) *image.RGBA {
	return &image.RGBA{Pix: buffers.get(4 * w * h), Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

func decodeInto(dst *image.RGBA, data []byte, info header.Info) error {
	switch {
	case info.Format == header.GIF:
		return std(dst, data, gif.Decode)
	case info.Format == header.TIFF && !info.Fax: // x/image/tiff swaps black and white of some fax codes
		return decodeTIFF(dst, data)
	case info.Format == header.JPEG && info.Channels == 4:
		return decodeCMYK(dst, data, info)
	case info.Format == header.PNG && info.Alpha && (info.Depth != 8 || info.Colour != header.ColourRGBA):
		return std(dst, data, png.Decode)
	case info.Animated:
		return decodeAnimation(dst, data)
	}
	return common(dst, data, info)
}

// common decodes what OpenCV does well.
func common(dst *image.RGBA, data []byte, info header.Info) error {
	// Of TIFF only fax codes come here, which have no alpha to speak of.
	info.Alpha = info.Alpha && info.Format != header.TIFF
	if err := cv.Decode(dst, data, info.Alpha); err != nil {
		return broken(err, data)
	}
	if info.Alpha {
		overWhite(dst)
	}
	return nil
}

// gifTrailer is the last byte of a whole GIF file.
const gifTrailer = 0x3b

// broken turns a decoder's error into ErrDamaged, in words of ours.
func broken(err error, data []byte) error {
	switch {
	case errors.Is(err, cv.ErrDecode):
		return ErrDamaged
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF),
		header.Sniff(data) == header.GIF && data[len(data)-1] != gifTrailer:
		return header.CutOff(data)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// std decodes with a decoder of the standard library's kind. The decoded picture may be smaller than dst,
// as a GIF's first frame may be; the rest is white.
func std(dst *image.RGBA, data []byte, decode func(io.Reader) (image.Image, error)) error {
	src, err := decode(bytes.NewReader(data))
	if err != nil {
		return broken(err, data)
	}
	if !src.Bounds().In(dst.Rect) {
		return fmt.Errorf("%w: it has %v pixels where its header says %v", ErrDamaged, src.Bounds().Size(), dst.Rect.Size())
	}
	fillWhite(dst)
	draw.Draw(dst, src.Bounds(), src, src.Bounds().Min, draw.Over)
	return nil
}

func fillWhite(img *image.RGBA) {
	for i := range img.Pix {
		img.Pix[i] = 255
	}
}

// decodeAnimation decodes the first frame of a WebP, which need not cover the canvas.
func decodeAnimation(dst *image.RGBA, data []byte) error {
	file, at, err := header.FirstFrame(data)
	if err != nil {
		return err
	}
	info, err := header.Parse(file)
	if err != nil {
		return err
	}
	to := image.Rect(0, 0, info.W, info.H).Add(at)
	if !to.In(dst.Rect) {
		return fmt.Errorf("%w: a frame %v outside the picture", ErrDamaged, to)
	}
	frame := newImage(info.W, info.H)
	defer buffers.put(frame.Pix)
	if err := common(frame, file, info); err != nil {
		return err
	}
	fillWhite(dst)
	draw.Draw(dst, to, frame, image.Point{}, draw.Src)
	return nil
}

// decodeTIFF leaves to OpenCV the kinds that x/image/tiff does not know (JPEG inside, CMYK, planes).
func decodeTIFF(dst *image.RGBA, data []byte) error {
	err := std(dst, data, tiff.Decode)
	var unknown tiff.UnsupportedError
	if errors.As(err, &unknown) {
		if cv.Decode(dst, data, false) == nil {
			return nil
		}
		return fmt.Errorf("%w: TIFF with %s", ErrUnsupported, string(unknown))
	}
	return err
}

// decodeCMYK decodes a JPEG of four channels. OpenCV takes every such file for Adobe's, whose values are
// inverted; a file without Adobe's segment has ink where Adobe has light. image/jpeg refuses the latter, so
// it gets the segment, and what it then inverts is inverted back.
func decodeCMYK(dst *image.RGBA, data []byte, info header.Info) error {
	if !info.Adobe {
		adobe := []byte("\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00")
		data = append(adobe, data[2:]...)
	}
	decoded, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return broken(err, data)
	}
	src, ok := decoded.(*image.CMYK)
	if !ok || src.Rect != dst.Rect {
		return fmt.Errorf("%w: not the picture that its header says", ErrDamaged)
	}
	var invert uint32
	if !info.Adobe {
		invert = 0xffffffff
	}
	for y := range dst.Rect.Dy() {
		from, to := src.Pix[y*src.Stride:], dst.Pix[y*dst.Stride:]
		for i := 0; i < 4*dst.Rect.Dx(); i += 4 {
			var ink [4]byte
			binary.NativeEndian.PutUint32(ink[:], binary.NativeEndian.Uint32(from[i:])^invert)
			to[i], to[i+1], to[i+2] = color.CMYKToRGB(ink[0], ink[1], ink[2], ink[3])
			to[i+3] = 255
		}
	}
	return nil
}

// overWhite composites straight (not premultiplied) RGBA over white.
func overWhite(img *image.RGBA) {
	p := img.Pix
	for i := 0; i+3 < len(p); i += 4 {
		a := uint32(p[i+3])
		if a == 255 {
			continue
		}
		for c := range 3 {
			p[i+c] = uint8((uint32(p[i+c])*a + 255*(255-a) + 127) / 255)
		}
		p[i+3] = 255
	}
}
