package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/alert"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/record"
	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/pipeline/track"
)

// notifier tells the desktop something.
type notifier interface {
	Notify(title, text string) error
}

// watchRun is one run of the watch command.
type watchRun struct {
	*watchFlags
	std      stdio
	spec     source.Spec
	query    live.Query
	canvas   pipeline.Canvas
	alerts   *alert.Watch
	notifier notifier
	runner   *live.Runner
	recorder *record.Recorder // nil when nothing is recorded
	status   *progress
	report   watchReport
	began    time.Time
	stop     context.CancelFunc
	telling  sync.WaitGroup // the desktop, which answers within seconds

	painter overlay.Painter // of recordings; the recorder's
	items   []overlay.Item

	mu    sync.Mutex // of what follows
	first bool       // the first frame was shown
	from  time.Duration
	full  bool // it ran for as long as it should
}

func (r *watchRun) run(ctx context.Context) (int, error) {
	models, err := r.load(r.query.Question, live.Threads(r.threads))
	if err != nil {
		return cli.Failure, err
	}
	defer models.Close() //nolint:errcheck // the process ends here
	r.query.Filter = r.filter(models)
	if err := sayUnread(ctx, r.std.err, models, r.query.Question); err != nil {
		return cli.Failure, err
	}
	r.status = newProgress(r.std.err, 0)
	r.status.printed = time.Now() // there is nothing to tell of yet
	src, err := source.Open(ctx, r.spec)
	if errors.Is(err, source.ErrMissing) && r.spec.Kind == source.Camera {
		err = fmt.Errorf("%w; saysee watch alone lists those that are", err)
	}
	if err != nil {
		return cli.Failure, err
	}
	if err := r.startRecording(src.Info()); err != nil {
		return cli.Failure, errors.Join(err, src.Close())
	}
	ctx, r.stop = context.WithCancel(ctx)
	defer r.stop()
	tracker := r.tracker(models, src.Info())
	r.runner = live.New(live.Params{
		Open: r.opener(src), Models: models, Canvas: r.canvas, Query: r.query, Tracker: tracker, Every: r.every,
		Reconnect: r.spec.Live() && !r.noReconnect, Show: r.show, Found: r.found, Changed: r.changed, Skipped: r.skipped,
	})
	if r.spec.Live() && r.maxSeconds > 0 {
		defer time.AfterFunc(time.Duration(r.maxSeconds*float64(time.Second)), r.enough).Stop()
	}
	err = r.runner.Run(ctx)
	return r.finish(err)
}

// opener gives the source that is open already first, so that what is wrong with it was said at once.
func (r *watchRun) opener(src source.Source) func(context.Context) (source.Source, error) {
	return func(ctx context.Context) (source.Source, error) {
		if s := src; s != nil {
			src = nil
			return s, nil
		}
		return source.Open(ctx, r.spec)
	}
}

// tracker follows things unless that is unwanted.
func (r *watchRun) tracker(m *pipeline.Models, info source.Info) live.Tracker {
	if r.noTracking {
		return nil
	}
	score := r.query.Filter.Boxes.Score
	r.query.Weak = score / 3
	o := track.Options{Score: score, Weak: r.query.Weak, Frame: time.Duration(float64(time.Second) / info.FPS)}
	if m.Segmenter != nil {
		o.Stuff = m.Segmenter.Pack().ID
	}
	return track.New(o)
}

// startRecording starts what is to be recorded.
func (r *watchRun) startRecording(info source.Info) error {
	if r.snapshots != "" {
		if err := os.MkdirAll(r.snapshots, 0o755); err != nil {
			return err
		}
	}
	if r.record == "" && r.raw == "" && r.log == "" {
		return nil
	}
	var err error
	r.recorder, err = record.Start(record.Params{
		Raw: r.raw, Annotated: r.record, Log: r.log, FPS: info.FPS, Draw: r.draw, Wait: !info.Live, Overwrite: r.overwrite,
		Failed: func(err error) { r.status.say("recording has stopped: " + err.Error()) },
	})
	if errors.Is(err, record.ErrThere) {
		return fmt.Errorf("%w; --overwrite writes over it", err)
	}
	return err
}

func (r *watchRun) draw(dst *image.RGBA, v live.View) {
	r.items = overlay.AppendFound(r.items[:0], v.Regions)
	o := overlay.Defaults()
	o.Legend, o.Opacity = false, liveOpacity
	r.painter.Draw(dst, overlay.View{Size: dst.Rect.Size(), Scale: 1}, r.items, v.Classes, o)
}

