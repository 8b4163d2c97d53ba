package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/name"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/prompt"
)

var nameHelp = cli.Help{
	Name:     "saysee name",
	Synopsis: "PATH... [--find WORDS] [--box X0,Y0,X1,Y1] [--top N]",
	Summary:  "Say which words fit photos best, or a part of each.",
	Details: `PATH is a photo, a folder, a pattern, or - for a list on standard input. WORDS is a class table as for "saysee label"; without
it, everyday names are tried. The shares of a photo add up to 1 over all words: they say which of them fits best, not
whether one fits at all. The cosine beside them does not hang on the other words.

With --box, the part of the photo in it is named instead, from two crops: once and one and a half times its size.

Exit code: 0 done, 1 not done, 2 not understood, 3 done but for the photos that are named, 130 stopped with Ctrl-C.`,
	Examples: []cli.Example{
		{Line: "saysee name photo.jpg", Does: "what is on it, in everyday names"},
		{Line: `saysee name photos --find "cat | kitten, dog, horse" --top 1 --json`, Does: "the best of three names for every photo"},
		{Line: `saysee name photo.jpg --find @words.txt --templates 80 --model ./clip-vit-b32`, Does: "CLIP with its ensemble of 80 templates"},
	},
}

// nameFlags are the flags of the name command.
type nameFlags struct {
	runFlags
	find, model, templates string
	top                    int
	boxes                  boxes
	json                   bool
	maxPixels              int64
}

func (n *nameFlags) register(fs *flag.FlagSet) {
	n.runFlags.register(fs)
	fs.StringVar(&n.find, "find", "", "`WORDS` to choose from, or @FILE with them; everyday names without")
	fs.StringVar(&n.model, "model", pipeline.DefaultNamer, "`PACK` to use, by name or folder")
	fs.StringVar(&n.templates, "templates", "", "`SET` of sentences that the words are put into: "+strings.Join(templateSets(), ", ")+", or @FILE\nwith one a line and {} for the word; the pack's own without")
	fs.IntVar(&n.top, "top", 5, "how many names to tell, the `N` best; 0 for all")
	fs.Var(&n.boxes, "box", "name this part of each photo, in its `PIXELS` X0,Y0,X1,Y1; may be given several times")
	fs.BoolVar(&n.json, "json", false, "print JSON on standard output")
	fs.Int64Var(&n.maxPixels, "max-pixels", 0, "largest photo, in `PIXELS`, 0 for 250 million")
}

func templateSets() []string { return slices.Sorted(maps.Keys(prompt.TemplateSets)) }

// boxes are the values of --box.
type boxes []annot.Box

func (b *boxes) String() string { return "" }

func (b *boxes) Set(text string) error {
	var x annot.Box
	var rest string
	n, _ := fmt.Sscanf(text+" end", "%f,%f,%f,%f %s", &x.X0, &x.Y0, &x.X1, &x.Y1, &rest)
	if n != 5 || rest != "end" || !(x.X0 < x.X1 && x.Y0 < x.Y1) {
		return errors.New("write the left, upper, right and lower edge as X0,Y0,X1,Y1")
	}
	*b = append(*b, x)
	return nil
}

func nameCommand(ctx context.Context, args []string, s stdio) int {
	var n nameFlags
	fs := flag.NewFlagSet("name", flag.ContinueOnError)
	n.register(fs)
	paths, code, ok := photoArgs(fs, nameHelp, args, s)
	if !ok {
		return code
	}
	classes, err := n.words(s.err)
	if err != nil {
		return cli.Misused(s.err, nameHelp, err)
	}
	templates, err := n.sentences()
	if err != nil {
		return cli.Misused(s.err, nameHelp, err)
	}
	named, err := n.run(ctx, photo.List(paths, s.in), classes, templates, s)
	if err != nil && !errors.Is(err, context.Canceled) {
		return cli.Failed(s.err, nameHelp, err)
	}
	n.tell(s.out, named)
	switch {
	case err != nil:
		return 130
	case slices.ContainsFunc(named, func(p namedPhoto) bool { return p.Error != "" }):
		return cli.Problems
	}
	return cli.OK
}

// words reads --find.
func (n *nameFlags) words(stderr io.Writer) ([]annot.Class, error) {
	if n.top < 0 || n.threads < 0 || n.maxPixels < 0 {
		return nil, errors.New("--top, --threads and --max-pixels cannot be negative")
	}
	text := n.find
	if text == "" {
		text = assets.Words
	}
	classes, problems, err := table("--find", text)
	for _, p := range problems {
		fmt.Fprintln(stderr, p)
	}
	if err == nil && len(classes) == 0 {
		err = errors.New("--find holds no words to choose from")
	}
	return classes, err
}

// sentences reads --templates; nil are the pack's own.
func (n *nameFlags) sentences() ([]prompt.Template, error) {
	file, fromFile := strings.CutPrefix(n.templates, "@")
	if !fromFile {
		set, known := prompt.TemplateSets[n.templates]
		if n.templates != "" && !known {
			return nil, fmt.Errorf("--templates: there is no set %q; take one of %s, or @FILE", n.templates, strings.Join(templateSets(), ", "))
		}
		return set, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--templates: %w", err)
	}
	var set []prompt.Template
	for line := range bytes.Lines(data) {
		if text := strings.TrimSpace(string(line)); text != "" {
			set = append(set, prompt.Template(text))
		}
	}
	if _, err := prompt.NewEnsemble(set, ""); err != nil {
		return nil, fmt.Errorf("--templates: %w", err)
	}
	return set, nil
}

