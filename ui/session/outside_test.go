package session_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/session"
)

func TestOutside(t *testing.T) {
	const name = "a.png"
	begin := func(t *testing.T) (*loop, *session.Session, string) {
		l, s := newLoop(t, nil)
		dir := folder(t, name)
		l.open(s, dir)
		if err := s.Create(annot.Box{X0: 1, Y0: 1, X1: 20, Y1: 20}, nil); err != nil {
			t.Fatal(err)
		}
		s.Save()
		file := filepath.Join(dir, annot.StoreFolder, "photos", name+".json")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// The other program moves the region.
		other := strings.Replace(string(data), `"box": [1, 1, 20, 20]`, `"box": [5, 5, 30, 30]`, 1)
		if other == string(data) {
			other = strings.Replace(string(data), "[1,1,20,20]", "[5,5,30,30]", 1)
		}
		if err := os.WriteFile(file, []byte(other), 0o600); err != nil || other == string(data) {
			t.Fatalf("%v\n%s", err, data)
		}
		if err := s.Create(annot.Box{X0: 30, Y0: 1, X1: 40, Y1: 20}, nil); err != nil {
			t.Fatal(err)
		}
		s.Save()
		if after, _ := os.ReadFile(file); string(after) != other || !s.Outside() {
			t.Fatalf("their labels are written over, or nobody is asked: %v", s.Outside())
		}
		return l, s, file
	}
	t.Run("should ask before it saves, and take theirs", func(t *testing.T) {
		_, s, _ := begin(t)
		if err := s.TakeTheirs(); err != nil {
			t.Fatal(err)
		}
		if got := s.Accepted(); s.Outside() || len(got) != 1 || got[0].Box.X0 != 5 {
			t.Errorf("labels %v", got)
		}
	})
	t.Run("should keep ours", func(t *testing.T) {
		_, s, file := begin(t)
		if err := s.KeepOurs(); err != nil {
			t.Fatal(err)
		}
		if got := s.Accepted(); s.Outside() || len(got) != 2 || got[0].Box.X0 != 1 {
			t.Errorf("labels %v", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), "30, 30") {
			t.Errorf("theirs stand in the file: %v", err)
		}
	})
	t.Run("should keep both when nobody decides", func(t *testing.T) {
		_, s, file := begin(t)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		copies, err := filepath.Glob(strings.TrimSuffix(file, ".json") + ".conflict-*")
		if err != nil || len(copies) != 1 {
			t.Errorf("copies %v, %v", copies, err)
		}
	})
	t.Run("should read a photo again that was changed", func(t *testing.T) {
		l, s := newLoop(t, nil)
		dir := folder(t, name)
		l.open(s, dir)
		before := s.Photo().Shown
		other := folder(t, "b.png", name) // of another colour
		data, err := os.ReadFile(filepath.Join(other, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
		}
		if err == nil {
			err = os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Now().Add(time.Hour))
		}
		if err != nil {
			t.Fatal(err)
		}
		s.Watch()
		l.until("the new photo", func() bool { return s.Photo().Shown != before })
	})
}
