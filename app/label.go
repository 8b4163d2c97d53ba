package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/annot/merge"
	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/batch"
	"github.com/saysee/saysee/pipeline/photo"
)

var labelHelp = cli.Help{
	Name:     "saysee label",
	Synopsis: "PATH... --find WORDS [--segment WORDS] [--out DIR]",
	Summary:  "Find and segment things in photos or videos, by their names, and write pictures and label files.",
	Details: `PATH is a photo, a folder (with everything below it), a pattern such as 'photos/**/*.jpg', or - for a list on
standard input. WORDS is a class table: classes with commas between or one a line, each "class: phrase | phrase ; !negative".
The class is what is saved; its phrases find it; a region that a negative matches better is left out.

In DIR appear pictures/ (the photos with regions drawn, folders as in the input), coco.json, regions.json and whatever else
--format names, and .saysee/journal.jsonl, which --resume continues after an interruption. A photo that cannot be read is
reported at the end and does not stop the others.

PATH may be video files instead. Then the same thing has the same number in every frame, pictures/ holds the video with the
regions drawn, and the label files hold the frames as NAME/000001.jpg …: --format mot, cvat-video, coco (with track_id) and
json keep the numbers, yolo and the others the regions frame by frame; --frames writes the frames themselves.

Exit code: 0 done, 1 not done, 2 not understood, 3 done but for what is named at the end, 130 stopped with Ctrl-C.`,
	Examples: []cli.Example{
		{Line: `saysee label photos --find "cat | kitten, dog" --out labelled`, Does: "boxes and masks for every photo in a folder"},
		{Line: `saysee label a.jpg --find "person" --segment "grass, sky"`, Does: "things boxed, stuff painted"},
		{Line: `saysee label a.jpg --ground "a man with a red cup at the table" --model ./glip-t`, Does: "the phrases of a sentence"},
		{Line: `saysee label clip.mp4 --find "dog, person" --format mot,cvat-video,picture`, Does: "tracks through a video"},
		{Line: `saysee label photos --find @classes.txt --format coco,yolo --resume`, Does: "go on where an earlier run stopped"},
	},
}

// labelFlags are the flags of the label command.
type labelFlags struct {
	modelFlags
	out, formats string
	resume, json bool
	noMasks      bool
	noTracking   bool
	keepFrames   bool
	every        int
	maxPixels    int64
	merge        string
	opacity      float64
}

func (l *labelFlags) register(fs *flag.FlagSet) {
	l.modelFlags.register(fs)
	fs.StringVar(&l.ground, "ground", "", "a `SENTENCE` in place of --find: \"a red cup on the table\". Its noun phrases are found and boxed;\n[brackets] say which they are: \"[a red cup] on the table\"")
	fs.Float64Var(&l.rescore, "rescore", 0, "`WEIGHT` from 0 to 1 of a second look at each box by a pack that names things, 0 for none")
	fs.StringVar(&l.out, "out", "out", "`DIR` to write to")
	fs.StringVar(&l.formats, "format", "picture,coco,json", "`FORMATS` to write, with commas between: picture, "+strings.Join(format.Names(), ", "))
	fs.BoolVar(&l.resume, "resume", false, "go on with an earlier run in the same folder: photos that it finished are not run again")
	fs.StringVar(&l.merge, "merge", "", "keep the label files that are in DIR and merge into them: append adds what was found, replace\nfirst takes out earlier suggestions, dedupe also leaves out what is labelled already;\nwhat a person made or confirmed always stays (`MODE`)")
	fs.BoolVar(&l.json, "json", false, "print a report as JSON on standard output")
	fs.BoolVar(&l.noMasks, "no-masks", false, "leave out the masks of boxes, which saves most of the time after the boxes")
	fs.BoolVar(&l.noTracking, "no-tracking", false, "of a video: leave regions without numbers that last")
	fs.BoolVar(&l.keepFrames, "frames", false, "of a video: keep its frames as photos, as training needs them")
	fs.IntVar(&l.every, "every", 1, "of a video: have the models look at every `N`-th frame; things move evenly between")
	fs.Int64Var(&l.maxPixels, "max-pixels", 0, "largest photo, in `PIXELS`, 0 for 250 million")
	fs.Float64Var(&l.opacity, "opacity", overlay.Defaults().Opacity, "how strongly masks are painted, from 0 to 1")
}

