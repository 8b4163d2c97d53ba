package view

import (
	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
)

// Item is a region to show, and what it is at the moment. A locked region can be selected but not changed.
type Item struct {
	Region annot.Region
	State  overlay.State
}

// Items returns the regions of a document as items, each in the state that its review and its lock give it.
func Items(regions []annot.Region) []Item {
	items := make([]Item, 0, len(regions))
	for i, it := range overlay.AppendReviewed(nil, regions) {
		items = append(items, Item{regions[i], it.State})
	}
	return items
}

// Draft is the extent of a region that a person has drawn. Shape is nil for a plain box.
type Draft struct {
	Box   annot.Box
	Shape annot.Shape
}

// Change is a region's new extent, in the same terms as the region: a box beside a mask may differ from the
// mask's bounds.
type Change struct {
	ID    annot.RegionID
	Box   annot.Box
	Shape annot.Shape
}

// Options says how to show and how to behave. The zero value shows nothing but the photo; start from
// DefaultOptions.
type Options struct {
	Masks, Boxes, Labels, Scores bool
	// MaskOpacity is the strength of fills for the selected region, 0 to 1; others are weaker.
	MaskOpacity float64
	// WheelZooms makes the plain wheel zoom; else it scrolls, and zooms with Ctrl. With Ctrl it always zooms.
	WheelZooms bool
	// KeepView keeps zoom and place when the next photo has the same size.
	KeepView bool
	// Animate lets jumps of the view (fit, 100 %, show) take 80 ms. Steps of the zoom never take time.
	Animate bool
	// Class is the class that new regions will have, for the colour in which they are drawn.
	Class int
}

// DefaultOptions returns the options of a fresh start.
func DefaultOptions() Options {
	return Options{
		Masks: true, Boxes: true, Labels: true, Scores: true, MaskOpacity: 0.35, WheelZooms: true, Animate: true,
	}
}

func (o Options) overlay() overlay.Options {
	return overlay.Options{
		Masks: o.Masks, Boxes: o.Boxes, Labels: o.Labels, Scores: o.Scores, Opacity: o.MaskOpacity, Dots: true,
	}
}
