package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/record"
	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/pipeline/track"
)

// videoEndings are those of files that are taken for videos.
var videoEndings = []string{".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".mpg", ".mpeg", ".ts", ".mjpg", ".mjpeg"}

// videosAmong returns the paths that are video files.
func videosAmong(paths []string) []string {
	var videos []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if slices.Contains(videoEndings, strings.ToLower(filepath.Ext(p))) && (err != nil || !info.IsDir()) {
			videos = append(videos, p)
		}
	}
	return videos
}

// videoRun labels one video: every frame is looked at, in order, and things keep their numbers from frame to frame.
type videoRun struct {
	*labelRun
	path     string
	out      string
	name     string // of the video, without its ending
	recorder *record.Recorder
	report   videoReport
	began    time.Time
	stop     context.CancelFunc

	mu     sync.Mutex // of what follows, while the video runs
	frames []format.Photo
	looked []int // the frames that the models saw
	failed error // the first frame that could not be kept
}

// videoReport is what --json prints of a video.
type videoReport struct {
	Video   string       `json:"video"`
	Frames  int          `json:"frames"`
	Looked  int          `json:"looked_at"`
	Skipped []string     `json:"skipped"`
	Regions int          `json:"regions"`
	Tracks  int          `json:"tracks"`
	Classes []classCount `json:"classes"`
	Seconds float64      `json:"seconds"`
	Written []string     `json:"written"`
	Notes   []string     `json:"notes,omitempty"`
	Stopped bool         `json:"stopped"`
}

// checkVideos refuses what is not for videos.
func (l *labelFlags) checkVideos(paths, videos []string) error {
	switch {
	case len(videos) < len(paths):
		return errors.New("photos and videos are labelled by a run of their own each")
	case l.resume:
		return errors.New("--resume goes on with photos; a video is looked at from its beginning")
	case l.merge != "":
		return errors.New("--merge joins labels of photos; a video's are written anew")
	case l.every < 1:
		return errors.New("--every goes from 1 up")
	}
	return nil
}

// labelVideos labels the videos one after another. Of several each gets a folder of its own.
func labelVideos(ctx context.Context, r *labelRun, videos []string) (int, error) {
	models, err := r.load(r.question, live.Threads(r.threads))
	if err != nil {
		return cli.Failure, err
	}
	defer models.Close() //nolint:errcheck // the process ends here
	if err := sayUnread(ctx, r.std.err, models, r.question); err != nil {
		return cli.Failure, err
	}
	worst := cli.OK
	for _, p := range videos {
		v := &videoRun{labelRun: r, path: p, out: r.out, began: time.Now()}
		v.name = strings.TrimSuffix(filepath.Base(p), filepath.Ext(p))
		if len(videos) > 1 {
			v.out = filepath.Join(r.out, v.name)
		}
		code, err := v.run(ctx, models)
		if err != nil && len(videos) == 1 {
			return code, err
		}
		if err != nil {
			fmt.Fprintf(r.std.err, "%s was skipped: %v\n", printable(p), err)
			code = cli.Problems
		}
		worst = max(worst, code)
		if ctx.Err() != nil {
			break
		}
	}
	return worst, nil
}

func (v *videoRun) run(ctx context.Context, models *pipeline.Models) (int, error) {
	var err error
	if v.outputs, _, err = parseOutputs(v.formats, v.out); err != nil {
		return cli.Failure, err
	}
	spec := source.Spec{Kind: source.File, Path: v.path}
	src, err := source.Open(ctx, spec)
	if err != nil {
		return cli.Failure, err
	}
	info := src.Info()
	for i := range v.outputs {
		v.outputs[i].fps = info.FPS
	}
	if err := v.startPicture(info); err != nil {
		return cli.Failure, errors.Join(err, src.Close())
	}
	query := live.Query{Question: v.question, Filter: v.filter(models), Masks: !v.noMasks}
	v.progress = newProgress(v.std.err, info.Frames)
	p := live.Params{
		Open: func(context.Context) (source.Source, error) { return src, nil }, Models: models, Canvas: v.canvas, Every: v.every,
		Found: v.found, Show: v.show, Skipped: v.skipped,
	}
	if !v.noTracking {
		score := query.Filter.Boxes.Score
		query.Weak = score / 3
		o := track.Options{
			Score: score, Weak: query.Weak, Confirm: 1, Size: info.Size,
			Frame: time.Duration(float64(time.Second) * float64(v.every) / cmp.Or(info.FPS, source.DefaultFPS)),
		}
		if models.Segmenter != nil {
			o.Stuff = models.Segmenter.Pack().ID
		}
		p.Tracker = track.New(o)
	}
	p.Query = query
	ctx, v.stop = context.WithCancel(ctx)
	defer v.stop()
	err = live.New(p).Run(ctx)
	v.progress.end()
	return v.finishVideo(err)
}

