package dataset

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/app/cli"
)

var convertHelp = cli.Help{
	Name:     "saysee convert",
	Synopsis: "IN OUT --to FORMAT [--from FORMAT] [--split SHARES] [--dry-run]",
	Summary:  "Converts label files from one format to another, and says what the new format cannot hold.",
	Details: `IN and OUT are files or folders, as the formats have it. The input's format is recognised when --from is missing.
Files are written whole or not at all; IN is never changed.

With --split, photos are dealt out to train, val and test so that each class is shared out alike. Formats of one file
get a file for each part: OUT-train.json and so on.

Exit codes: 0 done, 1 failed, 2 arguments not understood, 3 done, but faulty parts of the input were left out.`,
	Examples: []cli.Example{
		{Line: "saysee convert instances.json yolo/ --to yolo-seg --holes bridge", Does: "writes a YOLO segmentation dataset"},
		{Line: "saysee convert labels/ out.json --to coco --dry-run", Does: "only says what would be lost"},
		{Line: "saysee convert voc/ yolo/ --to yolo --split 80/10/10 --seed 7 --photos link", Does: "splits, and puts the photos into the layout"},
		{Line: "saysee convert a.json b.json --to coco --classes classes.txt", Does: "puts the classes in the order of the file"},
	},
}

type convertFlags struct {
	in, path, from, to string
	read               format.ReadOptions
	options            format.WriteOptions
	classes            []string
	split              shares
	seed               uint64
	dryRun, force      bool
}

// Convert is the command "saysee convert".
func Convert(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f, code, ok := parseConvert(args, stdout, stderr)
	if !ok {
		return code
	}
	c := conversion{convertFlags: f, out: stdout}
	if err := c.run(ctx); err != nil {
		return cli.Failed(stderr, convertHelp, err)
	}
	printProblems(stderr, c.problems)
	if len(c.problems) > 0 {
		return cli.Problems
	}
	return cli.OK
}

func parseConvert(args []string, stdout, stderr io.Writer) (f convertFlags, code int, ok bool) {
	fs := flag.NewFlagSet("convert", flag.ContinueOnError)
	var classes string
	fs.StringVar(&f.from, "from", "", "`format` of the input, recognised by default")
	fs.StringVar(&f.to, "to", "", "`format` to write, one of\n"+wrapped(format.Names(), helpWidth))
	fs.StringVar(&f.read.Images, "images", "", "`folder` of the photos, by default where the format has them")
	fs.StringVar(&classes, "classes", "", "order of the classes: a `file` with a name a line, or names with commas")
	fs.Func("split", "deal photos out by `shares` of train, val and test, such as 80/10/10", func(s string) (err error) {
		f.split, err = parseShares(s)
		return err
	})
	fs.Uint64Var(&f.seed, "seed", 1, "`number` that decides how --split deals")
	fs.Func("holes", "`how` holes and parts are kept where there are only plain outlines:\nbridge (default), split or largest", func(s string) (err error) {
		f.options.Outlines, err = pick(s, map[string]format.Outline{"bridge": format.Bridge, "split": format.Split, "largest": format.Largest})
		return err
	})
	fs.Func("photos", "`how` photos come into layouts that include them: leave (default), copy or link", func(s string) (err error) {
		f.options.Photos, err = pick(s, map[string]format.PhotoFiles{"leave": format.LeavePhotos, "copy": format.CopyPhotos, "link": format.LinkPhotos})
		return err
	})
	fs.Func("reference", "COCO `file` with the ids of coco-results", func(s string) error {
		f.read.Reference, f.options.Reference = s, s
		return nil
	})
	fs.BoolVar(&f.read.ZeroBased, "from-zero", false, "corners of a Pascal VOC input begin at 0, as labelImg writes them")
	fs.BoolVar(&f.options.ZeroBased, "to-zero", false, "write Pascal VOC corners from 0, as labelImg does")
	fs.BoolVar(&f.options.SkipEmpty, "skip-empty", false, "write no label file for photos without regions")
	fs.BoolVar(&f.options.BOM, "bom", false, "begin CSV with a byte order mark, for Excel")
	fs.BoolVar(&f.dryRun, "dry-run", false, "write nothing; say what would be written and lost")
	fs.BoolVar(&f.force, "force", false, "write over files, and into folders that are not empty")
	paths, code, ok := cli.Args(fs, convertHelp, args, stdout, stderr)
	if !ok {
		return f, code, false
	}
	err := f.settle(paths)
	if err == nil {
		f.classes, err = readClasses(classes)
	}
	if err != nil {
		return f, cli.Misused(stderr, convertHelp, err), false
	}
	return f, cli.OK, true
}

// pick returns the value of a word.
func pick[T any](word string, values map[string]T) (T, error) {
	v, ok := values[word]
	if !ok {
		return v, errors.New("there is no such choice")
	}
	return v, nil
}

