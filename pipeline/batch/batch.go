// Package batch labels many photos: several at once, results in the order of the list, every finished
// photo in a journal that survives kill -9, and one broken photo never the end of the rest.
package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/photo"
)

// Job is what to do with a list of photos.
type Job struct {
	Models   *pipeline.Models
	Question pipeline.Question
	Filter   pipeline.Filter
	Canvas   pipeline.Canvas
	Limits   photo.Limits
	NoMasks  bool
	// Rescore is the weight of the namer's second look at each box, 0 for none.
	Rescore float64
	Workers int // photos in work at once, at least 1
	// Finish does what else is to be done with a photo while its pixels are there, such as drawing it.
	// It is called from the workers. May be nil. An error that wraps ErrStop ends the batch.
	Finish func(worker int, p *photo.Photo, item photo.Item, regions []annot.Region) error
	// Done is called for every photo, in the order of the list, from one goroutine.
	Done func(Result) error
}

// Result is what became of one photo.
type Result struct {
	Item  photo.Item
	Photo format.Photo // with its regions; empty when Err is set
	Stamp Stamp        // of the file, from before it was read
	Err   error
	Took  time.Duration
}

// ErrStop marks an error after which going on makes no sense, such as a full disk.
var ErrStop = errors.New("the batch cannot go on")

// Run works through the items. When stop ends, the photos in work are finished and no new one is begun;
// Run then returns stop's error. When ctx ends, work is broken off.
func (j *Job) Run(ctx, stop context.Context, items []photo.Item) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := min(max(j.Workers, 1), max(len(items), 1))
	// Each photo in work has a place for its result; reading the places in order keeps the list's order,
	// and their number bounds what waits.
	tasks := make(chan task)
	places := make(chan chan Result, 2*workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { j.work(ctx, w, tasks) })
	}
	wg.Go(func() {
		defer close(places)
		defer close(tasks)
		dispatch(ctx, stop, items, tasks, places)
	})
	err := j.collect(places, cancel)
	wg.Wait()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.Cause(stop)
}

type task struct {
	item  photo.Item
	place chan<- Result
}

func dispatch(ctx, stop context.Context, items []photo.Item, tasks chan<- task, places chan<- chan Result) {
	for _, item := range items {
		if stop.Err() != nil {
			return
		}
		place := make(chan Result, 1)
		select {
		case places <- place:
		case <-stop.Done():
			return
		case <-ctx.Done():
			return
		}
		// A promised place is always filled, so the task must be taken.
		tasks <- task{item, place}
	}
}

func (j *Job) collect(places <-chan chan Result, cancel func()) error {
	var failed error
	for place := range places {
		r := <-place
		if failed != nil || errors.Is(r.Err, context.Canceled) {
			continue
		}
		if errors.Is(r.Err, ErrStop) {
			failed = r.Err
		} else {
			failed = j.Done(r)
		}
		if failed != nil {
			cancel()
		}
	}
	return failed
}

func (j *Job) work(ctx context.Context, number int, tasks <-chan task) {
	for t := range tasks {
		start := time.Now()
		r := Result{Item: t.item}
		if r.Err = ctx.Err(); r.Err == nil {
			// A file that is not there has no stamp, and reading it tells why.
			r.Stamp, _ = stampOf(t.item.Path)
			r.Photo, r.Err = j.one(ctx, number, t.item)
		}
		r.Took = time.Since(start)
		t.place <- r
	}
}

func (j *Job) one(ctx context.Context, worker int, item photo.Item) (format.Photo, error) {
	if item.Err != nil {
		return format.Photo{}, item.Err
	}
	ph, err := photo.Read(item.Path, j.Limits)
	if err != nil {
		return format.Photo{}, err
	}
	defer ph.Release()
	regions, err := j.regions(ctx, ph)
	if err != nil {
		return format.Photo{}, err
	}
	if j.Finish != nil {
		if err := j.Finish(worker, ph, item, regions); err != nil {
			return format.Photo{}, err
		}
	}
	size := ph.Size()
	return format.Photo{
		File: item.Rel, Path: item.Path, Width: size.X, Height: size.Y, Regions: regions, State: format.Suggested,
	}, nil
}

func (j *Job) regions(ctx context.Context, ph *photo.Photo) ([]annot.Region, error) {
	a, err := j.Models.Analyse(ctx, ph, j.Canvas)
	if err != nil {
		return nil, fmt.Errorf("analyse: %w", err)
	}
	defer a.Release()
	ans, err := a.Ask(ctx, j.Question)
	if err != nil {
		return nil, err
	}
	if j.Rescore > 0 {
		if err := j.Models.Rescore(ctx, ph, ans, j.Filter, j.Rescore); err != nil {
			return nil, fmt.Errorf("look again: %w", err)
		}
	}
	return a.Choose(ctx, ans, j.Filter, !j.NoMasks)
}
