package geom

import (
	"cmp"
	"math"
	"slices"

	"github.com/saysee/saysee/annot"
)

// Extent returns the box that a region is seen in: the box it states together with its shape's.
func Extent(r *annot.Region) annot.Box {
	if r.Shape == nil {
		return r.Box
	}
	s := r.Shape.Bounds()
	return annot.Box{
		X0: min(r.Box.X0, s.X0), Y0: min(r.Box.Y0, s.Y0),
		X1: max(r.Box.X1, s.X1), Y1: max(r.Box.Y1, s.Y1),
	}
}

// Size is what regions are ordered by, from the one on top to the one below: the area of the box.
func Size(r *annot.Region) float64 { return r.Box.Area() }

// Hits reports whether the pointer at p is on the region: on what it covers, or within reach, in photo pixels,
// of an outline, a line or a point that has no inside.
func Hits(r *annot.Region, p annot.Point, reach float64) bool {
	if r.Hidden || !near(r, p, reach) {
		return false
	}
	if r.Contains(p) {
		return true
	}
	if _, isMask := r.Shape.(annot.Mask); isMask {
		return false
	}
	return r.Distance(p) <= reach
}

func near(r *annot.Region, p annot.Point, reach float64) bool {
	b := Extent(r)
	return p.X >= b.X0-reach && p.X < b.X1+reach && p.Y >= b.Y0-reach && p.Y < b.Y1+reach
}

// RegionAt returns the index of the region under the pointer, or -1. Of several it is the smallest, which is
// drawn above the others; one whose mask or outline is hit goes before one where the pointer is only in the
// box beside the mask.
func RegionAt(regions []*annot.Region, p annot.Point, reach float64) int {
	best, smallest, sure := -1, math.Inf(1), false
	for i, r := range regions {
		exact := Hits(r, p, reach)
		if !exact && !inBox(r, p) || sure && !exact {
			continue
		}
		if size := Size(r); exact && !sure || size < smallest {
			best, smallest, sure = i, size, exact
		}
	}
	return best
}

// inBox reports whether p is in the box of a region that has a mask besides.
func inBox(r *annot.Region, p annot.Point) bool {
	_, isMask := r.Shape.(annot.Mask)
	return isMask && !r.Hidden && r.Box.Contains(p)
}

// AllAt returns the indices of all regions under the pointer, the smallest first: what repeated clicks on one
// spot walk through.
func AllAt(regions []*annot.Region, p annot.Point, reach float64) []int {
	var out []int
	for i, r := range regions {
		if !Hits(r, p, reach) && !inBox(r, p) {
			continue
		}
		out = append(out, i)
	}
	slices.SortStableFunc(out, func(i, j int) int { return cmp.Compare(Size(regions[i]), Size(regions[j])) })
	return out
}

// Enclosed returns the indices of the regions that lie within a rubber band, of photo pixels, as a whole.
func Enclosed(regions []*annot.Region, band annot.Box) []int {
	var out []int
	for i, r := range regions {
		e := Extent(r)
		if !r.Hidden && e.X0 >= band.X0 && e.Y0 >= band.Y0 && e.X1 <= band.X1 && e.Y1 <= band.Y1 {
			out = append(out, i)
		}
	}
	return out
}
