package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/atomic"
	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/name"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/photo"
)

var compareHelp = cli.Help{
	Name:     "saysee compare",
	Synopsis: "PATH... --find WORDS [--segment WORDS] [--model PACKS] [--out FILE]",
	Summary:  "Show what each model makes of the same photos, side by side in one picture.",
	Details: `PATH is a photo, a folder, a pattern, or - for a list on standard input. WORDS is a class table as for "saysee label".

Each pack has a column and each photo a row. Packs that box things are asked for the words of --find, packs that paint
pixels for those of --find and --segment, and packs that name things choose between those of --find. Each keeps to its own
thresholds unless flags say otherwise. Without --model, all packs that "saysee models list" shows are compared. What packs
have in common, such as the starters' trunk, is loaded once and runs once a photo.

Exit code: 0 done, 1 not done, 2 not understood, 3 done but for what is named, 130 stopped with Ctrl-C.`,
	Examples: []cli.Example{
		{Line: `saysee compare photos --find "cat, dog, red cup"`, Does: "which of the models sees them best?"},
		{Line: `saysee compare a.jpg b.jpg --find person --segment "grass, sky" --model vild-starter,./glip-t,lseg-starter`, Does: "three packs, in this order"},
	},
}

// The most photos of a sheet, so that it can be looked at and held in memory, and the sides that they may have.
const (
	mostRows  = 60
	leastSide = 120
	mostSide  = 2000
)

// Of names, a sheet lists the best few on a photo, and none that is shown as 0 %.
const (
	bestNames  = 5
	leastShare = 0.005
)

// compareFlags are the flags of the compare command.
type compareFlags struct {
	modelFlags
	out       string
	side      int
	maxPixels int64
}

func (c *compareFlags) register(fs *flag.FlagSet) {
	c.modelFlags.register(fs)
	fs.Lookup("model").Usage = "`PACKS` to compare, by name or folder, with commas between; all that there are without"
	fs.StringVar(&c.out, "out", "compare.png", "`FILE` to write, .png or .jpg")
	fs.IntVar(&c.side, "side", 360, "longer side of each photo on the picture, in `PIXELS`")
	fs.Int64Var(&c.maxPixels, "max-pixels", 0, "largest photo, in `PIXELS`, 0 for 250 million")
}

func (c *compareFlags) check() error {
	ending := strings.ToLower(filepath.Ext(c.out))
	switch {
	case encoders[ending] == nil:
		return fmt.Errorf("--out %s is no picture: let its name end in .png or .jpg", c.out)
	case c.side < leastSide || c.side > mostSide:
		return fmt.Errorf("--side goes from %d to %d", leastSide, mostSide)
	case c.maxPixels < 0:
		return errors.New("--max-pixels cannot be negative")
	}
	return c.modelFlags.check()
}

// encoders write pictures by the ending of their names.
var encoders = map[string]func(*image.RGBA) ([]byte, error){
	".png":  func(m *image.RGBA) ([]byte, error) { return cv.EncodePNG(m, 6) },
	".jpg":  func(m *image.RGBA) ([]byte, error) { return cv.EncodeJPEG(m, pictureQuality) },
	".jpeg": func(m *image.RGBA) ([]byte, error) { return cv.EncodeJPEG(m, pictureQuality) },
}

func compare(ctx context.Context, args []string, s stdio) int {
	var c compareFlags
	fs := flag.NewFlagSet("compare", flag.ContinueOnError)
	c.register(fs)
	paths, code, ok := photoArgs(fs, compareHelp, args, s)
	if !ok {
		return code
	}
	r, err := newComparison(&c, s.err)
	if err != nil {
		return cli.Misused(s.err, compareHelp, err)
	}
	items := photo.List(paths, s.in)
	if err = r.accept(items); err == nil {
		err = r.run(ctx, items)
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(s.err, "stopped; nothing was written")
		return 130
	case err != nil:
		return cli.Failed(s.err, compareHelp, err)
	}
	r.tell(s.out)
	if r.problems {
		return cli.Problems
	}
	return cli.OK
}

// accept refuses photos that do not fit on a sheet, and a sheet that would be written over one of them.
func (r *comparison) accept(items []photo.Item) error {
	out := actual(r.out)
	switch {
	case len(items) == 0:
		return nothing(nil, 0)
	case slices.ContainsFunc(items, func(i photo.Item) bool { return actual(i.Path) == out }):
		return fmt.Errorf("%s is among the photos and would be written over: choose another --out, or move it away", r.out)
	case len(items) > mostRows:
		return fmt.Errorf("%d photos are too many to look at side by side: name at most %d", len(items), mostRows)
	}
	return nil
}

// comparison is one run of the compare command.
type comparison struct {
	*compareFlags
	err      io.Writer
	question pipeline.Question // all words; those to find come first
	find     []annot.Class
	canvas   pipeline.Canvas
	columns  []*column
	sheet    *overlay.Sheet
	problems bool // something was left out, and named
}

