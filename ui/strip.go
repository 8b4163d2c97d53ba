package ui

import (
	"image"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

const (
	stripHead   = 40
	stripThumbs = 80
	thumbWidth  = 108
	thumbHeight = 72
	thumbGap    = 8
)

// strip is the folder below the photo: its name and place, filters, search, zoom, and the film.
type strip struct {
	w       *Window
	content *fyne.Container
	head    *fyne.Container

	back, on   *kit.IconButton
	name       *kit.Text
	place      *kit.Text
	size       *kit.Text
	done       *kit.IconButton
	filters    *kit.Segments
	searchKey  *kit.IconButton
	searchBox  *fyne.Container
	searchText *searchEntry
	zoom       *zoomer
	film       *film
	narrow     bool
}

func newStrip(w *Window) *strip {
	s := &strip{w: w}
	step := func(d int) func() { return func() { w.s.Step(d); w.draw(0) } }
	s.back = kit.NewIconButton("left", tr.L("Previous photo"), w.keyOf("previous"), 32, 16, step(-1))
	s.on = kit.NewIconButton("right", tr.L("Next photo"), w.keyOf("next"), 32, 16, step(1))
	s.name = kit.NewText("", kit.Style{Bold: true}).Flexible()
	s.place = kit.NewText("", kit.Style{Color: theme.Muted})
	s.size = kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted})
	s.done = kit.NewIconButton("check", tr.L("Done or not"), w.keyOf("done"), 32, 16, func() { w.s.SetDone(!w.s.Done()); w.draw(0) })
	s.filters = kit.NewSegments([]string{tr.L("All"), tr.L("To review"), tr.L("Done")}, 0, false, w.showing)
	s.searchKey = kit.NewIconButton("search", tr.L("Search photos"), w.keyOf("search"), 32, 16, s.search)
	s.searchText = newSearch(s)
	s.searchBox = s.newSearchBox()
	s.searchBox.Hide()
	s.zoom = newZoomer(w)
	line := kit.Rect(theme.Border, "", 0)
	line.SetMinSize(fyne.NewSize(1, 16))
	s.head = kit.Line{Gap: 8, Left: 8, Right: 8, Height: stripHead}.Row(
		kit.Line{}.Row(s.back, s.on), s.name, s.place, s.size, kit.NewSpace(), s.searchBox, s.filters.Container, s.searchKey, newOverviewButton(w), s.done, line, s.zoom.box)
	s.film = newFilm(w, w.s.View, func(i int) (glyph, text string) { return progressOf(w.s.Info(i)) })
	s.film.makeCards()
	s.content = layStrip(s.head, s.film)
	return s
}

// layStrip puts the head of a strip above its film, which hides where there is no room for it.
func layStrip(head *fyne.Container, film *film) *fyne.Container {
	return kit.Lay(kit.Fixed(300, stripHead), func(z fyne.Size) {
		kit.Place(head, 0, 0, z.Width, stripHead)
		visible(z.Height > stripHead, film)
		kit.Place(film, 0, stripHead, z.Width, stripThumbs)
	}, head, film)
}

// zoomer shows the zoom and changes it.
type zoomer struct {
	box    *fyne.Container
	middle *fyne.Container // around the text
	text   *kit.Text
}

func newZoomer(w *Window) *zoomer {
	z := &zoomer{text: kit.NewText("", kit.Style{Color: theme.Muted})}
	z.middle = kit.Lay(kit.Fixed(52, 28), func(s fyne.Size) {
		kit.Place(z.text, (s.Width-z.text.Width())/2, 0, z.text.Width(), s.Height)
	}, z.text)
	hundred := kit.NewTouch(z.middle, kit.Look{Over: theme.Hover, Radius: 6}, func() { w.view.ZoomTo(1) })
	hundred.Tip, hundred.Key = tr.L("100 %"), w.keyOf("actual-size")
	z.box = kit.Line{}.Row(
		kit.NewIconButton("minus", tr.L("Farther"), w.keyOf("farther"), 32, 16, func() { w.view.ZoomBy(0.8) }), hundred,
		kit.NewIconButton("plus", tr.L("Closer"), w.keyOf("closer"), 32, 16, func() { w.view.ZoomBy(1.25) }))
	zoom, _ := w.view.View()
	z.set(zoom)
	return z
}

