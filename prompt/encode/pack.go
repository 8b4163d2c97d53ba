package encode

import (
	"context"
	"fmt"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/token"
)

// Open makes the encoder of a pack's text side. dir is the folder of the files on disk (see CacheDir),
// empty for memory only. The session is loaded; it runs as long as the engine is open.
func Open(engine *model.Engine, pack *model.Pack, dir string) (*Encoder, error) {
	if kind := pack.Tokenizer.Kind; kind != "wordpiece" {
		return nil, fmt.Errorf("pack %s: tokenizer %q is not known", pack.ID, kind)
	}
	vocabulary, err := pack.Read(pack.Tokenizer.Vocab)
	if err != nil {
		return nil, err
	}
	tokenizer, err := token.NewWordPiece(vocabulary, pack.Tokenizer.MaxTokens)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", pack.ID, err)
	}
	templates := make([]prompt.Template, len(pack.Text.Templates))
	for i, t := range pack.Text.Templates {
		templates[i] = prompt.Template(t)
	}
	ensemble, err := prompt.NewEnsemble(templates, prompt.NormalizeMeanNormalize)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", pack.ID, err)
	}
	session, err := engine.Session(pack, pack.Text.Encoder, model.TextEncoder())
	if err != nil {
		return nil, err
	}
	return New(Params{
		Tokenizer: tokenizer, Run: runSession(session), Dim: pack.Text.Dim, Ensemble: ensemble,
		Fingerprint: pack.TextFingerprint(), Dir: dir,
	})
}

// runSession runs batches through a graph of model.TextEncoder.
func runSession(s *model.Session) Run {
	return func(ctx context.Context, b Batch) ([][]float32, error) {
		ids, err := newI64(b, b.IDs)
		if err != nil {
			return nil, err
		}
		defer ids.Release()
		mask, err := newI64(b, b.Mask)
		if err != nil {
			return nil, err
		}
		defer mask.Release()
		out, err := s.Run(ctx, ids, mask)
		if err != nil {
			return nil, err
		}
		defer model.ReleaseAll(out)
		return rows(out[0], b.Texts)
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
