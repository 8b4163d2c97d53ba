package model_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
)

func TestBundledPacksVerify(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	s, err := model.NewStore("", assets.Packs())
	if err != nil {
		t.Fatal(err)
	}
	packs, err := s.List()
	if err != nil || len(packs) < 2 {
		t.Fatalf("%d packs, %v", len(packs), err)
	}
	for _, p := range packs {
		if err := p.Verify(); err != nil {
			t.Error(err)
		}
	}
}

// write puts a pack of one file into dir, with the manifest changed by edit.
func write(t *testing.T, dir, id, content string, edit func(m map[string]any)) {
	t.Helper()
	sum := sha256.Sum256([]byte(content))
	m := map[string]any{
		"schema": 1, "id": id, "version": "1", "title": "A test", "family": "test", "licence": "CC0-1.0",
		"files": []any{map[string]any{"role": "a", "name": "a.bin", "sha256": hex.EncodeToString(sum[:]), "bytes": len(content)}},
	}
	if edit != nil {
		edit(m)
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, id)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"pack.json": data, "a.bin": []byte(content)} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLookupOrderIsFlagThenEnvironmentThenUserThenBundled(t *testing.T) {
	flag, env, user := t.TempDir(), t.TempDir(), t.TempDir()
	bundled := fstest.MapFS{}
	t.Setenv("XDG_DATA_HOME", user)
	t.Setenv(model.StoreEnv, env)
	places := []string{flag, env, filepath.Join(user, "saysee", "packs")}
	for i := len(places) - 1; i >= 0; i-- {
		write(t, places[i], "p", places[i], nil)
		s, err := model.NewStore(flag, bundled)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Open("p")
		if err != nil {
			t.Fatal(err)
		}
		if p.Origin != places[i] {
			t.Errorf("found in %s, want %s", p.Origin, places[i])
		}
	}
}

func TestOneFlippedByteIsNoticed(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "p", "hello", nil)
	if err := os.WriteFile(filepath.Join(dir, "p", "a.bin"), []byte("hellp"), 0o644); err != nil {
		t.Fatal(err)
	}
	p := open(t, dir, "p")
	if _, err := p.Read("a"); !errors.Is(err, model.ErrDamaged) || !strings.Contains(err.Error(), "install the pack again") {
		t.Errorf("got %v", err)
	}
}

func TestAFileLargerOrSmallerThanItSaysIsRefused(t *testing.T) {
	for _, content := range []string{"hello, world", "hell"} {
		dir := t.TempDir()
		write(t, dir, "p", "hello", nil)
		if err := os.WriteFile(filepath.Join(dir, "p", "a.bin"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, dir, "p").Read("a"); !errors.Is(err, model.ErrDamaged) {
			t.Errorf("%q: got %v", content, err)
		}
	}
}

func TestNoPathLeavesThePack(t *testing.T) {
	for _, name := range []string{"../a.bin", "/etc/passwd", `..\a`, "a/../../b", "C:a", "", "."} {
		dir := t.TempDir()
		write(t, dir, "p", "x", func(m map[string]any) { m["files"].([]any)[0].(map[string]any)["name"] = name })
		s := store(t, dir)
		if _, err := s.Open("p"); !errors.Is(err, model.ErrManifest) {
			t.Errorf("%q: got %v", name, err)
		}
	}
	t.Run("through a link", func(t *testing.T) {
		dir := t.TempDir()
		write(t, dir, "p", "secret", nil)
		outside := filepath.Join(t.TempDir(), "a.bin")
		if err := os.Rename(filepath.Join(dir, "p", "a.bin"), outside); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, filepath.Join(dir, "p", "a.bin")); err != nil {
			t.Fatal(err)
		}
		if _, err := open(t, dir, "p").Read("a"); err == nil {
			t.Error("the link was followed out of the pack")
		}
	})
}

func TestManifestMistakesAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(m map[string]any)
		want string
	}{
		"a newer schema":                       {func(m map[string]any) { m["schema"] = 2 }, "schema 2"},
		"an unknown field":                     {func(m map[string]any) { m["scale"] = 2 }, "unknown field"},
		"no family":                            {func(m map[string]any) { m["family"] = "" }, "no family"},
		"no files":                             {func(m map[string]any) { m["files"] = []any{} }, "0 files"},
		"a role twice":                         {func(m map[string]any) { f := m["files"].([]any); m["files"] = append(f, f[0]) }, "named twice"},
		"a missing vocabulary":                 {func(m map[string]any) { m["tokenizer"] = map[string]any{"vocab": "v"} }, `role "v"`},
		"a canvas too large":                   {func(m map[string]any) { m["image"] = map[string]any{"size": 1 << 20, "multiple": 32} }, "image.size"},
		"a second look larger than any canvas": {func(m map[string]any) { m["twice"] = 1 << 20 }, "twice"},
		"a second look that is no closer": {func(m map[string]any) {
			m["image"], m["twice"] = map[string]any{"size": 416, "multiple": 32}, 416
		}, "larger than image.size 416"},
		"a zero deviation": {func(m map[string]any) {
			m["image"] = map[string]any{"size": 32, "multiple": 32, "resize": "letterbox", "shrink": "area", "grow": "linear", "order": "RGB"}
		}, "image.std"},
	} {
		t.Run("should name "+name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "p", "x", c.edit)
			_, err := store(t, dir).Open("p")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestAnUnknownPackIsAnsweredWithTheKnownOnes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "p", "x", nil)
	_, err := store(t, dir).Open("q")
	if !errors.Is(err, model.ErrNoPack) || !strings.Contains(err.Error(), "there are: p") {
		t.Errorf("got %v", err)
	}
}

func TestTextFingerprintFollowsTheTextSide(t *testing.T) {
	vild, lseg := modeltest.Pack(t, "vild-starter"), modeltest.Pack(t, "lseg-starter")
	if vild.TextFingerprint() != lseg.TextFingerprint() {
		t.Error("packs with the same text side do not share vectors")
	}
	before := lseg.TextFingerprint()
	lseg.Text.Templates = []string{"a photo of a {}."}
	if lseg.TextFingerprint() == before {
		t.Error("another template keeps old vectors")
	}
}

func store(t *testing.T, dir string) *model.Store {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	s, err := model.NewStore(dir, fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func open(t *testing.T, dir, id string) *model.Pack {
	t.Helper()
	p, err := store(t, dir).Open(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func FuzzManifest(f *testing.F) {
	seed, err := os.ReadFile("../assets/packs/vild-starter/pack.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte(`{"schema":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := model.ParseManifest(data)
		if (m == nil) != (err != nil) {
			t.Errorf("manifest %v with error %v", m, err)
		}
	})
}
