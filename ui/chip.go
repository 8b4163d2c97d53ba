package ui

import (
	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/ui/kit"
)

// chip is a finished word of the prompt. It can be dragged to another place among the others, whose order is
// that of the classes and of their digits.
type chip struct {
	*kit.Touch
	p       *prompt
	i       int // its place
	dragged bool
	moved   bool // to another place
}

var _ fyne.Draggable = (*chip)(nil)

// Dragged implements fyne.Draggable.
func (c *chip) Dragged(e *fyne.DragEvent) {
	p := c.p
	c.dragged = true
	c.Move(c.Position().AddXY(e.Dragged.DX, 0))
	middle := func(o *chip) float32 { return o.Position().X + o.Size().Width/2 }
	for d := range 2 {
		k := c.i - 1 + 2*d // the neighbour before, then the one after
		if k < 0 || k >= len(p.chips) || !p.chips[k].Visible() {
			continue
		}
		if before := d == 0; before == (middle(c) < middle(p.chips[k])) {
			p.swap(c.i, k)
			break
		}
	}
	p.box.Refresh()
}

// DragEnd implements fyne.Draggable.
func (c *chip) DragEnd() {
	c.dragged = false
	c.p.box.Refresh()
	if c.moved {
		c.moved = false
		c.p.reorder()
	}
}

// swap exchanges two words with their chips.
func (p *prompt) swap(i, k int) {
	p.words[i], p.words[k] = p.words[k], p.words[i]
	p.chips[i], p.chips[k] = p.chips[k], p.chips[i]
	p.chips[i].i, p.chips[k].i = i, k
	p.chips[k].moved = true // the one in hand
}

// reorder takes over the order of the chips.
func (p *prompt) reorder() {
	p.synced = nil
	p.w.try(p.w.s.SetWords(p.words))
	p.w.draw(0)
}
