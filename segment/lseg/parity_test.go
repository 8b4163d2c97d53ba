package lseg_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/prep"
	"github.com/saysee/saysee/prompt/encode"
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
	if err := json.Unmarshal(modeltest.File(t, "testdata/expected.json"), &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// open loads the exporter's pack of the fixtures after an edit of its manifest.
func open(t *testing.T, edit func(manifest map[string]any)) (segment.Segmenter, error) {
	t.Helper()
	engine := modeltest.Engine(t, 1)
	pack := modeltest.Fixture(t, "testdata", edit)
	text, err := encode.Open(engine, pack, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return lseg.New(pack, engine, text)
}

// views prepares a photo of the fixtures in the sizes that the pack wants.
func views(t *testing.T, s segment.Segmenter, name string) []*model.View {
	t.Helper()
	ph, err := photo.Decode(modeltest.File(t, "testdata/"+name+".png"), photo.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	sizes := s.(segment.Sizer).Sizes()
	if len(sizes) == 0 {
		sizes = []int{s.Pack().Image.Size}
	}
	var out []*model.View
	for _, size := range sizes {
		spec, err := s.Pack().Image.WithSize(size)
		if err != nil {
			t.Fatal(err)
		}
		p, err := prep.New(spec)
		if err != nil {
			t.Fatal(err)
		}
		v, err := p.View(ph, prep.Plan(ph.Size(), spec, prep.NoTiles)[0])
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Recycle(v); p.Close() })
		out = append(out, v)
	}
	return out
}

func classes(names ...string) []annot.Class {
	var out []annot.Class
	for _, n := range names {
		out = append(out, annot.Class{Name: n, Phrases: []string{n}})
	}
	return out
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
			l, err := e.Ask(t.Context(), classes(want.Names...))
			if err != nil {
				t.Fatal(err)
			}
			got := l.Labels(0, nil, nil)
			if got.Size != image.Pt(len(c.Labels[0]), len(c.Labels)) {
				t.Fatalf("labels of %v for %d × %d pixels", got.Size, len(c.Labels[0]), len(c.Labels))
			}
			wrong := 0
			for i, label := range got.Pix {
				if c.Labels[i/got.Size.X][i%got.Size.X] != byte('A'+label) {
					wrong++
				}
			}
			if share := float64(wrong) / float64(len(got.Pix)); share > 0.001 {
				t.Errorf("%.2f %% of the pixels have another label", 100*share)
			}
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
	l, err := e.Ask(t.Context(), classes(want.Names...))
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
