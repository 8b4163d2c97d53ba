package groupvit

import (
	"fmt"
	"slices"

	"github.com/saysee/saysee/model"
)

// rule is how a pack groups pixels and names the groups. All of it stands in the manifest.
type rule struct {
	Name string `json:"rule"` // "groupvit"
	// Grouping is "hard" where a pixel belongs to the one group that claims it most (the official evaluation), "soft"
	// where it belongs to all in part (Hugging Face's output_segmentation).
	Grouping string `json:"grouping"`
	// Pyramid is "trunk" where the groups are made of the features of a trunk that is shared with other packs, and
	// Levels are the trunk's outputs that they are made of. Otherwise the graph "image" sees pixels.
	Pyramid string   `json:"pyramid,omitempty"`
	Levels  []string `json:"levels,omitempty"`
	// Scale turns cosines into logits, at most 100.
	Scale float64 `json:"scale"`
	// Top is how many classes, the best for the whole window, may name a group; 0 lets all.
	Top int `json:"top,omitempty"`
	// Background is the probability from which a class beats the background, in windows where one reaches it. Without
	// it every pixel gets a class.
	Background *float64 `json:"background,omitempty"`
	// Bias, the other kind of background, is added to the classes' logits; the background stands among them with a logit
	// of 0, as LSeg's and ViLD's do, and a group's scores are one softmax of all. So a single class can lose, which is
	// alone and thus certain in the softmax of the reference.
	Bias *float64 `json:"bias,omitempty"`
}

func (r *rule) check() error {
	soft, trunk := r.Grouping == "soft", r.Pyramid == "trunk"
	for _, c := range []struct {
		ok    bool
		wrong string
	}{
		{r.Name == Family, fmt.Sprintf("rule %q is not known", r.Name)},
		{soft || r.Grouping == "hard", fmt.Sprintf("grouping %q is neither hard nor soft", r.Grouping)},
		{trunk || r.Pyramid == "", fmt.Sprintf("pyramid %q is not trunk", r.Pyramid)},
		{trunk == (len(r.Levels) > 0), "levels go with the pyramid trunk"},
		{r.Scale > 0 && r.Scale <= 1e4 && r.Top >= 0, "scale or top is out of range"},
		{within(r.Background, 0, 1), "background goes from 0 to 1"},
		{!soft || r.Top == 0 && r.Background == nil && r.Bias == nil, "soft grouping knows neither top nor background nor bias"},
		{r.Background == nil || r.Bias == nil, "background and bias exclude each other"},
		{within(r.Bias, -1e4, 1e4), "bias is out of range"},
	} {
		if !c.ok {
			return fmt.Errorf("%w: scoring: %s", model.ErrManifest, c.wrong)
		}
	}
	for i, name := range r.Levels {
		if slices.Contains(r.Levels[:i], name) || r.level(name) < 0 {
			return fmt.Errorf("%w: scoring.levels %v: each is an output of the trunk, once", model.ErrManifest, r.Levels)
		}
	}
	return nil
}

func within(v *float64, low, high float64) bool { return v == nil || *v >= low && *v <= high }

func (r *rule) level(name string) int {
	return slices.IndexFunc(model.Trunk().Outputs, func(p model.Port) bool { return p.Name == name })
}

// groups makes what a window's groups are: vectors [1, G, D] and that of the whole window [1, D], neither of unit
// length, and each group's share of each cell, [1, G, h, w].
func (r *rule) groups() model.Graph {
	g := model.Graph{
		Inputs: []model.Port{{Name: "pixel_values", Type: model.Float32, Rank: 4}},
		Outputs: []model.Port{
			{Name: "group_embeds", Type: model.Float32, Rank: 3},
			{Name: "image_embeds", Type: model.Float32, Rank: 2},
			{Name: "group_map", Type: model.Float32, Rank: 4},
		},
	}
	if r.Pyramid == "trunk" {
		g.Inputs = nil
		for _, name := range r.Levels {
			g.Inputs = append(g.Inputs, model.Port{Name: name, Type: model.Float32, Rank: 4})
		}
	}
	return g
}
