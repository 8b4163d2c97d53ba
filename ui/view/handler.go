package view

import (
	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/annot"
)

// Handler is told what a person does on the canvas. All methods are called on the goroutine of the window's
// events. None has changed anything yet but the canvas's own view, selection and hover: to take an edit, give
// the new regions to SetItems before returning; not to, do nothing.
type Handler interface {
	// Selected gives the new selection, in the order in which it was made.
	Selected(ids []annot.RegionID)
	// Created gives a region that was drawn, in the current class's name to be decided.
	Created(d Draft)
	// Changed gives new extents. While a drag lasts it is called with final false, for figures in panels; once
	// more with final true when it ends. A drag that is given up ends with a call with the old extents and
	// final false.
	Changed(changes []Change, final bool)
	// Removed names regions of which an edit has left nothing.
	Removed(ids []annot.RegionID)
	// Accept and Reject judge the suggestion whose tag was clicked.
	Accept(id annot.RegionID)
	Reject(id annot.RegionID)
	// Hover names the region under the pointer, 0 for none.
	Hover(id annot.RegionID)
	// Opened names a region that was double-clicked.
	Opened(id annot.RegionID)
	// Asked gives a point of the photo that was double-clicked where no region is.
	Asked(at annot.Point)
	// Context asks for a menu at a position of the window, for a region or, with 0, for the photo.
	Context(at fyne.Position, id annot.RegionID)
	// ViewChanged gives the zoom, in device pixels per photo pixel, and the part of the photo in sight.
	ViewChanged(zoom float64, visible annot.Box)
	// Key and Rune pass on what the canvas has no use for.
	Key(ev *fyne.KeyEvent)
	Rune(r rune)
}

// Ignore is a Handler that does nothing, to be embedded in one that does something.
type Ignore struct{}

var _ Handler = Ignore{}

func (Ignore) Selected([]annot.RegionID)             {} // Selected does nothing.
func (Ignore) Created(Draft)                         {} // Created does nothing.
func (Ignore) Changed([]Change, bool)                {} // Changed does nothing.
func (Ignore) Removed([]annot.RegionID)              {} // Removed does nothing.
func (Ignore) Accept(annot.RegionID)                 {} // Accept does nothing.
func (Ignore) Reject(annot.RegionID)                 {} // Reject does nothing.
func (Ignore) Hover(annot.RegionID)                  {} // Hover does nothing.
func (Ignore) Opened(annot.RegionID)                 {} // Opened does nothing.
func (Ignore) Asked(annot.Point)                     {} // Asked does nothing.
func (Ignore) Context(fyne.Position, annot.RegionID) {} // Context does nothing.
func (Ignore) ViewChanged(float64, annot.Box)        {} // ViewChanged does nothing.
func (Ignore) Key(*fyne.KeyEvent)                    {} // Key does nothing.
func (Ignore) Rune(rune)                             {} // Rune does nothing.
