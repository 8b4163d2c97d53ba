package header

import (
	"encoding/binary"
	"fmt"
	"image"
	"slices"
)

// riffChunks calls visit for each chunk of a WebP file or of a frame in one, from at on.
func riffChunks(data []byte, at int, visit func(name string, body []byte)) {
	for at+8 <= len(data) {
		n := uint64(binary.LittleEndian.Uint32(data[at+4:]))
		body := data[at+8:]
		body = body[:min(n, uint64(len(body)))]
		visit(string(data[at:at+4]), body)
		at += 8 + len(body) + int(n&1)
	}
}

// webpStart is where the first chunk of a file lies.
const webpStart = 12

func parseWebP(data []byte, info *Info) error {
	riffChunks(data, webpStart, func(name string, b []byte) {
		known := info.W != 0
		switch {
		case name == "VP8X" && len(b) >= 10 && !known:
			info.W, info.H = 1+u24(b[4:]), 1+u24(b[7:])
			info.Alpha, info.Animated = b[0]&0x10 != 0, b[0]&0x02 != 0
		case name == "VP8 " && len(b) >= 10 && !known:
			info.W = int(binary.LittleEndian.Uint16(b[6:])) & 0x3fff
			info.H = int(binary.LittleEndian.Uint16(b[8:])) & 0x3fff
		case name == "VP8L" && len(b) >= 5:
			bits := binary.LittleEndian.Uint32(b[1:])
			if !known {
				info.W, info.H = 1+int(bits&0x3fff), 1+int(bits>>14&0x3fff)
			}
			info.Alpha = info.Alpha || bits>>28&1 != 0
		case name == "EXIF":
			info.Orientation = orientation(b)
		}
	})
	if info.W == 0 {
		return CutOff(data)
	}
	return nil
}

func u24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// FirstFrame returns the first picture of an animated WebP file as a file of its own, and where on the
// canvas it lies. (WebP container specification, "ANMF".)
func FirstFrame(data []byte) (file []byte, at image.Point, err error) {
	var frame []byte
	riffChunks(data, webpStart, func(name string, b []byte) {
		if name == "ANMF" && frame == nil {
			frame = b
		}
	})
	const frameHeader = 16
	if len(frame) < frameHeader {
		return nil, at, CutOff(data)
	}
	at = image.Pt(2*u24(frame), 2*u24(frame[3:]))
	var picture, alpha []byte
	riffChunks(frame, frameHeader, func(name string, b []byte) {
		switch name {
		case "ALPH":
			alpha = chunk(name, b)
		case "VP8 ", "VP8L":
			picture = chunk(name, b)
		}
	})
	if picture == nil {
		return nil, at, fmt.Errorf("%w: a frame without a picture", ErrBroken)
	}
	body := []byte("WEBP")
	if alpha != nil {
		const hasAlpha = 0x10
		canvas := append([]byte{hasAlpha, 0, 0, 0}, frame[6:12]...)
		body = append(body, chunk("VP8X", canvas)...)
	}
	return chunk("RIFF", slices.Concat(body, alpha, picture)), at, nil
}

func chunk(name string, body []byte) []byte {
	out := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	out = append(out, body...)
	if len(body)%2 == 1 {
		out = append(out, 0)
	}
	return out
}