func label(ctx context.Context, args []string, s stdio) int {
	var l labelFlags
	fs := flag.NewFlagSet("label", flag.ContinueOnError)
	l.register(fs)
	paths, code, ok := photoArgs(fs, labelHelp, args, s)
	if !ok {
		return code
	}
	r, err := newLabelRun(&l, s)
	if err != nil {
		return cli.Misused(s.err, labelHelp, err)
	}
	if videos := videosAmong(paths); len(videos) > 0 {
		if err := l.checkVideos(paths, videos); err != nil {
			return cli.Misused(s.err, labelHelp, err)
		}
		if code, err = labelVideos(ctx, r, videos); err != nil {
			return max(cli.Failed(s.err, labelHelp, err), code)
		}
		return code
	}
	items, left, err := sources(photo.List(paths, s.in), l.out)
	if err != nil {
		return cli.Failed(s.err, labelHelp, err)
	}
	if left > 0 {
		fmt.Fprintf(s.err, "%s of an earlier run in %s left out\n", count(left, "picture"), l.out)
	}
	code, err = r.run(ctx, items)
	if err != nil {
		return max(cli.Failed(s.err, labelHelp, err), code)
	}
	return code
}

// labelRun is one run of the label command.
type labelRun struct {
	*labelFlags
	std      stdio
	question pipeline.Question
	canvas   pipeline.Canvas
	outputs  []output
	pictures *pictures // nil when no pictures are wanted
	journal  *batch.Journal
	progress *progress
	report   labelReport
	leftOut  bool // a format could not take some photo
}

// labelReport is what --json prints.
type labelReport struct {
	Photos   int          `json:"photos"`
	Labelled int          `json:"labelled"`
	Resumed  int          `json:"resumed"`
	Failed   []failure    `json:"failed"`
	Regions  int          `json:"regions"`
	Classes  []classCount `json:"classes"`
	Seconds  float64      `json:"seconds"`
	Written  []string     `json:"written"`
	Notes    []string     `json:"notes,omitempty"`
	Stopped  bool         `json:"stopped"`
}

type failure struct {
	Path  string `json:"path"`
	Cause string `json:"cause"`
}

type classCount struct {
	Name    string `json:"name"`
	Regions int    `json:"regions"`
}

// check refuses values that mean nothing.
func (l *labelFlags) check() error {
	switch {
	case l.out == "":
		return errors.New("--out is empty: name a folder")
	case !(l.opacity >= 0 && l.opacity <= 1):
		return errors.New("--opacity goes from 0 to 1")
	case l.maxPixels < 0:
		return errors.New("--max-pixels cannot be negative")
	}
	return l.modelFlags.check()
}

func newLabelRun(l *labelFlags, s stdio) (*labelRun, error) {
	r := &labelRun{labelFlags: l, std: s}
	if err := l.check(); err != nil {
		return nil, err
	}
	l.outline = !l.noMasks
	question, problems, err := l.words()
	for _, p := range problems {
		fmt.Fprintln(s.err, p)
	}
	if err != nil {
		return nil, err
	}
	r.question = question
	if l.rescore > 0 && question.HasBoxes() && question.Choices() < 2 {
		return nil, errors.New("--rescore chooses between words: give at least two classes, or a negative")
	}
	if r.canvas, err = l.canvas(); err != nil {
		return nil, err
	}
	wantPictures := false
	if l.merge != "" {
		if _, err := merge.ParseMode(l.merge); err != nil {
			return nil, fmt.Errorf("--merge: %w", err)
		}
	}
	if r.outputs, wantPictures, err = parseOutputs(l.formats, l.out); err != nil {
		return nil, err
	}
	if wantPictures {
		r.pictures = newPictures(filepath.Join(l.out, "pictures"), r.question.Classes, l.opacity)
	}
	return r, nil
}

