package ui

import (
	"image/color"
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/ui/keys"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/tr"
)

// colorOf is a class's colour, and whether its swatch is a ring.
type colorOf struct {
	color.Color
	ringed bool
}

// settings are what a person has chosen; they outlive the program.
type settings struct {
	p             fyne.Preferences
	language      tr.Language
	light         bool
	wheelZooms    bool
	still         bool // no animations
	mask          float64
	widths        map[modeID]float32 // of the panel, where a person has chosen one
	panel, strip  bool
	width, height float32
	recent        []string // folders and photos
	prompts       []string // words that were looked for
	truths        []string // files and folders that were evaluated against
	sources       []string // cameras, videos and addresses
	keep          string   // the folder for frozen frames, where a person has chosen one
	hinted        bool     // the hint of the first run is gone
	keys          keys.Scheme
	choice        session.Choice
	saving        session.Saving
	keepView      bool // zoom stays on the next photo
	fills         bool // boxes drawn by hand get masks
}

const (
	panelMin, panelMax, panelUsual = 264, 480, 312
	minWidth, minHeight            = 1024, 640
)

func loadSettings(p fyne.Preferences) *settings {
	// What cannot be read of the keys is as the usual ones.
	scheme, _ := keys.Decode(p.String("keys-preset"), p.String("keys"))
	return &settings{
		keys:       scheme,
		choice:     choiceOf(p),
		saving:     session.Saving(min(max(p.Int("saving"), 0), int(session.SaveOnLeave))),
		keepView:   p.Bool("keep-view"),
		fills:      p.BoolWithFallback("fills", true),
		p:          p,
		language:   tr.Language(p.StringWithFallback("language", string(tr.OfSystem()))),
		light:      p.Bool("light"),
		wheelZooms: p.BoolWithFallback("wheel-zooms", true),
		still:      p.Bool("still"),
		mask:       p.FloatWithFallback("mask", 0.35),
		widths:     loadWidths(p),
		panel:      p.BoolWithFallback("panel", true),
		strip:      p.BoolWithFallback("strip", true),
		width:      float32(max(p.FloatWithFallback("width", 1400), minWidth)),
		height:     float32(max(p.FloatWithFallback("height", 900), minHeight)),
		recent:     p.StringList("recent"),
		prompts:    p.StringList("prompts"),
		truths:     p.StringList("truths"),
		sources:    p.StringList("sources"),
		keep:       p.String("keep"),
		hinted:     p.Bool("hinted"),
	}
}

func (s *settings) setLanguage(l tr.Language) {
	s.language = l
	s.p.SetString("language", string(l))
}

func (s *settings) setLight(on bool) {
	s.light = on
	s.p.SetBool("light", on)
}

func choiceOf(p fyne.Preferences) session.Choice {
	c := session.Choice{Detect: p.String("detect"), Segment: p.String("segment")}
	if (c.Detect == "") == (c.Segment == "") {
		c = session.Things
	}
	c.Threads, c.Twice = max(p.Int("threads"), 0), p.Bool("twice")
	return c
}

func (s *settings) setChoice(c session.Choice) {
	s.choice = c
	s.p.SetString("detect", c.Detect)
	s.p.SetString("segment", c.Segment)
	s.p.SetInt("threads", c.Threads)
	s.p.SetBool("twice", c.Twice)
}

func (s *settings) setSaving(v session.Saving) {
	s.saving = v
	s.p.SetInt("saving", int(v))
}

func (s *settings) setKeepView(on bool) {
	s.keepView = on
	s.p.SetBool("keep-view", on)
}

func (s *settings) setFills(on bool) {
	s.fills = on
	s.p.SetBool("fills", on)
}

// filter returns the thresholds as a person left them with a model, and its own where they were never moved: scores of one
// model mean little with another.
func (s *settings) filter(p Pack) session.Filter {
	usual := p.usual()
	share := func(name string, usual float64) float64 {
		return min(max(s.p.FloatWithFallback(name+"-"+p.Pack(), usual), 0), 1)
	}
	return session.Filter{Score: share("score", usual.Score), Overlap: share("overlap", usual.Overlap)}
}

// setFilter remembers the thresholds of a model; its own are not remembered, so that they follow the pack.
func (s *settings) setFilter(p Pack, f session.Filter) {
	usual := p.usual()
	keep := func(name string, v, usual float64) {
		if name += "-" + p.Pack(); v == usual {
			s.p.RemoveValue(name)
		} else {
			s.p.SetFloat(name, v)
		}
	}
	keep("score", f.Score, usual.Score)
	keep("overlap", f.Overlap, usual.Overlap)
}

func (s *settings) setKeys(k keys.Scheme) {
	s.keys = k
	s.p.SetString("keys-preset", k.Preset)
	s.p.SetString("keys", k.Encode())
}

func (s *settings) setWheel(on bool) {
	s.wheelZooms = on
	s.p.SetBool("wheel-zooms", on)
}

func (s *settings) setStill(on bool) {
	s.still = on
	s.p.SetBool("still", on)
}

func (s *settings) setMask(v float64) {
	s.mask = v
	s.p.SetFloat("mask", v)
}

func loadWidths(p fyne.Preferences) map[modeID]float32 {
	widths := map[modeID]float32{}
	for _, id := range []modeID{labelMode, liveMode, evaluateMode} {
		if v := p.Float("panel-width-" + string(id)); v > 0 {
			widths[id] = float32(min(max(v, panelMin), panelMax))
		}
	}
	return widths
}

// dragPanel changes the panel's width in a mode; keepPanel remembers it.
func (s *settings) dragPanel(id modeID, v float32) { s.widths[id] = min(max(v, panelMin), panelMax) }

func (s *settings) keepPanel(id modeID) {
	s.p.SetFloat("panel-width-"+string(id), float64(s.widths[id]))
}

func (s *settings) setSize(w, h float32) {
	s.width, s.height = w, h
	s.p.SetFloat("width", float64(w))
	s.p.SetFloat("height", float64(h))
}

func (s *settings) setPanel(on bool) {
	s.panel = on
	s.p.SetBool("panel", on)
}

func (s *settings) setStrip(on bool) {
	s.strip = on
	s.p.SetBool("strip", on)
}

func (s *settings) setHinted() {
	if !s.hinted {
		s.hinted = true
		s.p.SetBool("hinted", true)
	}
}

const recentKept = 10

// remember puts a path first among the recent ones.
func (s *settings) remember(path string) {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	s.recent = first(s.recent, path)
	s.p.SetStringList("recent", s.recent)
}

// rememberTruth puts a ground truth first among the recent ones.
func (s *settings) rememberTruth(path string) {
	s.truths = first(s.truths, path)
	s.p.SetStringList("truths", s.truths)
}

// rememberSource puts a source first among the recent ones.
func (s *settings) rememberSource(name string) {
	s.sources = first(s.sources, name)
	s.p.SetStringList("sources", s.sources)
}

func (s *settings) setKeep(dir string) {
	s.keep = dir
	s.p.SetString("keep", dir)
}

// rememberWords puts words first among the recent ones.
func (s *settings) rememberWords(text string) {
	if text != "" {
		s.prompts = first(s.prompts, text)
		s.p.SetStringList("prompts", s.prompts)
	}
}

func first(list []string, item string) []string {
	list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == item })
	list = append([]string{item}, list...)
	return list[:min(len(list), recentKept)]
}
