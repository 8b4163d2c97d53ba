package source

import (
	"encoding/binary"
	"io"
	"iter"
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

// maxIndex bounds the index that is read for its rotation; hours of video have some megabytes.
const maxIndex = 64 << 20

// rotation returns the clockwise turn in degrees, 0, 90, 180 or 270, that an MP4 or MOV states for its picture.
func rotation(f io.ReaderAt, size int64) int {
	for at := int64(0); at < size; {
		kind, length, ok := box(f, at, size)
		if !ok || length > size-at {
			return 0
		}
		if kind == "moov" && length <= maxIndex {
			return movieRotation(io.NewSectionReader(f, at, length))
		}
		at += length
	}
	return 0
}

// movieRotation finds the video's track in a moov box.
func movieRotation(moov *io.SectionReader) (degrees int) {
	for trak := range children(moov, "trak") {
		isVideo := false
		for mdia := range children(trak, "mdia") {
			for hdlr := range children(mdia, "hdlr") {
				var kind [4]byte
				_, _ = hdlr.ReadAt(kind[:], 16) // after header, version and one more field
				isVideo = isVideo || string(kind[:]) == "vide"
			}
		}
		for tkhd := range children(trak, "tkhd") {
			if isVideo {
				return headerRotation(tkhd)
			}
		}
	}
	return 0
}

// children yields the boxes of a kind in a box, headers and all.
func children(parent *io.SectionReader, kind string) iter.Seq[*io.SectionReader] {
	return func(yield func(*io.SectionReader) bool) {
		for at := int64(8); at < parent.Size(); {
			k, length, ok := box(parent, at, parent.Size())
			if !ok || length > parent.Size()-at || k == kind && !yield(io.NewSectionReader(parent, at, length)) {
				return
			}
			at += length
		}
	}
}

// headerRotation reads the matrix {a b u c d v x y w} of a track header (section 8.3.2): a point (x, y) is shown
// at (ax + cy, bx + dy).
func headerRotation(tkhd *io.SectionReader) int {
	var version [1]byte
	_, _ = tkhd.ReadAt(version[:], 8)
	at := int64(48)
	if version[0] == 1 {
		at = 60 // its times are longer
	}
	var matrix [20]byte
	if n, _ := tkhd.ReadAt(matrix[:], at); n < len(matrix) {
		return 0
	}
	number := func(i int) int32 { return int32(binary.BigEndian.Uint32(matrix[4*i:])) }
	const one = 1 << 16
	switch [4]int32{number(0), number(1), number(3), number(4)} {
	case [4]int32{0, one, -one, 0}:
		return 90
	case [4]int32{-one, 0, 0, -one}:
		return 180
	case [4]int32{0, -one, one, 0}:
		return 270
	}
	return 0
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
