package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"strconv"
	"strings"
	"time"

	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/pipeline/alert"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/ui"
)

var watchHelp = cli.Help{
	Name:     "saysee watch",
	Synopsis: "SOURCE [--find WORDS] [--headless --record FILE --log FILE]",
	Summary:  "Find things in a camera, a video or a network stream while it runs.",
	Details: `Without --headless it opens the window on it, where words can be changed while it runs, frames become labels, and
recording has a key.

SOURCE is a camera's number or device (0, /dev/video0), an address (rtsp://…, http://…), a video file, or a folder of
photos. Without one, the cameras of this machine are listed. WORDS is a class table as for saysee label.

A camera or a stream is never kept waiting: when the models are slower, they see the newest picture and the ones between
are carried on. It is opened again when it breaks off, and ends with Ctrl-C. Of a file every frame is seen, in order.

--record writes video with the regions drawn, --record-raw the video as it came, --log the regions, a JSON object for each
frame that the models saw, with masks as COCO's RLE. A video's name ends in .mp4, .mkv or .avi: the last two can be played
after a crash too. When the disk fills up, recording stops while there is room to finish the files.

--when tells, on standard output, when something has been there for half a second: "cat" when one appears, "person >= 3"
when there are three, "no cat" when it is gone. --notify tells the desktop too, --snapshots keeps a picture of it.

Exit code: 0 done, 1 not done, 2 not understood, 3 done but for what is named at the end, 130 a file stopped with Ctrl-C.`,
	Examples: []cli.Example{
		{Line: `saysee watch 0 --find "cup, laptop | notebook"`, Does: "the first camera, in the window"},
		{Line: `saysee watch 0 --find "person, cat" --headless --when cat --notify`, Does: "tell when a cat comes before the camera"},
		{Line: `saysee watch clip.mp4 --find "dog" --headless --record out.mp4 --log out.jsonl`, Does: "every frame of a video, drawn and as data"},
		{Line: `saysee watch rtsp://camera/1 --find "car" --headless --zone "0,0.5 1,0.5 1,1 0,1" --every 5`, Does: "the lower half, every fifth frame"},
	},
}

// watchFlags are the flags of the watch command.
type watchFlags struct {
	modelFlags
	headless, json          bool
	record, raw, log        string
	overwrite               bool
	every                   int
	maxSeconds, fps         float64
	when, snapshots         string
	notify                  bool
	zone, resolution        string
	paced, loop             bool
	noReconnect, noTracking bool
	noMasks                 bool
}

func (w *watchFlags) register(fs *flag.FlagSet) {
	w.modelFlags.register(fs)
	w.moving = true
	fs.BoolVar(&w.headless, "headless", false, "without a window")
	fs.StringVar(&w.record, "record", "", "write video with the regions drawn to `FILE`")
	fs.StringVar(&w.raw, "record-raw", "", "write the video as it came to `FILE`")
	fs.StringVar(&w.log, "log", "", "write the regions as JSON lines to `FILE`")
	fs.BoolVar(&w.overwrite, "overwrite", false, "write over files that are there")
	fs.IntVar(&w.every, "every", 1, "have the models look at every `N`-th frame")
	fs.Float64Var(&w.maxSeconds, "max-seconds", 0, "end after so many `SECONDS` of the video, 0 for never")
	fs.Float64Var(&w.fps, "fps", 0, "frames a second to ask a camera for, or to show a folder's photos at")
	fs.StringVar(&w.resolution, "resolution", "", "`WxH` to ask a camera for, such as 1280x720")
	fs.StringVar(&w.when, "when", "", "tell when `RULES` come to hold, with commas between: \"cat, person >= 3, no dog\"")
	fs.BoolVar(&w.notify, "notify", false, "tell the desktop too")
	fs.StringVar(&w.snapshots, "snapshots", "", "keep a picture of each time in `DIR`")
	fs.StringVar(&w.zone, "zone", "", "`CORNERS` of the part to look at, in shares of width and height: \"0,0 0.5,0 0.5,1 0,1\"")
	fs.BoolVar(&w.paced, "paced", false, "play a file by its clock, as if it were a camera")
	fs.BoolVar(&w.loop, "loop", false, "begin a paced file again at its end")
	fs.BoolVar(&w.noReconnect, "no-reconnect", false, "end when a camera or a stream breaks off")
	fs.BoolVar(&w.noTracking, "no-tracking", false, "leave regions where they were found, without numbers")
	fs.BoolVar(&w.noMasks, "no-masks", false, "leave out the masks of boxes, which makes the models faster")
	fs.BoolVar(&w.json, "json", false, "print a report as JSON on standard output, and alerts as JSON lines")
}

