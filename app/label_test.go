package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model/modeltest"
)

// TestMain lets a test run the program itself, to kill it.
func TestMain(m *testing.M) {
	if args := os.Getenv("SAYSEE_TEST_ARGS"); args != "" {
		os.Exit(run(context.Background(), strings.Split(args, "\n"), stdio{os.Stdin, os.Stdout, os.Stderr}))
	}
	os.Exit(m.Run())
}

// library is where `make setup` puts ONNX Runtime.
func library(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("SAYSEE_ONNXRUNTIME"); path != "" {
		return path
	}
	return filepath.Join(modeltest.Root(t), ".cache", "onnxruntime", "lib")
}

// saysee runs the program in this process.
func saysee(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var out, errs bytes.Buffer
	code = run(t.Context(), args, stdio{strings.NewReader(""), &out, &errs})
	return code, out.String(), errs.String()
}

// labelArgs asks for cats, quickly.
func labelArgs(t *testing.T, out string, more ...string) []string {
	t.Helper()
	return append([]string{"label", "--find", "cat", "--onnxruntime", library(t), "--size", "160", "--score", "0.1", "--out", out}, more...)
}

func save(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// catAndBroken writes a photo of a cat and one that nobody can read.
func catAndBroken(t *testing.T) (cat, broken string) {
	t.Helper()
	dir := t.TempDir()
	cat, broken = filepath.Join(dir, "cat.jpg"), filepath.Join(dir, "broken.jpg")
	save(t, cat, assets.Photo("cat.jpg"))
	save(t, broken, []byte("no photo"))
	return cat, broken
}

// cocoFile is what these tests look at in coco.json.
type cocoFile struct {
	Images []struct {
		FileName      string `json:"file_name"`
		Width, Height int
	}
	Annotations []struct {
		ID         int
		CategoryID int `json:"category_id"`
		BBox       []float64
		Score      *float64
	}
	Categories []struct {
		ID   int
		Name string
	}
}

func readCOCO(t *testing.T, path string) (c cocoFile) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLabelWritesPicturesAndLabelsInTheFoldersOfTheInput(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	for _, name := range []string{"a/same.jpg", "b/same.jpg", "b/猫 ü.jpg", "plain.jpeg"} {
		save(t, filepath.Join(in, name), assets.Photo("cat.jpg"))
	}
	code, stdout, stderr := saysee(t, labelArgs(t, out, in, "--format", "picture,coco,coco-results,json")...)
	if code != cli.OK {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	for _, name := range []string{"a/same.jpg", "b/same.jpg", "b/猫 ü.jpg", "plain.jpg"} {
		path := filepath.Join(out, "pictures", name)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(data)); err != nil || c.Width != 451 || c.Height != 300 {
			t.Errorf("%s: %v × %v, %v", path, c.Width, c.Height, err)
		}
		if !strings.Contains(stdout, path) {
			t.Errorf("the report does not name %s", path)
		}
	}
	c := readCOCO(t, filepath.Join(out, "coco.json"))
	var names []string
	for _, i := range c.Images {
		names = append(names, i.FileName)
	}
	slices.Sort(names)
	if got, want := strings.Join(names, "|"), "a/same.jpg|b/same.jpg|b/猫 ü.jpg|plain.jpeg"; got != want {
		t.Errorf("images %s, want %s", got, want)
	}
	if len(c.Annotations) < 4 || len(c.Categories) != 1 || c.Categories[0].Name != "cat" || c.Annotations[0].ID != 1 || c.Annotations[0].Score == nil {
		t.Errorf("annotations %v of categories %v", c.Annotations, c.Categories)
	}
	var results []struct {
		ImageID int `json:"image_id"`
		Score   float64
	}
	data, err := os.ReadFile(filepath.Join(out, "coco-results.json"))
	if err == nil {
		err = json.Unmarshal(data, &results)
	}
	if err != nil || len(results) != len(c.Annotations) {
		t.Errorf("%d results, %v", len(results), err)
	}
}

// badPhotos are files that a folder of photos may hold, and a part of what is said of each.
func badPhotos(t *testing.T, dir string) map[string]string {
	t.Helper()
	whole := assets.Photo("cat.jpg")
	save(t, filepath.Join(dir, "empty.jpg"), nil)
	save(t, filepath.Join(dir, "truncated.jpg"), whole[:len(whole)/2])
	save(t, filepath.Join(dir, "text.jpg"), []byte("hello"))
	huge := pngOf(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	copy(huge[16:], []byte{0, 0, 0x75, 0x30, 0, 0, 0x4e, 0x20}) // 30,000 × 20,000
	save(t, filepath.Join(dir, "huge.png"), huge)
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "link.jpg")); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"empty.jpg":     "the file is empty",
		"truncated.jpg": "kB",
		"text.jpg":      "not a picture",
		"huge.png":      "30000 × 20000",
		"link.jpg":      "cannot be read",
	}
}