func (r *labelRun) run(ctx context.Context, items []photo.Item) (int, error) {
	start := time.Now()
	workers := r.workers(len(items))
	models, err := r.load(r.question, max(cores(r.threads)/workers, 1))
	if err != nil {
		return cli.Failure, err
	}
	defer models.Close() //nolint:errcheck // the process ends here
	if err := sayUnread(ctx, r.std.err, models, r.question); err != nil {
		return cli.Failure, err
	}
	filter := r.filter(models)
	if err := r.openJournal(models, filter); err != nil {
		return cli.Failure, err
	}
	defer r.journal.Close() //nolint:errcheck // every line was synced
	if r.pictures != nil {
		r.pictures.prepare(items, workers)
	}
	todo := slices.DeleteFunc(slices.Clone(items), r.finished)
	r.report.Photos, r.report.Resumed = len(items), len(items)-len(todo)
	r.progress = newProgress(r.std.err, len(todo))
	if r.report.Resumed > 0 {
		r.progress.say(fmt.Sprintf("%d of %s finished before", r.report.Resumed, count(len(items), "photo")))
	}
	job := &batch.Job{
		Models: models, Question: r.question, Filter: filter, Canvas: r.canvas, NoMasks: r.noMasks,
		Limits: photo.Limits{Pixels: r.maxPixels}, Workers: workers, Done: r.done, Rescore: r.rescore,
	}
	if r.pictures != nil {
		job.Finish = r.pictures.write
	}
	// A second Ctrl-C ends the process at once; the journal is safe.
	defer context.AfterFunc(ctx, func() { r.progress.say("stopping after the photos in work; Ctrl-C again stops at once") })()
	err = job.Run(detect.WithProgress(context.WithoutCancel(ctx), r.progress.pass), ctx, todo)
	r.progress.end()
	r.report.Stopped = errors.Is(err, context.Canceled)
	if err != nil && !r.report.Stopped {
		return cli.Failure, fmt.Errorf("%w; what was finished is kept, --resume goes on from there", err)
	}
	return r.finish(items, start)
}

// finished reports whether an earlier run did all that is wanted of the item. It may have drawn no pictures.
func (r *labelRun) finished(item photo.Item) bool {
	return r.journal.Has(item) && (r.pictures == nil || exists(r.pictures.names[item.Rel]))
}

// sayUnread tells how Chinese phrases are read, and of phrases that the models cannot read, or only in part.
func sayUnread(ctx context.Context, w io.Writer, m *pipeline.Models, q pipeline.Question) error {
	truncated, unknown, err := m.Unread(ctx, q)
	for _, phrase := range truncated {
		fmt.Fprintf(w, "only the beginning of the phrase “%.60s…” is read, for it is too long\n", phrase)
	}
	for _, r := range m.Readings(q) {
		if len(r.English) > 0 {
			fmt.Fprintln(w, r)
		}
		for _, part := range r.Unknown {
			fmt.Fprintf(w, "“%s” of “%.60s” is not in the dictionary and was left out; you may write it in English: %[2]s: cat | kitten\n", part, r.Phrase)
		}
	}
	for _, phrase := range unknown {
		fmt.Fprintf(w, "the model knows no word of “%.60s”, which will find nothing useful; give it English words: %[1]s: cat | kitten\n", phrase)
	}
	return err
}

func (r *labelRun) workers(items int) int { return max(min(cores(r.threads), items), 1) }

