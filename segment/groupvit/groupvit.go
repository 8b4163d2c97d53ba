// Package groupvit runs segmenters of GroupViT's kind (Xu et al. 2022, "GroupViT: Semantic segmentation emerges from
// text supervision"): pixels are gathered into a few groups, and words name the groups.
//
// Rules are those of NVlabs/GroupViT (segmentation/evaluation/group_vit_seg.py), and for soft grouping those of
// Hugging Face's GroupViTModel (output_segmentation in modeling_groupvit.py), which are others.
package groupvit

import (
	"context"
	"fmt"
	"image"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/encode"
	"github.com/saysee/saysee/segment"
)

// Family is the manifest's name for packs of this package.
const Family = "groupvit"

// Segmenter runs a pack of GroupViT's kind.
type Segmenter struct {
	pack          *model.Pack
	rule          rule
	text          *encode.Encoder
	trunk, groups *model.Session // no trunk where the groups are made of pixels
}

var _ segment.Segmenter = (*Segmenter)(nil)

// New loads the pack's networks.
func New(pack *model.Pack, engine *model.Engine, text *encode.Encoder) (*Segmenter, error) {
	s := &Segmenter{pack: pack, text: text}
	if err := pack.ReadScoring(&s.rule); err != nil {
		return nil, err
	}
	if err := s.rule.check(); err != nil {
		return nil, fmt.Errorf("pack %s: %w", pack.ID, err)
	}
	load := engine.Loader(pack)
	if s.rule.Pyramid == "trunk" {
		if pack.Image.Window > 0 {
			return nil, fmt.Errorf("pack %s: %w: a trunk sees the whole canvas, so image.window does not fit", pack.ID, model.ErrManifest)
		}
		s.trunk = load.Session("trunk", model.Trunk())
		s.groups = load.Session("groups", s.rule.groups())
	} else {
		s.groups = load.Session("image", s.rule.groups())
	}
	return s, load.Err
}

// Pack returns the pack that the segmenter runs.
func (s *Segmenter) Pack() *model.Pack { return s.pack }

// Encode finds the groups of every window of every view.
func (s *Segmenter) Encode(ctx context.Context, views []*model.View) (segment.Encoding, error) {
	e := &encoding{s: s}
	for _, v := range views {
		p := part{Letterbox: v.Letterbox}
		err := s.look(ctx, v, &p)
		e.parts = append(e.parts, p)
		if err != nil {
			e.Release()
			return nil, err
		}
	}
	return e, nil
}

// look runs the networks on a view.
func (s *Segmenter) look(ctx context.Context, v *model.View, p *part) error {
	if s.trunk != nil {
		f, err := v.Features(ctx, s.trunk)
		if err != nil {
			return err
		}
		in := make([]*model.Tensor, len(s.rule.Levels))
		for i, name := range s.rule.Levels {
			in[i] = f[s.rule.level(name)]
		}
		return s.run(ctx, image.Rectangle{Max: v.Canvas}, p, in...)
	}
	side := s.pack.Image.Window
	if side == 0 {
		return s.run(ctx, image.Rectangle{Max: v.Canvas}, p, v.Pixels)
	}
	pixels, err := model.NewF32(1, 3, int64(side), int64(side))
	if err != nil {
		return err
	}
	defer pixels.Release()
	for _, w := range segment.Windows(v.Canvas, side, s.pack.Image.Stride) {
		segment.Cut(pixels.F32, v.Pixels.F32, v.Canvas, w)
		if err := s.run(ctx, w, p, pixels); err != nil {
			return err
		}
	}
	return nil
}

// run adds what the network makes of a window.
func (s *Segmenter) run(ctx context.Context, at image.Rectangle, p *part, in ...*model.Tensor) error {
	out, err := s.groups.Run(ctx, in...)
	if err != nil {
		return err
	}
	w := &window{at: at, embeds: out[0], whole: out[1], claims: out[2]}
	p.windows = append(p.windows, w)
	groups := w.embeds.Shape[1]
	dim := int64(s.pack.Text.Dim)
	if groups < 1 || w.embeds.Shape[2] != dim || w.whole.Shape[1] != dim || w.claims.Shape[1] != groups || len(w.claims.F32) == 0 {
		return fmt.Errorf("pack %s: the groups' outputs %v, %v and %v do not fit each other", s.pack.ID, w.embeds.Shape, w.whole.Shape, w.claims.Shape)
	}
	return nil
}

// encoding is a photo as the segmenter sees it.
type encoding struct {
	s     *Segmenter
	parts []part
}

// part is one view and its windows.
type part struct {
	model.Letterbox
	windows []*window
}

// Ask names the groups: products of a few vectors, and the text encoder for words never seen.
func (e *encoding) Ask(ctx context.Context, classes []annot.Class) (*segment.Logits, error) {
	words := prompt.NewWords(classes)
	vectors, _, err := e.s.text.Vectors(ctx, words.Phrases())
	if err != nil {
		return nil, err
	}
	n := namer{rule: &e.s.rule, words: words, vectors: vectors}
	grids := make([]segment.Grid, len(e.parts))
	var whole image.Rectangle
	for i, p := range e.parts {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		grids[i] = n.grid(p)
		whole = whole.Union(p.Crop)
	}
	l := segment.Merge(whole.Max, grids)
	l.Model, l.Classes = e.s.pack.ID, classes
	l.Shares = n.rule.Grouping == "hard"
	if n.rule.ground() {
		// The background's plane stands behind those of the classes.
		l.Ground, l.Planes = l.Planes[len(classes)], l.Planes[:len(classes)]
	}
	return l, nil
}

// Release gives the networks' outputs back.
func (e *encoding) Release() {
	for _, p := range e.parts {
		for _, w := range p.windows {
			model.ReleaseAll([]*model.Tensor{w.embeds, w.whole, w.claims})
		}
	}
	e.parts = nil
}