func pngOf(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// oddPhotos are files that look strange and are fine.
func oddPhotos(t *testing.T, dir string) []string {
	t.Helper()
	deep := image.NewNRGBA64(image.Rect(0, 0, 40, 30))
	for i := range deep.Pix {
		deep.Pix[i] = byte(i)
	}
	save(t, filepath.Join(dir, "deep.png"), pngOf(t, deep))
	save(t, filepath.Join(dir, "dot.png"), pngOf(t, image.NewGray(image.Rect(0, 0, 1, 1))))
	frame := image.NewPaletted(image.Rect(0, 0, 20, 20), color.Palette{color.White, color.Black})
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}}); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(dir, "moving.gif"), b.Bytes())
	cmyk, err := os.ReadFile(filepath.Join("testdata", "cmyk.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(dir, "cmyk.jpg"), cmyk)
	return []string{"cmyk.jpg", "deep.png", "dot.png", "moving.gif"}
}

func TestBrokenPhotosAreReportedAndTheRestGoesOn(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	bad, odd := badPhotos(t, in), oddPhotos(t, in)
	folder := filepath.Join(t.TempDir(), "x.jpg")
	save(t, filepath.Join(folder, "inside.jpg"), assets.Photo("cat.jpg"))
	missing := filepath.Join(in, "missing.jpg")
	code, stdout, stderr := saysee(t, labelArgs(t, out, in, folder, missing, "--json")...)
	if code != cli.Problems {
		t.Fatalf("exit %d, want %d\n%s", code, cli.Problems, stderr)
	}
	var report labelReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, f := range report.Failed {
		said[filepath.Base(f.Path)] = f.Cause
	}
	bad["missing.jpg"] = "cannot be read"
	for name, want := range bad {
		if !strings.Contains(said[name], want) {
			t.Errorf("%s: %q does not say %q", name, said[name], want)
		}
	}
	if len(said) != len(bad) {
		t.Errorf("%d photos failed, want %d: %v", len(said), len(bad), said)
	}
	var names []string
	for _, i := range readCOCO(t, filepath.Join(out, "coco.json")).Images {
		names = append(names, i.FileName)
	}
	for _, name := range append(odd, "inside.jpg") {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.HasSuffix(n, name) }) {
			t.Errorf("%s is not among %v", name, names)
		}
	}
}

