package format

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Causes of problems and errors of this package.
var (
	// ErrUnknownFormat means that no format has the given name.
	ErrUnknownFormat = errors.New("unknown annotation format")
	// ErrUnrecognised means that a path holds no annotations that any format knows.
	ErrUnrecognised = errors.New("no known annotation format")
	// ErrUnsafeName means that a file name would leave the dataset's folder.
	ErrUnsafeName = errors.New("file name leaves the dataset's folder")
	// ErrSyntax means that a file breaks the grammar of JSON, XML, CSV or its rows.
	ErrSyntax = errors.New("malformed")
	// ErrGeometry means that coordinates describe nothing: NaN, negative sizes, too few points.
	ErrGeometry = errors.New("impossible shape")
	// ErrReference means that an id or a class name points to nothing, or is given twice.
	ErrReference = errors.New("broken reference")
	// ErrNoSize means that a photo's size is not in the file and the photo cannot be found or read.
	ErrNoSize = errors.New("photo size unknown")
	// ErrTooLarge means that a file or a photo is beyond what the format reads.
	ErrTooLarge = errors.New("too large")
)

// Problem is one fault in an input: where it is, and what is wrong. The rest of the input loads.
type Problem struct {
	File  string // the file, as given or relative to the dataset
	Line  int    // 1-based, 0 when lines say nothing
	Place string // place within the file, such as "annotations[12].bbox"; may be empty
	Err   error
}

// Error returns "file:line: place: cause".
func (p Problem) Error() string {
	var s strings.Builder
	s.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&s, ":%d", p.Line)
	}
	if p.Place != "" {
		s.WriteString(": " + p.Place)
	}
	return s.String() + ": " + p.Err.Error()
}

// Unwrap returns the cause.
func (p Problem) Unwrap() error { return p.Err }

// maxProblems is how many problems are kept; the others are only counted, so that a file in which
// everything is wrong does not fill the memory.
const maxProblems = 1000

// problemLog collects the problems of a dataset. Those of opening stay; those of a pass over the photos
// are replaced by the next pass. It is safe for concurrent use.
type problemLog struct {
	mu         sync.Mutex
	list       []Problem
	total      int
	keep, base int // list length and total after opening
}

func (l *problemLog) add(ps ...Problem) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total += len(ps)
	room := max(maxProblems-len(l.list), 0)
	l.list = append(l.list, ps[:min(room, len(ps))]...)
}

// opened ends the problems of opening.
func (l *problemLog) opened() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keep, l.base = len(l.list), l.total
}

// begin forgets the problems of the pass before.
func (l *problemLog) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list, l.total = l.list[:l.keep:l.keep], l.base
}

func (l *problemLog) all() ([]Problem, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Problem(nil), l.list...), l.total
}

// lineAt returns the 1-based line of an offset in data.
func lineAt(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), len(data))], []byte{'\n'})
}