func (f *convertFlags) settle(paths []string) error {
	switch {
	case len(paths) != 2:
		return fmt.Errorf("IN and OUT are needed, and %d paths were given", len(paths))
	case f.to == "":
		return errors.New("--to is missing: one of " + strings.Join(format.Names(), ", "))
	}
	f.in, f.path = paths[0], paths[1]
	for _, name := range []string{f.from, f.to} {
		if name != "" {
			if _, err := format.Lookup(name); err != nil {
				return err
			}
		}
	}
	if same(f.in, f.path) {
		return errors.New("OUT is IN; give another place")
	}
	return nil
}

// same reports whether two paths are one file or folder.
func same(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// conversion is one run of the command.
type conversion struct {
	convertFlags
	out      io.Writer
	problems []string
}

func (c *conversion) run(ctx context.Context) error {
	target, err := format.Lookup(c.to)
	if err != nil {
		return err
	}
	if !c.dryRun && !c.force {
		if err := vacant(c.path); err != nil {
			return err
		}
	}
	ds, err := c.open()
	if err != nil {
		return err
	}
	ds = withContext(ctx, ds)
	if c.classes != nil {
		var appended []string
		if ds, appended = withClasses(ds, c.classes); len(appended) > 0 {
			fmt.Fprintf(c.out, "classes that the given order lacks, put after it: %s\n", strings.Join(appended, ", "))
		}
	}
	if c.split != nil {
		if ds, err = withSplit(ds, c.split, c.seed); err != nil {
			return err
		}
	}
	for _, o := range c.outputs(ds, target) {
		if err := c.write(target, o); err != nil {
			return err
		}
	}
	// The writers have read the photos; what they found faulty is known now.
	c.problems = append(sentences(ds.Problems()), c.problems...)
	return nil
}

func (c *conversion) open() (*format.Dataset, error) {
	why := "as --from says"
	if c.from == "" {
		var err error
		if c.from, why, err = format.Recognise(c.in); err != nil {
			return nil, fmt.Errorf("%w; name it with --from", err)
		}
	}
	source, err := format.Lookup(c.from)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c.out, "%s: %s (%s)\n", c.in, source.Title, why)
	return source.Read(c.in, c.read)
}

// vacant returns an error when a path is a file, or a folder with something in it.
func vacant(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s exists; --force writes over it", path)
	}
	entries, err := os.ReadDir(path)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty; --force writes into it", path)
	}
	return err
}

// output is a dataset and where it goes.
type output struct {
	path string
	ds   *format.Dataset
}

// outputs is the one output, or one for each part of a split where the format has one file or no parts.
func (c *conversion) outputs(ds *format.Dataset, target *format.Format) []output {
	ext := filepath.Ext(c.path)
	if c.split == nil || ext == "" && target.Can.Splits {
		return []output{{c.path, ds}}
	}
	var list []output
	for i, share := range c.split {
		if share == 0 {
			continue
		}
		name := splitNames[i]
		part := filepath.Join(c.path, name)
		if ext != "" {
			part = strings.TrimSuffix(c.path, ext) + "-" + name + ext
		}
		list = append(list, output{part, ofSplit(ds, name)})
	}
	return list
}

func (c *conversion) write(target *format.Format, o output) error {
	if c.dryRun {
		return c.rehearse(target, o)
	}
	r, err := target.Write(o.path, o.ds, c.options)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %s, %d photos, %d regions, %d classes, %d files written\n",
		o.path, target.Title, r.Photos, r.Regions, len(o.ds.Classes), r.Files)
	c.printLosses(r.Losses)
	c.problems = append(c.problems, sentences(r.Problems, len(r.Problems))...)
	return nil
}

// rehearse says what writing would lose.
func (c *conversion) rehearse(target *format.Format, o output) error {
	photos, regions := 0, 0
	counted := withPhotos(o.ds, func(_ int, p *format.Photo) bool {
		photos++
		regions += len(p.Regions)
		return true
	})
	losses, err := format.Losses(counted, target, c.options)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %s, %d photos, %d regions, %d classes; nothing written\n",
		o.path, target.Title, photos, regions, len(o.ds.Classes))
	c.printLosses(losses)
	return nil
}

func (c *conversion) printLosses(losses []format.Loss) {
	for _, l := range losses {
		choice := ""
		if l.Feature.Choice() {
			choice = "; --holes chooses"
		}
		fmt.Fprintf(c.out, "  changed: %v%s\n", l, choice)
	}
}

// withContext ends the stream when the context ends.
func withContext(ctx context.Context, ds *format.Dataset) *format.Dataset {
	out := *ds
	out.Photos = func(yield func(format.Photo, error) bool) {
		for p, err := range ds.Photos {
			if ctx.Err() != nil {
				yield(format.Photo{}, ctx.Err())
				return
			}
			if !yield(p, err) {
				return
			}
		}
	}
	return &out
}
