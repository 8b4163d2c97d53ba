package main

import (
	"testing"

	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
)

func TestTheWindowTakesThresholdsFromThePacks(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	store, err := model.NewStore("", assets.Packs())
	if err != nil {
		t.Fatal(err)
	}
	packs, err := choices("")
	if err != nil || len(packs) < 4 {
		t.Fatalf("%d packs, %v", len(packs), err)
	}
	for _, p := range packs {
		pack, err := store.Open(p.Pack())
		if err != nil {
			t.Fatal(err)
		}
		if own := pack.Defaults; p.Thresholds.Score != own.Score || p.Thresholds.Overlap != own.NMS || own.Score == 0 {
			t.Errorf("%s: %+v, want %+v", pack.ID, p.Thresholds, own)
		}
	}
}