// openJournal begins or resumes the journal. Its settings are everything that regions hang on.
func (r *labelRun) openJournal(m *pipeline.Models, f pipeline.Filter) error {
	settings := []any{r.question.Classes, r.find, r.ground, r.rescore, r.segment, f, r.canvas, r.noMasks}
	if m.Detector != nil {
		settings = append(settings, m.Detector.Pack().Files)
	}
	if m.Segmenter != nil {
		settings = append(settings, m.Segmenter.Pack().Files)
	}
	if m.Namer != nil {
		settings = append(settings, m.Namer.Pack().Files)
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%x", sha256.Sum256(text))
	open := batch.StartJournal
	if r.resume {
		open = batch.ResumeJournal
	}
	r.journal, err = open(journalPath(r.out), key, r.question.Classes)
	return err
}

// journalPath is where the journal of runs into a folder lies.
func journalPath(out string) string { return filepath.Join(out, ".saysee", "journal.jsonl") }

// done is called for each photo in order.
func (r *labelRun) done(res batch.Result) error {
	if res.Err != nil {
		r.report.Failed = append(r.report.Failed, failure{res.Item.Path, res.Err.Error()})
		r.progress.say(printable(res.Item.Path) + " was skipped: " + res.Err.Error())
		r.progress.step(true)
		return nil
	}
	if err := r.journal.Add(res); err != nil {
		return err
	}
	r.progress.step(false)
	return nil
}

// finish writes the label files from the journal and tells what was done.
func (r *labelRun) finish(items []photo.Item, start time.Time) (int, error) {
	ds := r.journal.Dataset(items)
	if err := r.count(ds); err != nil {
		return cli.Failure, err
	}
	err := r.writeLabels(ds, items)
	r.report.Seconds = time.Since(start).Seconds()
	r.tell(items)
	switch {
	case err != nil:
		return cli.Failure, fmt.Errorf("%w; what was found is kept in the journal, --resume writes it again", err)
	case r.report.Stopped:
		return 130, nil
	case len(r.report.Failed) > 0 || r.leftOut:
		return cli.Problems, nil
	}
	return cli.OK, nil
}

// writeLabels writes every format; one that fails does not keep the others from being written.
func (r *labelRun) writeLabels(ds *format.Dataset, items []photo.Item) error {
	var errs []error
	for _, o := range r.outputs {
		rep, err := o.write(ds, merge.Mode(r.merge), imagesRoot(items))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.report.Written = append(r.report.Written, o.path)
		r.report.Notes = append(r.report.Notes, notes(o.format.Name, rep)...)
		r.leftOut = r.leftOut || len(rep.Problems) > 0
	}
	return errors.Join(errs...)
}

func (r *labelRun) count(ds *format.Dataset) error {
	counts := make([]int, len(r.question.Classes))
	for p, err := range ds.Photos {
		if err != nil {
			return err
		}
		r.report.Labelled++
		r.report.Regions += len(p.Regions)
		for _, region := range p.Regions {
			counts[region.Class]++
		}
	}
	for i, c := range r.question.Classes {
		r.report.Classes = append(r.report.Classes, classCount{c.Name, counts[i]})
	}
	return nil
}

func (r *labelRun) tell(items []photo.Item) {
	if r.json {
		e := json.NewEncoder(r.std.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if r.report.Failed == nil {
			r.report.Failed = []failure{}
		}
		// A closed pipe is the reader's choice.
		_ = e.Encode(r.report)
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s, %.1f s", count(r.report.Regions, "region"), count(r.report.Labelled, "photo"), r.report.Seconds)
	for i, c := range r.report.Classes {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s %d", sep, c.Name, c.Regions)
	}
	b.WriteString("\n")
	for _, n := range r.report.Notes {
		b.WriteString(n + "\n")
	}
	if r.pictures != nil {
		r.pictures.list(&b, items, r.journal)
	}
	for _, path := range r.report.Written {
		b.WriteString(path + "\n")
	}
	if n := len(r.report.Failed); n > 0 {
		fmt.Fprintf(&b, "%s skipped:\n", count(n, "photo"))
		for _, f := range r.report.Failed {
			fmt.Fprintf(&b, "  %s: %s\n", printable(f.Path), f.Cause)
		}
	}
	if r.report.Stopped {
		b.WriteString("stopped; --resume goes on from here\n")
	}
	fmt.Fprint(r.std.out, b.String())
}

// exists reports whether a file is there.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
