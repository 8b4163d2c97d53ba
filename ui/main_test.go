package ui

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/ui/session"
)

// asProgram makes the test binary be the program itself, with its arguments as paths, so that a real window can
// be driven from outside.
const asProgram = "SAYSEE_TEST_WINDOW"

// asWatcher names a video that the window begins with, in the mode Live.
const asWatcher = "SAYSEE_TEST_WATCH"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	p := Params{Paths: os.Args[1:], Version: "test", Load: loadStarter}
	if clip := os.Getenv(asWatcher); clip != "" {
		p.Watch = &Watch{Source: source.Spec{Kind: source.File, Path: clip}}
	}
	err := Run(context.Background(), p)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func loadStarter(session.Choice) (*pipeline.Models, error) {
	if err := model.LoadRuntime(""); err != nil {
		return nil, err
	}
	store, err := model.NewStore("", assets.Packs())
	if err != nil {
		return nil, err
	}
	return pipeline.Load(pipeline.Params{Store: store, Detect: pipeline.DefaultDetector, Threads: 1})
}
