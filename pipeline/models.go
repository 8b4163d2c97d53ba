package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/detect/glip"
	"github.com/saysee/saysee/detect/vild"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/name"
	"github.com/saysee/saysee/name/clip"
	"github.com/saysee/saysee/pipeline/prep"
	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/encode"
	"github.com/saysee/saysee/prompt/lexicon"
	"github.com/saysee/saysee/segment"
	"github.com/saysee/saysee/segment/groupvit"
	"github.com/saysee/saysee/segment/lseg"
)

// The packs that are used when nobody asks for others.
const (
	DefaultDetector  = "vild-starter"
	DefaultSegmenter = "lseg-starter"
	DefaultNamer     = "clip-starter"
)

// Families by the name that a manifest states.
var (
	detectors = map[string]func(*model.Pack, *model.Engine, *encode.Encoder) (detect.Detector, error){
		vild.Family: func(p *model.Pack, e *model.Engine, t *encode.Encoder) (detect.Detector, error) {
			return vild.New(p, e, t)
		},
		glip.Family: func(p *model.Pack, e *model.Engine, _ *encode.Encoder) (detect.Detector, error) {
			return glip.New(p, e)
		},
	}
	// captioned are detectors that read all words in one text, and have no vector for a phrase.
	captioned  = map[string]bool{glip.Family: true}
	segmenters = map[string]func(*model.Pack, *model.Engine, *encode.Encoder) (segment.Segmenter, error){
		lseg.Family: func(p *model.Pack, e *model.Engine, t *encode.Encoder) (segment.Segmenter, error) {
			return lseg.New(p, e, t)
		},
		groupvit.Family: func(p *model.Pack, e *model.Engine, t *encode.Encoder) (segment.Segmenter, error) {
			return groupvit.New(p, e, t)
		},
	}
)

var namers = func() map[string]func(*model.Pack, *model.Engine, *encode.Encoder) (name.Namer, error) {
	m := map[string]func(*model.Pack, *model.Engine, *encode.Encoder) (name.Namer, error){}
	for _, family := range clip.Families {
		m[family] = func(p *model.Pack, e *model.Engine, t *encode.Encoder) (name.Namer, error) {
			return clip.New(p, e, t)
		}
	}
	return m
}()

// ErrFamily marks a pack whose family cannot do what is asked.
var ErrFamily = errors.New("the pack's family does not fit")

// Params says which models to load.
type Params struct {
	Store   *model.Store
	Detect  string // pack for boxes; empty for none
	Segment string // pack for pixels; empty for none
	Name    string // pack for naming photos and regions; empty for none
	// Templates are sentences that the namer's words are put into; nil takes the pack's own.
	Templates []prompt.Template
	Threads   int // threads a session, 0 for the machine's cores
	// Live trades exactness for speed as the packs say, for moving pictures.
	Live bool
	// TextCache is the folder for vectors of words; empty keeps them in memory only.
	TextCache string
	// Lexicon reads Chinese phrases for packs whose text encoder does not; nil for none.
	Lexicon *lexicon.Lexicon
}

// Use has the pack, named or by its folder, do what its family does, in place of another. The error wraps ErrFamily where
// the family is not known.
func (p *Params) Use(ref string) (*model.Pack, error) {
	pack, err := p.Store.Open(ref)
	if err != nil {
		return nil, err
	}
	switch {
	case Detects(pack.Family):
		p.Detect = ref
	case Segments(pack.Family):
		p.Segment = ref
	case Names(pack.Family):
		p.Name = ref
	default:
		return nil, fmt.Errorf("%w: %s is of the family %q, which this version of Saysee does not run", ErrFamily, pack.ID, pack.Family)
	}
	return pack, nil
}

// Models are the networks in use. They may be used from several goroutines.
type Models struct {
	Detector  detect.Detector   // nil without boxes
	Segmenter segment.Segmenter // nil without pixels
	Namer     name.Namer        // nil without names
	*shared

	live bool
}

