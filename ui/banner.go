package ui

import (
	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// banner is a bar above the photo that asks which labels to keep, when another program has changed them.
type banner struct {
	w    *Window
	box  *fyne.Container
	text *kit.Text
}

const bannerHeight = 44

func newBanner(w *Window) *banner {
	b := &banner{w: w, text: kit.NewText("", kit.Style{}).Flexible()}
	b.text.Set(tr.L("Another program has changed the labels of this photo."))
	row := kit.Line{Gap: 8, Left: 16, Right: 8, Height: bannerHeight}.Row(
		kit.NewIcon("warn", theme.Warning, 16), b.text, kit.NewSpace(),
		kit.NewButton(kit.Plain, "", tr.L("Take theirs"), "", func() { w.try(w.s.TakeTheirs()); w.draw(0) }),
		kit.NewButton(kit.Primary, "", tr.L("Keep mine"), "", func() { w.try(w.s.KeepOurs()); w.draw(0) }))
	ground, line := kit.Rect(theme.Raised, "", 0), kit.Rect(theme.Border, "", 0)
	b.box = kit.Lay(kit.Fixed(0, 0), func(s fyne.Size) {
		kit.Place(ground, 0, 0, s.Width, bannerHeight)
		kit.Place(row, 0, 0, s.Width, bannerHeight)
		kit.Place(line, 0, bannerHeight-1, s.Width, 1)
	}, ground, row, line)
	b.update()
	return b
}

func (b *banner) update() { visible(b.w.s.Outside(), b.box) }
