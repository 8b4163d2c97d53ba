package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/measure"
	"github.com/saysee/saysee/pipeline/photo"
)

var benchHelp = cli.Help{
	Name:     "saysee bench",
	Synopsis: "PATH... --find WORDS [--segment WORDS]",
	Summary:  "Measure each stage of labelling photos, the bare sessions behind it, and a batch on all cores.",
	Details: `The first run of each photo warms up and is not counted. "sessions" is the same runs of the same sessions on the same
inputs and nothing else, in turn with the whole; "ratio" is whole over sessions.`,
	Examples: []cli.Example{
		{Line: `saysee bench assets/photos --find "cat, person" --repeat 20`, Does: "a table for the bundled photos"},
		{Line: `saysee bench a.jpg --find cat --batch 1000 --json`, Does: "figures for a program, with the memory over 1,000 photos"},
	},
}

func bench(ctx context.Context, args []string, s stdio) int {
	var m modelFlags
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	m.register(fs)
	repeat := fs.Int("repeat", 10, "measure each photo `N` times")
	photos := fs.Int("batch", 0, "photos in the batch, 0 for as many as are measured one by one")
	asJSON := fs.Bool("json", false, "print JSON")
	paths, code, ok := cli.Args(fs, benchHelp, args, s.out, s.err)
	if !ok {
		return code
	}
	if len(paths) == 0 || *repeat < 1 {
		return cli.Misused(s.err, benchHelp, errors.New("name at least one photo, and --repeat at least once"))
	}
	items := photo.List(paths, s.in)
	if len(items) == 0 {
		return cli.Failed(s.err, benchHelp, nothing(nil, 0))
	}
	report, err := runBench(ctx, &m, items, *repeat, *photos)
	if err != nil {
		return cli.Failed(s.err, benchHelp, err)
	}
	if *asJSON {
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		// A closed pipe is the reader's choice.
		_ = e.Encode(report)
		return cli.OK
	}
	printBench(s.out, report)
	return cli.OK
}

func runBench(ctx context.Context, m *modelFlags, items []photo.Item, repeat, photos int) (*measure.Report, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	q, _, err := m.words()
	if err != nil {
		return nil, err
	}
	canvas, err := m.canvas()
	if err != nil {
		return nil, err
	}
	b := &measure.Bench{Items: items, Question: q, Canvas: canvas, Repeat: repeat}
	n := cores(m.threads)
	var report *measure.Report
	err = withModels(m, q, n, func(models *pipeline.Models) (err error) {
		b.Filter = m.filter(models)
		report, err = b.Single(ctx, models)
		return err
	})
	if err != nil {
		return nil, err
	}
	if photos <= 0 {
		photos = repeat * len(items)
	}
	// A batch works on one photo a core, with one thread a session.
	err = withModels(m, q, 1, func(models *pipeline.Models) error {
		return b.Throughput(ctx, models, photos, n, report)
	})
	return report, err
}

func withModels(m *modelFlags, q pipeline.Question, threads int, use func(*pipeline.Models) error) error {
	models, err := m.load(q, threads)
	if err != nil {
		return err
	}
	return errors.Join(use(models), models.Close())
}

func printBench(out io.Writer, r *measure.Report) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, s measure.Spread) { fmt.Fprintf(w, "%s\t%.2f\t%.2f\t\n", name, s.Median, s.P95) }
	fmt.Fprintln(w, "ms\tmedian\tp95\t")
	for _, name := range r.Order() {
		row(name, r.Stages[name])
	}
	row("end to end", r.EndToEnd)
	row("bare sessions", r.Sessions)
	row("new word", r.NewWord)
	row("cached words", r.CachedWord)
	row("moved threshold", r.Threshold)
	_ = w.Flush()
	fmt.Fprintf(out, "\nend to end is %.3f × the bare sessions; a moved threshold ran %d sessions\n", r.Ratio, r.ThresholdRuns)
	fmt.Fprintf(out, "a batch on all cores: %.1f photos a second; %s, %d threads, ONNX Runtime %s\n", r.Rate, r.Provider, r.Threads, r.Runtime)
	for _, m := range r.Memory {
		fmt.Fprintf(out, "resident memory after %d photos: %.0f MB\n", m.Photos, m.MB)
	}
}