func watch(ctx context.Context, args []string, s stdio) int {
	var w watchFlags
	fs := flag.NewFlagSet("watch", flag.ContinueOnError)
	w.register(fs)
	names, code, ok := cli.Args(fs, watchHelp, args, s.out, s.err)
	switch {
	case !ok:
		return code
	case len(names) == 0 && w.find == "" && w.segment == "":
		listCameras(s)
		return cli.OK
	case len(names) != 1:
		return cli.Misused(s.err, watchHelp, errors.New("name one source: a camera's number, a video file, an address or a folder"))
	}
	if !w.headless {
		return watchWindow(ctx, &w, names[0], s)
	}
	run, err := newWatchRun(&w, names[0], s)
	if err != nil {
		return cli.Misused(s.err, watchHelp, err)
	}
	code, err = run.run(ctx)
	if err != nil {
		return max(cli.Failed(s.err, watchHelp, err), code)
	}
	return code
}

// watchWindow opens the window on a source.
func watchWindow(ctx context.Context, w *watchFlags, name string, s stdio) int {
	spec, err := w.source(name)
	if err == nil {
		err = w.checkWindow()
	}
	if err != nil {
		return cli.Misused(s.err, watchHelp, err)
	}
	find, problems, err := table("--find", w.find)
	for _, p := range problems {
		fmt.Fprintln(s.err, p)
	}
	if err != nil {
		return cli.Misused(s.err, watchHelp, err)
	}
	params := windowParams(w.packs, w.library, w.threads)
	params.Watch = &ui.Watch{Source: spec, Words: find}
	if err := openWindow(ctx, params); err != nil {
		return cli.Failed(s.err, watchHelp, err)
	}
	return cli.OK
}

// checkWindow refuses what only a run without a window does.
func (w *watchFlags) checkWindow() error {
	for flag, on := range map[string]bool{
		"--record": w.record != "", "--record-raw": w.raw != "", "--log": w.log != "", "--when": w.when != "", "--json": w.json,
		"--segment": w.segment != "", "--zone": w.zone != "", "--max-seconds": w.maxSeconds > 0, "--every": w.every != 1,
	} {
		if on {
			return fmt.Errorf("%s goes with --headless; the window has keys for it", flag)
		}
	}
	return nil
}

// listCameras prints the cameras that the system knows.
func listCameras(s stdio) {
	cameras := source.Cameras()
	if len(cameras) == 0 {
		fmt.Fprintln(s.out, "no camera is plugged in; saysee watch --help tells what else can be watched")
		return
	}
	for _, c := range cameras {
		fmt.Fprintf(s.out, "%d  %s\n", c.Number, printable(c.Name))
	}
}

// newWatchRun reads the flags; what it finds wrong is misuse.
func newWatchRun(w *watchFlags, name string, s stdio) (*watchRun, error) {
	r := &watchRun{watchFlags: w, std: s, began: time.Now(), notifier: desktop{}}
	if err := w.check(); err != nil {
		return nil, err
	}
	question, problems, err := w.words()
	for _, p := range problems {
		fmt.Fprintln(s.err, p)
	}
	if err != nil {
		return nil, err
	}
	r.query = live.Query{Question: question, Masks: !w.noMasks}
	if r.canvas, err = w.canvas(); err != nil {
		return nil, err
	}
	if r.query.Zone, err = live.ParseZone(w.zone); err != nil {
		return nil, fmt.Errorf("--zone: %w", err)
	}
	rules, err := alert.Parse(w.when, question.Classes)
	if err != nil {
		return nil, fmt.Errorf("--when: %w", err)
	}
	if len(rules) == 0 && (w.notify || w.snapshots != "") {
		return nil, errors.New("--notify and --snapshots need --when, which says of what")
	}
	r.alerts = alert.New(rules, 0)
	if r.spec, err = w.source(name); err != nil {
		return nil, err
	}
	return r, nil
}

