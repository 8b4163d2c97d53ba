//go:build unix

package pipeline_test

import (
	"context"
	"image"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline"
)

// BenchmarkTrueSize tells what packs of the official size cost, a stage each, for docs/models.md. SAYSEE_PACKS names
// the folder that they lie in. A stage's bare sessions are its own runs once more, right after it.
func BenchmarkTrueSize(b *testing.B) {
	root := os.Getenv(model.StoreEnv)
	found, err := filepath.Glob(filepath.Join(root, "*", "pack.json"))
	if root == "" || err != nil || len(found) == 0 {
		b.Skip("no packs in " + model.StoreEnv)
	}
	modeltest.Runtime(b)
	store, err := model.NewStore("", nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range found {
		id := filepath.Base(filepath.Dir(path))
		pack, err := store.Open(filepath.Dir(path))
		if err != nil {
			b.Fatal(err)
		}
		switch {
		case pipeline.Names(pack.Family):
			b.Run(id, func(b *testing.B) { trueNamer(b, pipeline.Params{Store: store, Name: filepath.Dir(path)}) })
		case pack.Family == "glip":
			b.Run(id, func(b *testing.B) { trueGLIP(b, pipeline.Params{Store: store, Detect: filepath.Dir(path)}) })
		}
	}
}

// stopwatch adds up the processor time of stages, all cores together, and of their bare sessions. It hangs less on
// what else a machine does than the time on the wall; divide by the cores for that.
type stopwatch struct {
	b      *testing.B
	engine *model.Engine
	took   map[string]time.Duration
	runs   map[string]int
}

func newStopwatch(b *testing.B, m *pipeline.Models) *stopwatch {
	b.Cleanup(func() { m.Close() }) //nolint:errcheck // the benchmark is over
	return &stopwatch{b, m.Engine, map[string]time.Duration{}, map[string]int{}}
}

// time runs a stage, and the sessions in it alone: what is over is preparation and post-processing.
func (s *stopwatch) time(stage string, work func() error) {
	s.b.Helper()
	trace, err := s.engine.Record(work) // also warms up
	if err != nil {
		s.b.Fatal(err)
	}
	start := worked()
	if err := work(); err != nil {
		s.b.Fatal(err)
	}
	s.took[stage] += worked() - start
	start = worked()
	if err := trace.Replay(context.Background()); err != nil {
		s.b.Fatal(err)
	}
	s.took[stage+" sessions"] += worked() - start
	s.runs[stage] += trace.Len()
	trace.Close()
}

func (s *stopwatch) report() {
	for stage, d := range s.took {
		s.b.ReportMetric(float64(d.Microseconds())/1000/float64(s.b.N), strings.ReplaceAll(stage, " ", "-")+"-ms")
	}
	for stage, n := range s.runs {
		s.b.ReportMetric(float64(n)/float64(s.b.N), stage+"-runs")
	}
	s.b.ReportMetric(resident(), "MB")
	s.b.ReportMetric(0, "ns/op")
}

// worked is the processor time of this process so far.
func worked() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail with these arguments
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func resident() float64 {
	data, _ := os.ReadFile("/proc/self/statm") // absent elsewhere than on Linux
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[1])
	return float64(pages*os.Getpagesize()) / 1e6
}

func trueNamer(b *testing.B, p pipeline.Params) {
	m, err := pipeline.Load(p)
	if err != nil {
		b.Fatal(err)
	}
	s := newStopwatch(b, m)
	ph := sample(b, "cat.jpg")
	defer ph.Release()
	eighty := annot.NamedClasses(numbered(80)...)
	words, err := m.Namer.Words(b.Context(), eighty)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var v []float32
		s.time("image", func() (err error) {
			v, err = m.See(b.Context(), ph, image.Rectangle{Max: ph.Size()})
			return err
		})
		s.time("score", func() error { words.Scores(v); return nil })
		n := s.b.N
		s.time("text", func() error {
			n++
			_, err := m.Namer.Words(b.Context(), annot.NamedClasses("word "+strconv.Itoa(n)+" "+strconv.Itoa(int(time.Now().UnixNano()))))
			return err
		})
		s.time("cached", func() error { _, err := m.Namer.Words(b.Context(), eighty); return err })
	}
	s.report()
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "thing " + strconv.Itoa(i)
	}
	return names
}

func trueGLIP(b *testing.B, p pipeline.Params) {
	m, err := pipeline.Load(p)
	if err != nil {
		b.Fatal(err)
	}
	s := newStopwatch(b, m)
	ph := sample(b, "cat.jpg")
	defer ph.Release()
	n := 0
	for b.Loop() {
		var a *pipeline.Analysis
		s.time("image", func() error {
			if a != nil {
				a.Release()
			}
			var err error
			a, err = m.Analyse(b.Context(), ph, pipeline.Canvas{})
			return err
		})
		var ans *pipeline.Answer
		s.time("ask", func() error {
			n++
			var err error
			ans, err = a.Ask(b.Context(), pipeline.NewQuestion(annot.NamedClasses("cat", "dog", "red cup", "table", "word "+strconv.Itoa(n)), nil))
			return err
		})
		s.time("cached", func() error { _, err := a.Ask(b.Context(), ans.Question); return err })
		s.time("select", func() error {
			ans.Select(pipeline.Filter{Boxes: detect.Options{Score: 0.3, NMS: 0.6, Max: 100}})
			return nil
		})
		b.ReportMetric(float64(len(ans.Boxes.Hits)), "hits")
		a.Release()
	}
	s.report()
}