// shared is what models that are loaded beside each other have in common.
type shared struct {
	Engine *model.Engine

	lexicon   *lexicon.Lexicon // nil for none
	mu        sync.Mutex
	texts     map[string]*encode.Encoder // by fingerprint
	preparers map[model.ImageSpec]*prep.Preparer
}

// Load opens the packs and loads their networks, both at once. ONNX Runtime must be loaded.
func Load(p Params) (*Models, error) {
	m := &Models{shared: &shared{
		Engine: model.NewEngine(p.Threads), texts: map[string]*encode.Encoder{}, lexicon: p.Lexicon,
		preparers: map[model.ImageSpec]*prep.Preparer{},
	}}
	if err := m.load(p); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// Beside loads other packs on m's engine, with its threads and lexicon: files that packs have in common are loaded once,
// and Analysis.Beside has them look at a photo that m looks at. Closing either closes both.
func (m *Models) Beside(p Params) (*Models, error) {
	other := &Models{shared: m.shared}
	if err := other.load(p); err != nil {
		return nil, err
	}
	return other, nil
}

func (m *Models) load(p Params) error {
	m.live = p.Live
	var find, paint, call func() error
	var err error
	if p.Detect != "" {
		find, err = m.detector(p)
	}
	if p.Segment != "" && err == nil {
		paint, err = m.segmenter(p)
	}
	if p.Name != "" && err == nil {
		call, err = m.namer(p)
	}
	if err != nil {
		return err
	}
	return together(find, paint, call)
}

// together runs functions side by side; any may be nil.
func together(all ...func() error) error {
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, f := range all {
		if f != nil {
			wg.Go(func() { errs[i] = f() })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (m *Models) detector(p Params) (func() error, error) {
	p.Templates = nil // are the namer's
	return loader(m, p, p.Detect, detectors, "boxes", func(d detect.Detector) {
		m.Detector = d
		if l, can := d.(detect.Limiter); can && p.Live {
			l.Limit(d.Pack().Live.Regions)
		}
	})
}

func (m *Models) segmenter(p Params) (func() error, error) {
	p.Templates = nil
	return loader(m, p, p.Segment, segmenters, "pixels", func(s segment.Segmenter) { m.Segmenter = s })
}

func (m *Models) namer(p Params) (func() error, error) {
	return loader(m, p, p.Name, namers, "names", func(n name.Namer) { m.Namer = n })
}

// loader opens a pack of one of the families and returns the function that loads its networks and hands
// them to use. finds says what the families find, for the error.
func loader[T any](
	m *Models, p Params, ref string, families map[string]func(*model.Pack, *model.Engine, *encode.Encoder) (T, error),
	finds string, use func(T),
) (func() error, error) {
	pack, err := p.Store.Open(ref)
	if err != nil {
		return nil, err
	}
	build, ok := families[pack.Family]
	if !ok {
		return nil, fmt.Errorf("%w: %s is of the family %q, which finds no %s", ErrFamily, pack.ID, pack.Family, finds)
	}
	if p.Templates != nil {
		pack = withTemplates(pack, p.Templates)
	}
	return func() error {
		var text *encode.Encoder
		if !captioned[pack.Family] {
			var err error
			if text, err = m.text(pack, p); err != nil {
				return err
			}
		}
		networks, err := build(pack, m.Engine, text)
		if err == nil {
			use(networks)
		}
		return err
	}, nil
}

// text returns the encoder of a pack's text side, one for all packs that share it.
func (m *Models) text(pack *model.Pack, p Params) (*encode.Encoder, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := pack.TextFingerprint()
	if t, ok := m.texts[key]; ok {
		return t, nil
	}
	t, err := encode.Open(m.Engine, pack, p.TextCache, p.Lexicon)
	if err != nil {
		return nil, err
	}
	m.texts[key] = t
	return t, nil
}

// Warm loads what only new words need, which Load leaves for later.
func (m *Models) Warm() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for _, t := range m.texts {
		errs = append(errs, t.Warm())
	}
	return errors.Join(errs...)
}

// reader is a detector with a text side of its own.
type reader interface {
	Unread(phrases []string) (truncated, unknown []string)
}

// Unread says which of a question's phrases a text encoder cannot read, in alphabetical order: of truncated
// ones only the beginning, of unknown ones not a single word. It encodes what is new, which a first photo
// would do otherwise.
func (m *Models) Unread(ctx context.Context, q Question) (truncated, unknown []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, ok := m.Detector.(reader); ok {
		truncated, unknown = d.Unread(prompt.NewWords(m.captioned(q.pick(q.boxes))).Phrases())
	}
	phrases := prompt.NewWords(q.Classes).Phrases()
	for _, t := range m.texts {
		_, stats, err := t.Vectors(ctx, phrases)
		if err != nil {
			return nil, nil, err
		}
		truncated = append(truncated, stats.Truncated...)
		unknown = append(unknown, t.Unknown(phrases)...)
	}
	slices.Sort(truncated)
	slices.Sort(unknown)
	return slices.Compact(truncated), slices.Compact(unknown), nil
}

// captioned returns classes as the detector is asked for them: one that reads all words in one English text is given
// the best English wording of Chinese phrases. Others read them as they are, through their encoder.
func (m *Models) captioned(classes []annot.Class) []annot.Class {
	if m.lexicon == nil || !captioned[m.Detector.Pack().Family] || m.Detector.Pack().Text.Reads("zh") {
		return classes
	}
	english := func(phrases []string) []string {
		out := slices.Clone(phrases)
		for i, p := range phrases {
			if r, _ := m.lexicon.Read(p); len(r.English) > 0 {
				out[i] = r.English[0]
			}
		}
		return out
	}
	out := slices.Clone(classes)
	for i, c := range classes {
		out[i].Phrases, out[i].Negatives = english(c.Phrases), english(c.Negatives)
	}
	return out
}

// Readings returns how those of a question's phrases are read that are Chinese, each once. There are none where all
// packs in use read Chinese.
func (m *Models) Readings(q Question) []lexicon.Reading {
	var all []lexicon.Reading
	if m.lexicon == nil || m.readsChinese() {
		return nil
	}
	for _, p := range prompt.NewWords(q.Classes).Phrases() {
		r, ok := m.lexicon.Read(p)
		if ok && !slices.ContainsFunc(all, func(known lexicon.Reading) bool { return known.Phrase == p }) {
			all = append(all, r)
		}
	}
	return all
}

func (m *Models) readsChinese() bool {
	return (m.Detector == nil || m.Detector.Pack().Text.Reads("zh")) &&
		(m.Segmenter == nil || m.Segmenter.Pack().Text.Reads("zh")) &&
		(m.Namer == nil || m.Namer.Pack().Text.Reads("zh"))
}

// preparer returns the one preparer of an image rule.
func (m *Models) preparer(spec model.ImageSpec) (*prep.Preparer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p, ok := m.preparers[spec]; ok {
		return p, nil
	}
	p, err := prep.New(spec)
	if err != nil {
		return nil, err
	}
	m.preparers[spec] = p
	return p, nil
}

// Close frees the networks. No analysis may be in use any more.
func (m *Models) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.preparers {
		p.Close()
	}
	return m.Engine.Close()
}

// Outlines reports whether a pack's boxes come with masks.
func Outlines(p *model.Pack) bool { return Detects(p.Family) && p.Has(maskRole) }

// maskRole is the role of a graph that makes masks of boxes.
const maskRole = "masks"

// Detects reports whether a family finds boxes.
func Detects(family string) bool { return detectors[family] != nil }

// Names reports whether a family names photos and regions.
func Names(family string) bool { return namers[family] != nil }

// Segments reports whether a family finds pixels.
func Segments(family string) bool { return segmenters[family] != nil }
