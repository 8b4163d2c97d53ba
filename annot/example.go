package annot

import (
	"encoding/binary"
	"math"
)

// exampleJSON is an example in a project file. The vector is its numbers as little-endian float32, in base64.
type exampleJSON struct {
	Space  string     `json:"space"`
	Photo  string     `json:"photo,omitempty"`
	Box    [4]float64 `json:"box"`
	Vector []byte     `json:"vector"`
}

func encodeExamples(list []Example) []exampleJSON {
	out := make([]exampleJSON, len(list))
	for i, x := range list {
		out[i] = exampleJSON{Space: x.Space, Photo: x.Photo, Box: [4]float64{x.Box.X0, x.Box.Y0, x.Box.X1, x.Box.Y1}}
		for _, v := range x.Vector {
			out[i].Vector = binary.LittleEndian.AppendUint32(out[i].Vector, math.Float32bits(v))
		}
	}
	return out
}

// decodeExamples leaves out what is no vector: an example less is no reason to refuse a project.
func decodeExamples(list []exampleJSON) []Example {
	var out []Example
	for _, x := range list {
		e := Example{Space: x.Space, Photo: x.Photo, Box: Box{x.Box[0], x.Box[1], x.Box[2], x.Box[3]}}
		for b := x.Vector; len(b) >= 4; b = b[4:] {
			e.Vector = append(e.Vector, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
		if e.Space != "" && finite(e.Vector) {
			out = append(out, e)
		}
	}
	return out
}

// finite reports whether numbers are some, and none of them is infinite or no number.
func finite(v []float32) bool {
	for _, x := range v {
		if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return len(v) > 0
}
