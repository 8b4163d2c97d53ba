package format

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/saysee/saysee/annot"
)

// AppendLine appends a photo as one line of JSON, in the words of the format "json", for journals. The
// line ends with a newline and has no other.
func AppendLine(b []byte, p Photo, classes []annot.Class) ([]byte, error) {
	t := newTally(flatCan, FromPhotos(classes, nil), WriteOptions{})
	var line bytes.Buffer
	if err := json.Compact(&line, t.encodeFlat(&p, classes).image); err != nil {
		return b, fmt.Errorf("photo %s: %w", p.File, err)
	}
	return append(append(b, line.Bytes()...), '\n'), nil
}

// ParseLine reads what AppendLine wrote with the same class table. Any fault is an error: a journal is
// right or it is not used.
func ParseLine(line []byte, classes []annot.Class) (Photo, error) {
	ix := &flatIndex{source: source{"line", line}, classes: newClassTable(nil)}
	for _, c := range classes {
		ix.classes.put(c)
	}
	ix.photos = []cocoSpan{{0, int32(len(line)), 0}}
	it := ix.photo(0)
	if len(it.problems) > 0 {
		return Photo{}, it.problems[0]
	}
	return it.photos[0], nil
}