// column is one pack and what it found so far.
type column struct {
	*pipeline.Models
	pack     *model.Pack
	question pipeline.Question
	filter   pipeline.Filter
	words    *name.Words // of a pack that names things
	regions  int
	without  int // photos on which nothing was found
}

func newComparison(c *compareFlags, stderr io.Writer) (*comparison, error) {
	r := &comparison{compareFlags: c, err: stderr}
	if err := c.check(); err != nil {
		return nil, err
	}
	var problems []string
	var err error
	r.question, problems, err = c.words()
	for _, p := range problems {
		fmt.Fprintln(stderr, p)
	}
	if err != nil {
		return nil, err
	}
	r.find = r.question.ToBox()
	r.canvas, err = c.canvas()
	return r, err
}

// say tells what was left out.
func (r *comparison) say(text string) {
	r.problems = true
	fmt.Fprintln(r.err, text)
}

func (r *comparison) run(ctx context.Context, items []photo.Item) error {
	params, err := r.params(cores(r.threads))
	if err != nil {
		return err
	}
	if err := r.load(params); err != nil {
		return err
	}
	defer r.columns[0].Close() //nolint:errcheck // the process ends here
	if err := r.read(ctx); err != nil {
		return err
	}
	heads := make([]overlay.Column, len(r.columns))
	for i, c := range r.columns {
		heads[i] = overlay.Column{Title: c.pack.Title, Detail: c.pack.ID + " · " + does(c.pack)}
	}
	r.sheet = overlay.NewSheet(r.side, heads, r.question.Classes)
	if err := r.rows(ctx, items); err != nil {
		return err
	}
	data, err := encoders[strings.ToLower(filepath.Ext(r.out))](r.sheet.Picture())
	if err != nil {
		return fmt.Errorf("picture: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(r.out), 0o755); err != nil {
		return err
	}
	return atomic.WriteFile(r.out, data, 0o644)
}

// refs are the packs to compare: those that were asked for, or all that can be run, things before pixels before names, and
// of each the usual one first.
func (r *comparison) refs(store *model.Store) []string {
	if r.model != "" {
		return strings.Split(r.model, ",")
	}
	packs, err := store.List()
	if err != nil {
		r.say(err.Error())
	}
	var refs []string
	for _, kind := range []struct {
		has   func(family string) bool
		usual string
	}{
		{pipeline.Detects, pipeline.DefaultDetector},
		{pipeline.Segments, pipeline.DefaultSegmenter},
		{pipeline.Names, pipeline.DefaultNamer},
	} {
		from := len(refs)
		for _, p := range packs {
			switch {
			case p.ID == kind.usual:
				refs = slices.Insert(refs, from, p.ID)
			case kind.has(p.Family):
				refs = append(refs, p.ID)
			}
		}
	}
	return refs
}

// load loads the packs beside each other. One that cannot be loaded, or that nothing is asked of, is told and left out.
func (r *comparison) load(params pipeline.Params) error {
	for _, ref := range r.refs(params.Store) {
		c, err := r.column(params, strings.TrimSpace(ref))
		if err != nil {
			r.say(err.Error())
			continue
		}
		if c != nil {
			r.columns = append(r.columns, c)
		}
	}
	if len(r.columns) == 0 {
		return errors.New("no pack is left to compare")
	}
	return nil
}

// column loads a pack; nil for one that has nothing to answer though nobody named it.
func (r *comparison) column(params pipeline.Params, ref string) (*column, error) {
	pack, err := params.Use(ref)
	if err != nil {
		return nil, err
	}
	if idle := r.idle(pack); idle != "" {
		if r.model == "" {
			return nil, nil
		}
		return nil, fmt.Errorf("%s is left out: %s", pack.ID, idle)
	}
	c := &column{pack: pack, question: pipeline.NewQuestion(r.find, nil)}
	if pipeline.Segments(pack.Family) {
		c.question = pipeline.NewQuestion(nil, r.question.Classes)
	}
	if len(r.columns) == 0 {
		c.Models, err = pipeline.Load(params)
	} else {
		c.Models, err = r.columns[0].Beside(params)
	}
	if err != nil {
		return nil, err
	}
	c.filter = r.filter(c.Models)
	return c, nil
}

// idle says why a pack has nothing to answer, "" where it has.
func (r *comparison) idle(pack *model.Pack) string {
	switch {
	case pipeline.Detects(pack.Family) && len(r.find) == 0:
		return "it boxes things, and --find names none"
	case pipeline.Names(pack.Family) && r.question.Choices() < 2:
		return "it chooses between words, and --find does not name two"
	}
	return ""
}

// does says in words what a pack is for.
func does(p *model.Pack) string {
	words := map[string]string{"detect": "boxes", "mask": "masks", "segment": "pixels", "name": "names"}
	var out []string
	for _, task := range p.Tasks {
		if w, known := words[task]; known {
			out = append(out, w)
		}
	}
	return strings.Join(out, ", ")
}

// read has all packs read the words, and tells once what they cannot read.
func (r *comparison) read(ctx context.Context) error {
	var told strings.Builder
	for _, c := range r.columns {
		if err := sayUnread(ctx, &told, c.Models, c.question); err != nil {
			return err
		}
		if c.Namer != nil {
			var err error
			if c.words, err = c.Namer.Words(ctx, r.find); err != nil {
				return err
			}
		}
	}
	var lines []string
	for line := range strings.Lines(told.String()) {
		if !slices.Contains(lines, line) {
			lines = append(lines, line)
			fmt.Fprint(r.err, line)
		}
	}
	return nil
}

// rows has all packs look at each photo. One that cannot be read is told and left out.
func (r *comparison) rows(ctx context.Context, items []photo.Item) error {
	progress := newProgress(r.err, len(items))
	defer progress.end()
	left := 0
	for _, item := range items {
		err := r.row(ctx, item)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.problems = true
			left++
			progress.say(printable(item.Path) + " was skipped: " + err.Error())
		}
		progress.step(err != nil)
	}
	if left == len(items) {
		return errors.New("none of the photos could be looked at")
	}
	return nil
}