// liveOpacity is that of masks in a moving picture.
const liveOpacity = 0.45

func (r *watchRun) show(_ context.Context, v live.View) {
	if r.recorder != nil {
		r.recorder.Add(v)
	}
	r.mu.Lock()
	if !r.first {
		r.first, r.from = true, v.Frame.Time
	}
	over := !r.spec.Live() && r.maxSeconds > 0 && (v.Frame.Time-r.from).Seconds() >= r.maxSeconds
	r.mu.Unlock()
	if over {
		r.enough()
	}
	r.status.status(func() string { return statusLine(r.runner.Stats(), v, r.spec.Live()) })
}

// enough ends a run that was as long as it should be.
func (r *watchRun) enough() {
	r.mu.Lock()
	r.full = true
	r.mu.Unlock()
	r.stop()
}

// found counts a result, keeps it and tells what there is to tell.
func (r *watchRun) found(res live.Result) {
	if r.recorder != nil {
		r.recorder.Found(res)
	}
	r.count(res)
	for _, a := range r.alerts.See(res.Frame.Time, res.Regions, res.Classes) {
		r.alarm(a, res)
	}
}

func (r *watchRun) count(res live.Result) {
	if r.report.Classes == nil {
		for _, c := range res.Classes {
			r.report.Classes = append(r.report.Classes, watchCount{Name: c.Name, tracks: map[int]bool{}})
		}
	}
	now := make([]int, len(r.report.Classes))
	for _, region := range res.Regions {
		now[region.Class]++
		if region.Track > 0 {
			r.report.Classes[region.Class].tracks[region.Track] = true
		}
	}
	for i, n := range now {
		c := &r.report.Classes[i]
		if n > 0 {
			c.Frames++
		}
		c.Most = max(c.Most, n)
	}
}

// alarmLine is an alert as JSON.
type alarmLine struct {
	Alert   string    `json:"alert"`
	Count   int       `json:"count"`
	At      time.Time `json:"at"`
	Frame   int       `json:"frame"`
	Seconds float64   `json:"seconds"`
	Picture string    `json:"picture,omitempty"`
}

// alarm tells of a rule that has come to hold.
func (r *watchRun) alarm(a alert.Alert, res live.Result) {
	r.report.Alerts++
	line := alarmLine{
		Alert: a.Rule.String(), Count: a.Count, At: res.Frame.At.Round(time.Millisecond), Frame: res.Frame.Seq,
		Seconds: res.Frame.Time.Seconds(),
	}
	if r.snapshots != "" {
		line.Picture = filepath.Join(r.snapshots, fmt.Sprintf("%s-%d.jpg", line.At.Format("20060102-150405"), r.report.Alerts))
		if err := r.snapshot(line.Picture, res); err != nil {
			r.problem(err.Error())
			line.Picture = ""
		}
	}
	text := sentence(a)
	if r.json {
		data, err := json.Marshal(line)
		if err == nil {
			fmt.Fprintln(r.std.out, string(data))
		}
	} else {
		fmt.Fprintf(r.std.out, "%s  %s at %s%s\n", line.At.Format(time.TimeOnly), text, clockTime(res.Frame.Time), suffix(line.Picture))
	}
	if r.notify {
		// The desktop may be slow to answer, and the models do not wait for it.
		r.telling.Go(func() {
			if err := r.notifier.Notify("Saysee: "+text, r.spec.String()); err != nil {
				r.problem("the desktop was not told: " + err.Error())
			}
		})
	}
}

func suffix(picture string) string {
	if picture == "" {
		return ""
	}
	return "  " + picture
}

// sentence is what an alert says.
func sentence(a alert.Alert) string {
	switch {
	case a.Rule.Gone && a.Rule.AtLeast > 1:
		return fmt.Sprintf("%s: fewer than %d", a.Rule.Class, a.Rule.AtLeast)
	case a.Rule.Gone:
		return a.Rule.Class + " is gone"
	case a.Rule.AtLeast > 1:
		return fmt.Sprintf("%s: %d in view", a.Rule.Class, a.Count)
	}
	return a.Rule.Class + " has come"
}

// snapshot writes the picture of a result.
func (r *watchRun) snapshot(path string, res live.Result) error {
	img := res.Frame.Copy()
	var p overlay.Painter
	o := overlay.Defaults()
	o.Opacity = liveOpacity
	p.Draw(img, overlay.View{Size: img.Rect.Size(), Scale: 1}, overlay.AppendFound(nil, res.Regions), res.Classes, o)
	return record.Picture(path, img)
}

