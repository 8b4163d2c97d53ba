package live_test

import (
	"context"
	"errors"
	"image"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/source"
)

// models loads the bundled detector.
func models(t testing.TB) *pipeline.Models {
	t.Helper()
	modeltest.Runtime(t)
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	store, err := model.NewStore("", assets.Packs())
	if err != nil {
		t.Fatal(err)
	}
	m, err := pipeline.Load(pipeline.Params{Store: store, Detect: pipeline.DefaultDetector, Live: true, Threads: live.Threads(0), TextCache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// query asks for words, each a class or "class: phrase", by the bundled detector's own thresholds.
func query(m *pipeline.Models, words ...string) live.Query {
	var classes []annot.Class
	for _, w := range words {
		name, phrase, other := strings.Cut(w, ": ")
		if !other {
			phrase = name
		}
		classes = append(classes, annot.Class{Name: name, Phrases: []string{phrase}})
	}
	q := live.Query{Question: pipeline.NewQuestion(classes, nil)}
	own := m.Detector.Pack().Defaults
	q.Filter.Boxes.Score, q.Filter.Boxes.NMS = own.Score, own.NMS
	return q
}

// played is a source over one photo, n times, at a rate if it is live.
type played struct {
	info source.Info
	pix  *image.RGBA
	n    int
	seq  int
	end  error
	tick *time.Ticker
}

func play(t testing.TB, name string, n int, fps float64, isLive bool) *played {
	t.Helper()
	p := &played{n: n, end: io.EOF, info: source.Info{Name: name, Live: isLive, FPS: fps}}
	ph, err := photo.Read("../../assets/photos/"+name+".jpg", photo.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p.pix = ph.Pix
	if isLive {
		p.tick = time.NewTicker(time.Duration(float64(time.Second) / fps))
		t.Cleanup(p.tick.Stop)
	}
	return p
}

func (p *played) Info() source.Info { return p.info }
func (p *played) Close() error      { return nil }

func (p *played) Next(ctx context.Context) (*source.Frame, error) {
	if p.tick != nil {
		select {
		case <-p.tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if p.seq == p.n {
		return nil, p.end
	}
	f := source.NewFrame(p.pix, p.seq, time.Duration(float64(p.seq)/p.info.FPS*float64(time.Second)), time.Now())
	p.seq++
	return f, nil
}

func (p *played) open(context.Context) (source.Source, error) { return p, nil }

// shown gathers what is shown.
type shown struct {
	mu    sync.Mutex
	views []live.View
}

func (s *shown) show(_ context.Context, v live.View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.views = append(s.views, v)
}

func (s *shown) has(t *testing.T, want string, ok func([]live.View) bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		done := ok(s.views)
		s.mu.Unlock()
		if done {
			return
		}
	}
	t.Fatalf("not shown: %s", want)
}

// follow is a tracker that numbers regions and moves them by one pixel a second.
type follow struct {
	mu     sync.Mutex
	last   []annot.Region
	at     time.Duration
	resets int
}

func (f *follow) Update(at time.Duration, regions []annot.Region) []annot.Region {
	f.last, f.at = nil, at
	for i, r := range regions {
		r.Track = i + 1
		f.last = append(f.last, r)
	}
	return f.last
}

func (f *follow) Predict(at time.Duration) []annot.Region {
	var out []annot.Region
	for _, r := range f.last {
		r.Box.X0 += (at - f.at).Seconds()
		out = append(out, r)
	}
	return out
}

func (f *follow) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.resets++
	f.last = nil
}

func TestFileIsSeenWholeAndInOrder(t *testing.T) {
	m := models(t)
	var out shown
	src := play(t, "cat", 12, 25, false)
	r := live.New(live.Params{Open: src.open, Models: m, Query: query(m, "cat", "dog"), Every: 3, Tracker: &follow{}, Show: out.show})
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(out.views) != 12 {
		t.Fatalf("%d views", len(out.views))
	}
	for i, v := range out.views {
		if v.Frame.Seq != i || v.Found != (i%3 == 0) || len(v.Regions) == 0 || v.Age != time.Duration(i%3)*40*time.Millisecond {
			t.Errorf("view %d is of frame %d, found %v, %d regions, age %v", i, v.Frame.Seq, v.Found, len(v.Regions), v.Age)
			continue
		}
		best := v.Regions[0]
		if v.Classes[best.Class].Name != "cat" || best.Track != 1 {
			t.Errorf("view %d: %s, track %d", i, v.Classes[best.Class].Name, best.Track)
		}
		moved := best.Box.X0 - out.views[i-i%3].Regions[0].Box.X0
		if want := v.Age.Seconds(); moved < want-1e-9 || moved > want+1e-9 {
			t.Errorf("view %d: carried by %v, want %v", i, moved, want)
		}
	}
	if s := r.Stats(); s.Captured != 12 || s.Inferred != 4 || s.Shown != 12 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
	if s := r.State(); s.Status != live.Ended || s.Err != nil {
		t.Errorf("%+v", s)
	}
}

func TestLiveShowsTheNewest(t *testing.T) {
	m := models(t)
	var out shown
	src := play(t, "dog", 1<<30, 60, true)
	track := &follow{}
	newest := -1
	found := func(res live.Result) {
		if res.Frame.Seq <= newest {
			t.Errorf("frame %d was answered after %d", res.Frame.Seq, newest)
		}
		newest = res.Frame.Seq
	}
	r := live.New(live.Params{Open: src.open, Models: m, Query: query(m, "dog"), Tracker: track, Show: out.show, Found: found})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	out.has(t, "a dog", func(v []live.View) bool {
		return len(v) > 0 && len(v[len(v)-1].Regions) > 0
	})

	t.Run("should answer to other words while it runs", func(t *testing.T) {
		r.Ask(query(m, "hound: dog"))
		out.has(t, "a hound", func(v []live.View) bool {
			last := v[len(v)-1]
			return len(last.Regions) > 0 && last.Classes[last.Regions[0].Class].Name == "hound"
		})
		if track.resets != 1 {
			t.Errorf("the tracker was reset %d times", track.resets)
		}
	})
	t.Run("should freeze on a frame with its own answer, and go on", func(t *testing.T) {
		v, err := r.Freeze(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer v.Frame.Release()
		if !v.Found || v.Age != 0 || len(v.Regions) == 0 || r.State().Status != live.Frozen {
			t.Errorf("found %v, age %v, %d regions, %+v", v.Found, v.Age, len(v.Regions), r.State())
		}
		time.Sleep(50 * time.Millisecond)
		before := r.Stats()
		time.Sleep(200 * time.Millisecond)
		after := r.Stats()
		if after.Shown != before.Shown || after.Captured == before.Captured {
			t.Errorf("frozen: %+v then %+v", before, after)
		}
		r.Thaw()
		out.has(t, "another frame", func(views []live.View) bool { return views[len(views)-1].Frame.Seq > v.Frame.Seq })
	})
	t.Run("should give a snapshot", func(t *testing.T) {
		v, err := r.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		v.Frame.Release()
	})
	t.Run("should end soon when it is told to", func(t *testing.T) {
		cancel()
		begin := time.Now()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("it took %v", took)
		}
	})
	if s := r.Stats(); s.Dropped == 0 || s.Captured < s.Inferred+s.Dropped-2 || s.Latency.P95 <= 0 || s.Provider == "" {
		t.Errorf("%+v", s)
	}
}

func TestReconnect(t *testing.T) {
	var states []live.State
	var mu sync.Mutex
	tries := 0
	open := func(context.Context) (source.Source, error) {
		tries++
		if tries == 2 {
			return nil, source.ErrMissing
		}
		src := play(t, "cat", 2, 100, true)
		if tries == 1 {
			src.end = source.ErrLost
		}
		return src, nil
	}
	r := live.New(live.Params{Open: open, Reconnect: true, Changed: func(s live.State) {
		mu.Lock()
		defer mu.Unlock()
		states = append(states, s)
	}})
	if err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []live.Status{live.Starting, live.Running, live.Waiting, live.Starting, live.Waiting, live.Starting, live.Running, live.Ended}
	for i, s := range states {
		if i >= len(want) || s.Status != want[i] {
			t.Fatalf("state %d is %+v", i, s)
		}
	}
	if len(states) != len(want) || !errors.Is(states[2].Err, source.ErrLost) || !errors.Is(states[4].Err, source.ErrMissing) {
		t.Errorf("%+v", states)
	}
	if s := r.Stats(); s.Reconnects != 2 || s.Captured != 4 {
		t.Errorf("%+v", s)
	}
}
