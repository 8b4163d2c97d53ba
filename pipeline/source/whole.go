package source

import (
	"encoding/binary"
	"io"
)

// complete reports whether a video file is as long as it says, and whether it can be played at all. It knows
// the ISO base media file format (MP4, MOV; ISO/IEC 14496-12, section 4.2) and RIFF (AVI), whose boxes state their
// lengths, and takes any other file for complete.
func complete(f io.ReaderAt, size int64) (whole, playable bool) {
	var head [16]byte
	if n, _ := f.ReadAt(head[:], 0); n < 12 {
		return true, true // OpenCV will tell
	}
	switch {
	case string(head[:4]) == "RIFF":
		// A recorder that was killed leaves the length at 0.
		stated := int64(binary.LittleEndian.Uint32(head[4:]))
		return stated > 0 && stated+8 <= size, true
	case string(head[4:8]) == "ftyp":
		return completeBoxes(f, size)
	}
	return true, true
}

// completeBoxes walks over the boxes of the top level. A file without a moov box has no index, and cannot be
// played.
func completeBoxes(f io.ReaderAt, size int64) (whole, playable bool) {
	var at int64
	const most = 1 << 20 // of boxes; a fragmented hour has some thousands
	for range most {
		if at == size {
			return true, playable
		}
		kind, length, ok := box(f, at, size)
		if !ok || length > size-at {
			return false, playable
		}
		if kind == "moov" {
			playable = true
		}
		at += length
	}
	return true, playable
}

// box reads a box's header: its kind and its length in bytes, header and all.
func box(f io.ReaderAt, at, size int64) (kind string, length int64, ok bool) {
	var head [16]byte
	n, _ := f.ReadAt(head[:], at)
	if n < 8 {
		return "", 0, false
	}
	length = int64(binary.BigEndian.Uint32(head[:]))
	switch length {
	case 0: // to the end of the file
		length = size - at
	case 1:
		if n < 16 {
			return "", 0, false
		}
		long := binary.BigEndian.Uint64(head[8:])
		if long > 1<<62 {
			return "", 0, false
		}
		length = int64(long)
	}
	return string(head[4:8]), length, length >= 8
}
