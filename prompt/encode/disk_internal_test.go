package encode

import (
	"bytes"
	"slices"
	"testing"
)

// FuzzFile reads a file of any bytes with a record behind them. It must come to the record, if only after
// records that the bytes happen to be.
func FuzzFile(f *testing.F) {
	cat := entry{phrase: "cat", vector: []float32{1, -2, 0.5}, truncated: true}
	record := appendRecord(nil, cat)
	for _, s := range [][]byte{nil, record, record[:9], slices.Concat(record[:20], record), []byte("SYv1SYv1"), bytes.Repeat([]byte{0xff}, 40)} {
		f.Add(s)
	}
	d := disk{dim: 3}
	f.Fuzz(func(t *testing.T, junk []byte) {
		data := slices.Concat(junk, record)
		found := 0
		for len(data) > 0 {
			e, n, ok := d.record(data, func([]byte) bool { return true })
			if n < 1 || n > len(data) {
				t.Fatalf("a step of %d in %d bytes", n, len(data))
			}
			if ok && e.phrase == cat.phrase && slices.Equal(e.vector, cat.vector) && e.truncated {
				found++
			}
			data = data[n:]
		}
		if found == 0 {
			t.Error("the record was not found")
		}
	})
}
