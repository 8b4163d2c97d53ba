// Package header reads what a picture file says about itself before anything is decoded: its format by
// content, its size, how it must be turned, and whether it is whole. It reads JPEG, PNG, WebP, TIFF, BMP
// and GIF, never allocates by what a file claims, and its sizes are the very fields that the decoders use.
// That lets the guards in front of OpenCV refuse what OpenCV would abort on.
package header

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// The causes of errors. Every error of this package wraps one of them.
var (
	ErrUnknown     = errors.New("not a picture that can be read (JPEG, PNG, WebP, TIFF, BMP or GIF)")
	ErrTruncated   = errors.New("the file is cut off")
	ErrBroken      = errors.New("the file's header is broken")
	ErrDamaged     = errors.New("the picture's data are damaged")
	ErrUnsupported = errors.New("this kind of picture is not supported")
)

// Format is a picture file's format.
type Format string

// The formats.
const (
	JPEG Format = "JPEG"
	PNG  Format = "PNG"
	WebP Format = "WebP"
	TIFF Format = "TIFF"
	BMP  Format = "BMP"
	GIF  Format = "GIF"
)

// Info is what a header says.
type Info struct {
	Format Format
	// W and H are the stored size in pixels, before Orientation is applied; both are at least 1.
	W, H int
	// Orientation is EXIF's tag 274, 1 (upright) to 8.
	Orientation int
	// Alpha tells that pixels may be transparent.
	Alpha bool
	// Depth and Colour are of PNG: bits a channel, and the colour type of its header.
	Depth, Colour int
	// Channels and Adobe are of JPEG: the components, and whether an Adobe segment says how four of them
	// are to be read.
	Channels int
	Adobe    bool
	// Fax is of TIFF: black and white by one of CCITT's codes.
	Fax bool
	// Animated is of WebP: the pictures lie in frames.
	Animated bool
}

// Upright returns the size in pixels after Orientation is applied.
func (i Info) Upright() (w, h int) {
	if i.Orientation >= 5 {
		return i.H, i.W
	}
	return i.W, i.H
}

// ColourRGBA is PNG's colour type for red, green, blue and alpha.
const ColourRGBA = 6

// Sniff tells a file's format by its first bytes; "" when it is none of ours.
func Sniff(data []byte) Format {
	has := func(at int, s string) bool { return len(data) >= at+len(s) && string(data[at:at+len(s)]) == s }
	switch {
	case has(0, "\xff\xd8\xff"):
		return JPEG
	case has(0, "\x89PNG\r\n\x1a\n"):
		return PNG
	case has(0, "RIFF") && has(8, "WEBP"):
		return WebP
	case has(0, "II*\x00"), has(0, "MM\x00*"), has(0, "II+\x00"), has(0, "MM\x00+"):
		return TIFF
	case has(0, "GIF87a"), has(0, "GIF89a"):
		return GIF
	case has(0, "BM") && len(data) >= 26:
		return BMP
	}
	return ""
}

// Parse reads the header of a whole file. It does not look for the file's end; see CheckWhole.
func Parse(data []byte) (Info, error) {
	info := Info{Format: Sniff(data), Orientation: 1}
	var err error
	switch info.Format {
	case JPEG:
		err = parseJPEG(data, &info)
	case PNG:
		err = parsePNG(data, &info)
	case WebP:
		err = parseWebP(data, &info)
	case TIFF:
		err = parseTIFF(data, &info)
	case BMP:
		err = parseBMP(data, &info)
	case GIF:
		err = parseGIF(data, &info)
	default:
		return info, ErrUnknown
	}
	if err != nil {
		return info, err
	}
	if info.W < 1 || info.H < 1 {
		return info, fmt.Errorf("%w: it claims %d × %d pixels", ErrBroken, info.W, info.H)
	}
	return info, nil
}

