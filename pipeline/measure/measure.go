// Package measure tells what labelling costs: each stage, the bare sessions behind it, a new word, a moved
// threshold, many photos at once, and memory.
package measure

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/batch"
	"github.com/saysee/saysee/pipeline/photo"
)

// Spread is the median and the 95th percentile of some times, in milliseconds.
type Spread struct {
	Median float64 `json:"median"`
	P95    float64 `json:"p95"`
}

func spread(times []time.Duration) Spread {
	if len(times) == 0 {
		return Spread{}
	}
	s := slices.Sorted(slices.Values(times))
	at := func(q float64) float64 {
		return math.Round(s[int(q*float64(len(s)-1)+0.5)].Seconds()*1e6) / 1e3
	}
	return Spread{at(0.5), at(0.95)}
}

// Report is what was measured.
type Report struct {
	Program  string `json:"program"`
	Provider string `json:"provider"`
	Runtime  string `json:"onnxruntime"`
	Threads  int    `json:"threads"` // a session's, in the single-photo figures
	Photos   int    `json:"photos"`  // runs of a photo, after a first one that warms up
	Regions  int    `json:"regions"`
	// EndToEnd is from a photo's bytes to its regions with masks. Sessions is the same runs of the same
	// sessions on the same inputs and nothing else, measured in turn with it.
	EndToEnd Spread            `json:"end_to_end_ms"`
	Sessions Spread            `json:"sessions_ms"`
	Ratio    float64           `json:"ratio"` // end to end over bare sessions, sums of all runs
	Stages   map[string]Spread `json:"stages_ms"`
	order    []string
	NewWord  Spread `json:"new_word_ms"`
	// CachedWord is a question whose words were all asked before; Threshold another threshold and NMS
	// value on an answer.
	CachedWord    Spread `json:"cached_word_ms"`
	Threshold     Spread `json:"threshold_ms"`
	ThresholdRuns int64  `json:"threshold_session_runs"`
	// Rate is photos a second through a batch on all cores; Memory is the process's resident memory in
	// MB after the numbers of photos in Memory's keys.
	Rate   float64   `json:"photos_per_second"`
	Memory []Reading `json:"memory_mb"`
}

// Reading is the process's resident memory after some photos.
type Reading struct {
	Photos int     `json:"photos"`
	MB     float64 `json:"mb"`
}

// Bench is what to measure.
type Bench struct {
	Items    []photo.Item
	Question pipeline.Question
	Canvas   pipeline.Canvas
	Filter   pipeline.Filter
	Repeat   int
}

// StageDecode is the one stage that an Analysis does not know.
const StageDecode = "decode"

// Single measures photos one after another.
func (b *Bench) Single(ctx context.Context, m *pipeline.Models) (*Report, error) {
	version, _ := model.RuntimeVersion()
	r := &Report{
		Program: "saysee", Provider: m.Engine.Provider(), Runtime: version, Threads: m.Engine.Threads(), Stages: map[string]Spread{},
	}
	s := single{Bench: b, models: m, stages: map[string][]time.Duration{}}
	for _, item := range b.Items {
		if err := s.photo(ctx, item); err != nil {
			return nil, fmt.Errorf("%s: %w", item.Path, err)
		}
	}
	if err := s.words(ctx, r); err != nil {
		return nil, err
	}
	r.Photos, r.Regions = len(s.whole), s.regions
	r.EndToEnd, r.Sessions = spread(s.whole), spread(s.bare)
	r.Ratio = math.Round(1e4*sum(s.whole)/sum(s.bare)) / 1e4
	r.order = s.order
	for name, times := range s.stages {
		r.Stages[name] = spread(times)
	}
	return r, nil
}

func sum(times []time.Duration) (total float64) {
	for _, t := range times {
		total += t.Seconds()
	}
	return total
}

type single struct {
	*Bench
	models      *pipeline.Models
	whole, bare []time.Duration
	stages      map[string][]time.Duration
	order       []string
	regions     int
}

// photo measures one photo: whole and bare runs take turns, so that a noisy machine slows both.
func (s *single) photo(ctx context.Context, item photo.Item) error {
	if item.Err != nil {
		return item.Err
	}
	data, err := photo.Load(item.Path, photo.Limits{})
	if err != nil {
		return err
	}
	trace, err := s.models.Engine.Record(func() error { _, _, err := s.run(ctx, data); return err })
	if err != nil {
		return err
	}
	defer trace.Close()
	for range s.Repeat {
		start := time.Now()
		stages, regions, err := s.run(ctx, data)
		if err != nil {
			return err
		}
		s.whole = append(s.whole, time.Since(start))
		s.note(stages)
		s.regions += len(regions)
		start = time.Now()
		if err := trace.Replay(ctx); err != nil {
			return err
		}
		s.bare = append(s.bare, time.Since(start))
	}
	return nil
}