func (r *comparison) row(ctx context.Context, item photo.Item) error {
	if item.Err != nil {
		return item.Err
	}
	p, err := photo.Read(item.Path, photo.Limits{Pixels: r.maxPixels})
	if err != nil {
		return err
	}
	defer p.Release()
	shared := r.columns[0].Share(p)
	defer shared.Release()
	cells, errs := make([]overlay.Cell, len(r.columns)), make([]error, len(r.columns))
	var wg sync.WaitGroup
	for i, c := range r.columns {
		wg.Go(func() {
			if cells[i], errs[i] = c.look(ctx, shared, p, r.canvas); errs[i] != nil {
				errs[i] = fmt.Errorf("%s: %w", c.pack.ID, errs[i])
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	small, err := shrunk(p.Pix, r.sheet.Fit(p.Size()))
	if err != nil {
		return err
	}
	r.sheet.Row(small, p.Size(), printable(item.Rel), cells)
	return nil
}

// shrunk is a photo at another size.
func shrunk(src *image.RGBA, size image.Point) (*image.RGBA, error) {
	dst := image.NewRGBA(image.Rectangle{Max: size})
	by := cv.Area
	if size.X > src.Rect.Dx() {
		by = cv.Linear
	}
	return dst, cv.Resize(dst, dst.Rect, src, src.Rect, by)
}

// look is what a pack makes of a photo that all look at.
func (c *column) look(ctx context.Context, shared *pipeline.Analysis, p *photo.Photo, canvas pipeline.Canvas) (overlay.Cell, error) {
	if c.words != nil {
		return c.called(ctx, p)
	}
	a, err := shared.Beside(ctx, c.Models, p, canvas)
	if err != nil {
		return overlay.Cell{}, err
	}
	defer a.Release()
	ans, err := a.Ask(ctx, c.question)
	if err != nil {
		return overlay.Cell{}, err
	}
	regions, err := a.Choose(ctx, ans, c.filter, true)
	if err != nil {
		return overlay.Cell{}, err
	}
	c.regions += len(regions)
	if len(regions) == 0 {
		c.without++
		return overlay.Cell{Note: nothingFound(ans), Empty: true}, nil
	}
	return overlay.Cell{Items: overlay.AppendFound(nil, regions), Note: count(len(regions), "region")}, nil
}

// nothingFound says what the thresholds came closest to letting through.
func nothingFound(ans *pipeline.Answer) string {
	best, score := "", 0.0
	if ans.Boxes != nil {
		for i, class := range ans.Boxes.Classes {
			if s := ans.Boxes.Best(i); s > score {
				best, score = class.Name, s
			}
		}
	}
	if score < 0.005 {
		return "nothing found"
	}
	return fmt.Sprintf("nothing found; closest %.2f, %s", score, best)
}

// called is how a pack calls a photo.
func (c *column) called(ctx context.Context, p *photo.Photo) (overlay.Cell, error) {
	v, err := c.See(ctx, p, image.Rectangle{Max: p.Size()})
	if err != nil {
		return overlay.Cell{}, err
	}
	var cell overlay.Cell
	for i, s := range name.Best(c.words.Scores(v), bestNames) {
		if i == 0 || s.Share >= leastShare {
			cell.Shares = append(cell.Shares, overlay.Share{Class: s.Class, Share: s.Share})
		}
	}
	best := cell.Shares[0]
	cell.Note = fmt.Sprintf("%s, %.0f %%", c.words.Classes[best.Class].Name, 100*best.Share)
	return cell, nil
}

// tell sums up, a line a pack.
func (r *comparison) tell(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, c := range r.columns {
		switch {
		case c.words != nil:
			fmt.Fprintf(w, "%s\tnames\t\n", c.pack.ID)
		default:
			fmt.Fprintf(w, "%s\t%s\tnothing on %s\n", c.pack.ID, count(c.regions, "region"), count(c.without, "photo"))
		}
	}
	_ = w.Flush() // a closed pipe is the reader's choice
	fmt.Fprintln(out, r.out)
}
