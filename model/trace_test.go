package model_test

import (
	"errors"
	"testing"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
)

func TestATraceReplaysTheSameRuns(t *testing.T) {
	e := modeltest.Engine(t, 1)
	s := trunk(t, e)
	x := pixels(t, 64, 1)
	trace, err := e.Record(func() error {
		out, err := s.Run(t.Context(), x)
		model.ReleaseAll(out)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer trace.Close()
	if trace.Len() != 1 {
		t.Fatalf("%d runs were noted", trace.Len())
	}
	clear(x.F32) // the trace has inputs of its own
	if err := trace.Replay(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Runs() != 2 {
		t.Errorf("%d runs, want the work's and the replay's", s.Runs())
	}
}

func TestATraceOfFailedWorkIsAnError(t *testing.T) {
	want := errors.New("failed")
	if _, err := modeltest.Engine(t, 1).Record(func() error { return want }); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}
