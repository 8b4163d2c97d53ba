package pipeline_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/segment"
)

// BenchmarkFull measures the packs in the folder SAYSEE_FULL, such as those of zoo/parity/full.py: what a photo costs by
// stage, what of it is sessions, and what the process holds.
func BenchmarkFull(b *testing.B) {
	dir := os.Getenv("SAYSEE_FULL")
	if dir == "" {
		b.Skip("SAYSEE_FULL names no folder of packs")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			b.Run(e.Name(), func(b *testing.B) { full(b, dir, e.Name()) })
		}
	}
}

func full(b *testing.B, dir, id string) {
	modeltest.Runtime(b)
	b.Setenv("XDG_DATA_HOME", b.TempDir())
	store, err := model.NewStore(dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	pack, err := store.Open(id)
	if err != nil {
		b.Fatal(err)
	}
	p := pipeline.Params{Store: store, Threads: runtime.NumCPU()}
	if pipeline.Detects(pack.Family) {
		p.Detect = id
	} else {
		p.Segment = id
	}
	start := time.Now()
	m, err := pipeline.Load(p)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the measurement is over
	b.ReportMetric(time.Since(start).Seconds(), "load-s")
	names := strings.Fields("cat dog person car tree grass sky road house table chair cup book bottle lamp window door bird horse boat")
	q := pipeline.NewQuestion(annot.NamedClasses(names...), annot.NamedClasses(names...))
	var stages, sessions [3]time.Duration // image, words and what follows, masks
	photo := sample(b, "cat.jpg")
	for i := 0; b.Loop(); i++ {
		stage := func(n int, work func() error) {
			start, busy := time.Now(), m.Engine.Busy()
			if err := work(); err != nil {
				b.Fatal(err)
			}
			stages[n] += time.Since(start)
			sessions[n] += m.Engine.Busy() - busy
		}
		var a *pipeline.Analysis
		stage(0, func() (err error) { a, err = m.Analyse(b.Context(), photo, pipeline.Canvas{}); return err })
		if i == 0 {
			start, busy := time.Now(), m.Engine.Busy()
			ask(b, a, q) // the text side runs for new words
			b.Logf("%d new words with what follows them: %v, of which sessions %v", len(names), time.Since(start), m.Engine.Busy()-busy)
		}
		var boxes []detect.Found
		stage(1, func() error {
			ans, err := a.Ask(b.Context(), q)
			if err == nil {
				boxes, _ = ans.Select(pipeline.Filter{Boxes: detect.Options{NMS: 0.5, Max: 20}, Pixels: segment.Options{MinArea: 0.002}})
			}
			return err
		})
		stage(2, func() error { return a.Masks(b.Context(), q, boxes) })
		a.Release()
	}
	n := time.Duration(b.N)
	for i, name := range []string{"image", "ask", "masks"} {
		b.ReportMetric(float64((stages[i]/n).Microseconds())/1e3, name+"-ms")
	}
	total, busy := stages[0]+stages[1]+stages[2], sessions[0]+sessions[1]+sessions[2]
	b.ReportMetric(100*float64(total-busy)/float64(busy), "%own")
	b.ReportMetric(peak(), "peak-MB")
	b.ReportMetric(0, "ns/op")
}

// peak is the most memory that the process held.
func peak() float64 {
	data, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(data)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}