// namedPhoto is what --json prints of a photo.
type namedPhoto struct {
	Photo   string        `json:"photo"`
	Names   []namedClass  `json:"names,omitempty"`
	Regions []namedRegion `json:"regions,omitempty"`
	Error   string        `json:"error,omitempty"`
}

type namedRegion struct {
	Box   [4]float64   `json:"box"`
	Names []namedClass `json:"names"`
}

type namedClass struct {
	Name   string  `json:"name"`
	Phrase string  `json:"phrase"`
	Share  float64 `json:"share"`
	Cosine float64 `json:"cosine"`
}

// run names every photo; those that cannot be read say why and do not stop the others.
func (n *nameFlags) run(ctx context.Context, items []photo.Item, classes []annot.Class, templates []prompt.Template, s stdio) ([]namedPhoto, error) {
	models, err := n.load(templates)
	if err != nil {
		return nil, err
	}
	defer models.Close() //nolint:errcheck // the process ends here
	if n.find != "" {    // nobody is told about words that were not their own
		if err := sayUnread(ctx, s.err, models, pipeline.NewQuestion(classes, nil)); err != nil {
			return nil, err
		}
	}
	words, err := models.Namer.Words(ctx, classes)
	if err != nil {
		return nil, err
	}
	progress := newProgress(s.err, len(items))
	quiet := len(items) == 1
	var named []namedPhoto
	for _, item := range items {
		p, err := n.one(ctx, models, words, item)
		if ctx.Err() != nil {
			return named, ctx.Err()
		}
		if err != nil {
			p.Error = err.Error()
		}
		named = append(named, p)
		if !quiet {
			progress.step(err != nil)
		}
	}
	if !quiet {
		progress.end()
	}
	return named, nil
}

func (n *nameFlags) load(templates []prompt.Template) (*pipeline.Models, error) {
	p, err := n.params(cores(n.threads))
	if err != nil {
		return nil, err
	}
	p.Name, p.Templates = n.model, templates
	return pipeline.Load(p)
}

func (n *nameFlags) one(ctx context.Context, models *pipeline.Models, words *name.Words, item photo.Item) (namedPhoto, error) {
	p := namedPhoto{Photo: item.Path}
	if item.Err != nil {
		return p, item.Err
	}
	ph, err := photo.Read(item.Path, photo.Limits{Pixels: n.maxPixels})
	if err != nil {
		return p, err
	}
	defer ph.Release()
	if len(n.boxes) == 0 {
		v, err := models.See(ctx, ph, image.Rectangle{Max: ph.Size()})
		if err != nil {
			return p, err
		}
		p.Names = n.best(words, v)
	}
	for _, b := range n.boxes {
		size := ph.Size()
		if b.X0 >= float64(size.X) || b.Y0 >= float64(size.Y) || b.X1 <= 0 || b.Y1 <= 0 {
			return p, fmt.Errorf("the box %g,%g,%g,%g lies outside the photo of %d × %d pixels", b.X0, b.Y0, b.X1, b.Y1, size.X, size.Y)
		}
		v, err := models.SeeRegion(ctx, ph, b)
		if err != nil {
			return p, err
		}
		p.Regions = append(p.Regions, namedRegion{[4]float64{b.X0, b.Y0, b.X1, b.Y1}, n.best(words, v)})
	}
	return p, nil
}

func (n *nameFlags) best(words *name.Words, vector []float32) []namedClass {
	var out []namedClass
	for _, s := range name.Best(words.Scores(vector), n.top) {
		c := words.Classes[s.Class]
		out = append(out, namedClass{c.Name, c.Phrases[s.Phrase], s.Share, s.Cosine})
	}
	return out
}

func (n *nameFlags) tell(w io.Writer, named []namedPhoto) {
	if n.json {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		// A closed pipe is the reader's choice.
		_ = e.Encode(named)
		return
	}
	var b strings.Builder
	for _, p := range named {
		b.WriteString(printable(p.Photo) + "\n")
		if p.Error != "" {
			b.WriteString("  was skipped: " + p.Error + "\n")
		}
		tellNames(&b, p.Names)
		for _, r := range p.Regions {
			fmt.Fprintf(&b, "  in %g,%g,%g,%g\n", r.Box[0], r.Box[1], r.Box[2], r.Box[3])
			tellNames(&b, r.Names)
		}
	}
	fmt.Fprint(w, b.String())
}

func tellNames(b *strings.Builder, names []namedClass) {
	for _, c := range names {
		fmt.Fprintf(b, "  %5.1f %%  %.3f  %s", 100*c.Share, c.Cosine, c.Name)
		if c.Phrase != c.Name {
			fmt.Fprintf(b, " (%s)", c.Phrase)
		}
		b.WriteString("\n")
	}
}