func TestWhatIsNotUnderstoodIsSaid(t *testing.T) {
	photo := filepath.Join(t.TempDir(), "a.jpg")
	save(t, photo, assets.Photo("cat.jpg"))
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"an empty prompt":       {[]string{"label", photo, "--find", ""}, cli.BadUsage, "no words to look for"},
		"a prompt of commas":    {[]string{"label", photo, "--find", " , ，"}, cli.BadUsage, "no words to look for"},
		"no photos":             {[]string{"label", "--find", "cat"}, cli.BadUsage, "no photos"},
		"a phrase too long":     {[]string{"label", photo, "--find", strings.Repeat("x", 3000)}, cli.BadUsage, "--find: The"},
		"an unknown format":     {[]string{"label", photo, "--find", "cat", "--format", "jpeg3000"}, cli.BadUsage, "jpeg3000"},
		"an unknown flag":       {[]string{"label", photo, "--fnid", "cat"}, cli.BadUsage, "did you mean --find"},
		"an unknown pack":       {[]string{"label", photo, "--find", "cat", "--model", "nothing", "--onnxruntime", library(t)}, cli.Failure, "no such pack"},
		"a folder to measure":   {[]string{"bench", t.TempDir(), "--find", "cat", "--onnxruntime", library(t)}, cli.Failure, "no photos there"},
		"an unknown command":    {[]string{"labell"}, cli.BadUsage, "no command"},
		"a threshold over one":  {[]string{"label", photo, "--find", "cat", "--score", "30"}, cli.BadUsage, "from 0 to 1"},
		"a threshold of NaN":    {[]string{"label", photo, "--find", "cat", "--score", "NaN"}, cli.BadUsage, "--score goes"},
		"an area of NaN":        {[]string{"label", photo, "--find", "cat", "--min-area", "NaN"}, cli.BadUsage, "--min-area goes"},
		"a negative threshold":  {[]string{"label", photo, "--find", "cat", "--nms", "-0.5"}, cli.BadUsage, "or is -1"},
		"an opacity over one":   {[]string{"label", photo, "--find", "cat", "--opacity", "7"}, cli.BadUsage, "--opacity"},
		"negative pixels":       {[]string{"label", photo, "--find", "cat", "--max-pixels", "-5"}, cli.BadUsage, "--max-pixels"},
		"a canvas too small":    {[]string{"label", photo, "--find", "cat", "--size", "96"}, cli.BadUsage, "160 to 4096"},
		"no folder to write to": {[]string{"label", photo, "--find", "cat", "--out", ""}, cli.BadUsage, "--out is empty"},
		"tiles without a sense": {[]string{"label", photo, "--find", "cat", "--tiles", "many"}, cli.BadUsage, "many"},
	} {
		t.Run("should say what is wrong with "+name, func(t *testing.T) {
			code, _, stderr := saysee(t, c.args...)
			if code != c.code || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, want %d; said %q", code, c.code, stderr)
			}
		})
	}
}

