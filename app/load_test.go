package main

import (
	"flag"
	"testing"

	"github.com/saysee/saysee/app/cli"
)

func TestThresholdsAreThePacksOwnUnlessGiven(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want func(own float64) float64
	}{
		"should be the pack's own":  {nil, func(own float64) float64 { return own }},
		"should be those of a flag": {[]string{"--score", "0.123"}, func(float64) float64 { return 0.123 }},
	} {
		for _, ref := range []string{"vild-starter", "glip-starter"} {
			t.Run(name+", "+ref, func(t *testing.T) {
				t.Setenv("XDG_DATA_HOME", t.TempDir())
				var m modelFlags
				fs := flag.NewFlagSet("label", flag.ContinueOnError)
				m.register(fs)
				if _, err := cli.Parse(fs, append(c.args, "--find", "cat", "--model", ref, "--no-cache", "--onnxruntime", library(t))); err != nil {
					t.Fatal(err)
				}
				q, _, err := m.words()
				if err != nil {
					t.Fatal(err)
				}
				models, err := m.load(q, 1)
				if err != nil {
					t.Fatal(err)
				}
				defer models.Close() //nolint:errcheck // nothing runs
				own := models.Detector.Pack().Defaults.Score
				if got := m.filter(models).Boxes.Score; got != c.want(own) || own == 0 {
					t.Errorf("%v, want %v", got, c.want(own))
				}
			})
		}
	}
}
