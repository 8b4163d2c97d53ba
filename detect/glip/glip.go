// Package glip runs grounding detectors of GLIP's kind (Li et al. 2022, "Grounded Language-Image
// Pre-training"): one caption holds every phrase, and each position of a pyramid has a logit for each piece
// of the caption. A class's score is the mean over its pieces.
//
// Deep fusion lets photo and caption see each other, so the head runs for each pair of the two; the pyramid
// is kept for the photo and the text's states for the caption. A dual pack (GLIP-T(A)) fuses nothing: both
// sides are kept, and a new caption costs its text and a product. Words that one caption does not hold become
// several; scores are sigmoids, so those of different captions compare.
//
// Rules are those of microsoft/GLIP's evaluation: modeling/rpn/inference.py (ATSSPostProcessor),
// modeling/rpn/vldyhead.py (BoxCoder) and engine/inference.py.
package glip

import (
	"context"
	"fmt"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt/ground"
	"github.com/saysee/saysee/prompt/token"
)

// Family is the manifest's name for packs of this package.
const Family = "glip"

// Detector runs a pack of GLIP's kind.
type Detector struct {
	pack      *model.Pack
	rule      rule
	tokenizer *token.WordPiece
	captions  *captions
	pyramid   *model.Session
	levels    []int // outputs of pyramid that the head reads
	head      *model.Session
	match     *model.Session // of dual packs
	masks     *model.Session // nil where the pack has none
}

var (
	_ detect.Detector = (*Detector)(nil)
	_ detect.Grounder = (*encoding)(nil)
)

// New loads the pack's networks.
func New(pack *model.Pack, engine *model.Engine) (*Detector, error) {
	d := &Detector{pack: pack}
	if err := pack.ReadScoring(&d.rule); err != nil {
		return nil, err
	}
	if err := d.rule.check(); err != nil {
		return nil, fmt.Errorf("pack %s: %w", pack.ID, err)
	}
	if err := d.openTokenizer(); err != nil {
		return nil, fmt.Errorf("pack %s: %w", pack.ID, err)
	}
	load := engine.Loader(pack)
	pyramid := d.rule.pyramid()
	d.pyramid = load.Session(d.rule.Pyramid, pyramid)
	for _, name := range d.rule.Levels {
		d.levels = append(d.levels, slices.IndexFunc(pyramid.Outputs, func(p model.Port) bool { return p.Name == name }))
	}
	var text *model.Session
	if d.rule.dual() {
		text = load.Session("text_a", dualText)
		d.head = load.Session("head_a", d.rule.dualHead())
		d.match = load.Session("match", matchGraph)
	} else {
		text = load.Session("text", deepText)
		d.head = load.Session("head", d.rule.deepHead())
	}
	d.captions = newCaptions(text)
	if pack.Has("masks") {
		if d.rule.Pyramid != "trunk" {
			return nil, fmt.Errorf("pack %s: %w: a mask head needs the shared trunk", pack.ID, model.ErrManifest)
		}
		d.masks = load.Session("masks", detect.MaskGraph())
	}
	return d, load.Err
}

func (d *Detector) openTokenizer() error {
	if kind := d.pack.Tokenizer.Kind; kind != "wordpiece" {
		return fmt.Errorf("%w: tokenizer %q tells no places of its pieces", model.ErrManifest, kind)
	}
	vocabulary, err := d.pack.Read(d.pack.Tokenizer.Vocab)
	if err != nil {
		return err
	}
	if d.tokenizer, err = token.NewWordPiece(vocabulary, d.pack.Tokenizer.MaxTokens); err != nil {
		return err
	}
	return token.Fits(d.tokenizer, d.pack.Tokenizer.Pieces)
}

// Pack returns the pack that the detector runs.
func (d *Detector) Pack() *model.Pack { return d.pack }

// Unread says which phrases the text side cannot read: of truncated ones only the beginning, of unknown ones
// not a single word.
func (d *Detector) Unread(phrases []string) (truncated, unknown []string) {
	for _, p := range phrases {
		e := d.tokenizer.Encode(name(p))
		if e.Truncated {
			truncated = append(truncated, p)
		}
		if !slices.ContainsFunc(e.IDs[1:len(e.IDs)-1], func(id int64) bool { return id != d.tokenizer.Unknown() }) {
			unknown = append(unknown, p)
		}
	}
	return truncated, unknown
}

