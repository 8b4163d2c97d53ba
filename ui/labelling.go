package ui

import (
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

// labelling is the mode Label: words find regions on photos, and a person judges and draws them.
type labelling struct {
	baseMode
	w      *Window
	banner *banner
}

func (m *labelling) id() modeID         { return labelMode }
func (m *labelling) title() string      { return tr.L("Label") }
func (m *labelling) hand() view.Handler { return &handler{w: m.w} }

func (m *labelling) build() parts {
	w := m.w
	w.prompt = newPrompt(w)
	w.panel = newPanel(w)
	w.strip = newStrip(w)
	w.rail = newRail(w)
	m.banner = newBanner(w)
	return parts{
		above: m.banner.box,
		words: w.prompt.box, rail: w.rail.content, strip: w.strip.content, panel: w.panel.content,
		narrow: func(narrow bool) {
			w.prompt.setNarrow(narrow)
			w.strip.setNarrow(narrow)
			w.panel.setNarrow(narrow)
		},
	}
}

func (m *labelling) draw(p session.Part) {
	w := m.w
	if p&session.Current != 0 {
		w.drawPhoto()
		p |= session.Regions
	}
	if p&(session.Regions|session.Words) != 0 {
		w.drawRegions()
	}
	if p&session.Words != 0 {
		w.prompt.update()
		w.view.SetOptions(w.viewOptions())
	}
	if p&(session.Saved|session.Current) != 0 {
		m.banner.update()
	}
	w.panel.update(p)
	w.strip.update(p)
}

func (m *labelling) commands() []command {
	all := m.w.photoCommands()
	all = append(all, m.w.labelCommands()...)
	all = append(all, m.w.toolCommands()...)
	return append(all, m.w.classCommands()...)
}

// key leaves all keys to the commands.
func (m *labelling) key(string) bool { return false }
