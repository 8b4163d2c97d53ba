// Package photo brings photos in: it finds the files that a person means (List), and decodes them by
// their bytes into upright RGBA (Read, Decode). A file's format is told by its content, never by its name.
package photo

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"

	"github.com/saysee/saysee/pipeline/photo/header"
)

// The causes of errors, beside package header's. Each comes wrapped with a sentence that names the photo's
// trouble; the photo's name is left to the caller, except where the system's own message has it.
var (
	ErrEmpty      = errors.New("the file is empty")
	ErrFolder     = errors.New("it is a folder, not a picture")
	ErrNotAFile   = errors.New("it is not a regular file")
	ErrUnreadable = errors.New("the file cannot be read")
	ErrTooLarge   = errors.New("the picture is too large")
	// These are package header's.
	ErrNotAPicture = header.ErrUnknown
	ErrTruncated   = header.ErrTruncated
	ErrUnsupported = header.ErrUnsupported
	ErrDamaged     = header.ErrDamaged
	ErrHeader      = header.ErrBroken
)

// Limits bound what a file may claim; they are applied to its header, before memory for pixels is taken.
// A field of 0 stands for the default.
type Limits struct {
	Pixels int64 // width × height; 250 million
	Side   int   // the longer side in pixels; 40,000
	File   int64 // the file's length in bytes; 1 GB
}

// The default limits. Decoding takes at most 12 bytes a pixel at a time.
const (
	defaultPixels = 250_000_000
	defaultSide   = 40_000
	defaultFile   = 1_000_000_000
)

func (l Limits) pixels() int64 { return orDefault(l.Pixels, defaultPixels) }
func (l Limits) side() int     { return int(orDefault(int64(l.Side), defaultSide)) }
func (l Limits) file() int64   { return orDefault(l.File, defaultFile) }

func orDefault(v, or int64) int64 {
	if v <= 0 {
		return or
	}
	return v
}

func (l Limits) check(w, h int) error {
	long := max(w, h)
	if long > l.side() {
		return fmt.Errorf("%w: the header claims %d × %d pixels, over the limit of %d a side", ErrTooLarge, w, h, l.side())
	}
	if int64(w)*int64(h) > l.pixels() {
		return fmt.Errorf("%w: the header claims %d × %d pixels, over the limit of %g megapixels: --max-pixels raises it",
			ErrTooLarge, w, h, float64(l.pixels())/1e6)
	}
	return nil
}

// Photo is a decoded photo, upright and opaque.
type Photo struct {
	// Pix has its origin at 0,0 and no gaps between rows. It must not be used after Release.
	Pix    *image.RGBA
	Format header.Format
	// Orientation is EXIF's, 1 to 8, that Pix was turned by; the stored picture lay differently unless 1.
	Orientation int
}

// Size returns the upright size in pixels.
func (p *Photo) Size() image.Point { return p.Pix.Rect.Size() }

// Release gives the pixels' memory back for the next photo. Photo and pixels must not be used afterwards.
func (p *Photo) Release() {
	if p == nil || p.Pix == nil {
		return
	}
	buffers.put(p.Pix.Pix)
	p.Pix = nil
}

// Hash returns a file's SHA-256, the key of caches of what was made of a photo.
func Hash(file []byte) [sha256.Size]byte { return sha256.Sum256(file) }

// Load reads a file whole. The errors wrap ErrEmpty, ErrFolder, ErrNotAFile, ErrTooLarge or ErrUnreadable
// (which wraps the system's cause, such as fs.ErrNotExist).
func Load(path string, l Limits) ([]byte, error) {
	// A pipe without a writer would keep Open waiting, so the kind is looked at first.
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(err)
	}
	if err := checkKind(info, l); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := readAll(f, make([]byte, 0, info.Size()+1), l.file())
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, ErrEmpty
	}
	return data, nil
}

func checkKind(info fs.FileInfo, l Limits) error {
	switch {
	case info.IsDir():
		return ErrFolder
	case !info.Mode().IsRegular():
		return ErrNotAFile
	case info.Size() > l.file():
		return fmt.Errorf("%w: a file of %d bytes, over the limit of %d", ErrTooLarge, info.Size(), l.file())
	}
	return nil
}

// readAll appends r to data; the file may grow while it is read, but not over the limit.
func readAll(r io.Reader, data []byte, limit int64) ([]byte, error) {
	for {
		if int64(len(data)) > limit {
			return nil, fmt.Errorf("%w: a file over the limit of %d bytes", ErrTooLarge, limit)
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return nil, unreadable(err)
		}
	}
}

// unreadable wraps the system's cause without the path, which callers add themselves.
func unreadable(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("%w: %w", ErrUnreadable, err)
}

// Read loads and decodes the photo at path.
func Read(path string, l Limits) (*Photo, error) {
	data, err := Load(path, l)
	if err != nil {
		return nil, err
	}
	return Decode(data, l)
}
