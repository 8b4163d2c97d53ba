package live_test

import (
	"context"
	"image"
	"io"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/live/livetest"
	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/pipeline/track"
)

// fileRunner runs a clip's every frame through the detector, with masks and tracks.
func fileRunner(m *pipeline.Models, path string) *live.Runner {
	q := query(m, "cat", "dog", "horse", "cup", "teddy bear")
	q.Masks = true
	return live.New(live.Params{
		Open: func(ctx context.Context) (source.Source, error) {
			return source.Open(ctx, source.Spec{Kind: source.File, Path: path})
		},
		Models: m, Query: q, Tracker: track.New(track.Options{}),
	})
}

// BenchmarkStream is a video from its file to tracked regions with masks, in turn with the bare loop of the same
// sessions on the same inputs. bare/stream is the share of the bare loop's throughput that is left.
func BenchmarkStream(b *testing.B) {
	m := models(b)
	const frames = 20
	path := livetest.Clip(b, "clip.mp4", image.Pt(1280, 720), frames, 25)
	stream := func() {
		if err := fileRunner(m, path).Run(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	trace, err := m.Engine.Record(func() error { stream(); return nil })
	if err != nil {
		b.Fatal(err)
	}
	defer trace.Close()
	var whole, bare time.Duration
	for b.Loop() {
		start := time.Now()
		stream()
		whole += time.Since(start)
		start = time.Now()
		if err := trace.Replay(b.Context()); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(start)
	}
	b.ReportMetric(bare.Seconds()/whole.Seconds(), "bare/stream")
	b.ReportMetric(float64(frames*b.N)/whole.Seconds(), "fps")
}

// camera gives frames at a rate, forever, drawn beforehand.
type camera struct {
	frames []*image.RGBA
	every  time.Duration
	began  time.Time
	seq    int
}

func (c *camera) Info() source.Info {
	return source.Info{Name: "camera", Live: true, FPS: 1 / c.every.Seconds()}
}
func (c *camera) Close() error { return nil }

func (c *camera) Next(ctx context.Context) (*source.Frame, error) {
	if c.seq == 0 {
		c.began = time.Now()
	}
	wait := time.NewTimer(time.Until(c.began.Add(time.Duration(c.seq) * c.every)))
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f := source.NewFrame(c.frames[c.seq%len(c.frames)], c.seq, 0, time.Now())
	c.seq++
	return f, nil
}

func drawn(b testing.TB, size image.Point, n int) []*image.RGBA {
	b.Helper()
	photos := livetest.Photos(b)
	var frames []*image.RGBA
	for i := range n {
		img := image.NewRGBA(image.Rectangle{Max: size})
		livetest.Frame(b, img, photos, i, n)
		frames = append(frames, img)
	}
	return frames
}

// BenchmarkLatency is a camera with twice as many frames as the models can see. Latency is from the capture of a frame to
// its regions on the screen; "bound" is the 95th percentile of an inference and one frame, "growth" the mean latency of
// the last fifth of the run over that of the first.
func BenchmarkLatency(b *testing.B) {
	m := models(b)
	frames := drawn(b, image.Pt(1280, 720), 25)
	q := query(m, "cat", "dog", "horse", "cup", "teddy bear")
	took := inferences(b, m, q, frames)
	every := time.Duration(livetest.Percentile(took, 0.5) / 2)
	// So many frames of a camera are one operation.
	const operation = 100
	for b.Loop() {
		cam := &camera{frames: frames, every: every}
		ctx, stop := context.WithCancel(b.Context())
		latency := newLatencies(operation, stop)
		r := live.New(live.Params{
			Open:   func(context.Context) (source.Source, error) { return cam, nil },
			Models: m, Query: q, Found: latency.found, Show: latency.show,
		})
		_ = r.Run(ctx) // until it is stopped
		stop()
		s := r.Stats()
		bound := float64(livetest.Percentile(latency.took, 0.95)) + float64(every)
		b.ReportMetric(float64(livetest.Percentile(latency.all, 0.95))/1e6, "p95-ms")
		b.ReportMetric(bound/1e6, "bound-ms")
		b.ReportMetric(float64(livetest.Percentile(latency.all, 0.95))/bound, "p95/bound")
		b.ReportMetric(latency.growth(), "growth")
		b.ReportMetric(float64(s.Captured)/float64(s.Inferred), "captured/seen")
	}
}

func inferences(b *testing.B, m *pipeline.Models, q live.Query, frames []*image.RGBA) []int64 {
	b.Helper()
	src := &camera{frames: frames, every: time.Nanosecond}
	var took []int64
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	r := live.New(live.Params{
		Open: func(context.Context) (source.Source, error) { return &still{camera: src, n: len(frames)}, nil }, Models: m, Query: q,
		Found: func(res live.Result) { took = append(took, int64(res.Took)) },
	})
	if err := r.Run(ctx); err != nil {
		b.Fatal(err)
	}
	return took[len(took)/2:] // the first ones warm up
}

// still gives n frames of a camera as a file would.
type still struct {
	*camera
	n int
}

func (s *still) Info() source.Info { return source.Info{Name: "file", FPS: 25} }

func (s *still) Next(ctx context.Context) (*source.Frame, error) {
	if s.seq == s.n {
		return nil, io.EOF
	}
	return s.camera.Next(ctx)
}

// latencies times results from capture to show.
type latencies struct {
	mu      sync.Mutex
	pending time.Time
	took    []int64
	all     []int64
	want    int
	done    func()
}

func newLatencies(want int, done func()) *latencies { return &latencies{want: want, done: done} }

func (l *latencies) found(res live.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.took = append(l.took, int64(res.Took))
	l.pending = res.Frame.At
}

func (l *latencies) show(_ context.Context, v live.View) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// The age of what is shown tells whether the pending answer is on it.
	if l.pending.IsZero() || !v.Frame.At.Add(-v.Age).Equal(l.pending) {
		return
	}
	l.all = append(l.all, int64(time.Since(l.pending)))
	l.pending = time.Time{}
	if len(l.all) == l.want {
		l.done()
	}
}

func (l *latencies) growth() float64 {
	n := len(l.all) / 5
	mean := func(v []int64) (sum float64) {
		for _, x := range v {
			sum += float64(x)
		}
		return sum / float64(len(v))
	}
	if n == 0 {
		return 0
	}
	return mean(l.all[len(l.all)-n:]) / mean(l.all[:n])
}

// BenchmarkCancel is from the end of a run's context to Run's return, while the models are busy.
func BenchmarkCancel(b *testing.B) {
	m := models(b)
	frames := drawn(b, image.Pt(1280, 720), 5)
	q := query(m, "cat", "dog", "horse", "cup", "teddy bear")
	q.Masks = true
	var all []int64
	for b.Loop() {
		cam := &camera{frames: frames, every: 10 * time.Millisecond}
		ctx, stop := context.WithCancel(b.Context())
		found, ended := make(chan bool, 1000), make(chan error, 1)
		r := live.New(live.Params{
			Open:   func(context.Context) (source.Source, error) { return cam, nil },
			Models: m, Query: q, Found: func(live.Result) { found <- true },
		})
		go func() { ended <- r.Run(ctx) }()
		<-found
		time.Sleep(time.Duration(len(all)%10) * 5 * time.Millisecond) // into the next frame's
		start := time.Now()
		stop()
		<-ended
		all = append(all, int64(time.Since(start)))
	}
	b.ReportMetric(float64(livetest.Percentile(all, 0.5))/1e6, "median-ms")
	b.ReportMetric(float64(livetest.Percentile(all, 0.95))/1e6, "p95-ms")
}

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// mosaic is a 1080p frame of the bundled photos side by side, with one thing to find in each.
func mosaic(b *testing.B) *image.RGBA {
	b.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 1920, 1080))
	for i, p := range livetest.Photos(b) {
		at := image.Pt(i%3*640, i/3*540)
		if err := cv.Resize(img, image.Rectangle{Min: at, Max: at.Add(image.Pt(640, 540))}, p, p.Rect, cv.Area); err != nil {
			b.Fatal(err)
		}
	}
	return img
}