// startPicture begins the video with the regions drawn, when it is wanted.
func (v *videoRun) startPicture(info source.Info) error {
	if v.pictures == nil {
		return nil
	}
	dir := filepath.Join(v.out, "pictures")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var painter overlay.Painter
	var items []overlay.Item
	o := overlay.Defaults()
	o.Opacity = v.opacity
	draw := func(dst *image.RGBA, view live.View) {
		items = overlay.AppendFound(items[:0], view.Regions)
		painter.Draw(dst, overlay.View{Size: dst.Rect.Size(), Scale: 1}, items, view.Classes, o)
	}
	var err error
	v.recorder, err = record.Start(record.Params{
		Annotated: filepath.Join(dir, v.name+".mp4"), FPS: info.FPS, Draw: draw, Wait: true, Overwrite: true,
		Failed: func(err error) { v.progress.say("the video with regions drawn has stopped: " + err.Error()) },
	})
	return err
}

// found keeps what the models found in a frame.
func (v *videoRun) found(res live.Result) { v.keep(res.Frame, res.Regions, true) }

// show follows the frames that the models did not see, and draws them all.
func (v *videoRun) show(_ context.Context, view live.View) {
	if !view.Found {
		v.keep(view.Frame, nil, false)
	}
	if v.recorder != nil {
		v.recorder.Add(view)
	}
	v.progress.status(func() string { return v.line(view) })
}

// keep notes a frame.
func (v *videoRun) keep(f *source.Frame, regions []annot.Region, looked bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	name := func(n int) string { return path.Join(v.name, fmt.Sprintf("%06d.jpg", n+1)) }
	for n := len(v.frames); n <= f.Seq; n++ {
		v.frames = append(v.frames, format.Photo{File: name(n), Width: f.Size().X, Height: f.Size().Y, State: format.Suggested})
	}
	p := &v.frames[f.Seq]
	if looked {
		v.looked = append(v.looked, f.Seq)
	}
	for _, r := range regions {
		r.Review = annot.Suggested
		p.Regions = append(p.Regions, r)
	}
	if !v.keepFrames || v.failed != nil {
		return
	}
	p.Path = filepath.Join(v.out, "frames", filepath.FromSlash(p.File))
	if v.failed = os.MkdirAll(filepath.Dir(p.Path), 0o755); v.failed == nil {
		v.failed = record.Picture(p.Path, f.Pix)
	}
	if v.failed != nil {
		v.stop()
	}
}

func (v *videoRun) line(view live.View) string {
	took := time.Since(v.began).Seconds()
	of := ""
	if v.progress.total > 0 {
		of = fmt.Sprintf(" of %d", v.progress.total)
	}
	return fmt.Sprintf("frame %d%s, %.1f a second, %s", view.Frame.Seq+1, of, float64(view.Frame.Seq+1)/max(took, 1e-9), count(len(view.Regions), "region"))
}

func (v *videoRun) skipped(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Skipped = append(v.report.Skipped, err.Error())
}

