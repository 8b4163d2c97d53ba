package track_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
	"github.com/saysee/saysee/pipeline/track"
)

// clip is what zoo/track/clips.py writes: true and found boxes, and what supervision's ByteTrack makes of them, with the
// figures that motmetrics gives it.
type clip struct {
	Score     float64
	Reference struct {
		Misses   float64 `json:"num_misses"`
		Extra    float64 `json:"num_false_positives"`
		Switches float64 `json:"num_switches"`
		MOTA     float64
		IDF1     float64
	}
	Frames []struct {
		True, Reference [][5]float64
		Found           [][6]float64
	}
}

func readClip(t *testing.T, name string) clip {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var c clip
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func sighted(into []eval.Sighting, frame int, rows [][5]float64) []eval.Sighting {
	for _, r := range rows {
		into = append(into, eval.Sighting{Frame: frame, Track: int(r[0]), Box: annot.Box{X0: r[1], Y0: r[2], X1: r[3], Y1: r[4]}})
	}
	return into
}

// tracked runs our tracker over the found boxes.
func (c clip) tracked(o track.Options) []eval.Sighting {
	o.Score = c.Score
	tr := track.New(o)
	var out []eval.Sighting
	for n, f := range c.Frames {
		var found []annot.Region
		for _, r := range f.Found {
			found = append(found, annot.Region{
				Class: int(r[0]), Score: r[1], Box: annot.Box{X0: r[2], Y0: r[3], X1: r[4], Y1: r[5]},
				Source: annot.Source{Maker: annot.ByModel},
			})
		}
		for _, r := range tr.Update(time.Duration(n)*tick, found) {
			out = append(out, eval.Sighting{Frame: n, Track: r.Track, Box: r.Box})
		}
	}
	return out
}

// slack is what a setting may lose of one figure to the reference.
const slack = 0.015

// TestClips compares with the reference on the same boxes; docs/live.md has the table.
func TestClips(t *testing.T) {
	for _, name := range []string{"walk", "wall"} {
		c := readClip(t, name)
		var truth, reference []eval.Sighting
		for n, f := range c.Frames {
			truth, reference = sighted(truth, n, f.True), sighted(reference, n, f.Reference)
		}
		t.Run("should count on "+name+" as motmetrics does", func(t *testing.T) {
			got, want := eval.Track(truth, reference, 0.5), c.Reference
			if got.Missed != int(want.Misses) || got.Extra != int(want.Extra) || got.Switches != int(want.Switches) ||
				math.Abs(got.MOTA()-want.MOTA) > 1e-6 || math.Abs(got.IDF1()-want.IDF1) > 1e-6 {
				t.Errorf("%+v, MOTA %v, IDF1 %v; motmetrics %+v", got, got.MOTA(), got.IDF1(), want)
			}
		})
		t.Run("should follow "+name+" as well as the reference", func(t *testing.T) {
			for label, o := range map[string]track.Options{"as found": {}, "confirmed at once": {Confirm: 1}, "held": {Hold: 3 * tick, Steady: true}} {
				got := eval.Track(truth, c.tracked(o), 0.5)
				t.Logf("%s: MOTA %.3f, IDF1 %.3f, %d switches, %d missed, %d extra; reference %.3f, %.3f, %v, %v, %v", label, got.MOTA(), got.IDF1(),
					got.Switches, got.Missed, got.Extra, c.Reference.MOTA, c.Reference.IDF1, c.Reference.Switches, c.Reference.Misses, c.Reference.Extra)
				if got.MOTA() < c.Reference.MOTA-slack || got.IDF1() < c.Reference.IDF1-slack {
					t.Errorf("%s: MOTA %.3f, IDF1 %.3f, the reference %.3f, %.3f", label, got.MOTA(), got.IDF1(), c.Reference.MOTA, c.Reference.IDF1)
				}
			}
		})
	}
}
