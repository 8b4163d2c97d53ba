package format

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	_ "image/gif" // DecodeConfig of every kind of photo that the app opens
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"
	"strings"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// exifBytes is how much of a file is searched for the EXIF orientation; cameras write it first.
const exifBytes = 256 << 10

// PhotoSize returns the size of a photo as it is shown, after the EXIF orientation, from the beginning of
// the file only.
func PhotoSize(path string) (w, h int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	config, _, err := image.DecodeConfig(bufio.NewReader(f))
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", path, err)
	}
	head, err := io.ReadAll(io.NewSectionReader(f, 0, exifBytes))
	if err != nil {
		return 0, 0, err
	}
	if orientation(head) >= 5 {
		return config.Height, config.Width, nil
	}
	return config.Width, config.Height, nil
}

// orientation returns the EXIF orientation of a JPEG, PNG, WebP or TIFF file from its beginning, 1 when it
// has none. From 5 on, width and height change places. (CIPA DC-008, tag 0x0112.)
func orientation(head []byte) int {
	switch {
	case bytes.HasPrefix(head, []byte("II*\x00")), bytes.HasPrefix(head, []byte("MM\x00*")):
		return tiffOrientation(head)
	case bytes.HasPrefix(head, []byte("\xff\xd8")):
		return tiffOrientation(jpegExif(head[2:]))
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		return tiffOrientation(chunk4(head[8:], "eXIf", binary.BigEndian, true))
	case bytes.HasPrefix(head, []byte("RIFF")) && len(head) > 12:
		return tiffOrientation(bytes.TrimPrefix(chunk4(head[12:], "EXIF", binary.LittleEndian, false), []byte("Exif\x00\x00")))
	}
	return 1
}

// jpegExif returns the TIFF block of the APP1 segment.
func jpegExif(b []byte) []byte {
	for len(b) >= 4 && b[0] == 0xff && b[1] != 0xda {
		n := int(binary.BigEndian.Uint16(b[2:])) + 2
		if n > len(b) {
			return nil
		}
		if body := b[4:n]; b[1] == 0xe1 && strings.HasPrefix(string(body[:min(6, len(body))]), "Exif\x00\x00") {
			return body[6:]
		}
		b = b[n:]
	}
	return nil
}

// chunk4 finds the chunk of that name in PNG (length before name, checksum behind) or RIFF (padded).
func chunk4(b []byte, name string, order binary.ByteOrder, png bool) []byte {
	for len(b) >= 8 {
		tag, size := b[:4], b[4:8]
		if png {
			tag, size = size, tag
		}
		n := int(order.Uint32(size))
		if n < 0 || n > len(b)-8 {
			return nil
		}
		if string(tag) == name {
			return b[8 : 8+n]
		}
		next := 8 + n + n%2
		if png {
			next = 12 + n
		}
		b = b[min(next, len(b)):]
	}
	return nil
}

func tiffOrientation(b []byte) int {
	var order binary.ByteOrder = binary.LittleEndian
	if len(b) < 8 {
		return 1
	}
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 1
	}
	b = b[at:]
	for n := int(order.Uint16(b)); n > 0 && len(b) >= 14; n-- {
		if order.Uint16(b[2:]) == 0x0112 {
			if o := int(order.Uint16(b[10:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
		b = b[12:]
	}
	return 1
}
