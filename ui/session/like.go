package session

import (
	"context"
	"errors"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/ui/tr"
)

// job does something with the photo in sight and the models, on their goroutine, when what was asked before is
// done. What it finds goes to then, on the session's goroutine, unless another photo is in sight by then.
func job[T any](s *Session, do func(context.Context, *pipeline.Analysis) (T, error), then func(T)) {
	rel := s.photo.Item.Rel
	d := s.read.ready[rel]
	if d == nil || d.err != nil {
		return
	}
	s.finder.later(&request{
		rel: rel, read: d.itself, choice: s.choice,
		job: func(ctx context.Context, a *pipeline.Analysis) error {
			found, err := do(ctx, a)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.post(func() {
				switch {
				case errors.Is(err, pipeline.ErrCannot):
					s.say(tr.L("The model in use cannot do this. Choose another in the panel."), false)
				case err != nil:
					s.complain(err)
				case rel == s.photo.Item.Rel:
					then(found)
				}
			})
			return nil
		},
	})
}

// FillMask gives labels that are plain boxes a mask of what is in them, each in a step of its own.
func (s *Session) FillMask(ids ...annot.RegionID) {
	for _, id := range ids {
		r := s.Region(id)
		if r == nil || r.Shape != nil || r.Locked || r.Review != annot.Accepted {
			continue
		}
		box := r.Box
		job(s, func(ctx context.Context, a *pipeline.Analysis) (annot.Mask, error) { return a.Mask(ctx, box) },
			func(m annot.Mask) { s.complain(s.fill(id, box, m)) })
	}
}

// fill puts a mask into a box that is still as it was.
func (s *Session) fill(id annot.RegionID, box annot.Box, m annot.Mask) error {
	r := s.Region(id)
	if r == nil || r.Shape != nil || r.Box != box || r.Locked || m.Empty() {
		return nil
	}
	return s.do(tr.L("Fill the box"), func(e *annot.Edit) error {
		return e.Update(s.photo.Item.Rel, id, func(r *annot.Region) { r.Shape = m })
	})
}

// example is what the models see in a region.
type example struct {
	annot.Example
	ok bool
}

// Like lets a region's class be found by the region too, on all photos, as it is by its words.
func (s *Session) Like(id annot.RegionID) {
	r := s.Region(id)
	if r == nil {
		return
	}
	row, box, photo := r.Class, r.Box, s.photo.Item.Rel
	job(s, func(_ context.Context, a *pipeline.Analysis) (example, error) {
		x, ok, err := a.Example(box)
		x.Photo = photo
		return example{x, ok}, err
	}, func(x example) {
		if !x.ok {
			s.say(tr.L("The model sees nothing of that size there."), false)
			return
		}
		c := s.project.Classes().Row(row)
		c.Examples = append(append([]annot.Example{}, c.Examples...), x.Example)
		err := s.do(tr.L("More like this %s", c.Name), func(e *annot.Edit) error {
			delete(s.unasked, c.Name)
			return e.SetClass(row, c)
		})
		s.complain(err)
		if err == nil {
			s.say(tr.L("More like it is looked for as “%s”, by this model.", c.Name), true)
		}
	})
}

// partOfExample reports whether a region was found since it shows a part of an example itself, or the example in
// a wider frame: the same pixels are like each other, but no other thing.
func (s *Session) partOfExample(r annot.Region) bool {
	rel := s.photo.Item.Rel
	if r.Source.Phrase != detect.LikePrefix+rel {
		return false
	}
	return slices.ContainsFunc(s.project.Classes().Row(r.Class).Examples, func(x annot.Example) bool {
		iou := x.Box.IoU(r.Box)
		return x.Photo == rel && iou > 0.05 && iou < 0.6
	})
}

// ForgetExamples lets a class be found by its words only.
func (s *Session) ForgetExamples(row int) error {
	c := s.project.Classes().Row(row)
	c.Examples = nil
	return s.do(tr.L("Forget examples of %s", c.Name), func(e *annot.Edit) error { return e.SetClass(row, c) })
}
