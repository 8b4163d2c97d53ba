// Package lseg runs segmenters of LSeg's kind (Li et al. 2022, "Language-driven semantic segmentation"): a
// vector in the space of a text encoder for every pixel, compared with the words' vectors. Those of official
// checkpoints see windows of pixels (tower.go), the others a shared trunk's features.
package lseg

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
const Family = "lseg"

// rule is how a pack scores.
type rule struct {
	// Name is "logits" where vectors are made of a shared trunk's features, and what the match network makes of them is
	// compared with 0; "cosine" where a network of the official kind sees windows of pixels, and the best class wins.
	Name string `json:"rule"`
	// Background is a logit that classes must beat, of packs of the official kind. Without it every pixel gets a class.
	Background *float64 `json:"background,omitempty"`
	// Sizes are the long sides that all of a photo is seen at, and summed; without them it is seen in the image rule's.
	Sizes []int `json:"sizes,omitempty"`
	// Flip sees every window mirrored too.
	Flip bool `json:"flip,omitempty"`
}

var pixelsGraph = model.Graph{
	Head:    true,
	Outputs: []model.Port{{Name: "pixel_embeds", Type: model.Float32, Rank: 4}},
}

var matchGraph = model.Graph{
	Inputs:  []model.Port{{Name: "pixel_embeds", Type: model.Float32, Rank: 4}, {Name: "text_embeds", Type: model.Float32, Rank: 2}},
	Outputs: []model.Port{{Name: "logits", Type: model.Float32, Rank: 4}},
}

// Segmenter runs a pack of LSeg's kind on a shared trunk.
type Segmenter struct {
	pack                 *model.Pack
	text                 *encode.Encoder
	trunk, pixels, match *model.Session
}

var _ segment.Segmenter = (*Segmenter)(nil)

// New loads the pack's networks.
func New(pack *model.Pack, engine *model.Engine, text *encode.Encoder) (segment.Segmenter, error) {
	var r rule
	if err := pack.ReadScoring(&r); err != nil {
		return nil, err
	}
	switch r.Name {
	case "logits":
		return newSegmenter(pack, engine, text)
	case "cosine":
		return newTower(pack, engine, text, r)
	}
	return nil, fmt.Errorf("pack %s: %w: scoring rule %q is not known", pack.ID, model.ErrManifest, r.Name)
}

func newSegmenter(pack *model.Pack, engine *model.Engine, text *encode.Encoder) (*Segmenter, error) {
	s := &Segmenter{pack: pack, text: text}
	load := engine.Loader(pack)
	s.trunk = load.Session("trunk", model.Trunk())
	s.pixels = load.Session("pixels", pixelsGraph)
	s.match = load.Session("match", matchGraph)
	return s, load.Err
}

// Pack returns the pack that the segmenter runs.
func (s *Segmenter) Pack() *model.Pack { return s.pack }

// Encode makes the pixel vectors of every view.
func (s *Segmenter) Encode(ctx context.Context, views []*model.View) (segment.Encoding, error) {
	e := &encoding{s: s}
	for _, v := range views {
		f, err := v.Features(ctx, s.trunk)
		if err == nil {
			var out []*model.Tensor
			if out, err = s.pixels.RunOn(ctx, f); err == nil {
				e.parts = append(e.parts, part{v.Letterbox, out[0]})
			}
		}
		if err != nil {
			e.Release()
			return nil, err
		}
	}
	return e, nil
}

type encoding struct {
	s     *Segmenter
	parts []part
}

// part is one view's vectors, [1, D, h, w].
type part struct {
	model.Letterbox
	embeds *model.Tensor
}

// matchBatch bounds how many phrases are compared at once: each costs a plane of logits.
const matchBatch = 64

// Ask compares the pixels with the words: a product, and the text encoder for words never seen.
func (e *encoding) Ask(ctx context.Context, classes []annot.Class) (*segment.Logits, error) {
	words := prompt.NewWords(classes)
	vectors, _, err := e.s.text.Vectors(ctx, words.Phrases())
	if err != nil {
		return nil, err
	}
	grids := make([]segment.Grid, len(e.parts))
	for i, p := range e.parts {
		if grids[i], err = e.ask(ctx, p, words, vectors); err != nil {
			return nil, err
		}
	}
	l := segment.Merge(e.photo(), grids)
	l.Model, l.Classes = e.s.pack.ID, classes
	return l, nil
}

// photo returns the size of the photo: the first view shows all of it.
func (e *encoding) photo() image.Point {
	var r image.Rectangle
	for _, p := range e.parts {
		r = r.Union(p.Crop)
	}
	return r.Max
}

func (e *encoding) ask(ctx context.Context, p part, words *prompt.Words, vectors [][]float32) (segment.Grid, error) {
	h, w := int(p.embeds.Shape[2]), int(p.embeds.Shape[3])
	logits := make([][]float32, 0, len(vectors))
	for from := 0; from < len(vectors); from += matchBatch {
		batch := vectors[from:min(from+matchBatch, len(vectors))]
		planes, err := e.run(ctx, p.embeds, batch, h*w)
		if err != nil {
			return segment.Grid{}, err
		}
		logits = append(logits, planes...)
	}
	// Only the part of the canvas that shows the photo counts.
	cell := float64(p.Canvas.X) / float64(w) / p.Scale
	g := segment.Grid{Crop: p.Crop, CellW: cell, CellH: cell}
	g.W = min(segment.Cells(p.Crop.Dx(), cell), w)
	g.H = min(segment.Cells(p.Crop.Dy(), cell), h)
	g.Planes = make([][]float32, len(words.Classes))
	for c := range g.Planes {
		g.Planes[c] = make([]float32, g.W*g.H)
	}
	row, fused := make([]float32, len(logits)), make([]float32, len(words.Classes))
	for y := range g.H {
		for x := range g.W {
			for k := range logits {
				row[k] = logits[k][y*w+x]
			}
			words.FusePixels(row, fused)
			for c, v := range fused {
				g.Planes[c][y*g.W+x] = v
			}
		}
	}
	return g, nil
}

// run returns a plane of logits for each vector.
func (e *encoding) run(ctx context.Context, embeds *model.Tensor, vectors [][]float32, plane int) ([][]float32, error) {
	in, err := model.NewF32(int64(len(vectors)), int64(e.s.pack.Text.Dim))
	if err != nil {
		return nil, err
	}
	defer in.Release()
	for i, v := range vectors {
		copy(in.F32[i*e.s.pack.Text.Dim:], v)
	}
	out, err := e.s.match.Run(ctx, embeds, in)
	if err != nil {
		return nil, err
	}
	defer model.ReleaseAll(out)
	if len(out[0].F32) != plane*len(vectors) {
		return nil, fmt.Errorf("pack %s: the match network gives %v for %d words", e.s.pack.ID, out[0].Shape, len(vectors))
	}
	planes := make([][]float32, len(vectors))
	for i := range planes {
		planes[i] = append([]float32(nil), out[0].F32[i*plane:(i+1)*plane]...)
	}
	return planes, nil
}

// Release gives the pixel vectors back.
func (e *encoding) Release() {
	for _, p := range e.parts {
		p.embeds.Release()
	}
	e.parts = nil
}
