package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the kinds of photo that reports can show
	_ "image/jpeg"
	_ "image/png"
	"os"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"github.com/saysee/saysee/pipeline/photo/header"
)

// maxPhotoPixels bounds what a photo for a report may cost in memory.
const maxPhotoPixels = 200e6

var errNoPath = errors.New("the photo's place is unknown")

// openPhoto reads a photo upright, for a drawing.
func openPhoto(path string) (image.Image, error) {
	if path == "" {
		return nil, errNoPath
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	info, err := header.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if float64(info.W)*float64(info.H) > maxPhotoPixels {
		return nil, fmt.Errorf("%s: %d × %d pixels are too many for a report", path, info.W, info.H)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return upright(img, info.Orientation), nil
}

// upright applies an EXIF orientation, 1 to 8 (CIPA DC-008, tag 0x0112).
func upright(img image.Image, orientation int) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	// from returns the stored pixel that is shown at (x, y).
	var from func(x, y int) (int, int)
	switch orientation {
	case 2:
		from = func(x, y int) (int, int) { return w - 1 - x, y }
	case 3:
		from = func(x, y int) (int, int) { return w - 1 - x, h - 1 - y }
	case 4:
		from = func(x, y int) (int, int) { return x, h - 1 - y }
	case 5:
		from = func(x, y int) (int, int) { return y, x }
	case 6:
		from = func(x, y int) (int, int) { return y, h - 1 - x }
	case 7:
		from = func(x, y int) (int, int) { return w - 1 - y, h - 1 - x }
	case 8:
		from = func(x, y int) (int, int) { return w - 1 - y, x }
	default:
		return img
	}
	shown := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		shown = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(shown)
	for y := range shown.Dy() {
		for x := range shown.Dx() {
			sx, sy := from(x, y)
			out.Set(x, y, img.At(b.Min.X+sx, b.Min.Y+sy))
		}
	}
	return out
}
