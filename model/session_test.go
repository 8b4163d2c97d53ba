package model_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
)

func trunk(t testing.TB, e *model.Engine) *model.Session {
	t.Helper()
	s, err := e.Session(modeltest.Pack(t, "vild-starter"), "trunk", model.Trunk())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pixels(t testing.TB, side int64, value float32) *model.Tensor {
	t.Helper()
	x, err := model.NewF32(1, 3, side, side)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x.F32 {
		x.F32[i] = value * float32(math.Sin(float64(i)))
	}
	t.Cleanup(x.Release)
	return x
}

func TestTwoPacksShareTheSessionOfACommonTrunk(t *testing.T) {
	e := modeltest.Engine(t, 2)
	other, err := e.Session(modeltest.Pack(t, "lseg-starter"), "trunk", model.Trunk())
	if err != nil {
		t.Fatal(err)
	}
	if trunk(t, e) != other {
		t.Error("the same file was loaded twice")
	}
}

func TestAViewRunsATrunkOnce(t *testing.T) {
	e := modeltest.Engine(t, 2)
	s := trunk(t, e)
	v := model.NewView(model.Letterbox{}, pixels(t, 96, 1))
	defer v.Release()
	for range 3 {
		if _, err := v.Features(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if s.Runs() != 1 || e.Runs() != 1 {
		t.Errorf("the trunk ran %d times (engine: %d), want 1", s.Runs(), e.Runs())
	}
}

func TestReusedOutputsHoldTheSameValuesAsFreshOnes(t *testing.T) {
	s := trunk(t, modeltest.Engine(t, 1))
	x := pixels(t, 96, 1)
	first, err := s.Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	want := append([]float32(nil), first[1].F32...)
	model.ReleaseAll(first)
	other, err := s.Run(t.Context(), pixels(t, 96, 0.1))
	if err != nil {
		t.Fatal(err)
	}
	model.ReleaseAll(other)
	again, err := s.Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	defer model.ReleaseAll(again)
	for i, v := range again[1].F32 {
		if v != want[i] {
			t.Fatalf("p3[%d] = %v, the first run gave %v", i, v, want[i])
		}
	}
}

func TestConcurrentRunsDoNotMix(t *testing.T) {
	s := trunk(t, modeltest.Engine(t, 1))
	var wg sync.WaitGroup
	for k := range 4 {
		x := pixels(t, 64, float32(k+1))
		ref, err := s.Run(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		want := append([]float32(nil), ref[2].F32...)
		model.ReleaseAll(ref)
		wg.Go(func() {
			for range 5 {
				out, err := s.Run(context.Background(), x)
				if err != nil {
					t.Error(err)
					return
				}
				for i, v := range out[2].F32 {
					if v != want[i] {
						t.Errorf("run %d: p4[%d] = %v, want %v", k, i, v, want[i])
						break
					}
				}
				model.ReleaseAll(out)
			}
		})
	}
	wg.Wait()
}

func TestACancelledRunStopsEarlyAndTheSessionLivesOn(t *testing.T) {
	s := trunk(t, modeltest.Engine(t, 1))
	x := pixels(t, 1024, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var stopped time.Time
	time.AfterFunc(20*time.Millisecond, func() { stopped = time.Now(); cancel() })
	_, err := s.Run(ctx, x)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want context.Canceled", err)
	}
	if late := time.Since(stopped); late > 2*time.Second {
		t.Errorf("the run went on for %v", late)
	}
	out, err := s.Run(t.Context(), pixels(t, 64, 1))
	if err != nil {
		t.Fatal(err)
	}
	model.ReleaseAll(out)
}

func TestARunWithTheWrongNumberOfInputsSaysSo(t *testing.T) {
	s := trunk(t, modeltest.Engine(t, 1))
	if _, err := s.Run(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestAFileWithOtherPortsNamesTheDifference(t *testing.T) {
	e := modeltest.Engine(t, 1)
	p := modeltest.Pack(t, "vild-starter")
	_, err := e.Session(p, "trunk", model.Graph{
		Inputs:  []model.Port{{Name: "pixel_values", Type: model.Float32, Rank: 3}},
		Outputs: []model.Port{{Name: "p2", Type: model.Float32, Rank: 4}},
	})
	if !errors.Is(err, model.ErrGraph) {
		t.Fatalf("got %v", err)
	}
	want := `pack vild-starter, trunk.onnx: graph does not fit its family: input "pixel_values" has 4 dimensions, not 3; output "p2" is missing (the file has "f4", "p3", "p4", "p5", "p6", "c5")`
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestATrunkIsLoadedAsFarAsAHeadNeedsIt(t *testing.T) {
	e := modeltest.Engine(t, 1)
	head, err := e.Session(modeltest.Pack(t, "clip-starter"), "naming", model.Graph{Head: true, Outputs: []model.Port{{Name: "image_embeds", Type: model.Float32, Rank: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	part, err := e.Session(modeltest.Pack(t, "clip-starter"), "trunk", head.Trunk())
	if err != nil {
		t.Fatal(err)
	}
	x := pixels(t, 96, 1)
	all, err := trunk(t, e).Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	defer model.ReleaseAll(all)
	few, err := part.Run(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	defer model.ReleaseAll(few)
	if len(few) != 1 || !slices.Equal(few[0].Shape, all[5].Shape) || !slices.Equal(few[0].F32, all[5].F32) {
		t.Errorf("%d levels, not the backbone's last map alone, or another", len(few))
	}
}
