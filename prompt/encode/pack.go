package encode

import (
	"cmp"
	"context"
	"fmt"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/lexicon"
	"github.com/saysee/saysee/prompt/token"
)

// Open makes the encoder of a pack's text side. dir is the folder of the files on disk (see CacheDir),
// empty for memory only. The lexicon, nil for none, reads what is Chinese unless the manifest says that the text encoder
// does. The text graph is checked, and loaded when it first runs, since vectors that are on disk need none; it runs as long
// as the engine is open.
func Open(engine *model.Engine, pack *model.Pack, dir string, words *lexicon.Lexicon) (*Encoder, error) {
	tokenizer, graph, err := openTokenizer(pack)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", pack.ID, err)
	}
	templates := make([]prompt.Template, len(pack.Text.Templates))
	for i, t := range pack.Text.Templates {
		templates[i] = prompt.Template(t)
	}
	ensemble, err := prompt.NewEnsemble(templates, prompt.Rule(pack.Text.Normalize))
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", pack.ID, err)
	}
	output := cmp.Or(pack.Text.Output, model.TextEmbeds)
	needed := graph
	needed.Outputs, needed.OptionalOutputs = []model.Port{{Name: output, Type: model.Float32, Rank: 2}}, nil
	if err := engine.Check(pack, pack.Text.Encoder, needed); err != nil {
		return nil, err
	}
	load := func() (*model.Session, error) { return engine.Session(pack, pack.Text.Encoder, graph) }
	if pack.Text.Reads("zh") {
		words = nil
	}
	p := Params{
		Lexicon: words, Tokenizer: tokenizer, Run: runSession(load, len(graph.Inputs), output), Warm: func() error { _, err := load(); return err }, Dim: pack.Text.Dim, Ensemble: ensemble,
		Batch: pack.Text.Batch, Fingerprint: pack.TextFingerprint(), Dir: dir,
	}
	if pack.Tokenizer.Pad {
		p.Length = pack.Tokenizer.MaxTokens
	}
	return New(p)
}

// openTokenizer reads the pack's vocabulary, and says what a text graph of its kind offers.
func openTokenizer(pack *model.Pack) (Tokenizer, model.Graph, error) {
	vocabulary, err := pack.Read(pack.Tokenizer.Vocab)
	if err != nil {
		return nil, model.Graph{}, err
	}
	var t interface {
		Tokenizer
		Size() int
	}
	graph := model.TextEncoder()
	switch kind := pack.Tokenizer.Kind; kind {
	case "wordpiece":
		t, err = token.NewWordPiece(vocabulary, pack.Tokenizer.MaxTokens)
	case "bpe":
		t, err = token.NewBPE(vocabulary, pack.Tokenizer.MaxTokens)
		graph = model.CLIPTextEncoder()
	default:
		err = fmt.Errorf("%w: tokenizer %q is not known", model.ErrManifest, kind)
	}
	if err != nil {
		return nil, model.Graph{}, err
	}
	return t, graph, token.Fits(t, pack.Tokenizer.Pieces)
}

// runSession runs batches through a text graph, whose second input, if it has one, is the mask, and takes the vectors from one of its outputs.
func runSession(load func() (*model.Session, error), inputs int, output string) Run {
	return func(ctx context.Context, b Batch) ([][]float32, error) {
		s, err := load()
		if err != nil {
			return nil, err
		}
		var in []*model.Tensor
		defer func() { model.ReleaseAll(in) }()
		for _, values := range [][]int64{b.IDs, b.Mask}[:inputs] {
			t, err := newI64(b, values)
			if err != nil {
				return nil, err
			}
			in = append(in, t)
		}
		out, err := s.Run(ctx, in...)
		if err != nil {
			return nil, err
		}
		defer model.ReleaseAll(out)
		return rows(out[s.Output(output)], b.Texts)
	}
}

func newI64(b Batch, values []int64) (*model.Tensor, error) {
	t, err := model.NewI64(int64(b.Texts), int64(b.Length))
	if err != nil {
		return nil, err
	}
	copy(t.I64, values)
	return t, nil
}

// rows copies the vectors out of the tensor [n, D].
func rows(t *model.Tensor, n int) ([][]float32, error) {
	if len(t.Shape) != 2 || t.Shape[0] != int64(n) || len(t.F32) != n*int(t.Shape[1]) {
		return nil, fmt.Errorf("%w: their shape is %v for %d texts", ErrVectors, t.Shape, n)
	}
	dim := int(t.Shape[1])
	flat := append([]float32(nil), t.F32...)
	out := make([][]float32, n)
	for i := range out {
		out[i] = flat[i*dim : (i+1)*dim]
	}
	return out, nil
}
