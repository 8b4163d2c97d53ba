package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/app/dataset"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/photo"
)

// onStreams gives a command of package dataset the streams of this process.
func onStreams(run func(context.Context, []string, io.Reader, io.Writer, io.Writer) int) func(context.Context, []string, stdio) int {
	return func(ctx context.Context, args []string, s stdio) int { return run(ctx, args, s.in, s.out, s.err) }
}

// evaluate is eval with the models of this program behind --find.
func evaluate(ctx context.Context, args []string, s stdio) int {
	return dataset.EvalWith(ctx, newPredictor, args, s.in, s.out, s.err)
}

// predictor runs the default detector for "saysee eval --find".
type predictor struct {
	models   *pipeline.Models
	question pipeline.Question
	filter   pipeline.Filter
	index    []int // the truth's class for each of the question's, -1 for none
	masks    bool
}

// newPredictor loads the models for the words of find and matches their classes with the truth's by name,
// so that "person: man | woman" is measured as person.
func newPredictor(_ context.Context, find string, classes []string, masks bool) (dataset.Predictor, error) {
	m := modelFlags{find: find, score: 0.01, nms: -1, segmentScore: -1, max: -1}
	q, _, err := m.words()
	if err != nil {
		return nil, err
	}
	p := &predictor{question: q, masks: masks}
	matched := false
	for _, c := range q.Classes {
		at := -1
		for i, name := range classes {
			if name == c.Name {
				at, matched = i, true
			}
		}
		p.index = append(p.index, at)
	}
	if !matched {
		return nil, errors.New("none of the words is a class of the truth; write \"class: words\" with the truth's class names")
	}
	if p.models, err = m.load(q, 0); err != nil {
		return nil, err
	}
	p.filter = m.filter(p.models)
	return p, nil
}

// Predict returns the boxes of a photo, with masks if they are wanted.
func (p *predictor) Predict(ctx context.Context, path string) ([]annot.Region, error) {
	ph, err := photo.Read(path, photo.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer ph.Release()
	a, err := p.models.Analyse(ctx, ph, pipeline.Canvas{})
	if err != nil {
		return nil, err
	}
	defer a.Release()
	found, err := a.Regions(ctx, p.question, p.filter, p.masks)
	if err != nil {
		return nil, err
	}
	regions := found[:0]
	for _, r := range found {
		if r.Class = p.index[r.Class]; r.Class >= 0 {
			regions = append(regions, r)
		}
	}
	return regions, nil
}

// Close frees the models.
func (p *predictor) Close() error { return p.models.Close() }
