package live_test

import (
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/live/livetest"
	"github.com/saysee/saysee/pipeline/record"
	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/pipeline/track"
)

// soak says how long TestSoak runs, as 60s or 30m. It is skipped without.
const soak = "SAYSEE_SOAK"

// resident returns the process's memory in MB, 0 where /proc does not tell.
func resident() int {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(data))[1])
	return pages * os.Getpagesize() >> 20
}

// TestSoak plays a clip again and again by its clock, as a camera, with models, masks, tracks, and recordings. Memory and open
// Mats (with -tags matprofile) may not grow from the first fifth of the time on.
func TestSoak(t *testing.T) {
	long, err := time.ParseDuration(os.Getenv(soak))
	if err != nil {
		t.Skip("set " + soak + " to 60s or 30m")
	}
	m := models(t)
	clip := livetest.Clip(t, "clip.avi", image.Pt(640, 480), 250, 25)
	q := query(m, "cat", "dog", "horse", "cup", "teddy bear")
	q.Masks, q.Weak = true, q.Filter.Boxes.Score/3
	var p overlay.Painter
	o := overlay.Defaults()
	dir := t.TempDir()
	rec, err := record.Start(record.Params{
		Annotated: filepath.Join(dir, "a.mkv"), Log: filepath.Join(dir, "a.jsonl"), FPS: 25,
		Draw: func(dst *image.RGBA, v live.View) {
			p.Draw(dst, overlay.View{Size: dst.Rect.Size(), Scale: 1}, overlay.AppendFound(nil, v.Regions), v.Classes, o)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r := live.New(live.Params{
		Open: func(ctx context.Context) (source.Source, error) {
			return source.Open(ctx, source.Spec{Kind: source.File, Path: clip, Paced: true, Loop: true})
		},
		Models: m, Query: q, Tracker: track.New(track.Options{}),
		Show: func(_ context.Context, v live.View) { rec.Add(v) }, Found: rec.Found,
	})
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	watchMemory(t, ctx, r, long)
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	s, err := rec.Stop()
	t.Logf("recorded %d frames, %v, missed %d; %d results; %v", s.Frames, s.Length.Round(time.Second), s.Missed, s.Results, err)
}

// watchMemory reads the figures twenty times.
func watchMemory(t *testing.T, ctx context.Context, r *live.Runner, long time.Duration) {
	t.Helper()
	const readings = 20
	var first int
	var firstMats int
	tick := time.NewTicker(long / readings)
	defer tick.Stop()
	begin := time.Now()
	t.Log("    time   MB  Mats  goroutines  captured  seen  dropped  latency ms: mean  p95")
	for i := 1; i < readings; i++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		s, mb := r.Stats(), resident()
		mats, counted := cv.OpenMats()
		t.Logf("%8v %4d  %4d  %10d  %8d %5d  %7d  %16d %4d", time.Since(begin).Round(time.Second), mb, mats, runtime.NumGoroutine(),
			s.Captured, s.Inferred, s.Dropped, s.Latency.Mean.Milliseconds(), s.Latency.P95.Milliseconds())
		if i == readings/5 {
			first, firstMats = mb, mats
		}
		const slack = 40 // MB, of garbage that waits for the collector
		if i > readings/5 && mb > first+slack {
			t.Errorf("memory grew from %d to %d MB", first, mb)
		}
		// A call under way holds some.
		if counted && i > readings/5 && mats > firstMats+16 {
			t.Errorf("Mats grew from %d to %d", firstMats, mats)
		}
	}
}
