package main

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model/modeltest"
)

// nameArgs asks a small pack with random weights, which says nothing true.
func nameArgs(t *testing.T, more ...string) []string {
	t.Helper()
	root := modeltest.SmallCLIP(t, "clip-vit", nil)
	return append([]string{"name", "--model", filepath.Join(root, "clip-vit"), "--onnxruntime", library(t)}, more...)
}

func TestName(t *testing.T) {
	cat, broken := catAndBroken(t)

	t.Run("should know a cat from other things with the bundled pack", func(t *testing.T) {
		code, out, errs := saysee(t, "name", cat, "--find", "cat | kitten, car, house, person, tree", "--top", "1", "--onnxruntime", library(t))
		if code != cli.OK || !strings.Contains(out, "  cat") {
			t.Errorf("code %d, %q, %s", code, out, errs)
		}
	})
	t.Run("should read Chinese names, and say how", func(t *testing.T) {
		code, out, errs := saysee(t, "name", cat, "--find", "汽车, 猫, 房子, 人, 树", "--top", "1", "--onnxruntime", library(t))
		if code != cli.OK || !strings.Contains(out, "  猫") || !strings.Contains(errs, "猫 → cat") {
			t.Errorf("code %d, %q, %s", code, out, errs)
		}
	})
	t.Run("should tell the best names with shares that add up to 1, as JSON", func(t *testing.T) {
		code, out, errs := saysee(t, nameArgs(t, cat, "--find", "cat | kitten, dog, red cup", "--top", "0", "--json")...)
		if code != cli.OK {
			t.Fatalf("code %d: %s", code, errs)
		}
		var got []namedPhoto
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, n := range got[0].Names {
			sum += n.Share
			if i > 0 && n.Share > got[0].Names[i-1].Share {
				t.Error("the best does not come first")
			}
		}
		if len(got) != 1 || len(got[0].Names) != 3 || math.Abs(sum-1) > 1e-5 {
			t.Errorf("%+v, sum %v", got, sum)
		}
	})
	t.Run("should name parts of a photo", func(t *testing.T) {
		code, out, errs := saysee(t, nameArgs(t, cat, "--find", "cat, dog", "--box", "10,10,80,60", "--box", "0,0,20,90.5", "--json")...)
		var got []namedPhoto
		if err := json.Unmarshal([]byte(out), &got); code != cli.OK || err != nil {
			t.Fatalf("code %d, %v: %s", code, err, errs)
		}
		if len(got[0].Names) != 0 || len(got[0].Regions) != 2 || got[0].Regions[1].Box[3] != 90.5 || len(got[0].Regions[0].Names) != 2 {
			t.Errorf("%+v", got)
		}
	})
	t.Run("should try everyday names when none are given", func(t *testing.T) {
		code, out, errs := saysee(t, nameArgs(t, cat, "--top", "3")...)
		if code != cli.OK || strings.Count(out, " % ") != 3 {
			t.Errorf("code %d, %q, %s", code, out, errs)
		}
	})
	t.Run("should name the others when a photo is broken, and say so", func(t *testing.T) {
		code, out, _ := saysee(t, nameArgs(t, broken, cat, "--find", "cat, dog")...)
		if code != cli.Problems || !strings.Contains(out, "broken.jpg\n  was skipped") || !strings.Contains(out, "cat.jpg\n  ") {
			t.Errorf("code %d, %q", code, out)
		}
	})
	t.Run("should say that a phrase is too long to be read whole", func(t *testing.T) {
		code, _, errs := saysee(t, nameArgs(t, cat, "--find", "dog, "+strings.Repeat("7 ", 90))...)
		if code != cli.OK || !strings.Contains(errs, "only the beginning of the phrase “7 7") {
			t.Errorf("code %d, %q", code, errs)
		}
	})
	t.Run("should say that a box lies outside the photo", func(t *testing.T) {
		code, out, _ := saysee(t, nameArgs(t, cat, "--find", "cat, dog", "--box", "90000,0,90010,10")...)
		if code != cli.Problems || !strings.Contains(out, "outside the photo") {
			t.Errorf("code %d, %q", code, out)
		}
	})
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"should ask for photos":                         {nil, "no photos"},
		"should refuse a box that is none":              {[]string{cat, "--box", "10,10,5,20"}, "X0,Y0,X1,Y1"},
		"should refuse a box with a word in it":         {[]string{cat, "--box", "10,10,20,20x"}, "X0,Y0,X1,Y1"},
		"should name the sets when one is not known":    {[]string{cat, "--templates", "81"}, "take one of 63, 7, 80, none, one"},
		"should refuse words that are none":             {[]string{cat, "--find", "\x07\x1b, ,"}, "no words"},
		"should refuse a negative number of names":      {[]string{cat, "--top", "-1"}, "cannot be negative"},
		"should say that a file of templates is absent": {[]string{cat, "--templates", "@nowhere.txt"}, "nowhere.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			if code, _, errs := saysee(t, nameArgs(t, c.args...)...); code != cli.BadUsage || !strings.Contains(errs, c.want) {
				t.Errorf("code %d, %q, want %q", code, errs, c.want)
			}
		})
	}
}