func (z *zoomer) set(zoom float64) {
	text := strconv.Itoa(int(zoom*100+0.5)) + " %"
	if text != z.text.Text() {
		z.text.Put(text)
		kit.Relay(z.middle)
	}
}

func (s *strip) newSearchBox() *fyne.Container {
	ground := kit.Rect(theme.Field, theme.Edge, 6)
	field := container.NewThemeOverride(s.searchText, s.w.bare(""))
	return kit.Lay(kit.Fixed(220, 32), func(z fyne.Size) {
		s.w.face(field, &s.searchText.Entry)
		kit.Place(ground, 0, 0, z.Width, z.Height)
		kit.Place(field, 4, 0, z.Width-8, z.Height)
		s.searchText.Resize(fyne.NewSize(z.Width-8, z.Height))
	}, ground, field)
}

// search opens the field for searching and gives it the keyboard.
func (s *strip) search() {
	if s.searchBox.Visible() && s.searchText.Text == "" {
		s.endSearch()
		return
	}
	s.searchBox.Show()
	s.head.Refresh()
	s.w.win.Canvas().Focus(s.searchText)
}

func (s *strip) endSearch() {
	s.searchText.SetText("")
	s.searchBox.Hide()
	s.head.Refresh()
	s.w.focusView()
}

// searchEntry is the field for searching.
type searchEntry struct {
	widget.Entry
	s *strip
}

func newSearch(s *strip) *searchEntry {
	e := &searchEntry{s: s}
	e.ExtendBaseWidget(e)
	e.SetPlaceHolder("IMG class:dog score>0.5 unchecked")
	e.OnChanged = func(text string) {
		s.w.s.Search(text)
		s.searchBox.Refresh()
	}
	return e
}

// TypedKey implements fyne.Focusable.
func (e *searchEntry) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		e.s.endSearch()
	case fyne.KeyReturn, fyne.KeyEnter:
		if list := e.s.w.s.View(); len(list) > 0 {
			e.s.w.s.Go(list[0])
		}
		e.s.w.focusView()
	case fyne.KeyF1, fyne.KeyF3, fyne.KeyF4, fyne.KeyF6, fyne.KeyF11, fyne.KeyF12:
		e.s.w.key(k.Name)
	default:
		e.Entry.TypedKey(k)
	}
}

func (s *strip) setNarrow(narrow bool) {
	s.narrow = narrow
	if narrow {
		s.filters.Hide()
		s.size.Hide()
	} else {
		s.filters.Show()
		s.size.Show()
	}
}

func (s *strip) setZoom(z float64) { s.zoom.set(z) }

func (s *strip) update(p session.Part) {
	if p&(session.List|session.Current) == 0 {
		return
	}
	w := s.w
	ph := w.s.Photo()
	all, done := w.s.Len()
	s.name.Put(ph.Item.Rel)
	place := tr.L("%s of %s", tr.Count(w.s.Index()+1), tr.Count(all))
	if w.s.Sample() {
		place = tr.L("%s of %s samples", tr.Count(w.s.Index()+1), tr.Count(all))
	}
	s.place.Put(place)
	s.size.Put(dimensions(ph.Size))
	list := w.s.View()
	s.back.SetOff(len(list) == 0 || w.s.Index() <= list[0])
	s.on.SetOff(len(list) == 0 || w.s.Index() >= list[len(list)-1])
	s.filters.Name(0, tr.L("All")+" "+tr.Count(all))
	s.filters.Name(1, tr.L("To review")+" "+tr.Count(all-done))
	s.filters.Name(2, tr.L("Done")+" "+tr.Count(done))
	show, _ := w.s.Shows()
	s.filters.Pick(int(show))
	s.done.SetOn(w.s.Done())
	kit.Relay(s.head)
	s.film.update(p&session.Current != 0)
}

// dimensions writes a photo's size, nothing while it is not known.
func dimensions(size image.Point) string {
	if size.X == 0 {
		return ""
	}
	return strconv.Itoa(size.X) + " × " + strconv.Itoa(size.Y)
}

// film is the row of thumbnails; only those in sight exist.
type film struct {
	widget.BaseWidget
	w      *Window
	list   func() []int                     // places of the photos in the session's list
	mark   func(i int) (glyph, text string) // what stands in a photo's corner
	offset float32
	cells  map[int]*cell // by place in the list
	spare  []*cell
	cards  []fyne.CanvasObject
	empty  *kit.Text // for when no photo matches
}

