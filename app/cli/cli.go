// Package cli is what the commands share: a reading of arguments in which flags and paths come in any
// order, help in the GNU style, and the exit codes.
package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// The exit codes of every command.
const (
	OK       = 0 // done
	Failure  = 1 // not done
	BadUsage = 2 // not understood
	Problems = 3 // done, but some of it has problems that were named
)

// Parse reads args into the flags of fs and returns the positional arguments in their order. Unlike
// fs.Parse it reads flags after positional arguments too. One dash or two make no difference;
// "--" ends the flags, and a single "-" is a positional argument (by custom, standard input).
//
// It returns flag.ErrHelp for -h and --help when fs does not define them. It prints nothing. After it,
// fs.Args and fs.NArg tell the positional arguments as well.
func Parse(fs *flag.FlagSet, args []string) ([]string, error) {
	var paths []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			paths, args = append(paths, args...), nil
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			paths = append(paths, arg)
		default:
			var err error
			if args, err = parseFlag(fs, arg, args); err != nil {
				return nil, err
			}
		}
	}
	// Nothing but positional arguments is left, which cannot fail.
	_ = fs.Parse(append([]string{"--"}, paths...))
	return paths, nil
}

// parseFlag reads one flag, and its value from rest when it is not in arg, and returns what is left.
func parseFlag(fs *flag.FlagSet, arg string, rest []string) ([]string, error) {
	name, value, hasValue := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
	f := fs.Lookup(name)
	if f == nil {
		if name == "h" || name == "help" {
			return nil, flag.ErrHelp
		}
		return nil, unknownFlag(fs, name)
	}
	if !hasValue {
		switch {
		case isBool(f):
			value = "true"
		case len(rest) == 0:
			return nil, fmt.Errorf("flag %s needs a value", dashed(name))
		default:
			value, rest = rest[0], rest[1:]
		}
	}
	if err := fs.Set(name, value); err != nil {
		return nil, fmt.Errorf("flag %s does not take %q: %w", dashed(name), value, plain(err))
	}
	return rest, nil
}

// plain replaces the two errors with which package flag says that a number does not parse; they name
// nothing a user knows.
func plain(err error) error {
	switch err.Error() {
	case "parse error":
		return errors.New("not a valid value")
	case "value out of range":
		return errors.New("too large or too small")
	}
	return err
}

func unknownFlag(fs *flag.FlagSet, name string) error {
	near, best := "", 3
	fs.VisitAll(func(f *flag.Flag) {
		if d := distance(f.Name, name); d < best && d < len(f.Name) {
			near, best = f.Name, d
		}
	})
	if near == "" {
		return fmt.Errorf("unknown flag %s", dashed(name))
	}
	return fmt.Errorf("unknown flag %s, did you mean %s?", dashed(name), dashed(near))
}

// distance is Levenshtein's: the fewest letters to insert, delete or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// dashed writes a flag's name as users type it: -v, --verbose.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// Help is what a command says of itself.
type Help struct {
	Name     string    // as typed: "saysee convert"
	Synopsis string    // what follows the name: "IN OUT [--to FORMAT]"
	Summary  string    // one sentence, without the command's name
	Details  string    // paragraphs, may be empty
	Examples []Example // at least one
}

// Example is a line to type and what it does.
type Example struct{ Line, Does string }

// Usage writes the help of a command: synopsis, summary, flags with their values and defaults, examples.
// A flag's placeholder is the back-quoted word of its usage text, in upper case (see flag.UnquoteUsage).
func Usage(w io.Writer, fs *flag.FlagSet, h Help) {
	var s strings.Builder
	fmt.Fprintf(&s, "Usage: %s %s\n\n%s\n", h.Name, h.Synopsis, h.Summary)
	if h.Details != "" {
		fmt.Fprintf(&s, "\n%s\n", strings.TrimSpace(h.Details))
	}
	if flags := usageOfFlags(fs); flags != "" {
		fmt.Fprintf(&s, "\nFlags:\n%s", flags)
	}
	if len(h.Examples) > 0 {
		s.WriteString("\nExamples:\n")
		for _, e := range h.Examples {
			fmt.Fprintf(&s, "  %s\n      %s\n", e.Line, e.Does)
		}
	}
	_, _ = io.WriteString(w, s.String())
}

// The flags' texts begin in this column, or on a line of their own after a longer flag.
const usageColumn = 26

func usageOfFlags(fs *flag.FlagSet) string {
	var s strings.Builder
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		head := "  " + dashed(f.Name)
		if value != "" {
			head += " " + strings.ToUpper(value)
		}
		switch f.DefValue {
		case "", "false", "0", "[]":
		default:
			text += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		if len(head) > usageColumn-2 {
			head += "\n" + strings.Repeat(" ", usageColumn)
		} else {
			head += strings.Repeat(" ", usageColumn-len(head))
		}
		text = strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", usageColumn))
		s.WriteString(head + text + "\n")
	})
	return s.String()
}

// Args is Parse for a command: it answers --help on stdout and what it does not understand on stderr.
// When ok is false the command is over, and code is its exit code.
func Args(fs *flag.FlagSet, h Help, args []string, stdout, stderr io.Writer) (paths []string, code int, ok bool) {
	paths, err := Parse(fs, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		Usage(stdout, fs, h)
		return nil, OK, false
	case err != nil:
		return nil, Misused(stderr, h, err), false
	}
	return paths, OK, true
}

// Misused says on stderr why a command was not understood, and where its help is. It returns BadUsage.
func Misused(stderr io.Writer, h Help, err error) int {
	fmt.Fprintf(stderr, "%s: %v\nTry \"%s --help\".\n", h.Name, err, h.Name)
	return BadUsage
}

// Failed says on stderr why a command could not do its work. It returns Failure.
func Failed(stderr io.Writer, h Help, err error) int {
	fmt.Fprintf(stderr, "%s: %v\n", h.Name, err)
	return Failure
}
