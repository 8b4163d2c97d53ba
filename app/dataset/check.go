package dataset

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/annot/lint"
	"github.com/saysee/saysee/app/cli"
)

var checkHelp = cli.Help{
	Name:     "saysee check",
	Synopsis: "PATH [--fix] [--ignore RULES]",
	Summary:  "Looks for what is wrong in a dataset, and repairs what can be repaired without guessing.",
	Details: `PATH is a label file or folder in any format that "saysee convert" reads.

Rules: ` + wrapped(lint.Rules(), detailsWidth) + `

With --fix, regions are cut at the photo's border, copies and regions that cover nothing are removed, and wrong sizes
of photos are corrected. Each repair is said. Only files in which something was repaired are written, each whole or not
at all, and only if they read back as meant; photos and everything else stay as they are.

Exit codes: 0 nothing found or all repaired, 1 failed, 2 arguments not understood, 3 something is wrong.`,
	Examples: []cli.Example{
		{Line: "saysee check yolo/", Does: "lists what is wrong"},
		{Line: "saysee check instances.json --images photos/ --fix", Does: "repairs the file"},
		{Line: "saysee check voc/ --ignore empty-photo,tiny", Does: "takes small objects and background photos for granted"},
	},
}

type checkFlags struct {
	path, format     string
	read             format.ReadOptions
	options          lint.Options
	fix, json, whole bool
}

