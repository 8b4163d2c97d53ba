package record

import (
	"fmt"
	"image"
	"path/filepath"
	"strings"

	"github.com/saysee/saysee/annot/atomic"
	"github.com/saysee/saysee/pipeline/cv"
)

// Picture writes a snapshot, whole or not at all: a JPEG by the name's ending, else a PNG.
func Picture(path string, img *image.RGBA) error {
	var data []byte
	var err error
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jpg", ".jpeg":
		const quality = 92
		data, err = cv.EncodeJPEG(img, quality)
	case ".png":
		data, err = cv.EncodePNG(img, 1)
	default:
		return fmt.Errorf("%s: a snapshot's name ends in .png or .jpg", path)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomic.WriteFile(path, data, atomic.DefaultPerm)
}