// Encode runs the image side on every view. Boxes of all views stand in one list; two views of the same part of the photo are
// two looks at it, whose boxes are joined.
func (d *Detector) Encode(ctx context.Context, views []*model.View) (detect.Encoding, error) {
	e := &encoding{d: d, readings: map[string]reading{}, masks: map[annot.Box]annot.Mask{}}
	for _, v := range views {
		s := &scene{view: v}
		e.scenes = append(e.scenes, s)
		levels, err := d.features(ctx, v)
		if err == nil && d.rule.dual() {
			s.dual, err = d.head.Run(ctx, levels...)
		}
		if err != nil {
			e.Release()
			return nil, err
		}
	}
	return e, nil
}

// features returns the pyramid's levels that the head reads.
func (d *Detector) features(ctx context.Context, v *model.View) ([]*model.Tensor, error) {
	all, err := v.Features(ctx, d.pyramid)
	if err != nil {
		return nil, err
	}
	levels := make([]*model.Tensor, len(d.levels))
	for i, at := range d.levels {
		levels[i] = all[at]
	}
	return levels, nil
}

// encoding is a photo as the detector sees it.
type encoding struct {
	d      *Detector
	scenes []*scene
	// readings are what the head said of captions, by caption and grouping.
	readings map[string]reading
	masks    map[annot.Box]annot.Mask
}

// scene is one view; dual holds what a dual pack's head made of it.
type scene struct {
	view *model.View
	dual []*model.Tensor
}

// maxReadings bounds how many captions of a photo are kept: 3,000 names are 75.
const maxReadings = 256

// name is a phrase as it stands in a caption.
func name(phrase string) string {
	if n := ground.Clean(phrase); n != "" {
		return n
	}
	return phrase
}

// Ask reads the photo with the classes' phrases and negatives for captions. A class's score is that of its
// best phrase, and a negative that beats it takes the class out. Captions asked before are not run again.
// Progress is reported by caption.
func (e *encoding) Ask(ctx context.Context, classes []annot.Class) (*detect.Candidates, error) {
	groups := make([]ground.Group, len(classes))
	for i, c := range classes {
		groups[i] = ground.Group{Class: i, Phrases: names(c.Phrases), Negatives: names(c.Negatives)}
	}
	chunks, err := ground.Chunks(groups, ground.Rule{Separator: e.d.rule.Separator, Names: e.d.rule.Names}, e.d.tokenizer)
	if err != nil {
		return nil, err
	}
	return e.ask(ctx, classes, chunks)
}

func names(phrases []string) []string {
	out := make([]string, len(phrases))
	for i, p := range phrases {
		out[i] = name(p)
	}
	return out
}

// Ground reads the photo with a person's own sentence. The candidates' classes are the words of its phrases,
// as they were written; phrases of the same words are one class.
func (e *encoding) Ground(ctx context.Context, sentence ground.Caption) (*detect.Candidates, error) {
	if len(sentence.Spans) == 0 {
		return nil, ground.ErrNoPhrase
	}
	var classes []annot.Class
	at := map[string]int{}
	var chunks []ground.Chunk
	for _, part := range sentence.Cut(e.d.tokenizer) {
		which := make([]int, len(part.Spans))
		for i, words := range part.Names() {
			class, ok := at[words]
			if !ok {
				class = len(classes)
				at[words] = class
				classes = append(classes, annot.NamedClass(words))
			}
			which[i] = class
		}
		chunks = append(chunks, part.Chunk(which, e.d.tokenizer))
	}
	return e.ask(ctx, classes, chunks)
}

func (e *encoding) ask(ctx context.Context, classes []annot.Class, chunks []ground.Chunk) (*detect.Candidates, error) {
	c := &detect.Candidates{Model: e.d.pack.ID, Classes: classes}
	var overlap []annot.Box
	for i, chunk := range chunks {
		detect.Report(ctx, i, len(chunks))
		r, err := e.read(ctx, chunk)
		if err != nil {
			return nil, err
		}
		first := int32(len(c.Boxes))
		c.Boxes = append(c.Boxes, r.boxes...)
		overlap = append(overlap, r.overlap...)
		for _, h := range r.hits {
			g := chunk.Groups[h.Class]
			h.Class, h.Box, h.Phrase = int32(g.Class), h.Box+first, h.Phrase+uint16(g.First)
			c.Hits = append(c.Hits, h)
		}
	}
	detect.Report(ctx, len(chunks), len(chunks))
	slices.SortStableFunc(c.Hits, func(a, b detect.Hit) int { return int(a.Class - b.Class) })
	c.Overlap = func(a, b int) float64 { return overlap[a].IoU(overlap[b]) }
	return c, nil
}

