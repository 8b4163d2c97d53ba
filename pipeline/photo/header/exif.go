package header

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// The TIFF tags that matter here (TIFF 6.0, section 8; EXIF 2.32 stores its block as a TIFF file).
const (
	tagWidth        = 256
	tagHeight       = 257
	tagOrientation  = 274
	tagExtraSamples = 338
)

// ifd walks the first directory of a TIFF file or EXIF block and calls visit with each tag, its first value
// and the bytes that hold it, for the types byte, short and long. It returns false when the directory is cut off.
func ifd(data []byte, visit func(tag uint16, value uint32, field []byte)) bool {
	if len(data) < 8 {
		return false
	}
	var order binary.ByteOrder = binary.BigEndian
	if data[0] == 'I' {
		order = binary.LittleEndian
	}
	at := uint64(order.Uint32(data[4:]))
	if at+2 > uint64(len(data)) {
		return false
	}
	n := int(order.Uint16(data[at:]))
	entries := data[at+2:]
	for range n {
		if len(entries) < 12 {
			return false
		}
		if value, field := firstValue(order, entries[:12]); field != nil {
			visit(order.Uint16(entries), value, field)
		}
		entries = entries[12:]
	}
	return true
}

func firstValue(order binary.ByteOrder, entry []byte) (value uint32, field []byte) {
	if order.Uint32(entry[4:]) == 0 {
		return 0, nil
	}
	switch order.Uint16(entry[2:]) {
	case 1:
		return uint32(entry[8]), entry[8:9]
	case 3:
		return uint32(order.Uint16(entry[8:])), entry[8:10]
	case 4:
		return order.Uint32(entry[8:]), entry[8:12]
	}
	return 0, nil
}

// Unturned returns a copy of a TIFF file that claims to be upright, for decoders that cannot be told to
// leave the pixels as they are stored.
func Unturned(file []byte) []byte {
	file = slices.Clone(file)
	ifd(file, func(tag uint16, _ uint32, field []byte) {
		if tag != tagOrientation {
			return
		}
		clear(field)
		if file[0] == 'I' {
			field[0] = 1
		} else {
			field[len(field)-1] = 1
		}
	})
	return file
}

// orientation reads EXIF's orientation from a block with or without its "Exif" preface; 1 when the block
// has none or makes no sense, since a photo is worth more than its EXIF.
func orientation(block []byte) int {
	block = bytes.TrimPrefix(block, []byte("Exif\x00\x00"))
	if !tiffMagic(block) {
		return 1
	}
	found := 1
	ifd(block, func(tag uint16, value uint32, _ []byte) {
		if tag == tagOrientation && value >= 1 && value <= 8 {
			found = int(value)
		}
	})
	return found
}

func tiffMagic(b []byte) bool {
	return len(b) >= 4 && (string(b[:4]) == "II*\x00" || string(b[:4]) == "MM\x00*")
}

func parseTIFF(data []byte, info *Info) error {
	if !tiffMagic(data) {
		return fmt.Errorf("%w: BigTIFF", ErrUnsupported)
	}
	twice := false
	whole := ifd(data, func(tag uint16, value uint32, _ []byte) {
		switch tag {
		case tagWidth:
			twice = twice || info.W != 0
			info.W = int(value)
		case tagHeight:
			twice = twice || info.H != 0
			info.H = int(value)
		case tagOrientation:
			if value >= 1 && value <= 8 {
				info.Orientation = int(value)
			}
		case tagExtraSamples:
			info.Alpha = value == 1 || value == 2
		}
	})
	if !whole {
		return CutOff(data)
	}
	if twice {
		return fmt.Errorf("%w: two sizes in one picture", ErrBroken)
	}
	return nil
}