// BenchmarkDisplay1080p is what a 1080p frame costs in processor time from the source to a picture ready for the screen, with
// the regions with masks that are found in it carried to it and drawn. The models are not asked. "plain" is the part without
// drawing.
func BenchmarkDisplay1080p(b *testing.B) {
	m := models(b)
	frame := mosaic(b)
	q := query(m, "cat", "dog", "horse", "cup", "teddy bear")
	q.Masks, q.Filter.Boxes.Score, q.Filter.Boxes.Max = true, 0.1, 5
	var res live.Result
	err := live.New(live.Params{
		Open: func(context.Context) (source.Source, error) {
			return &still{camera: &camera{frames: []*image.RGBA{frame}, every: 1}, n: 1}, nil
		},
		Models: m, Query: q, Found: func(r live.Result) { res = r },
	}).Run(b.Context())
	if err != nil || len(res.Regions) == 0 {
		b.Fatal(len(res.Regions), err)
	}
	tracker := track.New(track.Options{Score: 0.1})
	tracker.Update(0, res.Regions)
	var p overlay.Painter
	var items []overlay.Item
	o := overlay.Defaults()
	o.Legend = false
	dst := image.NewRGBA(frame.Rect)
	var plain, all time.Duration
	n := 0
	for b.Loop() {
		start := cpu(b)
		copy(dst.Pix, frame.Pix)
		moved := tracker.Predict(time.Duration(n%10) * 10 * time.Millisecond)
		plain += cpu(b) - start
		items = overlay.AppendFound(items[:0], moved)
		p.Draw(dst, overlay.View{Size: dst.Rect.Size(), Scale: 1}, items, res.Classes, o)
		all += cpu(b) - start
		n++
	}
	b.ReportMetric(float64(all)/1e6/float64(n), "cpu-ms/op")
	b.ReportMetric(float64(plain)/1e6/float64(n), "plain-cpu-ms")
	b.ReportMetric(float64(len(items)), "regions")
}

// BenchmarkRunner1080p is what the runner itself costs a 1080p frame of a video, decoding and all, in processor time.
func BenchmarkRunner1080p(b *testing.B) {
	const frames = 50
	path := livetest.Clip(b, "clip.avi", image.Pt(1920, 1080), frames, 25)
	open := func(ctx context.Context) (source.Source, error) {
		return source.Open(ctx, source.Spec{Kind: source.File, Path: path})
	}
	before, n := cpu(b), 0
	for b.Loop() {
		if err := live.New(live.Params{Open: open, Show: func(context.Context, live.View) { n++ }}).Run(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu(b)-before)/1e6/float64(n), "cpu-ms/frame")
}