// read returns what the head says of a caption, from memory where it was asked before.
func (e *encoding) read(ctx context.Context, chunk ground.Chunk) (reading, error) {
	key := chunk.Key()
	if r, ok := e.readings[key]; ok {
		return r, nil
	}
	looks := make([]reading, len(e.scenes))
	for i, s := range e.scenes {
		if err := e.d.read(ctx, s, chunk, &looks[i]); err != nil {
			return reading{}, err
		}
		for j, other := range e.scenes[:i] {
			if other.view.Crop == s.view.Crop {
				looks[i], looks[j] = join(looks[j], looks[i], s.view), reading{}
			}
		}
	}
	var r reading
	for _, l := range looks {
		r.append(l)
	}
	if len(e.readings) >= maxReadings {
		clear(e.readings)
	}
	e.readings[key] = r
	return r, nil
}

// read runs a view and a caption and adds what is found to r.
func (d *Detector) read(ctx context.Context, s *scene, chunk ground.Chunk, r *reading) error {
	text, err := d.text(ctx, chunk)
	if err != nil {
		return err
	}
	defer text.release()
	if !d.rule.dual() {
		levels, err := d.features(ctx, s.view)
		if err != nil {
			return err
		}
		out, err := d.head.Run(ctx, append(levels, text.states[0], text.mask)...)
		if err != nil {
			return err
		}
		defer model.ReleaseAll(out)
		return d.score(s.view, levels, out[0], out[1], out[2], chunk, r)
	}
	levels, err := d.features(ctx, s.view)
	if err != nil {
		return err
	}
	logits, err := d.match.Run(ctx, s.dual[0], text.states[0], text.states[1])
	if err != nil {
		return err
	}
	defer model.ReleaseAll(logits)
	return d.score(s.view, levels, logits[0], s.dual[1], s.dual[2], chunk, r)
}

// text returns a caption's states.
func (d *Detector) text(ctx context.Context, chunk ground.Chunk) (*text, error) {
	if d.rule.Phrase > 0 {
		return d.captions.phrases(ctx, chunk, d.rule.Phrase)
	}
	return d.captions.get(ctx, d.ids(chunk.Encoding))
}

// ids are the pieces of a caption as the text graph reads them: only those that count, for padding is masked
// everywhere, or as many as a graph of fixed length wants.
func (d *Detector) ids(e token.Encoding) ids {
	out := ids{values: slices.Clone(e.IDs), count: len(e.IDs)}
	for d.rule.Pad && len(out.values) < d.tokenizer.MaxTokens() {
		out.values = append(out.values, d.tokenizer.Pad())
	}
	return out
}

// Masks runs the mask head, where the pack has one, on a view of all of the photo. Masks are remembered by box.
func (e *encoding) Masks(ctx context.Context, found []detect.Found) error {
	if e.d.masks == nil || len(found) == 0 {
		return nil
	}
	todo := map[*model.View][]annot.Box{}
	for _, r := range found {
		v := e.best(r.Box)
		if _, done := e.masks[r.Box]; !done && !slices.Contains(todo[v], r.Box) {
			todo[v] = append(todo[v], r.Box)
		}
	}
	for v, boxes := range todo {
		if err := e.outline(ctx, v, boxes); err != nil {
			return err
		}
	}
	for i := range found {
		if m := e.masks[found[i].Box]; m.Area() > 0 {
			found[i].Shape = m
		}
	}
	return nil
}

// best is the view of all of the photo that is better for a thing, of two looks.
func (e *encoding) best(box annot.Box) *model.View {
	best := e.scenes[0].view
	for _, s := range e.scenes[1:] {
		if s.view.Crop == best.Crop && detect.Share(s.view.ToCanvas(box)) < 0.5 {
			return s.view
		}
	}
	return best
}

func (e *encoding) outline(ctx context.Context, v *model.View, boxes []annot.Box) error {
	f, err := v.Features(ctx, e.d.pyramid)
	if err != nil {
		return err
	}
	canvas := make([]annot.Box, len(boxes))
	for i, b := range boxes {
		canvas[i] = v.ToCanvas(b)
	}
	made, err := detect.Outline(ctx, e.d.masks, v, f, canvas)
	if err != nil {
		return err
	}
	for i, b := range boxes {
		e.masks[b] = made[i]
	}
	return nil
}

// Release gives back what was kept of the photo. Candidates that were asked for stay valid.
func (e *encoding) Release() {
	for _, s := range e.scenes {
		model.ReleaseAll(s.dual)
	}
	e.scenes, e.readings = nil, nil
}