// CheckWhole returns an error that wraps ErrTruncated when the file ends before the picture does, or ErrDamaged
// when a PNG's checksums tell that it was damaged. It does not decode.
func CheckWhole(data []byte, info Info) error {
	whole := true
	switch info.Format {
	case JPEG:
		whole = jpegWhole(data)
	case PNG:
		return checkPNG(data)
	case WebP:
		whole = uint64(binary.LittleEndian.Uint32(data[4:]))+8 <= uint64(len(data))
	case BMP:
		whole = bmpWhole(data, info)
	case GIF, TIFF: // their decoders find the end themselves
	}
	if !whole {
		return CutOff(data)
	}
	return nil
}

// CutOff returns the error for a file that ends too early; it wraps ErrTruncated and says where.
func CutOff(data []byte) error {
	if len(data) < 1000 {
		return fmt.Errorf("%w: it ends after %d bytes, in the middle of the picture", ErrTruncated, len(data))
	}
	return fmt.Errorf("%w: it ends after %.1f kB, in the middle of the picture", ErrTruncated, float64(len(data))/1000)
}

func parseGIF(data []byte, info *Info) error {
	if len(data) < 10 {
		return CutOff(data)
	}
	info.W = int(binary.LittleEndian.Uint16(data[6:]))
	info.H = int(binary.LittleEndian.Uint16(data[8:]))
	info.Alpha = true
	return nil
}

// parseBMP reads the size of the old OS/2 header (12 bytes) and of all later ones, whose height is
// negative when rows go downwards.
func parseBMP(data []byte, info *Info) error {
	if binary.LittleEndian.Uint32(data[14:]) == 12 {
		info.W = int(binary.LittleEndian.Uint16(data[18:]))
		info.H = int(binary.LittleEndian.Uint16(data[20:]))
		return nil
	}
	info.W = int(int32(binary.LittleEndian.Uint32(data[18:])))
	info.H = int(int32(binary.LittleEndian.Uint32(data[22:])))
	if info.H < 0 {
		info.H = -info.H
	}
	return nil
}

// bmpWhole checks the length of uncompressed pictures; run lengths are left to the decoder.
func bmpWhole(data []byte, info Info) bool {
	const compressionAt, bitsAt = 30, 28
	if binary.LittleEndian.Uint32(data[14:]) == 12 || len(data) < compressionAt+4 ||
		binary.LittleEndian.Uint32(data[compressionAt:]) != 0 {
		return true
	}
	bits := uint64(binary.LittleEndian.Uint16(data[bitsAt:]))
	row := (uint64(info.W)*bits + 31) / 32 * 4
	start := uint64(binary.LittleEndian.Uint32(data[10:]))
	return start+row*uint64(info.H) <= uint64(len(data))
}

// The markers of a JPEG file (ITU-T T.81, table B.1).
const (
	markerSOF0 = 0xc0
	markerDHT  = 0xc4
	markerJPG  = 0xc8
	markerDAC  = 0xcc
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP1 = 0xe1
	markerAPPE = 0xee
)

// nextMarker finds the first marker at or after at and returns it with the position behind it; 0 when
// there is none. Stuffed bytes, restart and reserved markers are passed over, as they belong to the
// coded data or mean nothing.
func nextMarker(data []byte, at int) (marker byte, after int) {
	for at < len(data) {
		i := bytes.IndexByte(data[at:], 0xff)
		if i < 0 {
			return 0, len(data)
		}
		at += i + 1
		for at < len(data) && data[at] == 0xff {
			at++
		}
		if at == len(data) {
			return 0, at
		}
		m := data[at]
		at++
		if m >= markerSOF0 && m != 0xff && (m < markerRST0 || m > markerSOI) {
			return m, at
		}
	}
	return 0, at
}

// segment returns the content of the segment whose length field is at at, and false when it is cut off.
func segment(data []byte, at int) (body []byte, ok bool) {
	if at+2 > len(data) {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(data[at:]))
	if n < 2 || at+n > len(data) {
		return nil, false
	}
	return data[at+2 : at+n], true
}