// problem keeps something for the end of the report, once.
func (r *watchRun) problem(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.report.Problems {
		if p == text {
			return
		}
	}
	r.report.Problems = append(r.report.Problems, text)
}

func (r *watchRun) changed(s live.State) {
	switch s.Status {
	case live.Waiting:
		r.status.say(fmt.Sprintf("%v; trying again in %.1f s", s.Err, time.Until(s.Retry).Seconds()))
	case live.Running:
		i := s.Info
		size := ""
		if i.Size.X > 0 {
			size = fmt.Sprintf(", %d × %d", i.Size.X, i.Size.Y)
		}
		guessed := ""
		if i.Guessed {
			guessed = " (it does not tell)"
		}
		r.status.say(fmt.Sprintf("%s%s, %.4g fps%s", printable(i.Name), size, i.FPS, guessed))
	case live.Starting, live.Frozen, live.Ended:
	}
}

func (r *watchRun) skipped(err error) { r.problem(err.Error()) }

// finish ends the recording and tells what was done.
func (r *watchRun) finish(err error) (int, error) {
	var written record.Summary
	if r.recorder != nil {
		var failed error
		if written, failed = r.recorder.Stop(); failed != nil {
			r.problem("the recording is not whole: " + failed.Error())
		}
	}
	r.telling.Wait()
	r.status.end()
	if errors.Is(err, context.Canceled) {
		// A camera has no other end.
		r.report.Stopped = !r.full && !r.spec.Live()
		err = nil
	}
	if errors.Is(err, source.ErrTruncated) {
		r.problem(err.Error())
		err = nil
	}
	r.sum(written)
	r.tell()
	switch {
	case err != nil:
		return cli.Failure, err
	case r.report.Stopped:
		return 130, nil
	case len(r.report.Problems) > 0:
		return cli.Problems, nil
	}
	return cli.OK, nil
}

func (r *watchRun) sum(written record.Summary) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, rep := r.runner.Stats(), &r.report
	ms := func(t live.Timing) timingMs {
		return timingMs{float64(t.Mean.Microseconds()) / 1e3, float64(t.P95.Microseconds()) / 1e3}
	}
	rep.Source, rep.Provider, rep.Seconds = r.spec.String(), s.Provider, time.Since(r.began).Seconds()
	rep.Captured, rep.Inferred, rep.Dropped, rep.Skipped, rep.Reconnects = s.Captured, s.Inferred, s.Dropped, s.Skipped, s.Reconnects
	rep.CameraFPS, rep.ModelFPS = float64(s.Captured)/rep.Seconds, float64(s.Inferred)/rep.Seconds
	rep.Inference = ms(s.Inference)
	if r.spec.Live() {
		latency := ms(s.Latency)
		rep.Latency = &latency
	}
	rep.Missed = written.Missed
	rep.Written = append([]string{}, written.Files...)
	if rep.Problems == nil {
		rep.Problems = []string{}
	}
	for i := range rep.Classes {
		rep.Classes[i].Things = len(rep.Classes[i].tracks)
	}
}

// statusLine is the figures of now and what is in view. Of a file, whose frames wait, latency says nothing.
func statusLine(s live.Stats, v live.View, isLive bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  source %.1f fps, models %.1f fps", clockTime(v.Frame.Time), s.CameraFPS, s.InferenceFPS)
	if isLive {
		fmt.Fprintf(&b, ", latency %d ms (p95 %d), %d dropped", s.Latency.Mean.Milliseconds(), s.Latency.P95.Milliseconds(), s.Dropped)
	}
	counts := make([]int, len(v.Classes))
	for _, region := range v.Regions {
		counts[region.Class]++
	}
	sep := "; "
	for i, n := range counts {
		if n > 0 {
			fmt.Fprintf(&b, "%s%s %d", sep, v.Classes[i].Name, n)
			sep = ", "
		}
	}
	return b.String()
}

// clockTime is a time in a video: 1:02:03.4.
func clockTime(d time.Duration) string {
	s := d.Seconds()
	if d < time.Hour {
		return fmt.Sprintf("%d:%04.1f", int(s)/60, s-float64(int(s)/60*60))
	}
	return fmt.Sprintf("%d:%02d:%04.1f", int(s)/3600, int(s)/60%60, s-float64(int(s)/60*60))
}