// finishVideo writes the label files of all frames that were seen, also when the video broke off or a person stopped it.
func (v *videoRun) finishVideo(err error) (int, error) {
	stopped := errors.Is(err, context.Canceled) && v.failed == nil
	switch {
	case stopped, err == nil:
	case errors.Is(err, source.ErrTruncated):
		v.skipped(err)
	case v.failed == nil:
		return cli.Failure, err
	}
	if v.recorder != nil {
		written, err := v.recorder.Stop()
		if err != nil {
			v.skipped(fmt.Errorf("the video with regions drawn: %w", err))
		}
		v.report.Written = append(v.report.Written, written.Files...)
	}
	v.dropSingles()
	v.fill()
	failed := errors.Join(v.failed, v.writeVideo())
	v.report.Stopped, v.report.Seconds = stopped, time.Since(v.began).Seconds()
	v.sum()
	v.tellVideo()
	switch {
	case failed != nil:
		return cli.Failure, failed
	case stopped:
		return 130, nil
	case len(v.report.Skipped) > 0 || v.leftOut:
		return cli.Problems, nil
	}
	return cli.OK, nil
}

// fill gives things to the frames between those in which they were found: those that the models did not see, and those
// in which they missed them.
func (v *videoRun) fill() {
	frames := make([][]annot.Region, len(v.frames))
	for i, p := range v.frames {
		frames[i] = p.Regions
	}
	track.Fill(frames)
	for i := range v.frames {
		v.frames[i].Regions = frames[i]
	}
}

// dropSingles takes out what was found in one frame of a longer video only: a thing that is there is seen twice.
func (v *videoRun) dropSingles() {
	if v.noTracking || len(v.looked) < 2 {
		return
	}
	seen := map[int]int{}
	for _, at := range v.looked {
		for _, r := range v.frames[at].Regions {
			seen[r.Track]++
		}
	}
	for i := range v.frames {
		v.frames[i].Regions = slices.DeleteFunc(v.frames[i].Regions, func(r annot.Region) bool { return r.Track > 0 && seen[r.Track] < 2 })
	}
}

func (v *videoRun) writeVideo() error {
	if len(v.frames) == 0 {
		return fmt.Errorf("%s: %w", printable(v.path), source.ErrNoVideo)
	}
	if err := os.MkdirAll(v.out, 0o755); err != nil {
		return err
	}
	ds := format.FromPhotos(v.question.Classes, v.frames)
	var errs []error
	for _, o := range v.outputs {
		rep, err := o.write(ds, "", "")
		if err != nil {
			errs = append(errs, err)
			continue
		}
		v.report.Written = append(v.report.Written, o.path)
		v.report.Notes = append(v.report.Notes, notes(o.format.Name, rep)...)
		v.leftOut = v.leftOut || len(rep.Problems) > 0
	}
	if v.keepFrames {
		v.report.Written = append(v.report.Written, filepath.Join(v.out, "frames", v.name))
	}
	return errors.Join(errs...)
}

func (v *videoRun) sum() {
	v.report.Video, v.report.Frames, v.report.Looked = v.path, len(v.frames), len(v.looked)
	counts := make([]int, len(v.question.Classes))
	tracks := map[int]bool{}
	for _, p := range v.frames {
		v.report.Regions += len(p.Regions)
		for _, r := range p.Regions {
			counts[r.Class]++
			if r.Track > 0 {
				tracks[r.Track] = true
			}
		}
	}
	v.report.Tracks = len(tracks)
	for i, c := range v.question.Classes {
		v.report.Classes = append(v.report.Classes, classCount{c.Name, counts[i]})
	}
}

func (v *videoRun) tellVideo() {
	if v.json {
		if v.report.Skipped == nil {
			v.report.Skipped = []string{}
		}
		e := json.NewEncoder(v.std.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		// A closed pipe is the reader's choice.
		_ = e.Encode(v.report)
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s", count(v.report.Regions, "region"), count(v.report.Frames, "frame"))
	if !v.noTracking {
		fmt.Fprintf(&b, ", %s", count(v.report.Tracks, "track"))
	}
	fmt.Fprintf(&b, ", %.1f s", v.report.Seconds)
	for i, c := range v.report.Classes {
		fmt.Fprintf(&b, "%s%s %d", map[bool]string{true: ": ", false: ", "}[i == 0], c.Name, c.Regions)
	}
	for _, text := range slices.Concat([]string{""}, v.report.Notes, v.report.Written, v.report.Skipped) {
		b.WriteString(text + "\n")
	}
	if v.report.Stopped {
		b.WriteString("stopped; what is written goes up to there\n")
	}
	_, _ = io.WriteString(v.std.out, b.String())
}
