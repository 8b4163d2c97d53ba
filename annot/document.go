package annot

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Photo names a picture and gives its size in pixels, upright as EXIF tells.
type Photo struct {
	// Path is relative to the project's folder, with forward slashes. It is the photo's key.
	Path          string
	Width, Height int
}

// PhotoState is how far a person has come with a photo.
type PhotoState uint8

// The states of a photo.
const (
	PhotoNew       PhotoState = iota // nobody and nothing has labelled it
	PhotoSuggested                   // a model has, and nobody has looked
	PhotoChecked                     // a person has declared it done
)

// Document is one photo with all that is known about it.
type Document struct {
	Photo Photo
	State PhotoState
	// Regions are in drawing order, later ones on top.
	Regions []Region
	// NextID is the id for the next region. It only grows, so no id is ever given twice.
	NextID RegionID
	// Extra holds top-level fields of a file that Saysee does not know.
	Extra map[string]json.RawMessage
	// Broken holds regions of a file that could not be understood; they are written back as they were.
	Broken []json.RawMessage
}

// Errors of documents and edits.
var (
	ErrNoPhoto  = errors.New("photo is not open")
	ErrNoRegion = errors.New("no such region")
	ErrLocked   = errors.New("region is locked")
	ErrRegion   = errors.New("invalid region")
)

// index returns the place of a region in the drawing order, -1 when there is none with this id.
func (d *Document) index(id RegionID) int {
	return slices.IndexFunc(d.Regions, func(r Region) bool { return r.ID == id })
}

// Clone returns a document that shares nothing with d that could change.
func (d Document) Clone() Document {
	d.Regions = slices.Clone(d.Regions)
	for i := range d.Regions {
		d.Regions[i] = d.Regions[i].Clone()
	}
	d.Extra = cloneExtra(d.Extra)
	d.Broken = slices.Clone(d.Broken)
	return d
}

// Clone returns a region that shares nothing with r that could change.
func (r Region) Clone() Region {
	switch s := r.Shape.(type) {
	case Line:
		r.Shape = slices.Clone(s)
	case Polygon:
		p := slices.Clone(s)
		for i, part := range p {
			p[i].Outer = slices.Clone(part.Outer)
			p[i].Holes = slices.Clone(part.Holes)
			for j, h := range part.Holes {
				p[i].Holes[j] = slices.Clone(h)
			}
		}
		r.Shape = p
	}
	r.Extra = cloneExtra(r.Extra)
	return r
}

func cloneExtra(m map[string]json.RawMessage) map[string]json.RawMessage {
	m = maps.Clone(m)
	for k, v := range m {
		m[k] = slices.Clone(v)
	}
	return m
}

// Validate reports, wrapping ErrRegion, what keeps a region out of a document: a coordinate or score that
// is not finite, a plain box that covers nothing, a shape without points or pixels.
func (r Region) Validate() error {
	switch {
	case !r.Box.Finite():
		return fmt.Errorf("%w: box %v", ErrRegion, r.Box)
	case math.IsNaN(r.Score) || math.IsInf(r.Score, 0):
		return fmt.Errorf("%w: score %v", ErrRegion, r.Score)
	case r.Class < 0:
		return fmt.Errorf("%w: class %d", ErrRegion, r.Class)
	}
	for k, v := range r.Extra {
		if !json.Valid(v) {
			return fmt.Errorf("%w: field %q is no JSON", ErrRegion, k)
		}
	}
	if !r.hasExtent() {
		return fmt.Errorf("%w: %T without extent or with coordinates that are not finite", ErrRegion, r.Shape)
	}
	return nil
}

func (r Region) hasExtent() bool {
	ok := true
	switch s := r.Shape.(type) {
	case nil:
		ok = !r.Box.Empty()
	case Point:
		ok = Ring{s}.finite()
	case Line:
		ok = len(s) > 0 && Ring(s).finite()
	case Polygon:
		ok = len(s) > 0 && s.finite()
		for _, part := range s {
			ok = ok && len(part.Outer) >= 3
		}
	case Mask:
		ok = !s.Empty()
	}
	return ok
}

// extent returns the box that a hand-made shape has.
func extent(s Shape) Box {
	if m, ok := s.(Mask); ok {
		r := m.TightBounds()
		return Box{float64(r.Min.X), float64(r.Min.Y), float64(r.Max.X), float64(r.Max.Y)}
	}
	return s.Bounds()
}

// cost estimates the bytes of memory that a region holds.
func (r *Region) cost() int64 {
	const fixed = 256 // the struct and its map, roughly
	n := fixed + len(r.Source.Model) + len(r.Source.Phrase) + shapeCost(r.Shape)
	for k, v := range r.Extra {
		n += 64 + len(k) + len(v)
	}
	return int64(n)
}

func shapeCost(s Shape) int {
	const point, run, header = 16, 4, 24
	switch s := s.(type) {
	case Line:
		return point * len(s)
	case Polygon:
		n := 0
		for _, part := range s {
			n += 2*header + point*len(part.Outer)
			for _, h := range part.Holes {
				n += header + point*len(h)
			}
		}
		return n
	case Mask:
		return run * len(s.runs)
	}
	return 0
}