func newFilm(w *Window, list func() []int, mark func(int) (glyph, text string)) *film {
	f := &film{w: w, list: list, mark: mark, cells: map[int]*cell{}}
	f.empty = kit.NewText(tr.L("No photo matches."), kit.Style{Color: theme.Muted})
	f.ExtendBaseWidget(f)
	return f
}

// makeCards puts ways to open photos of one's own behind the samples.
func (f *film) makeCards() {
	w := f.w
	for _, c := range []struct{ icon, text, id string }{
		{"folder", tr.L("Open a folder"), "open-folder"}, {"image", tr.L("Open photos"), "open-photos"},
	} {
		row := kit.Line{Gap: 12, Left: 16, Right: 16, Height: thumbHeight}.Row(
			kit.NewIcon(c.icon, theme.Muted, 16), kit.NewText(c.text, kit.Style{Bold: true}), kit.NewSpace(), kit.NewKeyCap(w.keyOf(c.id)))
		f.cards = append(f.cards, kit.NewTouch(row,
			kit.Look{Fill: theme.Raised, Over: theme.Hover, Edge: theme.Border, Radius: 8}, func() { w.do(c.id) }))
	}
}

// Scrolled implements fyne.Scrollable.
func (f *film) Scrolled(e *fyne.ScrollEvent) {
	d := e.Scrolled.DY
	if e.Scrolled.DX != 0 {
		d = e.Scrolled.DX
	}
	f.scroll(f.offset - d*2)
}

func (f *film) scroll(to float32) {
	most := float32(len(f.list()))*(thumbWidth+thumbGap) + thumbGap - f.Size().Width
	to = max(0, min(to, most))
	if to != f.offset {
		f.offset = to
		f.Refresh()
	}
}

