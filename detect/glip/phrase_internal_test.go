package glip

import (
	"errors"
	"slices"
	"testing"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/prompt/ground"
)

// byPhrase loads the small pack of deep fusion, whose text graph then reads each phrase by itself.
func byPhrase(t *testing.T, longest int) (*Detector, error) {
	t.Helper()
	engine := modeltest.Engine(t, 1)
	root := modeltest.SmallGLIP(t, "deep", func(m map[string]any) {
		scoring := m["scoring"].(map[string]any)
		scoring["phrase"], scoring["separator"] = longest, " "
	})
	store, err := model.NewStore(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := store.Open("glip-deep")
	if err != nil {
		t.Fatal(err)
	}
	return New(pack, engine)
}

// statesOf returns the mask of a caption of these names, and the states of each name's pieces.
func statesOf(t *testing.T, d *Detector, names ...string) (mask []int64, of map[string][]float32) {
	t.Helper()
	groups := make([]ground.Group, len(names))
	for i, n := range names {
		groups[i] = ground.Group{Class: i, Phrases: []string{n}}
	}
	chunks, err := ground.Chunks(groups, ground.Rule{Separator: d.rule.Separator, Names: d.rule.Names}, d.tokenizer)
	if err != nil || len(chunks) != 1 {
		t.Fatal(len(chunks), err)
	}
	text, err := d.text(t.Context(), chunks[0])
	if err != nil {
		t.Fatal(err)
	}
	defer text.release()
	width := int(text.states[0].Shape[2])
	of = map[string][]float32{}
	for i, g := range chunks[0].Groups {
		for _, at := range g.Positives()[0] {
			of[names[i]] = append(of[names[i]], text.states[0].F32[at*width:(at+1)*width]...)
		}
	}
	return slices.Clone(text.mask.I64), of
}

func TestAPhraseReadByItselfDoesNotDependOnItsCompany(t *testing.T) {
	d, err := byPhrase(t, 32)
	if err != nil {
		t.Fatal(err)
	}
	mask, alone := statesOf(t, d, "red cup")
	if !slices.Equal(mask, []int64{0, 1, 1, 0}) {
		t.Errorf("the mask of two pieces between [CLS] and [SEP] is %v", mask)
	}
	runs := d.captions.session.Runs()
	mask, both := statesOf(t, d, "dog", "red cup")
	if !slices.Equal(mask, []int64{0, 1, 1, 1, 0}) {
		t.Errorf("the mask of three pieces is %v", mask)
	}
	if !slices.Equal(alone["red cup"], both["red cup"]) {
		t.Error("beside another name a phrase has other states")
	}
	if n := d.captions.session.Runs() - runs; n != 1 {
		t.Errorf("one new phrase took %d runs of the text graph", n)
	}
}

func TestALongPhraseIsReadInParts(t *testing.T) {
	d, err := byPhrase(t, 4)
	if err != nil {
		t.Fatal(err)
	}
	_, long := statesOf(t, d, "red cup dog")
	_, parts := statesOf(t, d, "red cup", "dog")
	if !slices.Equal(long["red cup dog"], slices.Concat(parts["red cup"], parts["dog"])) {
		t.Error("the parts of a phrase longer than the text graph reads are not read one by one")
	}
	if _, err := byPhrase(t, 2); !errors.Is(err, model.ErrManifest) {
		t.Errorf("a text graph that reads no word is taken: %v", err)
	}
}