func parseJPEG(data []byte, info *Info) error {
	for at := 2; ; {
		m, after := nextMarker(data, at)
		if m == 0 {
			return CutOff(data)
		}
		if m == markerEOI || m == markerSOS {
			break
		}
		body, ok := segment(data, after)
		if !ok {
			return CutOff(data)
		}
		if err := readSegment(m, body, info); err != nil {
			return err
		}
		at = after + 2 + len(body)
	}
	if info.Channels == 0 {
		return fmt.Errorf("%w: no size before the picture's data", ErrBroken)
	}
	return nil
}

func readSegment(m byte, body []byte, info *Info) error {
	switch {
	case m == markerAPP1 && bytes.HasPrefix(body, []byte("Exif\x00")):
		info.Orientation = orientation(body)
	case m == markerAPPE && bytes.HasPrefix(body, []byte("Adobe")) && len(body) >= 12:
		info.Adobe = true
	case m >= markerSOF0 && m < markerRST0 && m != markerDHT && m != markerJPG && m != markerDAC:
		if info.Channels != 0 {
			return fmt.Errorf("%w: two sizes in one picture", ErrBroken)
		}
		if len(body) < 6 {
			return fmt.Errorf("%w: the segment with the size is too short", ErrBroken)
		}
		info.H = int(binary.BigEndian.Uint16(body[1:]))
		info.W = int(binary.BigEndian.Uint16(body[3:]))
		info.Channels = int(body[5])
		if info.Channels == 0 {
			return fmt.Errorf("%w: a picture without colour channels", ErrBroken)
		}
	}
	return nil
}

// jpegWhole walks all segments and scans to the end-of-image marker. A thumbnail's marker is not met,
// as it lies within a segment.
func jpegWhole(data []byte) bool {
	for at := 2; ; {
		m, after := nextMarker(data, at)
		switch m {
		case 0:
			return false
		case markerEOI:
			return true
		}
		body, ok := segment(data, after)
		if !ok {
			return false
		}
		at = after + 2 + len(body)
	}
}

// pngChunk returns the name and content of the chunk at at; ok is false when it is cut off.
func pngChunk(data []byte, at int) (name string, body []byte, next int, ok bool) {
	if at+12 > len(data) {
		return "", nil, 0, false
	}
	n := uint64(binary.BigEndian.Uint32(data[at:]))
	if n > uint64(len(data)-at-12) {
		return "", nil, 0, false
	}
	body = data[at+8 : at+8+int(n)]
	return string(data[at+4 : at+8]), body, at + 12 + int(n), true
}

const pngStart = 8

func parsePNG(data []byte, info *Info) error {
	name, ihdr, at, ok := pngChunk(data, pngStart)
	if !ok {
		return CutOff(data)
	}
	if name != "IHDR" || len(ihdr) != 13 {
		return fmt.Errorf("%w: the first chunk is not IHDR", ErrBroken)
	}
	w, h := binary.BigEndian.Uint32(ihdr), binary.BigEndian.Uint32(ihdr[4:])
	if w > 1<<31-1 || h > 1<<31-1 {
		return fmt.Errorf("%w: it claims %d × %d pixels", ErrBroken, w, h)
	}
	info.W, info.H, info.Depth = int(w), int(h), int(ihdr[8])
	const alpha = 4
	info.Colour = int(ihdr[9])
	info.Alpha = info.Colour&alpha != 0
	for {
		var body []byte
		if name, body, at, ok = pngChunk(data, at); !ok || name == "IEND" {
			return nil // CheckWhole tells whether the file is whole
		}
		switch name {
		case "tRNS":
			info.Alpha = true
		case "eXIf":
			info.Orientation = orientation(body)
		}
	}
}

func checkPNG(data []byte) error {
	for at := pngStart; ; {
		name, body, next, ok := pngChunk(data, at)
		if !ok {
			return CutOff(data)
		}
		critical := name[0]&0x20 == 0 // by the case of the first letter
		if sum := binary.BigEndian.Uint32(data[next-4:]); critical && sum != crc32.ChecksumIEEE(data[at+4:at+8+len(body)]) {
			return fmt.Errorf("%w: the checksum of its part %q, %.1f kB in, is wrong", ErrDamaged, name, float64(at)/1000)
		}
		if name == "IEND" {
			return nil
		}
		at = next
	}
}
