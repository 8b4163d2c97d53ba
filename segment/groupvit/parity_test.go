package groupvit_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/prompt/encode"
	"github.com/saysee/saysee/segment"
	"github.com/saysee/saysee/segment/groupvit"
)

// expected is what zoo/parity/groupvit.py wrote.
type expected struct {
	Names   []string
	IDs     [][]int64
	Vectors [][]float32
	Cases   []struct {
		Photo      string
		Background *float64
		Soft       bool
		Labels     []string
	}
}

func read(t *testing.T) expected {
	t.Helper()
	var e expected
	modeltest.JSON(t, "testdata/expected.json", &e)
	return e
}

// open loads the exporter's pack of the fixtures under another scoring rule; nil takes a field out.
func open(t *testing.T, scoring map[string]any) (*groupvit.Segmenter, *encode.Encoder, error) {
	t.Helper()
	pack, engine, text := pipelinetest.Fixture(t, "testdata", func(m map[string]any) {
		rule := m["scoring"].(map[string]any)
		for k, v := range scoring {
			if rule[k] = v; v == nil {
				delete(rule, k)
			}
		}
	})
	s, err := groupvit.New(pack, engine, text)
	return s, text, err
}

func load(t *testing.T, scoring map[string]any) (*groupvit.Segmenter, *encode.Encoder) {
	t.Helper()
	s, text, err := open(t, scoring)
	if err != nil {
		t.Fatal(err)
	}
	return s, text
}

// sees prepares a photo of the fixtures by the pack's rule and encodes it.
func sees(t *testing.T, s *groupvit.Segmenter, name string) segment.Encoding {
	t.Helper()
	views, _ := pipelinetest.Views(t, s.Pack(), "testdata/"+name+".png")
	e, err := s.Encode(t.Context(), views)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Release)
	return e
}

func ask(t *testing.T, s *groupvit.Segmenter, name string, classes []annot.Class) *segment.Logits {
	t.Helper()
	l, err := sees(t, s, name).Ask(t.Context(), classes)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTextsHaveTheVectorsOfTheOfficialCode(t *testing.T) {
	want := read(t)
	_, text := load(t, nil)
	got, _, err := text.Vectors(t.Context(), want.Names)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want.Vectors {
		for k := range v {
			if d := math.Abs(float64(got[i][k] - v[k])); d > 1e-4 {
				t.Fatalf("%q: value %d is %v, want %v", want.Names[i], k, got[i][k], v[k])
			}
		}
	}
}

func TestPixelsGetTheLabelsOfTheOfficialCode(t *testing.T) {
	want := read(t)
	for _, c := range want.Cases {
		name, scoring := c.Photo+" without background", map[string]any{"background": nil}
		switch {
		case c.Soft:
			name, scoring = c.Photo+" in soft groups", map[string]any{"grouping": "soft", "top": nil, "background": nil}
		case c.Background != nil:
			name, scoring = fmt.Sprintf("%s over a background of %v", c.Photo, *c.Background), map[string]any{"background": *c.Background}
		}
		t.Run(name, func(t *testing.T) {
			s, _ := load(t, scoring)
			l := ask(t, s, c.Photo, annot.NamedClasses(want.Names...))
			pipelinetest.CompareLabels(t, l.Labels(0, nil, nil), c.Labels, c.Background != nil)
		})
	}
}

func TestOtherWordsRunNoImageSide(t *testing.T) {
	s, _ := load(t, nil)
	e := sees(t, s, "square")
	table := []annot.Class{{Name: "cat", Phrases: []string{"cat", "kitten"}, Negatives: []string{"dog"}}}
	for range 2 {
		l, err := e.Ask(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range l.Select(segment.Options{}) {
			if r.Score < 0 || r.Score > 1 {
				t.Errorf("a region's score is %v", r.Score)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Ask(ctx, table); err == nil {
		t.Error("a cancelled question is answered")
	}
}

func TestManifestsThatMeanNothingAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		scoring map[string]any
		want    string
	}{
		"should refuse another rule":            {map[string]any{"rule": "logits"}, "logits"},
		"should refuse an unknown grouping":     {map[string]any{"grouping": "firm"}, "firm"},
		"should refuse a threshold over 1":      {map[string]any{"background": 95}, "background"},
		"should refuse a scale of nothing":      {map[string]any{"scale": 0}, "scale"},
		"should refuse levels without a trunk":  {map[string]any{"levels": []string{"p3"}}, "levels"},
		"should refuse a gate on soft groups":   {map[string]any{"grouping": "soft"}, "soft"},
		"should refuse a trunk's unknown level": {map[string]any{"pyramid": "trunk", "levels": []string{"p9"}}, "p9"},
		"should refuse two backgrounds":         {map[string]any{"bias": -3}, "exclude"},
		"should refuse a window on a trunk":     {map[string]any{"pyramid": "trunk", "levels": []string{"p3"}}, "window"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := open(t, c.scoring)
			if !errors.Is(err, model.ErrManifest) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestABiasLetsASingleClassLose(t *testing.T) {
	for _, c := range []struct {
		bias    float64
		painted bool
	}{{-1000, false}, {1000, true}} {
		s, _ := load(t, map[string]any{"background": nil, "bias": c.bias})
		l := ask(t, s, "square", annot.NamedClasses("cat"))
		for i, label := range l.Labels(0, nil, nil).Pix {
			if painted := label != segment.NoClass; painted != c.painted {
				t.Fatalf("with a bias of %v, pixel %d is painted: %v", c.bias, i, painted)
			}
		}
	}
}

func TestABiasMakesBackgroundAndClassesShareOne(t *testing.T) {
	s, _ := load(t, map[string]any{"background": nil, "bias": -2, "top": 2})
	l := ask(t, s, "square", annot.NamedClasses("cat", "grass", "sky"))
	named := make([]bool, len(l.Planes))
	for i, sum := range l.Ground {
		if sum <= 0 || sum >= 1 {
			t.Fatalf("the background's chance at cell %d is %v", i, sum)
		}
		for c, plane := range l.Planes {
			named[c] = named[c] || plane[i] > 0
			sum += plane[i]
		}
		if math.Abs(float64(sum-1)) > 1e-5 {
			t.Fatalf("the chances at cell %d sum to %v", i, sum)
		}
	}
	left := 0
	for _, n := range named {
		if !n {
			left++
		}
	}
	// The photo is one window: one of three classes is not among its best two.
	if left != 1 {
		t.Errorf("%d classes name no group", left)
	}
}
