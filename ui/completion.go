package ui

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/theme"
)

// completion is the list below the prompt: words that begin as the one that is being typed, or recent lists.
type completion struct {
	p     *prompt
	items []string
	rows  []*kit.Touch
	at    int // -1 for none
	whole bool
}

const completionRows = 8

// everyday are things that people often look for, in the order of how often.
var everyday = strings.Fields(`person man woman child dog cat horse bird cow sheep car truck bus bicycle motorcycle train
boat airplane chair table sofa bed lamp plant tree flower grass sky road sidewalk building house window door wall floor
cup mug bottle glass plate bowl spoon fork knife laptop keyboard mouse screen phone book clock bag backpack umbrella
shoe hat shirt ball toy apple banana orange bread cake pizza sandwich traffic-light sign bench fence rock water sand snow`)

func (c *completion) open() bool { return len(c.items) > 0 }

// update follows what is typed.
func (c *completion) update() {
	text := c.p.entry.Text
	word := strings.ToLower(strings.TrimSpace(text[strings.LastIndexAny(text, ",|;!:")+1:]))
	if len([]rune(word)) < 2 {
		c.hide()
		return
	}
	var items []string
	add := func(s string) {
		s = strings.ReplaceAll(s, "-", " ")
		l := strings.ToLower(s)
		if l != word && strings.HasPrefix(l, word) && !slices.Contains(items, s) && len(items) < completionRows {
			items = append(items, s)
		}
	}
	for _, class := range c.p.w.s.Rows() {
		add(class.Name)
		for _, phrase := range class.Phrases {
			add(phrase)
		}
	}
	for _, s := range everyday {
		add(s)
	}
	c.show(items, false)
}

func (c *completion) show(items []string, whole bool) {
	c.hide()
	if len(items) == 0 {
		return
	}
	c.items, c.whole, c.at = items, whole, -1
	var rows []fyne.CanvasObject
	for i, s := range items {
		t := kit.NewTouch(kit.Line{Left: 12, Right: 12, Height: 32}.Row(kit.NewText(s, kit.Style{}).Flexible()),
			kit.Look{Over: theme.Hover, On: theme.Selection, Radius: 4, Min: fyne.NewSize(220, 32)}, nil)
		t.OnTap = func() {
			c.at = i
			c.take()
			c.p.focus()
		}
		c.rows = append(c.rows, t)
		rows = append(rows, t)
	}
	if layer := kit.LayerOf(c.p.entry); layer != nil {
		list := container.NewStack(kit.Rect(theme.Raised, theme.Border, 8), kit.Pad(kit.Column{}.Stack(rows...), 4, 4, 4, 4))
		layer.ShowList(list, c.p.bare)
	}
}

// hide takes the list away and reports whether there was one.
func (c *completion) hide() bool {
	was := c.open()
	c.items, c.rows, c.at = nil, nil, -1
	if layer := kit.LayerOf(c.p.entry); layer != nil {
		layer.HideList()
	}
	return was
}

// move goes through the list; on an empty field it shows what was looked for before.
func (c *completion) move(down bool) {
	if !c.open() {
		if c.p.entry.Text == "" {
			recent := c.p.w.settings.prompts
			c.show(recent[:min(len(recent), completionRows)], true)
			c.mark(0)
		}
		return
	}
	n := len(c.items)
	if down {
		c.mark((c.at + 1) % n)
	} else {
		c.mark((max(c.at, 0) + n - 1) % n)
	}
}

func (c *completion) mark(i int) {
	c.at = i
	for k, r := range c.rows {
		r.SetOn(k == i)
	}
}

// take puts the marked item into the field, and reports whether one was marked.
func (c *completion) take() bool {
	if !c.open() || c.at < 0 {
		return false
	}
	item, whole := c.items[c.at], c.whole
	c.hide()
	text := item
	if !whole {
		old := c.p.entry.Text
		cut := strings.LastIndexAny(old, ",|;!:") + 1
		text = old[:cut]
		if cut > 0 {
			text += " "
		}
		text += item
	}
	c.p.entry.OnChanged, text = nil, strings.TrimLeft(text, " ")
	c.p.entry.SetText(text)
	c.p.entry.CursorColumn = len([]rune(text))
	c.p.entry.Refresh()
	c.p.entry.OnChanged = func(string) {
		c.p.box.Refresh()
		c.update()
	}
	c.p.box.Refresh()
	return true
}

// takeFirst takes the marked item, or the first.
func (c *completion) takeFirst() bool {
	if c.open() && c.at < 0 {
		c.at = 0
	}
	return c.take()
}
