package overlay

import (
	"encoding/binary"
	"testing"
)

func TestLeast(t *testing.T) {
	t.Run("should compare all pairs of bytes, in every place of a word", func(t *testing.T) {
		var a, b, got [8]byte
		for x := range 256 {
			for y := range 256 {
				for i := range a {
					a[i], b[i] = byte(x+i*37), byte(y+i*91)
				}
				binary.LittleEndian.PutUint64(got[:], least(binary.LittleEndian.Uint64(a[:]), binary.LittleEndian.Uint64(b[:])))
				for i := range a {
					if got[i] != min(a[i], b[i]) {
						t.Fatalf("of %v and %v: %v", a, b, got)
					}
				}
			}
		}
	})
}
