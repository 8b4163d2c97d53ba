package prompt_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/prompt"
)

func TestTemplateFill(t *testing.T) {
	for name, c := range map[string]struct {
		template     prompt.Template
		phrase, want string
	}{
		"should put the phrase in":                 {"a photo of a {}", "cat", "a photo of a cat"},
		"should choose the article":                {"a photo of {a} {}", "orange cat", "a photo of an orange cat"},
		"should choose it by the raw first letter": {"{a} {}", "Apple", "a Apple"},
		"should leave the phrase alone":            {prompt.Identity, "{a} {}", "{a} {}"},
		"should fill every place":                  {"{} or {}", "x", "x or x"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.template.Fill(c.phrase); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func ensemble(t *testing.T, rule prompt.Rule, templates ...prompt.Template) prompt.Ensemble {
	t.Helper()
	e, err := prompt.NewEnsemble(templates, rule)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEnsemble(t *testing.T) {
	t.Run("should be the phrase itself by default", func(t *testing.T) {
		var e prompt.Ensemble
		if d := cmp.Diff([]string{"cat"}, e.Sentences("cat")); d != "" || e.Size() != 1 {
			t.Errorf("size %d (-want +got):\n%s", e.Size(), d)
		}
	})
	t.Run("should fill every template", func(t *testing.T) {
		e := ensemble(t, "", "a {}", "the {}")
		if d := cmp.Diff([]string{"a cat", "the cat"}, e.Sentences("cat")); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
	t.Run("should refuse what it cannot do", func(t *testing.T) {
		if _, err := prompt.NewEnsemble([]prompt.Template{"a photo"}, ""); !errors.Is(err, prompt.ErrTemplate) {
			t.Errorf("a template without a place: %v", err)
		}
		if _, err := prompt.NewEnsemble(nil, "median"); !errors.Is(err, prompt.ErrTemplate) {
			t.Errorf("an unknown rule: %v", err)
		}
	})
	t.Run("should have a key for each meaning", func(t *testing.T) {
		keys := map[string]bool{}
		for _, e := range []prompt.Ensemble{
			{},
			ensemble(t, "", "a {}"), ensemble(t, "", "{a} {}"),
			ensemble(t, "", "a {}", "the {}"), ensemble(t, prompt.MeanNormalize, "a {}", "the {}"),
		} {
			keys[e.Key()] = true
		}
		if len(keys) != 5 {
			t.Errorf("%d keys of 5 meanings: %v", len(keys), keys)
		}
		if a, b := ensemble(t, prompt.MeanNormalize), (prompt.Ensemble{}); a.Key() != b.Key() {
			t.Errorf("one meaning has two keys, %q and %q", a.Key(), b.Key())
		}
	})
	t.Run("should weigh sentences by its rule", func(t *testing.T) {
		vectors := [][]float32{{3, 0}, {0, 1}}
		dst := make([]float32, 2)
		for rule, want := range map[prompt.Rule][]float32{
			prompt.NormalizeMeanNormalize: {float32(math.Sqrt(0.5)), float32(math.Sqrt(0.5))},
			prompt.MeanNormalize:          {float32(3 / math.Sqrt(10)), float32(1 / math.Sqrt(10))},
		} {
			if !ensemble(t, rule, "a {}", "b {}").Fuse(dst, vectors) {
				t.Fatalf("%s found no direction", rule)
			}
			if d := cmp.Diff(want, dst); d != "" {
				t.Errorf("%s (-want +got):\n%s", rule, d)
			}
		}
	})
	t.Run("should find no direction where there is none", func(t *testing.T) {
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		for _, vectors := range [][][]float32{{{0, 0}}, {{nan, 1}}, {{inf, 0}}, {{1, 0}, {-1, 0}}} {
			for _, rule := range []prompt.Rule{prompt.NormalizeMeanNormalize, prompt.MeanNormalize} {
				if ensemble(t, rule, "a {}", "b {}").Fuse(make([]float32, 2), vectors) {
					t.Errorf("%s of %v has a direction", rule, vectors)
				}
			}
		}
	})
}