func (w *watchFlags) check() error {
	switch {
	case w.every < 1:
		return errors.New("--every goes from 1 up")
	case !(w.maxSeconds >= 0 && w.maxSeconds <= 1e9):
		return errors.New("--max-seconds goes from 0 up")
	case !(w.fps >= 0 && w.fps <= 1000):
		return errors.New("--fps goes from 0 to 1000")
	case w.loop && !w.paced:
		return errors.New("--loop needs --paced")
	}
	return w.modelFlags.check()
}

// source reads the name of the source, and what is wished of it.
func (w *watchFlags) source(name string) (source.Spec, error) {
	spec, err := source.Parse(name)
	if err != nil {
		return spec, err
	}
	spec.FPS, spec.Paced, spec.Loop = w.fps, w.paced && (spec.Kind == source.File || spec.Kind == source.Folder), w.loop
	if w.resolution == "" {
		return spec, nil
	}
	width, height, _ := strings.Cut(strings.ToLower(w.resolution), "x")
	x, errX := strconv.Atoi(width)
	y, errY := strconv.Atoi(height)
	const most = 16384
	if errX != nil || errY != nil || x < 1 || y < 1 || x > most || y > most {
		return spec, fmt.Errorf("--resolution: %q is no size such as 1280x720", w.resolution)
	}
	spec.Size = image.Pt(x, y)
	return spec, nil
}

// watchReport is what --json prints at the end.
type watchReport struct {
	Source     string       `json:"source"`
	Captured   int64        `json:"frames"`
	Inferred   int64        `json:"inferred"`
	Dropped    int64        `json:"dropped"`
	Skipped    int64        `json:"skipped"`
	Reconnects int64        `json:"reconnects"`
	CameraFPS  float64      `json:"camera_fps"`    // over the whole run
	ModelFPS   float64      `json:"inference_fps"` // over the whole run
	Inference  timingMs     `json:"inference_ms"`
	Latency    *timingMs    `json:"latency_ms,omitempty"` // of a live source, capture to regions shown
	Provider   string       `json:"provider"`
	Seconds    float64      `json:"seconds"`
	Classes    []watchCount `json:"classes"`
	Alerts     int          `json:"alerts"`
	Written    []string     `json:"written"`
	Missed     int          `json:"missed"` // frames that recording was too slow for
	Problems   []string     `json:"problems"`
	Stopped    bool         `json:"stopped"`
}

type timingMs struct {
	Mean float64 `json:"mean"`
	P95  float64 `json:"p95"`
}

// watchCount is what was seen of a class: in how many frames, how many at once at most, and how many things
// in all, which only tracking tells.
type watchCount struct {
	Name   string `json:"name"`
	Frames int    `json:"frames"`
	Most   int    `json:"most"`
	Things int    `json:"things,omitempty"`

	tracks map[int]bool
}

func (r *watchRun) tell() {
	if r.json {
		e := json.NewEncoder(r.std.out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		// A closed pipe is the reader's choice.
		_ = e.Encode(r.report)
		return
	}
	var b strings.Builder
	rep := &r.report
	fmt.Fprintf(&b, "%s, %s seen by the models, %.1f s", count(int(rep.Captured), "frame"), strconv.FormatInt(rep.Inferred, 10), rep.Seconds)
	for i, c := range rep.Classes {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		fmt.Fprintf(&b, "%s%s in %s", sep, c.Name, count(c.Frames, "frame"))
		if c.Most > 1 {
			fmt.Fprintf(&b, " (%d at most)", c.Most)
		}
	}
	b.WriteString("\n")
	fmt.Fprintf(&b, "source %.1f fps, models %.1f fps, %.0f ms each (p95 %.0f), %s", rep.CameraFPS, rep.ModelFPS, rep.Inference.Mean, rep.Inference.P95, rep.Provider)
	if l := rep.Latency; l != nil {
		fmt.Fprintf(&b, "; latency %.0f ms (p95 %.0f), %d dropped", l.Mean, l.P95, rep.Dropped)
	}
	b.WriteString("\n")
	if rep.Missed > 0 {
		fmt.Fprintf(&b, "recording was too slow for %s\n", count(rep.Missed, "frame"))
	}
	for _, path := range rep.Written {
		b.WriteString(path + "\n")
	}
	for _, p := range rep.Problems {
		b.WriteString(p + "\n")
	}
	fmt.Fprint(r.std.out, b.String())
}