func (s *single) note(stages []pipeline.Stage) {
	for _, st := range stages {
		if _, known := s.stages[st.Name]; !known {
			s.order = append(s.order, st.Name)
		}
		s.stages[st.Name] = append(s.stages[st.Name], st.Took)
	}
}

// run takes a photo from bytes to regions.
func (s *single) run(ctx context.Context, data []byte) ([]pipeline.Stage, []annot.Region, error) {
	start := time.Now()
	ph, err := photo.Decode(data, photo.Limits{})
	if err != nil {
		return nil, nil, err
	}
	defer ph.Release()
	stages := []pipeline.Stage{{Name: StageDecode, Took: time.Since(start)}}
	a, err := s.models.Analyse(ctx, ph, s.Canvas)
	if err != nil {
		return nil, nil, err
	}
	defer a.Release()
	regions, err := a.Regions(ctx, s.Question, s.Filter, true)
	return append(stages, a.Stages...), regions, err
}

// words measures questions to an encoded photo.
func (s *single) words(ctx context.Context, r *Report) error {
	ph, err := photo.Read(s.Items[0].Path, photo.Limits{})
	if err != nil {
		return err
	}
	defer ph.Release()
	a, err := s.models.Analyse(ctx, ph, s.Canvas)
	if err != nil {
		return err
	}
	defer a.Release()
	var fresh, cached, moved []time.Duration
	for i := range 5 * s.Repeat {
		word := annot.Class{Name: "new", Phrases: []string{fmt.Sprintf("never asked %d %d", i, time.Now().UnixNano())}}
		start := time.Now()
		if _, err := a.Ask(ctx, s.Question.With(word)); err != nil {
			return err
		}
		fresh = append(fresh, time.Since(start))
		start = time.Now()
		ans, err := a.Ask(ctx, s.Question)
		if err != nil {
			return err
		}
		cached = append(cached, time.Since(start))
		runs := s.models.Engine.Runs()
		f := s.Filter
		f.Boxes.Score, f.Boxes.NMS = 0.01*float64(i%50), 0.3+0.01*float64(i%50)
		start = time.Now()
		ans.Select(f)
		moved = append(moved, time.Since(start))
		r.ThresholdRuns += s.models.Engine.Runs() - runs
	}
	r.NewWord, r.CachedWord, r.Threshold = spread(fresh), spread(cached), spread(moved)
	return nil
}

// Throughput measures a batch: photos times, over and over through the items, with the given number of
// photos in work at once. The rate leaves out a first round through the items, in which every canvas size
// is met for the first time, as the figures for single photos do.
func (b *Bench) Throughput(ctx context.Context, m *pipeline.Models, photos, workers int, r *Report) error {
	warm := len(b.Items) * workers
	items := make([]photo.Item, warm+photos)
	for i := range items {
		items[i] = b.Items[i%len(b.Items)]
	}
	n, failed := -warm, error(nil)
	var start time.Time
	job := &batch.Job{
		Models: m, Question: b.Question, Filter: b.Filter, Canvas: b.Canvas, Workers: workers,
		Done: func(res batch.Result) error {
			if n == 0 {
				start = time.Now()
			}
			n++
			failed = errors.Join(failed, res.Err)
			if n < 1 {
				return nil
			}
			if n == 50 || n%250 == 0 || n == photos {
				r.Memory = append(r.Memory, Reading{n, resident()})
			}
			return nil
		},
	}
	if err := errors.Join(job.Run(ctx, ctx, items), failed); err != nil {
		return err
	}
	// The clock starts when the first counted photo is done, so it times one less.
	r.Rate = math.Round(100*float64(photos-1)/time.Since(start).Seconds()) / 100
	return nil
}

// resident returns the process's resident memory in MB, or 0 where /proc does not tell.
func resident() float64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err == nil {
				return math.Round(kb / 1024)
			}
		}
	}
	return 0
}

// Order returns the stages in the order in which they ran.
func (r *Report) Order() []string { return r.order }
