package pipelinetest

import (
	"image"
	"testing"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline/prep"
	"github.com/saysee/saysee/prompt/encode"
	"github.com/saysee/saysee/segment"
)

// Fixture opens a small pack that zoo/export made, as modeltest.Fixture does, with an engine and its text side.
func Fixture(t testing.TB, dir string, edit func(manifest map[string]any)) (*model.Pack, *model.Engine, *encode.Encoder) {
	t.Helper()
	engine := modeltest.Engine(t, 1)
	pack := modeltest.Fixture(t, dir, edit)
	text, err := encode.Open(engine, pack, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return pack, engine, text
}

// Views prepares the photo in a file by a pack's rule: in its own size, or in a view for each of the sizes. It returns the
// photo's size too.
func Views(t testing.TB, pack *model.Pack, file string, sizes ...int) ([]*model.View, image.Point) {
	t.Helper()
	ph := decode(t, modeltest.File(t, file))
	if len(sizes) == 0 {
		sizes = []int{pack.Image.Size}
	}
	var out []*model.View
	for _, size := range sizes {
		spec, err := pack.Image.WithSize(size)
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
	return out, ph.Size()
}

// CompareLabels compares labels with rows of letters, of which one in a thousand may differ: 'A' is the first class, or, with
// a background, what no class has, and 'B' the first class.
func CompareLabels(t testing.TB, got *segment.Labels, want []string, background bool) {
	t.Helper()
	if got.Size != image.Pt(len(want[0]), len(want)) {
		t.Fatalf("labels of %v for %d × %d pixels", got.Size, len(want[0]), len(want))
	}
	first := int16('A')
	if background {
		first++ // NoClass is one below
	}
	wrong := 0
	for i, label := range got.Pix {
		if want[i/got.Size.X][i%got.Size.X] != byte(first+label) {
			wrong++
		}
	}
	if share := float64(wrong) / float64(len(got.Pix)); share > 0.001 {
		t.Errorf("%.2f %% of the pixels have another label", 100*share)
	}
}
