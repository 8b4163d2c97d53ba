package glip

import (
	"fmt"
	"slices"

	"github.com/saysee/saysee/model"
)

// rule is how a pack of GLIP's kind scores. All of it stands in the manifest.
type rule struct {
	Name string `json:"rule"` // "glip"
	// Fusion is "deep" where the head reads photo and caption together, "dual" where it reads the photo alone.
	Fusion string `json:"fusion"`
	// Pyramid is the role of the graph that makes the levels: "image", whose outputs are just these, or
	// "trunk", which is shared with other packs.
	Pyramid string   `json:"pyramid,omitempty"`
	Levels  []string `json:"levels"`
	Strides []int    `json:"strides"` // canvas pixels from position to position, a level each
	// Anchor is the side of a position's anchor, in strides.
	Anchor float64 `json:"anchor"`
	// Candidate is the class score that a candidate must pass, before centreness.
	Candidate float64 `json:"candidate"`
	// PerLevel is the most candidates of a level and a caption.
	PerLevel int `json:"per_level"`
	// Names is the most names of a caption, where one does not hold them all.
	Names     int    `json:"names"`
	Separator string `json:"separator"`
	// Phrase is the most pieces that the text graph reads, [CLS] and [SEP] among them, where it reads each phrase of a
	// caption by itself. 0 where it reads captions whole.
	Phrase int `json:"phrase,omitempty"`
	// Pad fills captions up to the tokenizer's limit, for graphs of a fixed length.
	Pad bool `json:"pad,omitempty"`
}

const ruleName = "glip"

func (r *rule) dual() bool { return r.Fusion == "dual" }

const maxLevels = 8

func (r *rule) check() error {
	if r.Pyramid == "" {
		r.Pyramid = "image"
	}
	switch {
	case r.Name != ruleName:
		return fmt.Errorf("%w: scoring rule %q is not known", model.ErrManifest, r.Name)
	case r.Fusion != "deep" && r.Fusion != "dual":
		return fmt.Errorf("%w: scoring.fusion %q is neither deep nor dual", model.ErrManifest, r.Fusion)
	case r.Pyramid != "image" && r.Pyramid != "trunk":
		return fmt.Errorf("%w: scoring.pyramid %q is neither image nor trunk", model.ErrManifest, r.Pyramid)
	case len(r.Levels) == 0 || len(r.Levels) > maxLevels || len(r.Levels) != len(r.Strides):
		return fmt.Errorf("%w: scoring has %d levels and %d strides", model.ErrManifest, len(r.Levels), len(r.Strides))
	}
	if err := r.checkNumbers(); err != nil {
		return err
	}
	return r.checkLevels()
}

func (r *rule) checkNumbers() error {
	switch {
	case slices.Min(r.Strides) < 1:
		return fmt.Errorf("%w: scoring.strides %v must be positive", model.ErrManifest, r.Strides)
	case !(r.Anchor > 0) || !(r.Candidate >= 0 && r.Candidate < 1) || r.PerLevel < 1 || r.Names < 1:
		return fmt.Errorf("%w: scoring.anchor, candidate, per_level or names is out of range", model.ErrManifest)
	case r.Phrase != 0 && (r.Phrase < 3 || r.Pad || r.dual()):
		return fmt.Errorf("%w: scoring.phrase %d holds no word, or its captions are padded or not fused", model.ErrManifest, r.Phrase)
	}
	return nil
}

func (r *rule) checkLevels() error {
	for i, name := range r.Levels {
		if slices.Contains(r.Levels[:i], name) {
			return fmt.Errorf("%w: scoring.levels names %q twice", model.ErrManifest, name)
		}
		if r.Pyramid == "trunk" && !slices.ContainsFunc(model.Trunk().Outputs, func(p model.Port) bool { return p.Name == name }) {
			return fmt.Errorf("%w: the trunk has no level %q", model.ErrManifest, name)
		}
	}
	return nil
}

// maps are the levels as ports.
func (r *rule) maps() []model.Port {
	ports := make([]model.Port, len(r.Levels))
	for i, name := range r.Levels {
		ports[i] = model.Port{Name: name, Type: model.Float32, Rank: 4}
	}
	return ports
}

// pyramid makes the levels of a photo, [1, C, h, w] each.
func (r *rule) pyramid() model.Graph {
	if r.Pyramid == "trunk" {
		return model.Trunk()
	}
	return model.Graph{Inputs: []model.Port{{Name: "pixel_values", Type: model.Float32, Rank: 4}}, Outputs: r.maps()}
}

// Positions A run over the levels in order and their rows; pieces T over the caption.
var (
	captionPorts = []model.Port{{Name: "input_ids", Type: model.Int64, Rank: 2}, {Name: "attention_mask", Type: model.Int64, Rank: 2}}
	boxPorts     = []model.Port{{Name: "bbox_deltas", Type: model.Float32, Rank: 3}, {Name: "centerness", Type: model.Float32, Rank: 2}}
	logitsPort   = model.Port{Name: "token_logits", Type: model.Float32, Rank: 3}

	// deepText makes the states of a caption's pieces, [1, T, D].
	deepText = model.Graph{Inputs: captionPorts, Outputs: []model.Port{{Name: "lang_hidden", Type: model.Float32, Rank: 3}}}
	// dualText makes what positions are compared with, [1, T, C], and a bias each, [1, T].
	dualText = model.Graph{Inputs: captionPorts, Outputs: []model.Port{{Name: "tok", Type: model.Float32, Rank: 3}, {Name: "tok_bias", Type: model.Float32, Rank: 2}}}
	// matchGraph compares the two sides of a dual pack, [1, A, C] and [1, T, C], to logits [1, A, T].
	matchGraph = model.Graph{
		Inputs: []model.Port{
			{Name: "visual_tokens", Type: model.Float32, Rank: 3}, {Name: "tok", Type: model.Float32, Rank: 3}, {Name: "tok_bias", Type: model.Float32, Rank: 2},
		},
		Outputs: []model.Port{logitsPort},
	}
)

// deepHead makes logits [1, A, T], box deltas [1, A, 4] and centreness logits [1, A] of photo and caption. A
// pack may give a quality of its own in centreness' place.
func (r *rule) deepHead() model.Graph {
	return model.Graph{
		Inputs: slices.Concat(r.maps(), []model.Port{
			{Name: "lang_hidden", Type: model.Float32, Rank: 3}, {Name: "attention_mask", Type: model.Int64, Rank: 2},
		}),
		Outputs: slices.Concat([]model.Port{logitsPort}, boxPorts),
	}
}

// dualHead makes what a caption is compared with, [1, A, C], and boxes, of the photo alone.
func (r *rule) dualHead() model.Graph {
	return model.Graph{
		Inputs:  r.maps(),
		Outputs: slices.Concat([]model.Port{{Name: "visual_tokens", Type: model.Float32, Rank: 3}}, boxPorts),
	}
}
