package main

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model/modeltest"
)

// sheetOf runs the command on photos and returns the size of the sheet that it writes.
func sheetOf(t *testing.T, out string, args ...string) (size image.Point, code int, stdout, stderr string) {
	t.Helper()
	code, stdout, stderr = saysee(t, append([]string{"compare", "--onnxruntime", library(t), "--size", "160", "--side", "150", "--out", out}, args...)...)
	f, err := os.Open(out)
	if err != nil {
		t.Fatalf("%v; code %d: %s", err, code, stderr)
	}
	defer f.Close() //nolint:errcheck // only read
	c, _, err := image.DecodeConfig(f)
	if err != nil {
		t.Fatal(err)
	}
	return image.Pt(c.Width, c.Height), code, stdout, stderr
}

// packsIn are the first words of lines.
func packsIn(stdout string) string {
	var names []string
	for line := range strings.Lines(stdout) {
		names = append(names, strings.Fields(line)[0])
	}
	return strings.Join(names[:len(names)-1], " ") // the last is the sheet
}

func TestCompare(t *testing.T) {
	cat, broken := catAndBroken(t)

	t.Run("should show all packs on a photo, the usual ones first", func(t *testing.T) {
		five, code, stdout, stderr := sheetOf(t, filepath.Join(t.TempDir(), "new", "sheet.png"), cat, "--find", "cat, dog", "--segment", "grass")
		if code != cli.OK || packsIn(stdout) != "vild-starter glip-starter lseg-starter groupvit-starter clip-starter" {
			t.Errorf("code %d, %s%s", code, stdout, stderr)
		}
		one, _, _, _ := sheetOf(t, filepath.Join(t.TempDir(), "sheet.jpg"), cat, "--find", "cat", "--model", "lseg-starter")
		if five.X < 5*150 || one.X < 150 || one.X > five.X/4 || one.Y != five.Y {
			t.Errorf("five columns are %v, one is %v", five, one)
		}
	})
	t.Run("should show the packs that are named, in that order", func(t *testing.T) {
		_, code, stdout, stderr := sheetOf(t, filepath.Join(t.TempDir(), "sheet.png"), cat, "--find", "cat", "--model", "groupvit-starter, vild-starter")
		if code != cli.OK || packsIn(stdout) != "groupvit-starter vild-starter" || !strings.Contains(stdout, "nothing on 0 photos") {
			t.Errorf("code %d, %s%s", code, stdout, stderr)
		}
	})
	t.Run("should take packs of one's own that make no masks and prepare photos in other ways", func(t *testing.T) {
		glip := filepath.Join(modeltest.SmallGLIP(t, "deep", nil), "glip-deep")
		clip := filepath.Join(modeltest.SmallCLIP(t, "clip-vit", nil), "clip-vit")
		code, stdout, stderr := saysee(t, "compare", cat, "--find", "cat, dog", "--model", glip+","+clip+",lseg-starter", "--score", "0.1",
			"--onnxruntime", library(t), "--out", filepath.Join(t.TempDir(), "sheet.png"))
		if code != cli.OK || packsIn(stdout) != "glip-deep clip-vit lseg-starter" {
			t.Errorf("code %d, %s%s", code, stdout, stderr)
		}
	})
	t.Run("should ask only packs that have something to answer", func(t *testing.T) {
		_, code, stdout, _ := sheetOf(t, filepath.Join(t.TempDir(), "sheet.png"), cat, "--segment", "cat, grass")
		if code != cli.OK || packsIn(stdout) != "lseg-starter groupvit-starter" {
			t.Errorf("code %d, %s", code, stdout)
		}
	})
	t.Run("should count photos on which nothing is found", func(t *testing.T) {
		_, code, stdout, _ := sheetOf(t, filepath.Join(t.TempDir(), "sheet.png"), cat, "--find", "cat", "--score", "1", "--model", "vild-starter")
		if code != cli.OK || !strings.Contains(stdout, "0 regions  nothing on 1 photo\n") {
			t.Errorf("code %d, %s", code, stdout)
		}
	})
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"should leave out a pack that is not there":       {[]string{cat, "--find", "cat", "--model", "nowhere,vild-starter"}, `no such pack: "nowhere" (there are: clip-starter`},
		"should leave out a pack that would find nothing": {[]string{cat, "--segment", "cat", "--model", "glip-starter,lseg-starter"}, "glip-starter is left out: it boxes things"},
		"should leave out names where there is no choice": {[]string{cat, "--find", "cat", "--model", "clip-starter,vild-starter"}, "clip-starter is left out: it chooses between words"},
		"should leave out a photo that cannot be read":    {[]string{cat, broken, "--find", "cat", "--model", "vild-starter"}, "broken.jpg was skipped"},
	} {
		t.Run(name+", and say so", func(t *testing.T) {
			if _, code, _, stderr := sheetOf(t, filepath.Join(t.TempDir(), "sheet.png"), c.args...); code != cli.Problems || !strings.Contains(stderr, c.want) {
				t.Errorf("code %d, %q, want %q", code, stderr, c.want)
			}
		})
	}
	t.Run("should tell once what no pack can read", func(t *testing.T) {
		_, _, _, stderr := sheetOf(t, filepath.Join(t.TempDir(), "sheet.png"), cat, "--find", "cat, "+strings.Repeat("7 ", 90), "--model", "vild-starter,lseg-starter")
		if strings.Count(stderr, "only the beginning") != 1 {
			t.Error(stderr)
		}
	})
}

func TestCompareRefuses(t *testing.T) {
	dir := t.TempDir()
	cat := filepath.Join(dir, "cat.jpg")
	save(t, cat, assets.Photo("cat.jpg"))
	many := t.TempDir()
	for i := range mostRows + 1 {
		save(t, filepath.Join(many, fmt.Sprintf("%d.jpg", i)), nil)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"should ask for photos":                   {[]string{"--find", "cat"}, cli.BadUsage, "no photos"},
		"should ask for words":                    {[]string{cat}, cli.BadUsage, "no words to look for"},
		"should ask for a picture's name":         {[]string{cat, "--find", "cat", "--out", "sheet.gif"}, cli.BadUsage, "end in .png or .jpg"},
		"should refuse a side that shows nothing": {[]string{cat, "--find", "cat", "--side", "5"}, cli.BadUsage, "--side goes from 120 to 2000"},
		"should refuse more photos than one sees": {[]string{many, "--find", "cat"}, cli.Failure, "61 photos are too many"},
		"should not write over one of the photos": {[]string{dir, "--find", "cat", "--out", filepath.Join(dir, ".", "cat.jpg")}, cli.Failure, "would be written over"},
		"should say that no pack is left":         {[]string{cat, "--find", "cat", "--model", "nowhere"}, cli.Failure, "no pack is left"},
		"should say that no photo could be read":  {[]string{filepath.Join(dir, "none.jpg"), "--find", "cat", "--model", "vild-starter"}, cli.Failure, "none of the photos"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := saysee(t, append([]string{"compare", "--onnxruntime", library(t)}, c.args...)...)
			if code != c.code || !strings.Contains(stderr, c.want) {
				t.Errorf("code %d, %q, want %d, %q", code, stderr, c.code, c.want)
			}
		})
	}
}
