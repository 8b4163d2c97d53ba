package kit

import (
	"cmp"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/theme"
)

// Keys is where what has the keyboard passes on the keys that it has no use for.
type Keys struct {
	Key      func(fyne.KeyName)
	Rune     func(rune)
	Shortcut func(fyne.Shortcut)
}

var (
	_ fyne.Focusable    = (*Touch)(nil)
	_ fyne.Tabbable     = (*Touch)(nil)
	_ fyne.Shortcutable = (*Touch)(nil)
	_ fyne.Focusable    = (*Slider)(nil)
	_ fyne.Tabbable     = (*Slider)(nil)
	_ fyne.Shortcutable = (*Slider)(nil)
)

// passOn are the methods of a widget that has the keyboard and hands on what it has no use for.
type passOn struct {
	of      fyne.CanvasObject
	focused bool
}

func (p *passOn) keys() Keys {
	if l := LayerOf(p.of); l != nil {
		return l.Keys
	}
	return Keys{}
}

func (p *passOn) key(name fyne.KeyName) {
	if f := p.keys().Key; f != nil {
		f(name)
	}
}

// AcceptsTab implements fyne.Tabbable: the window walks with Tab, within a part of it.
func (p *passOn) AcceptsTab() bool { return true }

// TypedRune implements fyne.Focusable.
func (p *passOn) TypedRune(r rune) {
	if f := p.keys().Rune; f != nil && r != ' ' {
		f(r)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (p *passOn) TypedShortcut(s fyne.Shortcut) {
	if f := p.keys().Shortcut; f != nil {
		f(s)
	}
}

// FocusGained implements fyne.Focusable.
func (t *Touch) FocusGained() {
	t.focused = true
	t.paint()
}

// FocusLost implements fyne.Focusable.
func (t *Touch) FocusLost() {
	t.focused = false
	t.paint()
}

// TypedKey implements fyne.Focusable: Enter and Space press the surface.
func (t *Touch) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if !t.off && t.OnTap != nil {
			t.OnTap()
		}
	default:
		t.key(e.Name)
	}
}

// FocusGained implements fyne.Focusable.
func (s *Slider) FocusGained() { s.focus(true) }

// FocusLost implements fyne.Focusable.
func (s *Slider) FocusLost() { s.focus(false) }

func (s *Slider) focus(on bool) {
	s.focused = on
	s.knob.StrokeWidth = 2
	if on {
		s.knob.StrokeWidth = 4
	}
	s.Refresh()
}

// TypedKey implements fyne.Focusable: arrows move the slider.
func (s *Slider) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyLeft, fyne.KeyMinus:
		s.move(s.value - s.Step)
	case fyne.KeyRight, fyne.KeyPlus:
		s.move(s.value + s.Step)
	case fyne.KeyPageDown:
		s.move(s.value - 10*s.Step)
	case fyne.KeyPageUp:
		s.move(s.value + 10*s.Step)
	default:
		s.key(e.Name)
		return
	}
	s.end()
}

// ring draws the ring around a surface that has the keyboard.
func (t *Touch) ring() {
	if t.focused {
		t.ground.StrokeColor, t.ground.StrokeWidth = theme.Get(theme.Focus), 2
	}
}

// Stop is something that can have the keyboard, and what must be scrolled to show it.
type Stop struct {
	fyne.Focusable
	scroll *container.Scroll
}

// Show scrolls so that the stop is in sight.
func (s Stop) Show() {
	o, ok := s.Focusable.(fyne.CanvasObject)
	if s.scroll == nil || !ok {
		return
	}
	d := fyne.CurrentApp().Driver()
	y := d.AbsolutePositionForObject(o).Y - d.AbsolutePositionForObject(s.scroll).Y
	switch room := s.scroll.Size().Height - o.Size().Height; {
	case y < 0:
		s.scroll.ScrollToOffset(s.scroll.Offset.AddXY(0, y-8))
	case y > room:
		s.scroll.ScrollToOffset(s.scroll.Offset.AddXY(0, y-room+8))
	}
}

// Stops returns all that can have the keyboard in an object, in the order in which one reads.
func Stops(root fyne.CanvasObject) []Stop {
	var all []Stop
	collect(root, nil, &all)
	d := fyne.CurrentApp().Driver()
	at := func(s Stop) fyne.Position {
		o := s.Focusable.(fyne.CanvasObject)
		return d.AbsolutePositionForObject(o).AddXY(0, o.Size().Height/2)
	}
	slices.SortStableFunc(all, func(a, b Stop) int {
		p, q := at(a), at(b)
		if d := p.Y - q.Y; d < -8 || d > 8 {
			return cmp.Compare(p.Y, q.Y)
		}
		return cmp.Compare(p.X, q.X)
	})
	return all
}

func collect(o fyne.CanvasObject, scroll *container.Scroll, all *[]Stop) {
	if o == nil || !o.Visible() {
		return
	}
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			collect(c, scroll, all)
		}
	case *container.Scroll:
		collect(o.Content, o, all)
	case *container.ThemeOverride:
		collect(o.Content, scroll, all)
	case *widget.PopUp:
		collect(o.Content, scroll, all)
	case interface {
		fyne.Focusable
		inside() (content fyne.CanvasObject, stops bool)
	}:
		content, stops := o.inside()
		if stops {
			*all = append(*all, Stop{o, scroll})
		}
		collect(content, scroll, all)
	case fyne.Focusable:
		if d, ok := o.(fyne.Disableable); !ok || !d.Disabled() {
			*all = append(*all, Stop{o, scroll})
		}
	}
}

// inside returns what is on the surface, and whether the surface itself can be pressed.
func (t *Touch) inside() (fyne.CanvasObject, bool) { return t.Content, t.OnTap != nil && !t.off }

func (s *Slider) inside() (fyne.CanvasObject, bool) { return nil, !s.off }
