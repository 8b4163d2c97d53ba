package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/prompt/encode"
	"github.com/saysee/saysee/prompt/lexicon"
	"github.com/saysee/saysee/ui"
	_ "github.com/saysee/saysee/ui/locale" // before Fyne looks at the language
	"github.com/saysee/saysee/ui/session"
)

var windowHelp = cli.Help{
	Name:     "saysee",
	Synopsis: "[PATH...]",
	Summary:  "Open the window: on a folder, on photos, or on the sample photos.",
	Examples: []cli.Example{
		{Line: "saysee", Does: "the sample photos, with something found on them"},
		{Line: "saysee photos", Does: "label a folder of photos"},
	},
}

func window(ctx context.Context, args []string, s stdio) int {
	fs := flag.NewFlagSet("saysee", flag.ContinueOnError)
	packs := fs.String("packs", "", "`DIR` with packs of your own")
	library := fs.String("onnxruntime", "", "`FILE` or folder of the ONNX Runtime library (or "+model.LibraryEnv+")")
	threads := fs.Int("threads", 0, "`N` cores to use, 0 for all (up to 8)")
	paths, code, ok := cli.Args(fs, windowHelp, args, s.out, s.err)
	if !ok {
		return code
	}
	params := windowParams(*packs, *library, *threads)
	params.Paths = paths
	if err := openWindow(ctx, params); err != nil {
		return cli.Failed(s.err, windowHelp, err)
	}
	return cli.OK
}

// openWindow opens the window and returns when it is closed.
func openWindow(ctx context.Context, p ui.Params) error {
	keepCrashes()
	spareMemory()
	return ui.Run(ctx, p)
}

// windowParams are what the window needs of the program.
func windowParams(packs, library string, threads int) ui.Params {
	words := lexicon.New(assets.Lexicon)
	load := func(c session.Choice) (*pipeline.Models, error) {
		if err := model.LoadRuntime(library); err != nil {
			return nil, err
		}
		store, err := model.NewStore(packs, assets.Packs())
		if err != nil {
			return nil, err
		}
		p := pipeline.Params{Store: store, Threads: threads, Detect: c.Detect, Segment: c.Segment, Lexicon: words}
		if p.Threads == 0 {
			p.Threads = c.Threads
		}
		if p.Live = c.Live; p.Live {
			p.Threads = live.Threads(p.Threads)
		}
		// Without a folder for caches the vectors are kept in memory.
		p.TextCache, _ = encode.CacheDir()
		defer time.AfterFunc(settle, func() {
			reuseMemory()
			dropPages()
		})
		return pipeline.Load(p)
	}
	return ui.Params{Version: version, Load: load, Packs: func() ([]ui.Pack, error) { return choices(packs) }, Lexicon: words}
}

// choices lists the packs that the window can use, those for boxes first.
func choices(dir string) ([]ui.Pack, error) {
	store, err := model.NewStore(dir, assets.Packs())
	if err != nil {
		return nil, err
	}
	packs, err := store.List()
	var boxes, pixels []ui.Pack
	for _, p := range packs {
		c := ui.Pack{
			Title: p.Title, Version: p.Version, Licence: p.Licence, Source: p.Source,
			Thresholds: session.Filter{Score: p.Defaults.Score, Overlap: p.Defaults.NMS}, CanTwice: p.Twice > 0,
		}
		switch {
		case pipeline.Detects(p.Family):
			c.Detect = p.ID
			boxes = append(boxes, c)
		case pipeline.Segments(p.Family):
			c.Segment = p.ID
			pixels = append(pixels, c)
		}
	}
	return append(boxes, pixels...), err
}

// settle is how long after loading models the window has shown what it shows at first.
const settle = 3 * time.Second

// keepCrashes lets a crash write a report to crash.txt in the user's cache folder, beside what goes to the
// terminal. The labels are safe without it: every step is in the journal before the next.
func keepCrashes() {
	dir, err := os.UserCacheDir()
	if err != nil {
		return
	}
	dir = filepath.Join(dir, "saysee")
	if os.MkdirAll(dir, 0o755) != nil {
		return
	}
	f, err := os.OpenFile(filepath.Join(dir, "crash.txt"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return
	}
	// Where it does not work, the terminal has the report still.
	_ = debug.SetCrashOutput(f, debug.CrashOptions{})
	_ = f.Close()
}
