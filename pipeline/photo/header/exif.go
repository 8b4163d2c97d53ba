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
	tagCompression  = 259
	tagOrientation  = 274
	tagExtraSamples = 338
	tagSampleFormat = 339
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
		if value, field := firstValue(order, data, entries[:12]); field != nil {
			visit(order.Uint16(entries), value, field)
		}
		entries = entries[12:]
	}
	return true
}

// firstValue reads the first value of an entry, which lies in the entry when all its values fit there, else
// where the entry points.
func firstValue(order binary.ByteOrder, data, entry []byte) (value uint32, field []byte) {
	const typeByte, typeShort, typeLong = 1, 3, 4
	size := map[uint16]uint64{typeByte: 1, typeShort: 2, typeLong: 4}[order.Uint16(entry[2:])]
	count := uint64(order.Uint32(entry[4:]))
	if size == 0 || count == 0 {
		return 0, nil
	}
	field = entry[8:]
	if count*size > uint64(len(field)) {
		at := uint64(order.Uint32(field))
		if at+size > uint64(len(data)) {
			return 0, nil
		}
		field = data[at:]
	}
	field = field[:size]
	switch size {
	case 1:
		return uint32(field[0]), field
	case 2:
		return uint32(order.Uint16(field)), field
	}
	return order.Uint32(field), field
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
	tags := tiffTags{info: info}
	switch whole := ifd(data, tags.read); {
	case !whole:
		return CutOff(data)
	case tags.twice:
		return fmt.Errorf("%w: two sizes in one picture", ErrBroken)
	case tags.float:
		// What white is differs from file to file.
		return fmt.Errorf("%w: TIFF with floating-point numbers", ErrUnsupported)
	}
	return nil
}

// tiffTags collects what matters of a directory.
type tiffTags struct {
	info         *Info
	twice, float bool // a size was told twice; pixels are floating-point numbers
}

func (t *tiffTags) read(tag uint16, value uint32, _ []byte) {
	const faxFirst, faxLast, floatingPoint = 2, 4, 3
	switch tag {
	case tagWidth:
		t.twice = t.twice || t.info.W != 0
		t.info.W = int(value)
	case tagHeight:
		t.twice = t.twice || t.info.H != 0
		t.info.H = int(value)
	case tagCompression:
		t.info.Fax = value >= faxFirst && value <= faxLast
	case tagOrientation:
		if value >= 1 && value <= 8 {
			t.info.Orientation = int(value)
		}
	case tagExtraSamples:
		t.info.Alpha = value == 1 || value == 2
	case tagSampleFormat:
		t.float = value == floatingPoint
	}
}