func TestVeryLongPromptsWork(t *testing.T) {
	photo := filepath.Join(t.TempDir(), "a.jpg")
	save(t, photo, assets.Photo("cat.jpg"))
	words := []string{"cat"}
	for len(strings.Join(words, ", ")) < 10_000 {
		words = append(words, "thing number "+strings.Repeat("i", len(words)%40+1)+string(rune('a'+len(words)%26)))
	}
	out := t.TempDir()
	code, _, stderr := saysee(t, labelArgs(t, out, photo, "--find", strings.Join(words, ", "))...)
	if code != cli.OK {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	if n := len(readCOCO(t, filepath.Join(out, "coco.json")).Categories); n < 200 {
		t.Errorf("%d classes", n)
	}
}

func TestAWordThatTheModelCannotReadIsSaid(t *testing.T) {
	photo := filepath.Join(t.TempDir(), "a.jpg")
	save(t, photo, assets.Photo("cat.jpg"))
	_, _, stderr := saysee(t, labelArgs(t, t.TempDir(), photo, "--find", "鑫鑫, 狗: dog, cat")...)
	if !strings.Contains(stderr, "knows no word of “鑫鑫”") || strings.Contains(stderr, "狗") || strings.Contains(stderr, "“cat”") {
		t.Errorf("said %q", stderr)
	}
}

func TestChineseWordsFindTheirThingsAndKeepTheirNames(t *testing.T) {
	out := t.TempDir()
	_, _, stderr := saysee(t, labelArgs(t, out, filepath.Join("..", "assets", "photos"), "--find", "猫, 马, 泰迪熊, 猫鑫鑫: 一只猫鑫鑫; !红色的杯子")...)
	for _, said := range []string{"猫 → cat\n", "红色的杯子 → red cup\n", "泰迪熊 → teddy bear\n", "“鑫鑫” of “一只猫鑫鑫” is not in the dictionary"} {
		if !strings.Contains(stderr, said) {
			t.Errorf("not said: %q in %q", said, stderr)
		}
	}
	coco := readCOCO(t, filepath.Join(out, "coco.json"))
	found := map[int]int{}
	for _, a := range coco.Annotations {
		found[a.CategoryID]++
	}
	for _, c := range coco.Categories {
		if found[c.ID] == 0 {
			t.Errorf("no %s in the sample photos", c.Name)
		}
	}
}

func TestASecondLook(t *testing.T) {
	photo := filepath.Join("..", "assets", "photos", "horse.jpg")
	look := func(t *testing.T, more ...string) (code int, boxes int, stderr string) {
		t.Helper()
		out := t.TempDir()
		args := []string{"label", photo, "--find", "horse, person", "--no-masks", "--onnxruntime", library(t), "--out", out}
		code, _, stderr = saysee(t, append(args, more...)...)
		if code == cli.OK {
			boxes = len(readCOCO(t, filepath.Join(out, "coco.json")).Annotations)
		}
		return code, boxes, stderr
	}
	t.Run("should find the rider, who is small, beside the horse", func(t *testing.T) {
		_, once, _ := look(t)
		if code, twice, _ := look(t, "--twice"); code != cli.OK || once != 1 || twice != 2 {
			t.Errorf("exit %d, %d boxes, and %d by two looks", code, once, twice)
		}
	})
	t.Run("should serve captions too", func(t *testing.T) {
		if code, boxes, _ := look(t, "--twice", "--model", "glip-starter"); code != cli.OK || boxes < 2 {
			t.Errorf("exit %d, %d boxes", code, boxes)
		}
	})
	t.Run("should be refused where the pack does not say how", func(t *testing.T) {
		packs := t.TempDir()
		if err := os.CopyFS(packs, assets.Packs()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(packs, "vild-starter", "pack.json")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		save(t, path, bytes.Replace(data, []byte(`"twice": 608,`), nil, 1))
		if code, _, stderr := look(t, "--twice", "--packs", packs); code != cli.Failure || !strings.Contains(stderr, "vild-starter looks at a photo once") {
			t.Errorf("exit %d, said %q", code, stderr)
		}
	})
}

func TestADamagedPackIsRefused(t *testing.T) {
	packs := t.TempDir()
	if err := os.CopyFS(packs, assets.Packs()); err != nil {
		t.Fatal(err)
	}
	blobs, err := os.ReadDir(filepath.Join(packs, "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blobs {
		path := filepath.Join(packs, "blobs", b.Name())
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		save(t, path, data)
	}
	photo := filepath.Join(t.TempDir(), "a.jpg")
	save(t, photo, assets.Photo("cat.jpg"))
	code, _, stderr := saysee(t, labelArgs(t, t.TempDir(), photo, "--packs", packs)...)
	if code != cli.Failure || !strings.Contains(stderr, "does not match its SHA-256") {
		t.Errorf("exit %d\n%s", code, stderr)
	}
	code, stdout, _ := saysee(t, "models", "verify", "--packs", packs)
	if code != cli.Failure || !strings.Contains(stdout, "damaged") {
		t.Errorf("models verify: exit %d\n%s", code, stdout)
	}
}

func TestAFullDiskEndsTheRunWithAMessageAndNoHalfFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs a small tmpfs")
	}
	out := t.TempDir()
	if msg, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", out).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: a small tmpfs cannot be mounted here: %s", msg)
	}
	t.Cleanup(func() { _ = exec.Command("umount", out).Run() })
	in := t.TempDir()
	for i := range 12 {
		save(t, filepath.Join(in, string(rune('a'+i))+".jpg"), assets.Photo("cat.jpg"))
	}
	code, _, stderr := saysee(t, labelArgs(t, out, in)...)
	if code != cli.Failure || !strings.Contains(stderr, "no space left on device") || !strings.Contains(stderr, "--resume") {
		t.Errorf("exit %d\n%s", code, stderr)
	}
	_ = filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".jpg") {
			data, _ := os.ReadFile(path)
			if _, err := jpeg.Decode(bytes.NewReader(data)); err != nil {
				t.Errorf("half a picture: %s: %v", path, err)
			}
		}
		return nil
	})
}

