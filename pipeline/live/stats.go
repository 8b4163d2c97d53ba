package live

import (
	"slices"
	"sync"
	"time"
)

// Stats are a Runner's figures, each measured for itself.
type Stats struct {
	Provider string // of the models: CPU, CUDA, …

	// CameraFPS is how many frames a second the source gives, InferenceFPS how many the models see, and
	// ShownFPS how many the display shows, over the last two seconds.
	CameraFPS, InferenceFPS, ShownFPS float64

	// Latency is from the capture of a frame until the regions that were found in it are shown; Delay from
	// the capture of a frame until it is shown itself; Inference the models' own time.
	Latency, Delay, Inference Timing

	Captured, Inferred, Shown int64
	// Dropped counts frames of a live source that the models never saw, by Every or because newer ones came.
	Dropped int64
	// Skipped counts frames that could not be read or asked about, Reconnects how often the source was opened again.
	Skipped, Reconnects int64
}

// Timing sums up the last times of something: the exponential moving average, and the 95th percentile of the
// last 200.
type Timing struct{ Mean, P95 time.Duration }

// meter gathers figures. Its methods may be called from several goroutines.
type meter struct {
	mu                         sync.Mutex
	stats                      Stats
	camera, inference, display rate
	latency, delay, models     timing
}

func (m *meter) captured(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Captured++
	m.camera.add(now)
}

func (m *meter) inferred(now time.Time, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Inferred++
	m.inference.add(now)
	m.models.add(took)
}

// shown notes a frame on the screen, and the answer that came with it if it is on the screen for the first time.
func (m *meter) shown(now, captured time.Time, newFrame bool, asked time.Time, newAnswer bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if newFrame {
		m.stats.Shown++
		m.display.add(now)
		m.delay.add(now.Sub(captured))
	}
	if newAnswer {
		m.latency.add(now.Sub(asked))
	}
}

func (m *meter) count(n *int64, by int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*n += by
}

func (m *meter) read(now time.Time) Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stats
	s.CameraFPS, s.InferenceFPS, s.ShownFPS = m.camera.perSecond(now), m.inference.perSecond(now), m.display.perSecond(now)
	s.Latency, s.Delay, s.Inference = m.latency.sum(), m.delay.sum(), m.models.sum()
	return s
}

// rate counts events over the last seconds.
type rate struct {
	at   [512]time.Time
	next int
}

// rateWindow is how far back a rate looks; slower events are timed from one to the next.
const rateWindow = 2 * time.Second

func (r *rate) add(t time.Time) {
	r.at[r.next%len(r.at)] = t
	r.next++
}

// nth returns the n-th last event.
func (r *rate) nth(n int) time.Time { return r.at[(r.next-1-n)%len(r.at)] }

func (r *rate) perSecond(now time.Time) float64 {
	have := min(r.next, len(r.at))
	if have < 2 {
		return 0
	}
	n := 1
	for n < have-1 && now.Sub(r.nth(n)) < rateWindow {
		n++
	}
	span := r.nth(0).Sub(r.nth(n))
	// When the next event is overdue, the rate falls.
	if since := now.Sub(r.nth(0)); since > 2*span/time.Duration(n) {
		span += since
	}
	if span <= 0 {
		return 0
	}
	return float64(n) / span.Seconds()
}

// timing keeps the last times and their moving average.
type timing struct {
	last [200]time.Duration
	n    int
	mean float64
}

// weight is that of a new value in the average: about the last twenty count.
const weight = 0.1

func (t *timing) add(d time.Duration) {
	t.last[t.n%len(t.last)] = d
	t.n++
	w := max(weight, 1/float64(t.n))
	t.mean += w * (float64(d) - t.mean)
}

func (t *timing) sum() Timing {
	n := min(t.n, len(t.last))
	if n == 0 {
		return Timing{}
	}
	s := slices.Clone(t.last[:n])
	slices.Sort(s)
	return Timing{time.Duration(t.mean), s[(n*95+99)/100-1]}
}
