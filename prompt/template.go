package prompt

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// ErrTemplate is the cause of every error about a template or rule that cannot be used.
var ErrTemplate = errors.New("invalid prompt template")

// Template makes a sentence of a phrase: "a photo of {a} {}". {} stands for the phrase, {a} for its
// article, which is "an" before one of the letters aeiou and "a" otherwise (ViLD: {article} in
// tensorflow/tpu, models/official/detection/projects/vild).
type Template string

// Identity is the template that is the phrase itself.
const Identity Template = "{}"

// Fill returns the sentence for a phrase.
func (t Template) Fill(phrase string) string {
	article := "a"
	if phrase != "" && strings.ContainsRune("aeiou", rune(phrase[0])) {
		article = "an"
	}
	return strings.NewReplacer("{}", phrase, "{a}", article).Replace(string(t))
}

func (t Template) check() error {
	if !strings.Contains(string(t), "{}") {
		return fmt.Errorf("%w: %q has no {} for the phrase", ErrTemplate, string(t))
	}
	return nil
}

// Rule is how the vectors of one phrase's sentences become one.
type Rule string

// The rules. Both end with a unit vector; with one template they are equal.
const (
	// NormalizeMeanNormalize gives every sentence the same weight. CLIP (Prompt_Engineering_for_ImageNet
	// notebook), SLIP, ViLD.
	NormalizeMeanNormalize Rule = "normalize-mean-normalize"
	// MeanNormalize weighs sentences by their lengths. GroupViT (models/multi_label_contrastive.py,
	// build_text_embedding).
	MeanNormalize Rule = "mean-normalize"
)

// Ensemble is a set of templates and the rule that fuses them. The zero value is the phrase itself.
type Ensemble struct {
	templates []Template
	rule      Rule
}

// NewEnsemble checks what a manifest says: no template is Identity, an empty rule
// NormalizeMeanNormalize. The error wraps ErrTemplate.
func NewEnsemble(templates []Template, rule Rule) (Ensemble, error) {
	for _, t := range templates {
		if err := t.check(); err != nil {
			return Ensemble{}, err
		}
	}
	switch rule {
	case "", NormalizeMeanNormalize, MeanNormalize:
	default:
		return Ensemble{}, fmt.Errorf("%w: no rule %q", ErrTemplate, string(rule))
	}
	return Ensemble{append([]Template(nil), templates...), rule}, nil
}

// Size returns the number of sentences for one phrase, at least 1.
func (e Ensemble) Size() int { return max(len(e.templates), 1) }

// Sentences returns the sentences for one phrase, Size of them.
func (e Ensemble) Sentences(phrase string) []string {
	if len(e.templates) == 0 {
		return []string{phrase}
	}
	out := make([]string, len(e.templates))
	for i, t := range e.templates {
		out[i] = t.Fill(phrase)
	}
	return out
}

// Key returns a text that differs between ensembles that give different vectors.
func (e Ensemble) Key() string {
	rule := e.rule
	if len(e.templates) < 2 || rule == "" {
		rule = NormalizeMeanNormalize
	}
	templates := e.templates
	if len(templates) == 0 {
		templates = []Template{Identity}
	}
	return fmt.Sprintf("%s %q", rule, templates)
}

// Fuse makes one unit vector of the vectors of a phrase's sentences, in dst, whose length the vectors
// have. It reports false when they have no direction: a mean of zero, or one that is not finite.
func (e Ensemble) Fuse(dst []float32, vectors [][]float32) bool {
	sum := make([]float64, len(dst))
	for _, v := range vectors {
		w := 1.0
		if e.rule != MeanNormalize {
			if w = 1 / norm(v); math.IsInf(w, 0) || math.IsNaN(w) {
				return false
			}
		}
		for i, x := range v {
			sum[i] += w * float64(x)
		}
	}
	n := norm(sum)
	if !(n > 0) || math.IsInf(n, 0) {
		return false
	}
	for i, x := range sum {
		dst[i] = float32(x / n)
	}
	return true
}

func norm[T float32 | float64](v []T) float64 {
	s := 0.0
	for _, x := range v {
		s += float64(x) * float64(x)
	}
	return math.Sqrt(s)
}
