package lseg_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/segment"
	"github.com/saysee/saysee/segment/lseg"
)

// expected is what zoo/parity/lseg.py wrote.
type expected struct {
	Names []string
	Sizes []int
	Cases []struct {
		Photo   string
		Quality bool
		Labels  []string
	}
}

func read(t *testing.T) (e expected) {
	t.Helper()
	modeltest.JSON(t, "testdata/expected.json", &e)
	return e
}

// open loads the exporter's pack of the fixtures after an edit of its manifest.
func open(t *testing.T, edit func(manifest map[string]any)) (segment.Segmenter, error) {
	t.Helper()
	pack, engine, text := pipelinetest.Fixture(t, "testdata", edit)
	return lseg.New(pack, engine, text)
}

// views prepares a photo of the fixtures in the sizes that the pack wants.
func views(t *testing.T, s segment.Segmenter, name string) []*model.View {
	t.Helper()
	v, _ := pipelinetest.Views(t, s.Pack(), "testdata/"+name+".png", s.(segment.Sizer).Sizes()...)
	return v
}

func TestPixelsGetTheLabelsOfTheOfficialCode(t *testing.T) {
	want := read(t)
	for _, c := range want.Cases {
		t.Run(fmt.Sprintf("%s, in all sizes and mirrored: %v", c.Photo, c.Quality), func(t *testing.T) {
			s, err := open(t, func(m map[string]any) {
				if c.Quality {
					m["scoring"] = map[string]any{"rule": "cosine", "sizes": want.Sizes, "flip": true}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			e, err := s.Encode(t.Context(), views(t, s, c.Photo))
			if err != nil {
				t.Fatal(err)
			}
			defer e.Release()
			l, err := e.Ask(t.Context(), annot.NamedClasses(want.Names...))
			if err != nil {
				t.Fatal(err)
			}
			pipelinetest.CompareLabels(t, l.Labels(0, nil, nil), c.Labels, false)
		})
	}
}

func TestABackgroundLogitLeavesPixelsOut(t *testing.T) {
	want := read(t)
	s, err := open(t, func(m map[string]any) {
		m["scoring"] = map[string]any{"rule": "cosine", "background": 100}
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.Encode(t.Context(), views(t, s, "landscape"))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Release()
	l, err := e.Ask(t.Context(), annot.NamedClasses(want.Names...))
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(l.Labels(0, nil, nil).Pix, func(label int16) bool { return label != segment.NoClass }) {
		t.Error("a class beats a logit that cosines never reach")
	}
}

func TestManifestsThatMeanNothingAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(m map[string]any)
		want string
	}{
		"should refuse another rule":      {func(m map[string]any) { m["scoring"] = map[string]any{"rule": "guess"} }, "guess"},
		"should refuse a size of nothing": {func(m map[string]any) { m["scoring"] = map[string]any{"rule": "cosine", "sizes": []int{0}} }, "sizes"},
		"should want a window": {func(m map[string]any) {
			delete(m["image"].(map[string]any), "window")
			delete(m["image"].(map[string]any), "stride")
		}, "window"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := open(t, c.edit); !errors.Is(err, model.ErrManifest) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
