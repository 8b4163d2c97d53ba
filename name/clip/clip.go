// Package clip runs namers of CLIP's kind (Radford et al. 2021, "Learning transferable visual models from natural
// language supervision"): one vector for a picture, one for a text, and softmax over the scaled cosines. SLIP
// (Mu et al. 2022) and CLIP trained on other data differ in what their manifests say, not here.
//
// The image side is either one graph, or a trunk that other packs share and a head of its own on its features.
package clip

import (
	"context"
	"fmt"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/name"
	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/encode"
)

// Families are the manifest's names for packs of this package.
var Families = []string{"clip", "slip"}

// rule is how a pack scores: softmax over Scale times the cosines (openai/CLIP, clip/model.py, CLIP.forward).
type rule struct {
	Name  string  `json:"rule"` // "cosine-softmax"
	Scale float64 `json:"scale"`
}

const maxScale = 1000

func (r rule) check() error {
	if r.Name != "cosine-softmax" {
		return fmt.Errorf("%w: scoring rule %q is not known", model.ErrManifest, r.Name)
	}
	if !(r.Scale > 0 && r.Scale <= maxScale) {
		return fmt.Errorf("%w: scoring.scale must be over 0, at most %d", model.ErrManifest, maxScale)
	}
	return nil
}

var (
	embeds = []model.Port{{Name: "image_embeds", Type: model.Float32, Rank: 2}}
	// imageGraph makes vectors [B, D] of pixels, of any length.
	imageGraph = model.Graph{Inputs: []model.Port{{Name: "pixel_values", Type: model.Float32, Rank: 4}}, Outputs: embeds}
	// namingGraph makes a vector [1, D] of a trunk's features.
	namingGraph = model.Graph{Head: true, Outputs: embeds}
)

// Namer runs a pack of CLIP's kind.
type Namer struct {
	pack  *model.Pack
	rule  rule
	text  *encode.Encoder
	image *model.Session // nil where trunk and head are used
	trunk *model.Session
	head  *model.Session
}

var _ name.Namer = (*Namer)(nil)

// New loads the pack's networks.
func New(pack *model.Pack, engine *model.Engine, text *encode.Encoder) (*Namer, error) {
	n := &Namer{pack: pack, text: text}
	if err := pack.ReadScoring(&n.rule); err != nil {
		return nil, err
	}
	if err := n.rule.check(); err != nil {
		return nil, fmt.Errorf("pack %s: %w", pack.ID, err)
	}
	load := engine.Loader(pack)
	if pack.Has("trunk") {
		// Names need less of the trunk than boxes and pixels do, and no canvas of theirs: the trunk is loaded without its pyramid.
		if n.head = load.Session("naming", namingGraph); n.head != nil {
			n.trunk = load.Session("trunk", n.head.Trunk())
		}
	} else {
		n.image = load.Session("image", imageGraph)
	}
	return n, load.Err
}

// Pack returns the pack that the namer runs.
func (n *Namer) Pack() *model.Pack { return n.pack }

// See returns the unit vector of what a view shows.
func (n *Namer) See(ctx context.Context, view *model.View) ([]float32, error) {
	out, err := n.run(ctx, view)
	if err != nil {
		return nil, err
	}
	defer model.ReleaseAll(out)
	v := slices.Clone(out[0].F32)
	if len(v) != n.pack.Text.Dim {
		return nil, fmt.Errorf("pack %s: the image side makes %d numbers, the text side %d", n.pack.ID, len(v), n.pack.Text.Dim)
	}
	if !name.Unit(v) {
		return nil, fmt.Errorf("pack %s: the picture's vector has no direction", n.pack.ID)
	}
	return v, nil
}

func (n *Namer) run(ctx context.Context, view *model.View) ([]*model.Tensor, error) {
	if n.image != nil {
		return n.image.Run(ctx, view.Pixels)
	}
	f, err := view.Features(ctx, n.trunk)
	if err != nil {
		return nil, err
	}
	return n.head.Run(ctx, f...)
}

// Words prepares classes to be compared with.
func (n *Namer) Words(ctx context.Context, classes []annot.Class) (*name.Words, error) {
	words := prompt.NewWords(classes)
	var err error
	if words.Vectors, _, err = n.text.Vectors(ctx, words.Phrases()); err != nil {
		return nil, err
	}
	return name.NewWords(words, n.rule.Scale), nil
}
