package format

import (
	"fmt"
	"os"
)

// maxFileBytes bounds the files that are read as a whole; larger ones are surely not annotations.
const maxFileBytes = 8 << 30

// maxLinedBytes is the size up to which problems tell the line; beyond, counting costs more than it helps.
const maxLinedBytes = 8 << 20

// readWhole reads a file of annotations without its byte order mark.
func readWhole(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFileBytes {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrTooLarge, path, info.Size())
	}
	data, err := os.ReadFile(path)
	return withoutBOM(data), err
}

// source is a text that is being read, for telling where problems are.
type source struct {
	file string
	data []byte
}

// problem makes a Problem at an offset of the text.
func (f *source) problem(offset int, place string, err error) Problem {
	p := Problem{File: f.file, Place: place, Err: err}
	if len(f.data) <= maxLinedBytes {
		p.Line = lineAt(f.data, offset)
	}
	return p
}

// faults appends the faults of a scanner over the text from base on.
func (f *source) faults(ps []Problem, s *scanner, base int, place string) []Problem {
	for _, w := range s.soft {
		ps = append(ps, f.problem(base+w.offset, place, w.err))
	}
	if s.err != nil {
		e := *s.err
		e.offset += base
		ps = append(ps, f.problem(e.offset, place, &e))
	}
	return ps
}
