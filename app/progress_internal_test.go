package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestFit(t *testing.T) {
	for name, c := range map[string]struct {
		columns int
		want    string
	}{
		"should show all where the width is unknown":   {0, "[##] 1 of 2"},
		"should show all where there is room":          {12, "[##] 1 of 2"},
		"should leave out the bar where there is none": {11, "1 of 2"},
		"should cut off what would wrap":               {5, "1 of"},
		"should bear a terminal of one column":         {1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fit("[##] ", "1 of 2", c.columns); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestPrintable(t *testing.T) {
	if got, want := printable("a\x1b[31m\n猫.jpg"), "a\ufffd[31m\ufffd猫.jpg"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPassesAreToldOnceAndNoRateBeforeThereIsOne(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, 2)
	p.pass(0, 3)
	p.pass(1, 3)
	p.pass(0, 1) // a caption that holds all words
	if got := b.String(); strings.Count(got, "takes 3 passes") != 1 || !strings.Contains(got, "0 of 2 photos, pass 1 of 3\n") || strings.Contains(got, "left") {
		t.Errorf("got %q", got)
	}
}
