package annot

import (
	"errors"
	"fmt"
	"image"
	"math"
)

// ErrRLE is the cause of every error about run lengths that describe no mask.
var ErrRLE = errors.New("invalid run lengths")

// FullRuns returns COCO's uncompressed RLE of the mask in a photo of w × h pixels: column-major run
// lengths that start with the outside and add up to w·h. Pixels outside the photo are left out. It
// returns nil when the photo has no pixels.
func (m Mask) FullRuns(w, h int) []uint32 {
	full := image.Rectangle{Max: image.Pt(max(w, 0), max(h, 0))}
	if full.Empty() {
		return nil
	}
	if m.rect == full {
		return append([]uint32(nil), m.runs...)
	}
	return m.reframe(full).runs
}

// MaskFromFullRuns makes a mask from COCO's uncompressed RLE of a photo of w × h pixels. The crop of the
// mask is tight. The error wraps ErrRLE when the runs do not add up to w·h, or a side is beyond a million.
func MaskFromFullRuns(w, h int, runs []uint32) (Mask, error) {
	if w < 0 || h < 0 {
		return Mask{}, fmt.Errorf("%w: size %d × %d", ErrRLE, w, h)
	}
	full, err := MaskFromRuns(image.Rect(0, 0, w, h), runs)
	return full.Trim(), err
}

// maxSide bounds the sides of masks that files tell of: far beyond any photo, and little enough that no
// short text can make a program count for minutes.
const maxSide = 1 << 20

// MaskFromRuns makes a mask from column-major run lengths over a crop, which is kept as given. The error
// wraps ErrRLE when the runs do not add up to the pixels of the crop, or the crop is beyond all measure.
func MaskFromRuns(rect image.Rectangle, runs []uint32) (Mask, error) {
	for _, v := range []int{rect.Min.X, rect.Min.Y, rect.Max.X, rect.Max.Y} {
		if v > maxSide || v < -maxSide {
			return Mask{}, fmt.Errorf("%w: crop %v is too large", ErrRLE, rect)
		}
	}
	sum, want := uint64(0), uint64(0)
	if !rect.Empty() {
		want = uint64(rect.Dx()) * uint64(rect.Dy())
	}
	for _, r := range runs {
		sum += uint64(r)
	}
	if sum != want {
		return Mask{}, fmt.Errorf("%w: they add up to %d pixels, the crop %v has %d", ErrRLE, sum, rect, want)
	}
	return Mask{rect, runs}.rewrite(rect), nil
}

// EncodeRLE packs run lengths into the string that COCO calls compressed RLE: from the fourth on, a run
// is stored as the difference to the run two before; numbers are cut into groups of five bits, the lowest
// first, each written as one character from '0', with the sixth bit set when another follows.
// (rleToString in cocoapi's maskApi.c.)
func EncodeRLE(runs []uint32) string {
	s := make([]byte, 0, 2*len(runs))
	for i, r := range runs {
		x := int64(r)
		if i > 2 {
			x -= int64(runs[i-2])
		}
		for more := true; more; {
			c := byte(x & 0x1f)
			x >>= 5
			if c&0x10 != 0 {
				more = x != -1
			} else {
				more = x != 0
			}
			if more {
				c |= 0x20
			}
			s = append(s, c+'0')
		}
	}
	return string(s)
}

// maxRLEGroups is more than any difference of two run lengths needs, and little enough for an int64.
const maxRLEGroups = 12

// DecodeRLE unpacks COCO's compressed RLE. The error wraps ErrRLE and names the character at fault.
func DecodeRLE(s string) ([]uint32, error) {
	runs := make([]uint32, 0, len(s)/2+1)
	for at := 0; at < len(s); {
		x, n, err := rleNumber(s[at:])
		if err != nil {
			return nil, fmt.Errorf("%w: character %d: %w", ErrRLE, at+n, err)
		}
		if len(runs) > 2 {
			x += int64(runs[len(runs)-2])
		}
		if x < 0 || x > math.MaxUint32 {
			return nil, fmt.Errorf("%w: character %d: run of %d pixels", ErrRLE, at, x)
		}
		runs = append(runs, uint32(x))
		at += n
	}
	return runs, nil
}

// rleNumber reads one number and returns it with the characters it took.
func rleNumber(s string) (x int64, n int, err error) {
	for n < len(s) {
		c := s[n] - '0'
		if c > 0x3f {
			return 0, n, fmt.Errorf("%q is outside '0'…'o'", s[n])
		}
		if n == maxRLEGroups {
			return 0, n, errors.New("number too long")
		}
		x |= int64(c&0x1f) << (5 * n)
		n++
		if c&0x20 == 0 {
			if c&0x10 != 0 {
				x |= -1 << (5 * n)
			}
			return x, n, nil
		}
	}
	return 0, n, errors.New("string ends within a number")
}
