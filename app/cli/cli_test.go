package cli_test

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/app/cli"
)

type values struct {
	To    string
	Seed  int
	Force bool
}

func newFlags() (*flag.FlagSet, *values) {
	fs, v := flag.NewFlagSet("convert", flag.ContinueOnError), new(values)
	fs.StringVar(&v.To, "to", "", "write this `format`")
	fs.IntVar(&v.Seed, "seed", 1, "seed of the `number` generator")
	fs.BoolVar(&v.Force, "force", false, "overwrite")
	fs.Duration("a-flag-of-a-very-long-name", time.Second, "wait\nthis long")
	fs.Bool("v", false, "say more")
	return fs, v
}

func TestParse(t *testing.T) {
	tests := map[string]struct {
		args      string
		want      values
		wantPaths []string
		wantError string
	}{
		"should read flags after paths":           {"in --to coco out --force", values{"coco", 1, true}, []string{"in", "out"}, ""},
		"should read a value behind =":            {"--to=coco --seed=7 --force=false in", values{"coco", 7, false}, []string{"in"}, ""},
		"should take one dash for two":            {"-to coco -force in", values{"coco", 1, true}, []string{"in"}, ""},
		"should keep all after two dashes":        {"in -- --to -x --", values{"", 1, false}, []string{"in", "--to", "-x", "--"}, ""},
		"should keep a single dash as a path":     {"- --force -", values{"", 1, true}, []string{"-", "-"}, ""},
		"should take two dashes as a value":       {"--to -- in", values{"--", 1, false}, []string{"in"}, ""},
		"should take an empty value":              {"--to= in", values{"", 1, false}, []string{"in"}, ""},
		"should not give a switch a value":        {"--force in", values{"", 1, true}, []string{"in"}, ""},
		"should name an unknown flag":             {"in --colour red", values{}, nil, "unknown flag --colour"},
		"should guess a misspelt flag":            {"in --forze", values{}, nil, "unknown flag --forze, did you mean --force?"},
		"should ask for a missing value":          {"in --to", values{}, nil, "flag --to needs a value"},
		"should refuse a value of the wrong kind": {"--seed many", values{}, nil, `flag --seed does not take "many": not a valid value`},
		"should refuse a number out of range":     {"--seed 99999999999999999999", values{}, nil, `flag --seed does not take "99999999999999999999": too large or too small`},
		"should refuse a bad switch":              {"--force=perhaps", values{}, nil, `flag --force does not take "perhaps": not a valid value`},
		"should report help":                      {"in --help", values{}, nil, flag.ErrHelp.Error()},
		"should take a nameless flag for unknown": {"--=x", values{}, nil, "unknown flag --"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fs, got := newFlags()
			paths, err := cli.Parse(fs, strings.Fields(tt.args))
			if tt.wantError != "" {
				if err == nil || err.Error() != tt.wantError {
					t.Fatalf("got error %v, want %s", err, tt.wantError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Error("flags (-want +got):\n", diff)
			}
			if diff := cmp.Diff(tt.wantPaths, paths); diff != "" {
				t.Error("paths (-want +got):\n", diff)
			}
			if diff := cmp.Diff(paths, fs.Args()); diff != "" {
				t.Error("fs.Args (-want +got):\n", diff)
			}
		})
	}
}

var help = cli.Help{
	Name: "saysee convert", Synopsis: "IN OUT [--to FORMAT]", Summary: "Converts label files.",
	Details:  "More words.\n",
	Examples: []cli.Example{{"saysee convert a b --to coco", "writes COCO"}},
}

func TestUsage(t *testing.T) {
	fs, _ := newFlags()
	var got strings.Builder
	cli.Usage(&got, fs, help)
	want := `Usage: saysee convert IN OUT [--to FORMAT]

Converts label files.

More words.

Flags:
  --a-flag-of-a-very-long-name DURATION
                          wait
                          this long (default 1s)
  --force                 overwrite
  --seed NUMBER           seed of the number generator (default 1)
  --to FORMAT             write this format
  -v                      say more

Examples:
  saysee convert a b --to coco
      writes COCO
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error("help (-want +got):\n", diff)
	}
}

func TestArgs(t *testing.T) {
	tests := map[string]struct {
		args           []string
		code           int
		ok             bool
		stdout, stderr string
	}{
		"should go on after good arguments":     {[]string{"in"}, cli.OK, true, "", ""},
		"should answer help on standard output": {[]string{"-h"}, cli.OK, false, "Usage: saysee convert", ""},
		"should answer nonsense on standard error": {
			[]string{"--what"},
			cli.BadUsage, false, "",
			"saysee convert: unknown flag --what\nTry \"saysee convert --help\".\n",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fs, _ := newFlags()
			var stdout, stderr strings.Builder
			_, code, ok := cli.Args(fs, help, tt.args, &stdout, &stderr)
			if code != tt.code || ok != tt.ok {
				t.Errorf("got code %d, ok %v; want %d, %v", code, ok, tt.code, tt.ok)
			}
			if !strings.HasPrefix(stdout.String(), tt.stdout) || (tt.stdout == "") != (stdout.Len() == 0) {
				t.Errorf("standard output is %q", stdout.String())
			}
			if stderr.String() != tt.stderr {
				t.Errorf("standard error is %q", stderr.String())
			}
		})
	}
}

func TestFailed(t *testing.T) {
	var stderr strings.Builder
	code := cli.Failed(&stderr, help, errors.New("disk full"))
	if code != cli.Failure || stderr.String() != "saysee convert: disk full\n" {
		t.Errorf("got code %d and %q", code, stderr.String())
	}
}
