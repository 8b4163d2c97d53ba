package ui

import (
	"testing"

	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/prompt/lexicon"
)

// TestReadings shows on chips how Chinese words are read.
func TestReadings(t *testing.T) {
	d := newDesk(t, 1400, 900)
	d.params.Lexicon = lexicon.New(assets.Lexicon)
	for name, c := range map[string]struct {
		typed, tip string
		warned     bool
	}{
		"should say the English of a word":             {"红色的杯子", "红色的杯子  ·  红色的杯子 → red cup", false},
		"should say all that a word may mean":          {"沙发", "沙发  ·  沙发 → couch | sofa", false},
		"should say it of every phrase":                {"pet: 猫 | dog ; !马", "pet: 猫 | dog ; !马  ·  猫 → cat  ·  马 → horse", false},
		"should warn of what is not in the dictionary": {"猫鑫鑫", "猫鑫鑫  ·  猫鑫鑫 → cat  ·  “鑫鑫” is not in the dictionary; write it in English", true},
		"should say nothing of English":                {"red cup", "red cup", false},
	} {
		t.Run(name, func(t *testing.T) {
			d.prompt.words, d.prompt.at = nil, 0
			d.prompt.take(c.typed)
			if len(d.prompt.chips) != 1 {
				t.Fatalf("%d chips", len(d.prompt.chips))
			}
			if got := d.prompt.chips[0].Tip; got != c.tip {
				t.Errorf("tip %q, want %q", got, c.tip)
			}
			if _, _, warned := d.prompt.read(d.prompt.words[0]); warned != c.warned {
				t.Errorf("warned: %v", warned)
			}
		})
	}
}
