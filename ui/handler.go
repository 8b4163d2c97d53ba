package ui

import (
	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/view"
)

// handler turns what a person does on the canvas into calls of the session.
type handler struct {
	view.Ignore
	w *Window
}

func (h *handler) Selected(ids []annot.RegionID) { h.w.s.Select(ids...) }

func (h *handler) Created(d view.Draft) {
	h.w.try(h.w.s.Create(d.Box, d.Shape))
	h.w.draw(0)
}

func (h *handler) Changed(changes []view.Change, final bool) {
	if !final {
		h.w.panel.preview(changes)
		return
	}
	extents := make([]session.Extent, len(changes))
	for i, c := range changes {
		extents[i] = session.Extent{ID: c.ID, Box: c.Box, Shape: c.Shape}
	}
	h.w.try(h.w.s.Reshape(extents))
	h.w.draw(0)
}

func (h *handler) Removed(ids []annot.RegionID) {
	h.w.s.Select(ids...)
	h.w.s.Delete()
	h.w.draw(0)
}

func (h *handler) Asked(at annot.Point) {
	h.w.try(h.w.s.Propose(at))
	h.w.draw(0)
}

func (h *handler) Accept(id annot.RegionID) {
	h.w.s.Accept(id)
	h.w.draw(0)
}

func (h *handler) Reject(id annot.RegionID) {
	h.w.s.Reject(id)
	h.w.draw(0)
}

func (h *handler) Hover(id annot.RegionID)            { h.w.panel.hover(id) }
func (h *handler) Opened(annot.RegionID)              { h.w.chooseClass() }
func (h *handler) ViewChanged(z float64, _ annot.Box) { h.w.strip.setZoom(z) }
func (h *handler) Key(ev *fyne.KeyEvent)              { h.w.key(ev.Name) }
func (h *handler) Rune(r rune)                        { h.w.rune(r) }

func (h *handler) Context(at fyne.Position, id annot.RegionID) { h.w.contextMenu(at, id) }

// try tells a person of an error.
func (w *Window) try(err error) {
	if err != nil {
		w.s.Complain(err)
	}
}
