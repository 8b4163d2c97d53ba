package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/batch"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/ui/tr"
)

// Progress is how far the batch is.
type Progress struct {
	Active  bool
	Paused  bool
	Done    int
	All     int
	Regions int // suggestions so far
	Failed  []Failure
	Rate    float64 // photos a second
	Left    time.Duration
}

// Failure is a photo that was skipped.
type Failure struct {
	Rel string
	Err error
}

// batchRun is a batch in work.
type batchRun struct {
	progress Progress
	began    time.Time
	cancel   context.CancelFunc
	gate     sync.Mutex // held while paused
}

// pass returns at once, or after a pause.
func (b *batchRun) pass() {
	b.gate.Lock()
	defer b.gate.Unlock()
}

// Batch returns how far the batch is.
func (s *Session) Batch() Progress {
	if s.batch == nil {
		return Progress{}
	}
	return s.batch.progress
}

// RunBatch looks for the words on the given photos, in the background: suggestions come into the labels of
// photos that nobody has worked on yet.
func (s *Session) RunBatch(places []int) {
	asked, rows := s.asked()
	if s.work == nil || len(asked) == 0 || s.batch != nil && s.batch.progress.Active {
		return
	}
	var items []photo.Item
	for _, i := range places {
		if info := s.Info(i); !info.Done && i != s.index {
			items = append(items, s.items[i])
		}
	}
	s.batching = nil
	for _, item := range items {
		s.batching = append(s.batching, item.Rel)
	}
	s.writeState() // so that it goes on after a crash too
	ctx, cancel := context.WithCancel(s.ctx)
	b := &batchRun{progress: Progress{Active: true, All: len(items)}, began: time.Now(), cancel: cancel}
	s.batch = b
	r := &request{choice: s.choice, asked: asked, filter: s.filter}
	load := s.loads
	s.wg.Go(func() {
		err := s.runBatch(ctx, b, r, rows, items, load)
		cancel()
		s.post(func() { s.batchEnded(b, err) })
	})
	s.p.Changed(Batch)
}

// runBatch works on one photo at a time with a model of its own, so that the photo in sight never waits long.
func (s *Session) runBatch(ctx context.Context, b *batchRun, r *request, rows []int, items []photo.Item, load int) error {
	models, err := s.p.Load(r.choice)
	if err != nil {
		return err
	}
	defer models.Close() //nolint:errcheck // nothing is written
	job := &batch.Job{
		Models: models, Question: r.question(), Filter: r.filter.pipeline(rows), Canvas: r.choice.canvas(), Workers: 1,
		Done: func(res batch.Result) error {
			b.pass()
			taken := make(chan struct{})
			s.p.Post(func() {
				defer close(taken)
				if !s.closed && load == s.loads {
					s.batchResult(b, rows, res)
				}
			})
			select {
			case <-taken:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
	return job.Run(ctx, ctx, items)
}

func (s *Session) batchResult(b *batchRun, rows []int, res batch.Result) {
	p := &b.progress
	p.Done++
	rel := res.Item.Rel
	err := res.Err
	if err == nil {
		err = s.takeRegions(rel, rows, res)
	}
	if err != nil {
		p.Failed = append(p.Failed, Failure{rel, err})
		info := s.info[rel]
		info.Failed = err
		s.info[rel] = info
	} else {
		p.Regions += len(res.Photo.Regions)
	}
	p.Rate = float64(p.Done) / max(time.Since(b.began).Seconds(), 0.001)
	p.Left = time.Duration(float64(p.All-p.Done) / max(p.Rate, 0.001) * float64(time.Second))
	s.p.Changed(Batch | List)
}

// takeRegions puts a photo's suggestions into its labels, in place of older suggestions.
func (s *Session) takeRegions(rel string, rows []int, res batch.Result) error {
	if rel == s.photo.Item.Rel {
		return nil // it is in sight, with suggestions of its own
	}
	if err := s.work.Photo(annot.Photo{Path: rel, Width: res.Photo.Width, Height: res.Photo.Height}); err != nil {
		return err
	}
	doc, _, err := s.project.Document(rel)
	if err != nil || doc.State == annot.PhotoChecked {
		return err
	}
	var labels []annot.Region
	for _, r := range doc.Regions {
		if r.Review == annot.Accepted {
			labels = append(labels, r)
		}
	}
	list := rejections(doc)
	return s.do(tr.L("Batch: %s", rel), func(e *annot.Edit) error {
		for _, r := range doc.Regions {
			if r.Review == annot.Suggested {
				if err := e.Reject(rel, r.ID); err != nil {
					return err
				}
			}
		}
		for _, r := range res.Photo.Regions {
			r.Class, r.Review, r.ID = rows[r.Class], annot.Suggested, 0
			if known(labels, r, 0.5) || s.isRejected(list, r) {
				continue
			}
			if _, err := e.Add(rel, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Session) batchEnded(b *batchRun, err error) {
	b.progress.Active = false
	if s.batch != b {
		return // its folder was left; it goes on when that is opened again
	}
	s.batching = nil
	s.writeState()
	switch {
	case err == nil:
		s.say(tr.N("%s photo looked at.", "%s photos looked at.", b.progress.Done), false)
	case !errors.Is(err, context.Canceled):
		s.complain(err)
	}
	s.p.Changed(Batch | List)
}

// resumeBatch goes on with a batch that was not finished when the folder was left or the program died: with its
// photos that have no suggestions yet.
func (s *Session) resumeBatch() {
	names := s.batching
	if s.Batch().Active {
		return // the folder was opened again under it
	}
	var places []int
	for _, rel := range names {
		if i, ok := s.byRel[rel]; ok && s.info[rel].Suggestions == 0 {
			places = append(places, i)
		}
	}
	s.batching = nil
	if len(places) > 0 {
		s.RunBatch(places)
		s.say(tr.L("The batch goes on where it was left."), false)
	}
}

// PauseBatch holds the batch, or lets it go on.
func (s *Session) PauseBatch(pause bool) {
	b := s.batch
	if b == nil || !b.progress.Active || b.progress.Paused == pause {
		return
	}
	b.progress.Paused = pause
	if pause {
		b.gate.Lock()
	} else {
		b.gate.Unlock()
	}
	s.p.Changed(Batch)
}

// StopBatch ends the batch; what it found stays.
func (s *Session) StopBatch() {
	if s.batch != nil && s.batch.progress.Active {
		s.PauseBatch(false)
		s.batch.cancel()
	}
}

// RetryBatch looks again at the photos that were skipped.
func (s *Session) RetryBatch() {
	if s.batch == nil || s.batch.progress.Active {
		return
	}
	var places []int
	for _, f := range s.batch.progress.Failed {
		if i, ok := s.byRel[f.Rel]; ok {
			info := s.info[f.Rel]
			info.Failed = nil
			s.info[f.Rel] = info
			places = append(places, i)
		}
	}
	s.RunBatch(places)
}
