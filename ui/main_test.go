package ui

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/ui/session"
)

// asProgram makes the test binary be the program itself, with its arguments as paths, so that a real window can
// be driven from outside.
const asProgram = "SAYSEE_TEST_WINDOW"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	err := Run(context.Background(), Params{Paths: os.Args[1:], Version: "test", Load: loadStarter})
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
