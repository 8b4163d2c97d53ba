package annot_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/saysee/saysee/annot"
)

func openStore(t *testing.T, dir string) *annot.Store {
	t.Helper()
	s, problems, err := annot.OpenStore(dir)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func withBoxes(path string, n int) annot.Document {
	d := annot.Document{Photo: annot.Photo{Path: path, Width: 40, Height: 30}, NextID: annot.RegionID(n + 1)}
	for i := range n {
		r := box(0, 0, float64(i+1), 1)
		r.ID = annot.RegionID(i + 1)
		d.Regions = append(d.Regions, r)
	}
	return d
}

// latin is a name in Latin-1, which is no valid text, where the system allows such names.
var latin = map[bool]string{true: "latin-\xe9.jpg", false: "latin-é.jpg"}[runtime.GOOS == "linux"]

func TestStore(t *testing.T) {
	t.Run("should load what it saved", func(t *testing.T) {
		s := openStore(t, t.TempDir())
		for _, path := range []string{"a.jpg", "a.png", "sub/deep/a.jpg", "猫.jpg", latin, strings.Repeat("n", 250) + ".jpg"} {
			if _, _, _, err := s.Load(path); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("%s: %v", path, err)
			}
			want := withBoxes(path, len(path))
			if err := s.Save(want, annot.Origin{}); err != nil {
				t.Fatal(err)
			}
			got, _, problems, err := s.Load(path)
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			if diff := cmp.Diff(want, got, exactly); diff != "" {
				t.Error(diff)
			}
		}
	})
	t.Run("should list what is saved", func(t *testing.T) {
		s := openStore(t, t.TempDir())
		for _, path := range []string{"b.jpg", "sub/a.jpg", ".hidden.jpg"} {
			if err := s.Save(withBoxes(path, 1), annot.Origin{}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Saved()
		if diff := cmp.Diff([]string{".hidden.jpg", "b.jpg", "sub/a.jpg"}, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
	t.Run("should list nothing in a new store", func(t *testing.T) {
		if got, err := openStore(t, t.TempDir()).Saved(); len(got) > 0 || err != nil {
			t.Error(got, err)
		}
	})
	t.Run("should refuse photos that lead out of the folder", func(t *testing.T) {
		s := openStore(t, t.TempDir())
		for _, path := range []string{"../a.jpg", "/etc/a.jpg", "a/../../b.jpg", ".", "sub/", ".."} {
			if err := s.Save(withBoxes(path, 1), annot.Origin{}); !errors.Is(err, annot.ErrPath) {
				t.Errorf("%q: %v", path, err)
			}
		}
	})
	t.Run("should open only once", func(t *testing.T) {
		dir := t.TempDir()
		first := openStore(t, dir)
		if _, _, err := annot.OpenStore(dir); !errors.Is(err, annot.ErrInUse) {
			t.Errorf("err = %v", err)
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		openStore(t, dir)
	})
	t.Run("should not write over a file that it cannot understand", func(t *testing.T) {
		dir := t.TempDir()
		s := openStore(t, dir)
		file := filepath.Join(dir, "photos", "a.jpg.json")
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("{half"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := s.Load("a.jpg"); !errors.Is(err, annot.ErrFormat) {
			t.Errorf("err = %v", err)
		}
		var conflict *annot.Conflict
		if err := s.Save(withBoxes("a.jpg", 1), annot.Origin{}); !errors.As(err, &conflict) {
			t.Errorf("err = %v", err)
		}
		if got, err := os.ReadFile(file); string(got) != "{half" || err != nil {
			t.Errorf("file holds %q, %v", got, err)
		}
	})
}

func TestOutsideChanges(t *testing.T) {
	setUp := func(t *testing.T) (s *annot.Store, file string) {
		dir := t.TempDir()
		s = openStore(t, dir)
		if err := s.Save(withBoxes("a.jpg", 1), annot.Origin{}); err != nil {
			t.Fatal(err)
		}
		return s, filepath.Join(dir, "photos", "a.jpg.json")
	}
	theirs, err := annot.EncodeDocument(withBoxes("a.jpg", 7), annot.Origin{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("should keep both and say so", func(t *testing.T) {
		s, file := setUp(t)
		if err := os.WriteFile(file, theirs, 0o644); err != nil {
			t.Fatal(err)
		}
		if changed, err := s.Changed("a.jpg"); !changed || err != nil {
			t.Errorf("changed = %v, %v", changed, err)
		}
		var first, second *annot.Conflict
		if err := s.Save(withBoxes("a.jpg", 2), annot.Origin{}); !errors.As(err, &first) {
			t.Fatalf("err = %v", err)
		}
		if err := s.Save(withBoxes("a.jpg", 3), annot.Origin{}); !errors.As(err, &second) || second.Copy != first.Copy {
			t.Fatalf("err = %v", err)
		}
		if got, _ := os.ReadFile(file); !bytes.Equal(got, theirs) {
			t.Errorf("theirs is %s", got)
		}
		ours, err := os.ReadFile(first.Copy)
		if err != nil {
			t.Fatal(err)
		}
		if d, _, _, err := annot.DecodeDocument(ours); len(d.Regions) != 3 || err != nil {
			t.Errorf("ours has %d regions, %v", len(d.Regions), err)
		}
		if got, err := s.Saved(); len(got) != 1 || err != nil {
			t.Errorf("the copy counts as a photo: %v, %v", got, err)
		}
	})
	t.Run("should save in place again once theirs was taken", func(t *testing.T) {
		s, file := setUp(t)
		if err := os.WriteFile(file, theirs, 0o644); err != nil {
			t.Fatal(err)
		}
		if d, _, _, err := s.Load("a.jpg"); len(d.Regions) != 7 || err != nil {
			t.Fatal(err)
		}
		if err := s.Save(withBoxes("a.jpg", 2), annot.Origin{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("should save in place again once ours was chosen", func(t *testing.T) {
		s, file := setUp(t)
		if err := os.WriteFile(file, theirs, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := s.Overwrite("a.jpg"); err != nil {
			t.Fatal(err)
		}
		if err := s.Save(withBoxes("a.jpg", 2), annot.Origin{}); err != nil {
			t.Error(err)
		}
		if d, _, _, err := s.Load("a.jpg"); len(d.Regions) != 2 || err != nil {
			t.Errorf("%d regions, %v", len(d.Regions), err)
		}
	})
	t.Run("should not mind a touch or a deletion", func(t *testing.T) {
		s, file := setUp(t)
		if err := os.Chtimes(file, time.Now(), time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := s.Save(withBoxes("a.jpg", 2), annot.Origin{}); err != nil {
			t.Error(err)
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := s.Save(withBoxes("a.jpg", 3), annot.Origin{}); err != nil {
			t.Error(err)
		}
	})
}

func TestReadJournal(t *testing.T) {
	var whole []byte
	for i := range 3 {
		var err error
		if whole, err = annot.AppendRecord(whole, annot.Record{Key: []byte{'a' + byte(i), 0xe9}, Data: json.RawMessage(`{"n":1}`)}); err != nil {
			t.Fatal(err)
		}
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for name, c := range map[string]struct {
		data     []byte
		records  int
		problems int
	}{
		"should read whole lines":                        {whole, 3, 0},
		"should read nothing":                            {nil, 0, 0},
		"should leave out a last line that was cut":      {whole[:len(whole)-5], 2, 0},
		"should leave out a last line without its end":   {whole[:len(whole)-1], 2, 0},
		"should tell of a damaged line and read on":      {bytes.Replace(whole, []byte(`"n":1`), []byte(`"n":2`), 1), 2, 1},
		"should tell of a line without a checksum":       {append([]byte("{}\n"), whole...), 3, 1},
		"should tell of a line that a failed write left": {bytes.Join([][]byte{lines[0][:9], []byte("\n"), lines[1], lines[2]}, nil), 2, 1},
		"should read over an empty line":                 {append([]byte("\n"), whole...), 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			records, problems := annot.ReadJournal(bytes.NewReader(c.data))
			if len(records) != c.records || len(problems) != c.problems {
				t.Errorf("%d records, problems %v", len(records), problems)
			}
			for _, p := range problems {
				if !errors.Is(p, annot.ErrJournal) {
					t.Error(p)
				}
			}
		})
	}
}

func FuzzReadJournal(f *testing.F) {
	line, err := annot.AppendRecord(nil, annot.Record{Key: []byte("a.jpg"), Data: json.RawMessage(`{"saysee":"photo"}`)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add(append(line, line[:20]...))
	f.Add([]byte("00000000 {}\n\nffffffff null\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		records, _ := annot.ReadJournal(bytes.NewReader(data))
		var again []byte
		for _, r := range records {
			var err error
			if again, err = annot.AppendRecord(again, r); err != nil {
				t.Fatal(err)
			}
		}
		got, problems := annot.ReadJournal(bytes.NewReader(again))
		if len(problems) > 0 || len(got) != len(records) {
			t.Fatalf("%d records became %d, %v", len(records), len(got), problems)
		}
	})
}

func TestStoreJournal(t *testing.T) {
	t.Run("should hold what is not saved over a crash, however the last line ends", func(t *testing.T) {
		dir := t.TempDir()
		s := openStore(t, dir)
		for i := range 3 {
			if err := errors.Join(s.Note(annot.Origin{}, withBoxes("a.jpg", i)), s.Note(annot.Origin{}, withBoxes("b.jpg", i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Save(withBoxes("b.jpg", 2), annot.Origin{}); err != nil {
			t.Fatal(err)
		}
		crash(t, s, dir, `12345678 {"key":"aaa`)
		s = openStore(t, dir)
		if diff := cmp.Diff([]string{"a.jpg"}, s.Left()); diff != "" {
			t.Error(diff)
		}
		if d, _, err := s.Recover("a.jpg"); len(d.Regions) != 2 || err != nil {
			t.Errorf("%d regions, %v", len(d.Regions), err)
		}
		if _, _, err := s.Recover("b.jpg"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("err = %v", err)
		}
		if err := s.Settle("a.jpg"); err != nil {
			t.Fatal(err)
		}
		crash(t, s, dir, "")
		if left := openStore(t, dir).Left(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
	t.Run("should put a damaged journal aside and recover the rest", func(t *testing.T) {
		dir := t.TempDir()
		s := openStore(t, dir)
		if err := s.Note(annot.Origin{}, withBoxes("a.jpg", 1)); err != nil {
			t.Fatal(err)
		}
		crash(t, s, dir, "rubbish\n")
		s, problems, err := annot.OpenStore(dir)
		if err != nil || len(problems) != 1 {
			t.Fatal(err, problems)
		}
		defer s.Close()
		if diff := cmp.Diff([]string{"a.jpg"}, s.Left()); diff != "" {
			t.Error(diff)
		}
		if data, err := os.ReadFile(filepath.Join(dir, "journal.damaged")); !bytes.HasSuffix(data, []byte("rubbish\n")) {
			t.Errorf("aside: %q, %v", data, err)
		}
	})
	t.Run("should leave no journal when all is saved", func(t *testing.T) {
		dir := t.TempDir()
		s := openStore(t, dir)
		d := withBoxes("a.jpg", 1)
		if err := errors.Join(s.Note(annot.Origin{}, d), s.Save(d, annot.Origin{}), s.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "journal")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("err = %v", err)
		}
	})
}

// crash leaves the store as a crash would, which frees the lock, with something more in the journal.
func crash(t *testing.T, s *annot.Store, dir, more string) {
	t.Helper()
	journal := filepath.Join(dir, "journal")
	data, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(journal, append(data, more...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// killedChild is the folder in which a copy of this test, made to be killed, writes.
const killedChild = "SAYSEE_TEST_WRITE_IN"

// killedSize is the regions that the child begins with: enough that a write takes a while.
const killedSize = 300

// TestMain runs the writer of TestKill when it is asked to.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killedChild); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeUntilKilled notes and saves larger and larger documents, and tells each time that it has.
func writeUntilKilled(dir string) error {
	s, _, err := annot.OpenStore(dir)
	if err != nil {
		return err
	}
	start := killedSize
	if d, _, _, err := s.Load("a.jpg"); err == nil {
		start = len(d.Regions)
	}
	for i := start + 1; ; i++ {
		d := withBoxes("a.jpg", i)
		if err := s.Note(annot.Origin{}, d); err != nil {
			return err
		}
		fmt.Println("noted", i)
		if i%3 > 0 {
			continue
		}
		if err := s.Save(d, annot.Origin{}); err != nil {
			return err
		}
		fmt.Println("saved", i)
	}
}

func TestKill(t *testing.T) {
	dir := t.TempDir()
	for round := range 8 {
		noted, saved := runAndKill(t, dir, time.Duration(5+7*round)*time.Millisecond)
		s := openStore(t, dir)
		d, _, problems, err := s.Load("a.jpg")
		if err != nil || len(problems) > 0 {
			t.Fatalf("round %d: the file is not whole: %v %v", round, err, problems)
		}
		if len(d.Regions) < saved {
			t.Fatalf("round %d: %d regions, but %d were saved", round, len(d.Regions), saved)
		}
		best := len(d.Regions)
		if r, _, err := s.Recover("a.jpg"); err == nil {
			best = max(best, len(r.Regions))
		}
		if best < noted {
			t.Fatalf("round %d: %d regions can be had, but %d were noted", round, best, noted)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// runAndKill lets a child write, kills it some time after its first save, and returns what it had told.
func runAndKill(t *testing.T, dir string, after time.Duration) (noted, saved int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), killedChild+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // it may be dead already
		_ = cmd.Wait()
	}()
	var timer *time.Timer
	in := bufio.NewScanner(out)
	for in.Scan() {
		var word string
		var n int
		if _, err := fmt.Sscan(in.Text(), &word, &n); err != nil {
			t.Errorf("child says %q", in.Text())
			break
		}
		if word == "noted" {
			noted = n
			continue
		}
		saved = n
		if timer == nil {
			timer = time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
	}
	if timer == nil {
		t.Fatal("the child saved nothing")
	}
	return noted, saved
}
