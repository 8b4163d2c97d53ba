package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/ui/kit"
)

// The keyboard walks from place to place with F6 (words, canvas, panel, strip, bar on top), and within a place
// with Tab. On the canvas Tab goes from region to region.

// places are the parts of the window that are shown, in the order of F6; the canvas is the second.
func (w *Window) places() []fyne.CanvasObject {
	p := w.frame.parts
	all := []fyne.CanvasObject{p.words, w.view, p.panel, p.strip, w.frame.left, w.frame.right}
	return slices.DeleteFunc(all, func(o fyne.CanvasObject) bool { return o == nil || !o.Visible() })
}

// stops are what can have the keyboard in a place.
func (w *Window) stops(place fyne.CanvasObject) []kit.Stop {
	if place == w.view {
		return []kit.Stop{{Focusable: w.view}}
	}
	return kit.Stops(place)
}

// whereFocus returns which of the places has the keyboard, and which of its stops; -1 for none.
func (w *Window) whereFocus() (place, stop int) {
	focused := w.win.Canvas().Focused()
	if focused == nil {
		return -1, -1
	}
	for i, p := range w.places() {
		if k := slices.IndexFunc(w.stops(p), func(s kit.Stop) bool { return s.Focusable == focused }); k >= 0 {
			return i, k
		}
	}
	return -1, -1
}

// nextPlace goes to the next place that has something to stop at, or back.
func (w *Window) nextPlace(back bool) {
	list := w.places()
	at, _ := w.whereFocus()
	for range list {
		switch {
		case at < 0:
			at = slices.Index(list, fyne.CanvasObject(w.view))
		case back:
			at = (at + len(list) - 1) % len(list)
		default:
			at = (at + 1) % len(list)
		}
		if stops := w.stops(list[at]); len(stops) > 0 {
			w.stopAt(entryOf(stops, w.prompt))
			return
		}
	}
}

// entryOf is where a place is entered: at the field of the words, and else at its beginning.
func entryOf(stops []kit.Stop, p *prompt) kit.Stop {
	for _, s := range stops {
		if p != nil && s.Focusable == fyne.Focusable(p.entry) {
			return s
		}
	}
	return stops[0]
}

func (w *Window) stopAt(s kit.Stop) {
	w.win.Canvas().Focus(s.Focusable)
	w.view.ShowFocus(s.Focusable == fyne.Focusable(w.view))
	s.Show()
}

// walkStops goes from stop to stop within a place, and back to the canvas with Esc. It reports whether the
// keyboard is in such a place.
func (w *Window) walkStops(key string) bool {
	place, stop := w.whereFocus()
	if place < 0 || w.places()[place] == fyne.CanvasObject(w.view) {
		return false
	}
	stops := w.stops(w.places()[place])
	d := 0
	switch key {
	case "Tab", "Down":
		d = 1
	case "Shift+Tab", "Up":
		d = len(stops) - 1
	case "Esc":
		w.focusView()
		return true
	default:
		return false
	}
	w.stopAt(stops[(stop+d)%len(stops)])
	return true
}

// dialogKey is a key while a dialog is open.
func (w *Window) dialogKey(key string) {
	stops := kit.Stops(w.top.Content)
	focused := w.win.Canvas().Focused()
	at := slices.IndexFunc(stops, func(s kit.Stop) bool { return s.Focusable == focused })
	switch {
	case key == "Esc":
		w.top.Hide()
		w.focusView()
	case len(stops) == 0:
	case key == "Tab" || key == "Down":
		w.stopAt(stops[(at+1)%len(stops)])
	case key == "Shift+Tab" || key == "Up":
		w.stopAt(stops[(max(at, 0)+len(stops)-1)%len(stops)])
	}
}
