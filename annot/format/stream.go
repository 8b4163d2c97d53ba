package format

import (
	"bufio"
	"iter"

	"github.com/saysee/saysee/annot/atomic"
)

// writeStream writes a file of one entry a photo: head, the photos' texts with sep between those that are
// not empty, tail. The file appears whole or not at all.
func (t *tally) writeStream(file string, head []byte, photos iter.Seq2[encoded, error], sep string, tail []byte) (*Report, error) {
	out, err := atomic.Create(file)
	if err != nil {
		return nil, err
	}
	defer out.Abort()
	w := bufio.NewWriterSize(out, 1<<20)
	w.Write(head) // bufio keeps the first error for Flush
	first := true
	for e, err := range photos {
		if err != nil {
			return nil, err
		}
		t.count(&e.fitted)
		if len(e.image) == 0 {
			continue
		}
		if !first {
			w.WriteString(sep)
		}
		first = false
		if _, err := w.Write(e.image); err != nil {
			return nil, err
		}
	}
	w.Write(tail)
	if err := w.Flush(); err != nil {
		return nil, err
	}
	t.rep.Files++
	return t.report(), out.Commit()
}
