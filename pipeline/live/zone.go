package live

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
)

// Zone is a region of interest: an outline in shares of the frame's width and height, so that it stays where it
// is when the frame's size changes. Nil is the whole frame.
type Zone annot.Ring

// ErrZone is the cause when a text is no zone.
var ErrZone = errors.New("not a zone")

// ParseZone reads a zone's corners, "0.1,0.2 0.9,0.2 0.5,0.8": at least three, each x,y from 0 to 1. An empty text is the
// whole frame.
func ParseZone(text string) (Zone, error) {
	var z Zone
	for corner := range strings.FieldsSeq(text) {
		xs, ys, _ := strings.Cut(corner, ",")
		x, errX := strconv.ParseFloat(xs, 64)
		y, errY := strconv.ParseFloat(ys, 64)
		if errX != nil || errY != nil || !(x >= 0 && x <= 1 && y >= 0 && y <= 1) {
			return nil, fmt.Errorf("%w: %q is no corner x,y with both from 0 to 1", ErrZone, corner)
		}
		z = append(z, annot.Point{X: x, Y: y})
	}
	if len(z) > 0 && len(z) < 3 {
		return nil, fmt.Errorf("%w: it has %d corners, and needs three", ErrZone, len(z))
	}
	return z, nil
}

// Has reports whether the middle of a box of a frame lies in the zone, by the even-odd rule.
func (z Zone) Has(b annot.Box, frame image.Point) bool {
	if len(z) == 0 {
		return true
	}
	c := b.Center()
	x, y := c.X/float64(frame.X), c.Y/float64(frame.Y)
	in := false
	for i, p := range z {
		q := z[(i+1)%len(z)]
		if (p.Y > y) != (q.Y > y) && x < p.X+(y-p.Y)/(q.Y-p.Y)*(q.X-p.X) {
			in = !in
		}
	}
	return in
}

// only leaves the regions in the zone.
func (z Zone) only(regions []annot.Region, frame image.Point) []annot.Region {
	if len(z) == 0 {
		return regions
	}
	return slices.DeleteFunc(regions, func(r annot.Region) bool { return !z.Has(r.Box, frame) })
}