// Check is the command "saysee check".
func Check(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f, code, ok := parseCheck(args, stdout, stderr)
	if !ok {
		return code
	}
	source, ds, err := f.open(ctx)
	if err != nil {
		return cli.Failed(stderr, checkHelp, err)
	}
	log := findings{keep: keptFindings}
	if f.whole || f.json {
		log.keep = -1
	}
	if log.photos, log.regions, err = lint.Check(ds, f.options, log.add); err != nil {
		return cli.Failed(stderr, checkHelp, err)
	}
	if f.fix && log.repairs > 0 {
		log.written, err = f.repair(source, ds)
	}
	if f.json {
		err = firstError(err, writeJSON(stdout, log.json(f)))
	} else {
		log.print(stdout, f, source, err == nil)
	}
	switch {
	case err != nil:
		return cli.Failed(stderr, checkHelp, err)
	case f.fix && log.total > log.repairs, !f.fix && log.total > 0:
		return cli.Problems
	}
	return cli.OK
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func parseCheck(args []string, stdout, stderr io.Writer) (f checkFlags, code int, ok bool) {
	fs := flag.NewFlagSet("check", flag.ContinueOnError)
	f.options.Ignore = map[lint.Rule]bool{}
	fs.StringVar(&f.format, "format", "", "`format` of the labels, recognised by default; one of\n"+wrapped(format.Names(), helpWidth))
	fs.StringVar(&f.read.Images, "images", "", "`folder` of the photos, by default where the format has them")
	fs.StringVar(&f.read.Reference, "reference", "", "COCO `file` with the ids of coco-results")
	fs.BoolVar(&f.options.NoPhotos, "no-photos", false, "do not look at the photos")
	fs.Float64Var(&f.options.Tiny, "tiny", 2, "`side` in pixels below which a region is tiny")
	fs.Float64Var(&f.options.Near, "near", 0.95, "`iou` from which two regions of a class are near duplicates")
	fs.Func("ignore", "`rules` to ignore, with commas", func(s string) error {
		for name := range strings.SplitSeq(s, ",") {
			if !slices.Contains(lint.Rules(), lint.Rule(name)) {
				return fmt.Errorf("there is no rule %q", name)
			}
			f.options.Ignore[lint.Rule(name)] = true
		}
		return nil
	})
	fs.BoolVar(&f.fix, "fix", false, "repair the files")
	fs.BoolVar(&f.options.DropUnreadable, "drop-unreadable", false, "with --fix: lose parts of label files that cannot be read")
	fs.BoolVar(&f.json, "json", false, "print JSON")
	fs.BoolVar(&f.whole, "all", false, fmt.Sprintf("print all findings, not the first %d of each rule", keptFindings))
	paths, code, ok := cli.Args(fs, checkHelp, args, stdout, stderr)
	if !ok {
		return f, code, false
	}
	if len(paths) != 1 {
		return f, cli.Misused(stderr, checkHelp, fmt.Errorf("one path is needed, and %d were given", len(paths))), false
	}
	f.path = paths[0]
	return f, cli.OK, true
}

func (f *checkFlags) open(ctx context.Context) (*format.Format, *format.Dataset, error) {
	if f.format == "" {
		var err error
		if f.format, _, err = format.Recognise(f.path); err != nil {
			return nil, nil, fmt.Errorf("%w; name it with --format", err)
		}
	}
	source, err := format.Lookup(f.format)
	if err != nil {
		return nil, nil, err
	}
	ds, err := source.Read(f.path, f.read)
	if err != nil {
		return nil, nil, err
	}
	return source, withContext(ctx, ds), nil
}

// repair writes the repaired files and returns their names.
func (f *checkFlags) repair(source *format.Format, ds *format.Dataset) ([]string, error) {
	if _, n := ds.Problems(); n > 0 && !f.options.DropUnreadable {
		return nil, fmt.Errorf("nothing repaired: writing the files again would lose what cannot be read (%d parts); --drop-unreadable accepts that", n)
	}
	r := repairer{format: source, path: f.path, read: f.read}
	return r.run(ds, f.options)
}

// keptFindings is how many findings of a rule are printed.
const keptFindings = 20

// findings collects what was found.
type findings struct {
	keep            int // findings kept of each rule, negative for all
	photos, regions int
	total, repairs  int
	count           map[lint.Rule]int
	list            map[lint.Rule][]lint.Finding
	written         []string
}

func (l *findings) add(f lint.Finding) {
	if l.count == nil {
		l.count, l.list = map[lint.Rule]int{}, map[lint.Rule][]lint.Finding{}
	}
	l.total++
	l.count[f.Rule]++
	if f.Repair != "" {
		l.repairs++
	}
	if l.keep < 0 || len(l.list[f.Rule]) < l.keep {
		l.list[f.Rule] = append(l.list[f.Rule], f)
	}
}

func (l *findings) print(w io.Writer, f checkFlags, source *format.Format, repaired bool) {
	var b strings.Builder
	for _, rule := range lint.Rules() {
		for _, found := range l.list[rule] {
			fmt.Fprintf(&b, "%v [%s%s]\n", found, rule, aboutRepair(found, f.fix && repaired))
		}
		if more := l.count[rule] - len(l.list[rule]); more > 0 {
			fmt.Fprintf(&b, "and %d more [%s]\n", more, rule)
		}
	}
	for _, file := range l.written {
		fmt.Fprintf(&b, "written: %s\n", file)
	}
	fmt.Fprintf(&b, "%s, %d photos, %d regions: ", source.Title, l.photos, l.regions)
	switch {
	case l.total == 0:
		b.WriteString("nothing is wrong\n")
	case f.fix && repaired:
		fmt.Fprintf(&b, "%d findings, %d repaired\n", l.total, l.repairs)
	default:
		fmt.Fprintf(&b, "%d findings, %d can be repaired\n", l.total, l.repairs)
	}
	_, _ = io.WriteString(w, b.String())
}

func aboutRepair(f lint.Finding, repaired bool) string {
	switch {
	case f.Repair == "":
		return ""
	case repaired:
		return "; repaired: " + f.Repair
	}
	return "; --fix: " + f.Repair
}

type findingJSON struct {
	Rule   lint.Rule `json:"rule"`
	Photo  string    `json:"photo,omitempty"`
	Region *int      `json:"region,omitempty"`
	Text   string    `json:"text"`
	Repair string    `json:"repair,omitempty"`
}

type checkJSON struct {
	Format   string        `json:"format"`
	Photos   int           `json:"photos"`
	Regions  int           `json:"regions"`
	Findings []findingJSON `json:"findings"`
	Repaired bool          `json:"repaired"`
	Written  []string      `json:"written"`
}

func (l *findings) json(f checkFlags) checkJSON {
	out := checkJSON{
		Format: f.format, Photos: l.photos, Regions: l.regions,
		Findings: []findingJSON{}, Repaired: len(l.written) > 0, Written: append([]string{}, l.written...),
	}
	for _, rule := range lint.Rules() {
		for _, found := range l.list[rule] {
			one := findingJSON{Rule: rule, Photo: found.Photo, Text: found.Text, Repair: found.Repair}
			if found.Region >= 0 {
				one.Region = &found.Region
			}
			out.Findings = append(out.Findings, one)
		}
	}
	return out
}
