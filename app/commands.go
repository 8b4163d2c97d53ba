package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/app/dataset"
)

// version is set by the build.
var version = "unknown"

// stdio is where a command reads and writes.
type stdio struct {
	in       io.Reader
	out, err io.Writer
}

// command is one word after the program's name.
type command struct {
	name, summary string
	run           func(ctx context.Context, args []string, s stdio) int
}

// commands are listed by help in this order.
func commands() []command {
	return []command{
		{"label", "find and segment things in photos; write pictures and label files", label},
		{"name", "say which words fit a photo best, or a part of it", nameCommand},
		{"compare", "show what each model makes of the same photos, side by side", compare},
		{"watch", "find things in a camera, a video or a stream while it runs", watch},
		{"convert", "turn label files of one format into another", onStreams(dataset.Convert)},
		{"check", "look for mistakes in a dataset, and repair them", onStreams(dataset.Check)},
		{"eval", "compare predictions with the truth: AP, curves, confusions", evaluate},
		{"bench", "measure each stage on a photo", bench},
		{"models", "list and verify the packs", models},
	}
}

// opensWindow reports whether an argument is a photo or a folder to show, and no command.
func opensWindow(arg string) bool {
	if slices.ContainsFunc(commands(), func(c command) bool { return c.name == arg }) {
		return false
	}
	_, err := os.Stat(arg)
	return err == nil
}

// run picks the command and gives it a context that ends with Ctrl-C.
func run(ctx context.Context, args []string, s stdio) int {
	if len(args) == 0 || opensWindow(args[0]) {
		return window(ctx, args, s)
	}
	name, args := args[0], args[1:]
	if name == "help" && len(args) > 0 && args[0] != "help" {
		name, args = args[0], []string{"--help"}
	}
	switch name {
	case "help", "-h", "--help", "-help":
		help(s.out)
		return cli.OK
	case "version", "-v", "--version", "-version":
		fmt.Fprintln(s.out, "saysee", version)
		return cli.OK
	}
	for _, c := range commands() {
		if c.name == name {
			ctx, stop := interruptible(ctx)
			defer stop()
			return c.run(ctx, args, s)
		}
	}
	fmt.Fprintf(s.err, "saysee: there is no command %q\nTry \"saysee help\".\n", name)
	return cli.BadUsage
}

// interruptible returns a context that the first signal to end cancels. The next signal is the system's to
// deal with, as of the moment that the context is done.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals)
		cancel()
	}()
	return ctx, cancel
}

func help(w io.Writer) {
	var b strings.Builder
	b.WriteString("Usage: saysee [PATH...]             open the window\n       saysee COMMAND [ARGUMENTS]\n\nSay what you want to find in photos, and see it boxed and masked.\n\nCommands:\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-10s %s\n", c.name, c.summary)
	}
	b.WriteString("  version    print the version\n  help       print this; \"saysee help COMMAND\" explains a command and its flags\n")
	_, _ = io.WriteString(w, b.String())
}