func TestLabelGrounds(t *testing.T) {
	cat := filepath.Join(t.TempDir(), "cat.jpg")
	save(t, cat, assets.Photo("cat.jpg"))
	ground := func(t *testing.T, sentence string, more ...string) (int, string, string) {
		t.Helper()
		return saysee(t, append([]string{
			"label", cat, "--ground", sentence, "--onnxruntime", library(t), "--size", "160", "--score", "0.1", "--out", t.TempDir(), "--format", "coco", "--json",
		}, more...)...)
	}
	t.Run("should look for the phrases of a sentence and say which", func(t *testing.T) {
		code, out, errs := ground(t, "a cat is lying on the table")
		if code != cli.OK || !strings.Contains(errs, "looking for “a cat”, “the table”") {
			t.Fatalf("code %d: %s", code, errs)
		}
		var r labelReport
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		if len(r.Classes) != 2 || r.Classes[0].Name != "a cat" || r.Classes[0].Regions == 0 {
			t.Errorf("%+v", r.Classes)
		}
	})
	t.Run("should take a pack that reads sentences", func(t *testing.T) {
		pack := filepath.Join(modeltest.SmallGLIP(t, "deep", nil), "glip-deep")
		code, out, errs := ground(t, "[a cat] on [the table]", "--model", pack, "--size", "0")
		var r labelReport
		if err := json.Unmarshal([]byte(out), &r); code != cli.OK || err != nil {
			t.Fatalf("code %d, %v: %s", code, err, errs)
		}
		if len(r.Classes) != 2 || r.Classes[1].Name != "the table" || r.Regions == 0 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("should say how many passes many words take", func(t *testing.T) {
		pack := filepath.Join(modeltest.SmallGLIP(t, "deep", nil), "glip-deep")
		words := strings.Repeat("cat, ", 3) + "dog"
		for i := range 130 {
			words += ", thing " + string(rune('a'+i%26)) + string(rune('a'+i/26))
		}
		code, _, errs := saysee(t, "label", cat, "--find", words, "--model", pack, "--onnxruntime", library(t), "--out", t.TempDir(), "--format", "coco", "--no-masks")
		if code != cli.OK || !strings.Contains(errs, "passes") {
			t.Errorf("code %d: %s", code, errs)
		}
	})
	for name, c := range map[string]struct{ sentence, more, want string }{
		"should say that a sentence names nothing":           {"is it there?", "", "names nothing to look for"},
		"should say so of control characters":                {"\x00\x1b\x07", "", "names nothing to look for"},
		"should say that a bracket is not closed":            {"[a cat on the table", "", "a bracket is not closed"},
		"should refuse words beside a sentence":              {"a cat", "--find=dog", "choose one"},
		"should want two words to choose from for rescoring": {"a cat", "--rescore=0.5", "at least two classes"},
		"should bound the weight of rescoring":               {"a cat and a dog", "--rescore=2", "--rescore goes from 0 to 1"},
	} {
		t.Run(name, func(t *testing.T) {
			var more []string
			if c.more != "" {
				more = []string{c.more}
			}
			if code, _, errs := ground(t, c.sentence, more...); code != cli.BadUsage || !strings.Contains(errs, c.want) {
				t.Errorf("code %d, %q, want %q", code, errs, c.want)
			}
		})
	}
}

func TestLabelLooksAgain(t *testing.T) {
	cat := filepath.Join(t.TempDir(), "cat.jpg")
	save(t, cat, assets.Photo("cat.jpg"))
	pack := filepath.Join(modeltest.SmallCLIP(t, "clip-vit", nil), "clip-vit")
	code, out, errs := saysee(t, "label", cat, "--find", "cat, dog", "--rescore", "0.5", "--model", pack, "--onnxruntime", library(t),
		"--score", "0.05", "--out", t.TempDir(), "--format", "coco", "--json")
	var r labelReport
	if err := json.Unmarshal([]byte(out), &r); code != cli.OK || err != nil {
		t.Fatalf("code %d, %v: %s", code, err, errs)
	}
	if r.Regions == 0 {
		t.Error("nothing is left")
	}
}