// update brings the thumbnails up to date, with the current one in sight if it has changed.
func (f *film) update(follow bool) {
	list := f.list()
	if at := slices.Index(list, f.w.s.Index()); follow && at >= 0 {
		x := float32(at) * (thumbWidth + thumbGap)
		if room := f.Size().Width; room > 0 && (x < f.offset+thumbWidth || x+2*thumbWidth > f.offset+room) {
			most := float32(len(list))*(thumbWidth+thumbGap) + thumbGap - room
			f.offset = max(0, min(x-room/2+thumbWidth/2, most))
		}
	}
	f.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (f *film) CreateRenderer() fyne.WidgetRenderer { return &filmRenderer{f: f} }

type filmRenderer struct {
	f       *film
	objects []fyne.CanvasObject
}

func (r *filmRenderer) Layout(s fyne.Size) {
	f := r.f
	list := f.list()
	const pitch = thumbWidth + thumbGap
	from := max(int(f.offset/pitch), 0)
	to := min(int((f.offset+s.Width)/pitch)+1, len(list))
	for at, c := range f.cells {
		if at < from || at >= to {
			c.Hide()
			f.spare = append(f.spare, c)
			delete(f.cells, at)
		}
	}
	changed := false
	for at := from; at < to; at++ {
		c := f.cells[at]
		if c == nil {
			if n := len(f.spare); n > 0 {
				c, f.spare = f.spare[n-1], f.spare[:n-1]
			} else {
				c, changed = newCell(f.w), true
			}
			f.cells[at] = c
			c.Show()
		}
		c.set(list[at])
		c.mark(f.mark(list[at]))
		kit.Place(c, thumbGap+float32(at)*pitch-f.offset, 0, thumbWidth, thumbHeight)
	}
	x := thumbGap + float32(len(list))*pitch - f.offset
	for _, card := range f.cards {
		if !f.w.s.Sample() || s.Width-x < 200 {
			card.Hide()
			continue
		}
		card.Show()
		w := max(min((s.Width-thumbGap-x)/2, 260), card.MinSize().Width)
		if x+w+thumbGap > s.Width {
			card.Hide()
			continue
		}
		kit.Place(card, x, 0, w, thumbHeight)
		x += w + thumbGap
	}
	visible(len(list) == 0 && f.w.s.Index() >= 0, f.empty)
	kit.Place(f.empty, 16, 0, f.empty.Width(), thumbHeight)
	if changed || r.objects == nil {
		r.collect()
	}
}

func (r *filmRenderer) collect() {
	r.objects = r.objects[:0:0]
	for _, c := range r.f.cells {
		r.objects = append(r.objects, c)
	}
	for _, c := range r.f.spare {
		r.objects = append(r.objects, c)
	}
	r.objects = append(append(r.objects, r.f.cards...), r.f.empty)
}

func (r *filmRenderer) MinSize() fyne.Size           { return fyne.NewSize(0, stripThumbs) }
func (r *filmRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *filmRenderer) Destroy()                     {}
func (r *filmRenderer) Refresh() {
	r.Layout(r.f.Size())
	canvas.Refresh(r.f)
}

// cell is one thumbnail.
type cell struct {
	*kit.Touch
	w      *Window
	index  int
	img    *canvas.Image
	shown  *image.RGBA
	ring   *canvas.Rectangle
	badge  *canvas.Rectangle
	icon   *canvas.Image
	count  *kit.Text
	glyph  string
	marked bool
	center *fyne.Container
}

func newCell(w *Window) *cell {
	c := &cell{w: w, index: -1}
	c.img = &canvas.Image{FillMode: canvas.ImageFillStretch, ScaleMode: canvas.ImageScaleFastest, CornerRadius: 6}
	c.img.Hide()
	c.ring = kit.Rect(theme.Clear, theme.Border, 6)
	c.badge = kit.Rect(theme.Badge, "", 4)
	c.icon = kit.NewIcon("check", theme.OnBadge, 10)
	c.count = kit.NewText("", kit.Style{Size: theme.TextKey, Color: theme.OnBadge, Bold: true})
	ground := kit.Rect(theme.Raised, "", 6)
	c.center = kit.Lay(kit.Fixed(thumbWidth, thumbHeight), func(s fyne.Size) {
		kit.Place(ground, 0, 0, s.Width, s.Height)
		kit.Place(c.img, 0, 0, s.Width, s.Height)
		kit.Place(c.ring, 0, 0, s.Width, s.Height)
		width := float32(16)
		if c.count.Visible() {
			width = max(16, c.count.Width()+8)
		}
		x, y := s.Width-4-width, s.Height-20
		kit.Place(c.badge, x, y, width, 16)
		kit.Place(c.icon, x+3, y+3, 10, 10)
		kit.Place(c.count, x+(width-c.count.Width())/2, y, c.count.Width(), 16)
	}, ground, c.img, c.ring, c.badge, c.icon, c.count)
	c.Touch = kit.NewTouch(c.center, kit.Look{Radius: 6}, func() {
		w.s.Go(c.index)
		w.focusView()
		w.draw(0)
	})
	return c
}

func (c *cell) set(i int) {
	if i != c.index {
		c.index, c.shown = i, nil
		c.img.Hide()
		c.Tip = c.w.s.Item(i).Rel
	}
	if c.shown == nil {
		if c.shown = c.w.s.Thumb(i); c.shown != nil {
			c.img.Image = c.shown
			c.img.Show()
			c.img.Refresh()
		}
	}
	on := i == c.w.s.Index()
	token, width := theme.Border, float32(1)
	if on {
		token, width = theme.Focus, 2
	}
	if width != c.ring.StrokeWidth {
		c.ring.StrokeColor, c.ring.StrokeWidth = theme.Get(token), width
		c.ring.Refresh()
	}
}

// progressOf tells how far a photo is: a sign, or the number of its suggestions.
func progressOf(info session.Info) (glyph, text string) {
	switch {
	case info.Failed != nil:
		return "warn", ""
	case info.Done:
		return "check", ""
	case info.Suggestions > 0:
		return "", tr.Count(info.Suggestions)
	}
	return "", ""
}

// mark shows a sign or a text in the corner.
func (c *cell) mark(glyph, text string) {
	if c.marked && glyph == c.glyph && text == c.count.Text() {
		return
	}
	c.marked = true
	c.count.Put(text)
	visible(glyph+text != "", c.badge)
	visible(glyph != "", c.icon)
	visible(text != "", c.count)
	if glyph != "" && glyph != c.glyph {
		token := theme.OnBadge
		if glyph == "warn" {
			token = theme.Danger
		}
		c.icon.Resource = theme.Icon(glyph, token)
		c.icon.Refresh()
	}
	c.glyph = glyph
	kit.Relay(c.center)
}
