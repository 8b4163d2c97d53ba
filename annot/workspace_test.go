package annot_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/saysee/saysee/annot"
)

func openWorkspace(t *testing.T, dir string) *annot.Workspace {
	t.Helper()
	w, err := annot.OpenWorkspace(dir, annot.Class{Name: "cat"}, annot.Class{Name: "dog"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func openPhoto(t *testing.T, w *annot.Workspace, path string) {
	t.Helper()
	if err := w.Photo(annot.Photo{Path: path, Width: 40, Height: 30}); err != nil {
		t.Fatal(err)
	}
}

// reopen closes a workspace and opens it again, as quitting or a crash and a new start do: what is not
// saved is in the journal either way.
func reopen(t *testing.T, w *annot.Workspace, dir string) *annot.Workspace {
	t.Helper()
	if err := errors.Join(w.Trouble(), w.Close()); err != nil {
		t.Fatal(err)
	}
	return openWorkspace(t, dir)
}

func TestWorkspace(t *testing.T) {
	t.Run("should keep what was saved", func(t *testing.T) {
		dir := t.TempDir()
		w := openWorkspace(t, dir)
		openPhoto(t, w, "a.jpg")
		openPhoto(t, w, "a.jpg") // once more is fine
		add(t, w.Project, "a.jpg", box(1, 1, 5, 5))
		do(t, w.Project, "classes", func(e *annot.Edit) error {
			_, err := e.AddClass(annot.Class{Name: "cow"})
			return errors.Join(err, e.RenameClass(0, "kitten"))
		})
		want := takePicture(t, w.Project)
		if err := w.SaveAll(); err != nil {
			t.Fatal(err)
		}
		w = reopen(t, w, dir)
		openPhoto(t, w, "a.jpg")
		if diff := cmp.Diff(want, takePicture(t, w.Project)); diff != "" {
			t.Error(diff)
		}
		if len(w.Left()) > 0 || len(w.Unsaved()) > 0 || len(w.Problems) > 0 {
			t.Errorf("left %v, unsaved %v, problems %v", w.Left(), w.Unsaved(), w.Problems)
		}
	})
	t.Run("should leave undone on disk what was undone", func(t *testing.T) {
		dir := t.TempDir()
		w := openWorkspace(t, dir)
		openPhoto(t, w, "a.jpg")
		add(t, w.Project, "a.jpg", box(1, 1, 5, 5))
		add(t, w.Project, "a.jpg", box(2, 2, 5, 5))
		if err := w.Save("a.jpg"); err != nil {
			t.Fatal(err)
		}
		undo(t, w.Project)
		if err := w.Save("a.jpg"); err != nil {
			t.Fatal(err)
		}
		redo(t, w.Project)
		undo(t, w.Project) // at what is saved: a recovery must not bring the second back
		w = reopen(t, w, dir)
		if len(w.Left()) > 0 {
			t.Errorf("left: %v", w.Left())
		}
		openPhoto(t, w, "a.jpg")
		if got := w.Regions("a.jpg"); len(got) != 1 || got[0].Box.X0 != 1 {
			t.Errorf("got %v", got)
		}
		if id := add(t, w.Project, "a.jpg", box(3, 3, 5, 5)); id != 3 {
			t.Errorf("id %d was given before", id)
		}
	})
	t.Run("should recover what a crash has left, as one step", func(t *testing.T) {
		dir := t.TempDir()
		w := openWorkspace(t, dir)
		for _, path := range []string{"a.jpg", latin} {
			openPhoto(t, w, path)
			add(t, w.Project, path, box(1, 1, 5, 5))
		}
		do(t, w.Project, "rename", func(e *annot.Edit) error { return e.RenameClass(0, "kitten") })
		want := takePicture(t, w.Project)
		w = reopen(t, w, dir)
		if diff := cmp.Diff([]string{"", "a.jpg", latin}, w.Left()); diff != "" {
			t.Error(diff)
		}
		if err := w.Recover(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, takePicture(t, w.Project)); diff != "" {
			t.Error(diff)
		}
		if len(w.Unsaved()) != 2 || len(w.Left()) != 0 {
			t.Errorf("unsaved %v, left %v", w.Unsaved(), w.Left())
		}
		w = reopen(t, w, dir) // and crash again before saving
		if err := errors.Join(w.Recover(), w.SaveAll()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, takePicture(t, w.Project)); diff != "" {
			t.Error(diff)
		}
		undo(t, w.Project)
		if got := w.Regions("a.jpg"); len(got) != 0 {
			t.Errorf("after undo: %v", got)
		}
	})
	t.Run("should put aside what a crash has left when the person works on", func(t *testing.T) {
		dir := t.TempDir()
		w := openWorkspace(t, dir)
		openPhoto(t, w, "a.jpg")
		add(t, w.Project, "a.jpg", box(1, 1, 5, 5))
		w = reopen(t, w, dir)
		openPhoto(t, w, "a.jpg")
		add(t, w.Project, "a.jpg", box(7, 7, 9, 9))
		if err := errors.Join(w.Trouble(), w.SaveAll()); err != nil {
			t.Fatal(err)
		}
		if len(w.Left()) > 0 {
			t.Errorf("left: %v", w.Left())
		}
		aside, err := filepath.Glob(filepath.Join(dir, "photos", "a.jpg.recovered-*.json"))
		if len(aside) != 1 || err != nil {
			t.Fatal(aside, err)
		}
		data, err := os.ReadFile(aside[0])
		if err != nil {
			t.Fatal(err)
		}
		if d, _, _, err := annot.DecodeDocument(data); err != nil || len(d.Regions) != 1 || d.Regions[0].Box.X0 != 1 {
			t.Errorf("aside: %+v, %v", d, err)
		}
	})
	t.Run("should give up what a crash has left when asked to", func(t *testing.T) {
		dir := t.TempDir()
		w := openWorkspace(t, dir)
		openPhoto(t, w, "a.jpg")
		add(t, w.Project, "a.jpg", box(1, 1, 5, 5))
		w = reopen(t, w, dir)
		if err := w.Decline(); err != nil {
			t.Fatal(err)
		}
		w = reopen(t, w, dir)
		if len(w.Left()) > 0 {
			t.Errorf("left: %v", w.Left())
		}
	})
	t.Run("should undo in a photo that was closed", func(t *testing.T) {
		w := openWorkspace(t, t.TempDir())
		openPhoto(t, w, "a.jpg")
		add(t, w.Project, "a.jpg", box(1, 1, 5, 5))
		if err := errors.Join(w.SaveAll(), w.ClosePhoto("a.jpg")); err != nil {
			t.Fatal(err)
		}
		if s := undo(t, w.Project); s.Photos[0] != "a.jpg" {
			t.Errorf("undid %+v", s)
		}
		if diff := cmp.Diff([]string{"a.jpg"}, w.Unsaved()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("should redo in a photo that was closed and never saved, without giving an id twice", func(t *testing.T) {
		w := openWorkspace(t, t.TempDir())
		openPhoto(t, w, "a.jpg")
		first := add(t, w.Project, "a.jpg", box(1, 1, 5, 5))
		undo(t, w.Project)
		if err := w.ClosePhoto("a.jpg"); err != nil {
			t.Fatal(err)
		}
		redo(t, w.Project)
		if d := document(t, w.Project, "a.jpg"); d.Photo.Width != 40 || len(d.Regions) != 1 {
			t.Errorf("got %+v", d)
		}
		if second := add(t, w.Project, "a.jpg", box(1, 1, 5, 5)); second == first {
			t.Errorf("id %d came twice", second)
		}
	})
	t.Run("should tell when labels are for another size", func(t *testing.T) {
		dir := t.TempDir()
		w := openWorkspace(t, dir)
		openPhoto(t, w, "a.jpg")
		add(t, w.Project, "a.jpg", box(1, 1, 5, 5))
		if err := w.SaveAll(); err != nil {
			t.Fatal(err)
		}
		w = reopen(t, w, dir)
		if err := w.Photo(annot.Photo{Path: "a.jpg", Width: 30, Height: 40}); err != nil || len(w.Problems) != 1 {
			t.Errorf("%v, problems %v", err, w.Problems)
		}
	})
	t.Run("should refuse photos that are not open", func(t *testing.T) {
		w := openWorkspace(t, t.TempDir())
		for _, err := range []error{w.Save("a.jpg"), w.KeepOurs("a.jpg"), w.TakeTheirs("a.jpg")} {
			if !errors.Is(err, annot.ErrNoPhoto) {
				t.Errorf("err = %v", err)
			}
		}
	})
}

func TestWorkspaceOutsideChanges(t *testing.T) {
	setUp := func(t *testing.T) *annot.Workspace {
		dir := t.TempDir()
		w := openWorkspace(t, dir)
		openPhoto(t, w, "a.jpg")
		add(t, w.Project, "a.jpg", box(1, 1, 5, 5))
		if err := w.SaveAll(); err != nil {
			t.Fatal(err)
		}
		theirs, err := annot.EncodeDocument(withBoxes("a.jpg", 7), annot.Origin{Names: map[int]string{0: "dog"}})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "photos", "a.jpg.json"), theirs, 0o644); err != nil {
			t.Fatal(err)
		}
		if changed, err := w.ChangedOutside("a.jpg"); !changed || err != nil {
			t.Fatalf("changed = %v, %v", changed, err)
		}
		add(t, w.Project, "a.jpg", box(2, 2, 5, 5))
		var conflict *annot.Conflict
		if err := w.SaveAll(); !errors.As(err, &conflict) {
			t.Fatalf("err = %v", err)
		}
		if len(w.Unsaved()) > 0 {
			t.Fatalf("unsaved: %v", w.Unsaved())
		}
		return w
	}
	t.Run("should take theirs", func(t *testing.T) {
		w := setUp(t)
		if err := w.TakeTheirs("a.jpg"); err != nil {
			t.Fatal(err)
		}
		if got := w.Regions("a.jpg"); len(got) != 7 || w.Classes().Row(got[0].Class).Name != "dog" {
			t.Errorf("got %v", got)
		}
		if _, err := w.Undo(); !errors.Is(err, annot.ErrNothingToUndo) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("should keep ours", func(t *testing.T) {
		w := setUp(t)
		if err := w.KeepOurs("a.jpg"); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.TakeTheirs("a.jpg")); err != nil {
			t.Fatal(err)
		}
		if got := w.Regions("a.jpg"); len(got) != 2 {
			t.Errorf("on disk: %v", got)
		}
	})
}

func TestWorkspaceAdoptsClasses(t *testing.T) {
	dir := t.TempDir()
	w := openWorkspace(t, dir)
	foreign := withBoxes("b.jpg", 3)
	foreign.Regions[1].Class, foreign.Regions[2].Class = 1, 5
	data, err := annot.EncodeDocument(foreign, annot.Origin{Project: "another", Names: map[int]string{0: "dog", 1: "hen"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "photos"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "photos", "b.jpg.json"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	shown := func() (names []string) {
		for _, r := range w.Regions("b.jpg") {
			names = append(names, w.Classes().Row(r.Class).Name)
		}
		return names
	}
	want := []string{"dog", "hen", "class 5"}
	do(t, w.Project, "rename", func(e *annot.Edit) error { return e.RenameClass(1, "hound") })
	undo(t, w.Project)
	openPhoto(t, w, "b.jpg")
	if diff := cmp.Diff(want, shown()); diff != "" {
		t.Error(diff)
	}
	redo(t, w.Project) // goes to a table that was made before the photo was loaded
	want[0] = "hound"
	if diff := cmp.Diff(want, shown()); diff != "" {
		t.Error("after redo", diff)
	}
	if err := w.SaveAll(); err != nil {
		t.Fatal(err)
	}
	undo(t, w.Project)
	want[0] = "dog"
	if diff := cmp.Diff(want, shown()); diff != "" {
		t.Error("after undo", diff)
	}
	if err := w.SaveAll(); err != nil {
		t.Fatal(err)
	}
	w = reopen(t, w, dir)
	openPhoto(t, w, "b.jpg")
	if diff := cmp.Diff(want, shown()); diff != "" {
		t.Error("after a new start", diff)
	}
}

func TestLoadedClassGivesWay(t *testing.T) {
	dir := t.TempDir()
	w := openWorkspace(t, dir)
	data, err := annot.EncodeDocument(withBoxes("b.jpg", 1), annot.Origin{Names: map[int]string{0: "dog"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "photos"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "photos", "b.jpg.json"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	do(t, w.Project, "rename", func(e *annot.Edit) error { return e.RenameClass(1, "hound") })
	openPhoto(t, w, "b.jpg") // makes a class "dog", for the old one is "hound" now
	if got := w.Regions("b.jpg")[0].Class; got != 2 {
		t.Errorf("class %d", got)
	}
	undo(t, w.Project) // the old one is "dog" again, and there must not be two
	if got := w.Regions("b.jpg")[0].Class; got != 1 {
		t.Errorf("class %d", got)
	}
	redo(t, w.Project)
	if got := w.Regions("b.jpg")[0].Class; got != 2 {
		t.Errorf("class %d", got)
	}
}

func TestOpenWorkspaceErrors(t *testing.T) {
	t.Run("should refuse a project file that makes no sense, and leave it", func(t *testing.T) {
		dir := t.TempDir()
		file := filepath.Join(dir, "project.json")
		if err := os.WriteFile(file, []byte("{"), 0o644); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the lock is free again after the first
			if _, err := annot.OpenWorkspace(dir); !errors.Is(err, annot.ErrFormat) {
				t.Errorf("err = %v", err)
			}
		}
		if got, err := os.ReadFile(file); string(got) != "{" || err != nil {
			t.Errorf("file holds %q, %v", got, err)
		}
	})
	t.Run("should refuse classes of one name", func(t *testing.T) {
		if _, err := annot.OpenWorkspace(t.TempDir(), annot.Class{Name: "a"}, annot.Class{Name: "a"}); !errors.Is(err, annot.ErrClassName) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("should refuse a second window", func(t *testing.T) {
		dir := t.TempDir()
		openWorkspace(t, dir)
		if _, err := annot.OpenWorkspace(dir); !errors.Is(err, annot.ErrInUse) {
			t.Errorf("err = %v", err)
		}
	})
}