func TestAKilledRunResumesWithoutDoingAnythingTwice(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	for i := range 40 {
		save(t, filepath.Join(in, string(rune('a'+i/10))+string(rune('0'+i%10))+".jpg"), assets.Photo("cat.jpg"))
	}
	args := labelArgs(t, out, in, "--no-cache")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SAYSEE_TEST_ARGS="+strings.Join(args, "\n"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	journal := filepath.Join(out, ".saysee", "journal.jsonl")
	for range 3000 {
		if data, err := os.ReadFile(journal); err == nil && bytes.Count(data, []byte("\n")) > 5 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	code, stdout, stderr := saysee(t, append(args, "--resume", "--json")...)
	if code != cli.OK {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	var report labelReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Resumed < 5 || report.Labelled != 40 {
		t.Errorf("%d photos were resumed, %d are labelled", report.Resumed, report.Labelled)
	}
	if n := len(readCOCO(t, filepath.Join(out, "coco.json")).Images); n != 40 {
		t.Errorf("%d images in coco.json", n)
	}
}

func TestResumeWithOtherWordsIsRefused(t *testing.T) {
	photo := filepath.Join(t.TempDir(), "a.jpg")
	save(t, photo, assets.Photo("cat.jpg"))
	out := t.TempDir()
	if code, _, stderr := saysee(t, labelArgs(t, out, photo)...); code != cli.OK {
		t.Fatal(stderr)
	}
	code, _, stderr := saysee(t, labelArgs(t, out, photo, "--resume", "--find", "dog")...)
	if code != cli.Failure || !strings.Contains(stderr, "other words") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	_, stdout, _ := saysee(t, "help")
	for _, c := range commands() {
		if !strings.Contains(stdout, "  "+c.name) {
			t.Errorf("help does not name %s", c.name)
		}
		code, help, _ := saysee(t, c.name, "--help")
		if code != cli.OK || !strings.Contains(help, "Usage: saysee") {
			t.Errorf("%s --help: exit %d, %q", c.name, code, help)
		}
	}
}

func TestHelpExplainsACommand(t *testing.T) {
	_, want, _ := saysee(t, "label", "--help")
	if code, got, _ := saysee(t, "help", "label"); code != cli.OK || got != want {
		t.Errorf("exit %d, %q", code, got)
	}
	if code, _, _ := saysee(t, "help", "nothing"); code != cli.BadUsage {
		t.Errorf("help of a command that is not there: exit %d", code)
	}
}

func TestNothingToReadLeavesEarlierLabelsAlone(t *testing.T) {
	out := t.TempDir()
	labels := filepath.Join(out, "coco.json")
	save(t, labels, []byte("{}"))
	for name, path := range map[string]string{"a name without a file": filepath.Join(out, "fotos"), "an empty folder": t.TempDir()} {
		t.Run("should fail for "+name, func(t *testing.T) {
			code, _, stderr := saysee(t, labelArgs(t, out, path)...)
			if data, err := os.ReadFile(labels); code != cli.Failure || string(data) != "{}" {
				t.Errorf("exit %d, %s; the labels are %q, %v", code, stderr, data, err)
			}
		})
	}
}

func TestPicturesOfAnEarlierRunAreNoInput(t *testing.T) {
	in := t.TempDir()
	save(t, filepath.Join(in, "a.jpg"), assets.Photo("cat.jpg"))
	for _, out := range []string{in, filepath.Join(in, "deep", "out")} {
		for range 2 {
			code, _, stderr := saysee(t, labelArgs(t, out, in, "--format", "picture,coco,mask-instance")...)
			if n := len(readCOCO(t, filepath.Join(out, "coco.json")).Images); code != cli.OK || n != 1+strings.Count(out, "deep") {
				t.Errorf("exit %d, %d images; %s", code, n, stderr)
			}
		}
		// The next output does not know that these were ours.
		if err := os.RemoveAll(filepath.Join(in, "mask-instance")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAPhotoIsNeverWrittenOver(t *testing.T) {
	in := t.TempDir()
	own := filepath.Join(in, "pictures", "a.jpg")
	save(t, filepath.Join(in, "a.jpg"), assets.Photo("cat.jpg"))
	save(t, own, assets.Photo("cat.jpg"))
	code, _, stderr := saysee(t, labelArgs(t, in, in)...)
	if code != cli.Failure || !strings.Contains(stderr, "choose another --out") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if data, err := os.ReadFile(own); err != nil || !bytes.Equal(data, assets.Photo("cat.jpg")) {
		t.Errorf("it was changed, or %v", err)
	}
}

func TestResumeDrawsPicturesThatAreMissing(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	save(t, filepath.Join(in, "a.jpg"), assets.Photo("cat.jpg"))
	for _, more := range [][]string{{"--format", "coco,coco"}, {"--resume"}} {
		if code, stdout, stderr := saysee(t, labelArgs(t, out, append(more, in)...)...); code != cli.OK || strings.Count(stdout, "coco.json") != 1 {
			t.Fatalf("exit %d: %s%s", code, stdout, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "pictures", "a.jpg")); err != nil {
		t.Error(err)
	}
}

func TestASecondInterruptEndsARunAtOnce(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	for i := range 4 {
		save(t, filepath.Join(in, string(rune('a'+i))+".jpg"), assets.Photo("cat.jpg"))
	}
	cmd := exec.Command(os.Args[0])
	// Many tiles keep a photo in work for long.
	cmd.Env = append(os.Environ(), "SAYSEE_TEST_ARGS="+strings.Join(labelArgs(t, out, in, "--no-cache", "--tiles", "16"), "\n"))
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if exists(journalPath(out)) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	// The next one counts once the first was answered.
	buf := make([]byte, 256)
	if n, err := said.Read(buf); err != nil || !strings.Contains(string(buf[:n]), "again") {
		t.Fatalf("%q, %v", buf[:n], err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != -1 {
		t.Errorf("exit %d, not ended by the signal", code)
	}
}

func TestAFormatThatFailsKeepsNoOtherFromBeingWritten(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	save(t, filepath.Join(in, "a.jpg"), assets.Photo("cat.jpg"))
	save(t, filepath.Join(out, "labelme"), []byte("no folder"))
	code, _, stderr := saysee(t, labelArgs(t, out, in, "--format", "labelme,coco")...)
	if code != cli.Failure || !strings.Contains(stderr, "labelme") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if n := len(readCOCO(t, filepath.Join(out, "coco.json")).Images); n != 1 {
		t.Errorf("%d images in coco.json", n)
	}
}

func TestAPhotoThatAFormatLeavesOutIsAProblem(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	for _, name := range []string{"a.jpg", "a.jpeg"} {
		save(t, filepath.Join(in, name), assets.Photo("cat.jpg"))
	}
	code, stdout, stderr := saysee(t, labelArgs(t, out, in, "--format", "yolo")...)
	if code != cli.Problems || !strings.Contains(stdout, "a.jpeg") {
		t.Errorf("exit %d: %s%s", code, stdout, stderr)
	}
}

func TestAPhraseThatIsCutIsSaid(t *testing.T) {
	photo := filepath.Join(t.TempDir(), "a.jpg")
	save(t, photo, assets.Photo("cat.jpg"))
	code, _, stderr := saysee(t, labelArgs(t, t.TempDir(), photo, "--find", strings.Repeat("small cat ", 19))...)
	if code != cli.OK || !strings.Contains(stderr, "only the beginning of the phrase “small cat") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
