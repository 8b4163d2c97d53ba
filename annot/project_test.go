package annot_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/saysee/saysee/annot"
)

// same compares documents as a person sees them: ids that were given stay given, so NextID may differ.
var same = cmp.Options{
	cmp.Comparer(func(a, b annot.Mask) bool { return a.Rect() == b.Rect() && a.Equal(b) }),
	cmpopts.IgnoreFields(annot.Document{}, "NextID"),
	cmpopts.EquateEmpty(),
}

func newProject(t *testing.T, budget int64, photos ...string) *annot.Project {
	t.Helper()
	table, err := annot.NewClassTable(annot.Class{Name: "cat"}, annot.Class{Name: "dog"})
	if err != nil {
		t.Fatal(err)
	}
	p := annot.NewProject(table, budget)
	for _, path := range photos {
		if err := p.OpenPhoto(annot.Document{Photo: annot.Photo{Path: path, Width: 40, Height: 30}}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func box(x0, y0, x1, y1 float64) annot.Region {
	return annot.Region{Box: annot.Box{X0: x0, Y0: y0, X1: x1, Y1: y1}}
}

// do makes a step that must not fail.
func do(t *testing.T, p *annot.Project, name string, edit func(*annot.Edit) error) annot.StepID {
	t.Helper()
	id, err := p.Do(name, edit)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return id
}

func add(t *testing.T, p *annot.Project, path string, r annot.Region) annot.RegionID {
	t.Helper()
	var id annot.RegionID
	do(t, p, "add", func(e *annot.Edit) (err error) {
		id, err = e.Add(path, r)
		return err
	})
	return id
}

func undo(t *testing.T, p *annot.Project) annot.Step {
	t.Helper()
	s, err := p.Undo()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func redo(t *testing.T, p *annot.Project) annot.Step {
	t.Helper()
	s, err := p.Redo()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func document(t *testing.T, p *annot.Project, path string) annot.Document {
	t.Helper()
	d, _, err := p.Document(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestUndo(t *testing.T) {
	t.Run("should take back the first shape too", func(t *testing.T) {
		p := newProject(t, 0, "a.jpg")
		add(t, p, "a.jpg", box(1, 1, 5, 5))
		if s := undo(t, p); s.Name != "add" || !slices.Equal(s.Photos, []string{"a.jpg"}) {
			t.Errorf("undid %+v", s)
		}
		if got := p.Regions("a.jpg"); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
		if _, err := p.Undo(); !errors.Is(err, annot.ErrNothingToUndo) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("should tell the photo that it touches after a change of photo", func(t *testing.T) {
		p := newProject(t, 0, "a.jpg", "b.jpg")
		add(t, p, "a.jpg", box(1, 1, 5, 5))
		add(t, p, "b.jpg", box(1, 1, 5, 5))
		if s, ok := p.NextUndo(); !ok || s.Photos[0] != "b.jpg" {
			t.Errorf("next undo is %+v", s)
		}
		undo(t, p)
		if s := undo(t, p); s.Photos[0] != "a.jpg" {
			t.Errorf("undid %+v", s)
		}
		if s, ok := p.NextRedo(); !ok || s.Photos[0] != "a.jpg" {
			t.Errorf("next redo is %+v", s)
		}
	})
	t.Run("should never give an id twice", func(t *testing.T) {
		p := newProject(t, 0, "a.jpg")
		first := add(t, p, "a.jpg", box(1, 1, 5, 5))
		undo(t, p)
		if second := add(t, p, "a.jpg", box(1, 1, 5, 5)); second == first {
			t.Errorf("id %d came twice", second)
		}
	})
	t.Run("should bring a region back with its id on redo", func(t *testing.T) {
		p := newProject(t, 0, "a.jpg")
		id := add(t, p, "a.jpg", box(1, 1, 5, 5))
		undo(t, p)
		redo(t, p)
		if got := p.Regions("a.jpg"); len(got) != 1 || got[0].ID != id {
			t.Errorf("got %v", got)
		}
		if _, err := p.Redo(); !errors.Is(err, annot.ErrNothingToRedo) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("should take back an AI run over many photos at once", func(t *testing.T) {
		p := newProject(t, 0, "a.jpg", "b.jpg")
		do(t, p, "find cats", func(e *annot.Edit) error {
			for _, path := range []string{"a.jpg", "b.jpg"} {
				for range 10 {
					r := box(1, 1, 5, 5)
					r.Review = annot.Suggested
					if _, err := e.Add(path, r); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if d := document(t, p, "b.jpg"); d.State != annot.PhotoSuggested || len(d.Regions) != 10 {
			t.Errorf("state %d, %d regions", d.State, len(d.Regions))
		}
		undo(t, p)
		for _, path := range p.Photos() {
			if d := document(t, p, path); d.State != annot.PhotoNew || len(d.Regions) != 0 {
				t.Errorf("%s: state %d, %d regions", path, d.State, len(d.Regions))
			}
		}
	})
	t.Run("should forget what was undone when something new is done", func(t *testing.T) {
		p := newProject(t, 0, "a.jpg")
		add(t, p, "a.jpg", box(1, 1, 5, 5))
		undo(t, p)
		add(t, p, "a.jpg", box(2, 2, 5, 5))
		if _, err := p.Redo(); !errors.Is(err, annot.ErrNothingToRedo) {
			t.Errorf("err = %v", err)
		}
		if steps, _ := p.HistorySize(); steps != 1 {
			t.Errorf("%d steps", steps)
		}
	})
}

func TestDoFails(t *testing.T) {
	p := newProject(t, 0, "a.jpg")
	id := add(t, p, "a.jpg", box(1, 1, 5, 5))
	before := document(t, p, "a.jpg")
	boom := errors.New("boom")
	for name, edit := range map[string]func(*annot.Edit) error{
		"should take everything back on an error": func(e *annot.Edit) error {
			if _, err := e.Add("a.jpg", box(2, 2, 3, 3)); err != nil {
				return err
			}
			if err := e.Delete("a.jpg", id); err != nil {
				return err
			}
			if _, err := e.AddClass(annot.Class{Name: "cow"}); err != nil {
				return err
			}
			return boom
		},
		"should refuse a photo that is not open":     func(e *annot.Edit) error { _, err := e.Add("no.jpg", box(1, 1, 2, 2)); return err },
		"should refuse a region that is not there":   func(e *annot.Edit) error { return e.Delete("a.jpg", id, id) },
		"should refuse a class that is not there":    func(e *annot.Edit) error { return e.Relabel("a.jpg", 7, id) },
		"should refuse an unknown class for a shape": func(e *annot.Edit) error { r := box(1, 1, 2, 2); r.Class = 9; _, err := e.Add("a.jpg", r); return err },
		"should refuse an empty box":                 func(e *annot.Edit) error { _, err := e.Add("a.jpg", box(2, 2, 2, 9)); return err },
		"should refuse a box that is no number":      func(e *annot.Edit) error { _, err := e.Add("a.jpg", box(math.NaN(), 2, 2, 9)); return err },
		"should refuse an empty mask":                func(e *annot.Edit) error { return e.SetShape("a.jpg", id, annot.Box{}, annot.Mask{}) },
		"should refuse a ring of two points": func(e *annot.Edit) error {
			return e.SetShape("a.jpg", id, annot.Box{}, annot.Polygon{{Outer: square(0, 0, 1, 1)[:2]}})
		},
		"should refuse a field that is no JSON": func(e *annot.Edit) error {
			return e.Update("a.jpg", id, func(r *annot.Region) { r.Extra = map[string]json.RawMessage{"x": json.RawMessage("{")} })
		},
		"should refuse a class name that is taken":   func(e *annot.Edit) error { return e.RenameClass(0, " dog ") },
		"should refuse a class name that is empty":   func(e *annot.Edit) error { return e.RenameClass(0, " ") },
		"should refuse an order that drops a class":  func(e *annot.Edit) error { return e.OrderClasses([]int{1}) },
		"should refuse to merge a class into itself": func(e *annot.Edit) error { return e.MergeClasses(1, 1) },
		"should refuse a state that is not known":    func(e *annot.Edit) error { return e.SetState("a.jpg", 77) },
		"should refuse to change what is locked": func(e *annot.Edit) error {
			if err := e.SetLocked("a.jpg", true, id); err != nil {
				return err
			}
			if err := e.Delete("a.jpg", id); !errors.Is(err, annot.ErrLocked) {
				t.Errorf("delete: %v", err)
			}
			return e.Relabel("a.jpg", 1, id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := p.Do("fail", edit); err == nil {
				t.Error("no error")
			}
			if diff := cmp.Diff(before, document(t, p, "a.jpg"), same); diff != "" {
				t.Error(diff)
			}
			if len(p.Classes().Order()) != 2 {
				t.Errorf("classes are %v", p.Classes().Order())
			}
			if steps, _ := p.HistorySize(); steps != 1 {
				t.Errorf("%d steps", steps)
			}
		})
	}
	t.Run("should take everything back on a panic", func(t *testing.T) {
		func() {
			defer func() { _ = recover() }()
			_, _ = p.Do("panic", func(e *annot.Edit) error {
				_ = e.Delete("a.jpg", id)
				panic("boom")
			})
		}()
		if diff := cmp.Diff(before, document(t, p, "a.jpg"), same); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("should make no step of nothing", func(t *testing.T) {
		if id := do(t, p, "nothing", func(*annot.Edit) error { return nil }); id != 0 {
			t.Errorf("step %d", id)
		}
	})
}

func TestExtend(t *testing.T) {
	find := func(path string) func(*annot.Edit) error {
		return func(e *annot.Edit) error { _, err := e.Add(path, box(1, 1, 5, 5)); return err }
	}
	t.Run("should add to an earlier step while the person works on other photos", func(t *testing.T) {
		p := newProject(t, 0, "a.jpg", "b.jpg", "c.jpg")
		run := do(t, p, "find", find("a.jpg"))
		add(t, p, "c.jpg", box(1, 1, 2, 2))
		got, err := p.Extend(run, "find", find("b.jpg"))
		if err != nil || got != run {
			t.Fatalf("step %d, %v", got, err)
		}
		if s := undo(t, p); s.Photos[0] != "c.jpg" {
			t.Errorf("undid %+v", s)
		}
		if s := undo(t, p); !slices.Equal(s.Photos, []string{"a.jpg", "b.jpg"}) {
			t.Errorf("undid %+v", s)
		}
		redo(t, p)
		if len(p.Regions("b.jpg")) != 1 || len(p.Unsaved()) != 2 {
			t.Errorf("after redo: %v, unsaved %v", p.Regions("b.jpg"), p.Unsaved())
		}
	})
	for name, between := range map[string]func(*testing.T, *annot.Project){
		"should begin a new step when the person has changed the same photo": func(t *testing.T, p *annot.Project) { add(t, p, "b.jpg", box(1, 1, 2, 2)) },
		"should begin a new step when the classes have changed": func(t *testing.T, p *annot.Project) {
			do(t, p, "rename", func(e *annot.Edit) error { return e.RenameClass(0, "kitten") })
		},
		"should begin a new step when the first was undone": func(t *testing.T, p *annot.Project) { undo(t, p) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t, 0, "a.jpg", "b.jpg")
			run := do(t, p, "find", find("a.jpg"))
			between(t, p)
			got, err := p.Extend(run, "find", find("b.jpg"))
			if err != nil || got == run {
				t.Fatalf("step %d, %v", got, err)
			}
			if s := undo(t, p); !slices.Equal(s.Photos, []string{"b.jpg"}) || s.ID != got {
				t.Errorf("undid %+v", s)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	t.Run("should drop the oldest steps", func(t *testing.T) {
		p := newProject(t, 5000, "a.jpg")
		for range 100 {
			add(t, p, "a.jpg", box(1, 1, 5, 5))
		}
		steps, size := p.HistorySize()
		if size > 5000 || steps < 5 || steps > 20 {
			t.Errorf("%d steps of %d bytes", steps, size)
		}
		for range steps {
			undo(t, p)
		}
		if got := len(p.Regions("a.jpg")); got != 100-steps {
			t.Errorf("%d regions left", got)
		}
	})
	t.Run("should count what shapes hold", func(t *testing.T) {
		p := newProject(t, 0, "a.jpg")
		add(t, p, "a.jpg", annot.Region{Shape: annot.Line(make([]annot.Point, 10000))})
		if _, size := p.HistorySize(); size < 160000 || size > 200000 {
			t.Errorf("%d bytes", size)
		}
	})
	t.Run("should keep the latest step, however large", func(t *testing.T) {
		p := newProject(t, 1000, "a.jpg")
		add(t, p, "a.jpg", annot.Region{Shape: annot.Line(make([]annot.Point, 10000))})
		undo(t, p)
		if got := p.Regions("a.jpg"); len(got) != 0 {
			t.Errorf("left: %d regions", len(got))
		}
	})
}

func TestUnsaved(t *testing.T) {
	p := newProject(t, 0, "a.jpg", "b.jpg")
	want := func(paths ...string) {
		t.Helper()
		if diff := cmp.Diff(paths, p.Unsaved(), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	}
	want()
	add(t, p, "a.jpg", box(1, 1, 5, 5))
	want("a.jpg")
	undo(t, p)
	want() // back at what was saved
	redo(t, p)
	_, v, err := p.Document("a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	p.Saved("a.jpg", v)
	want()
	undo(t, p)
	want("a.jpg")
	add(t, p, "a.jpg", box(1, 1, 5, 5)) // the same again, but with another id
	want("a.jpg")
	if err := p.ClosePhoto("a.jpg"); !errors.Is(err, annot.ErrUnsaved) {
		t.Errorf("close: %v", err)
	}
	do(t, p, "rename", func(e *annot.Edit) error { return e.RenameClass(0, "kitten") })
	if _, unsaved := p.ClassesVersion(); !unsaved {
		t.Error("classes count as saved")
	}
	undo(t, p)
	if _, unsaved := p.ClassesVersion(); unsaved {
		t.Error("classes count as unsaved")
	}
}

func TestClosedPhotos(t *testing.T) {
	setUp := func(t *testing.T) (*annot.Project, annot.Document) {
		p := newProject(t, 0, "a.jpg", "b.jpg")
		add(t, p, "a.jpg", box(1, 1, 5, 5))
		add(t, p, "b.jpg", box(1, 1, 5, 5))
		doc, v, err := p.Document("a.jpg")
		if err != nil {
			t.Fatal(err)
		}
		p.Saved("a.jpg", v)
		if err := p.ClosePhoto("a.jpg"); err != nil {
			t.Fatal(err)
		}
		return p, doc
	}
	t.Run("should load a photo that an undo needs", func(t *testing.T) {
		p, saved := setUp(t)
		undo(t, p)
		if _, err := p.Undo(); !errors.Is(err, annot.ErrNoPhoto) {
			t.Errorf("without a loader: %v", err)
		}
		p.Load = func(string) (annot.Document, error) { return saved, nil }
		undo(t, p)
		if got := p.Regions("a.jpg"); len(got) != 0 {
			t.Errorf("left: %v", got)
		}
		if diff := cmp.Diff([]string{"a.jpg"}, p.Unsaved()); diff != "" {
			t.Error(diff)
		}
		redo(t, p)
		if len(p.Unsaved()) != 0 {
			t.Errorf("unsaved: %v", p.Unsaved())
		}
	})
	t.Run("should forget the history of a photo that comes back different", func(t *testing.T) {
		p, saved := setUp(t)
		saved.Regions[0].Box.X1 = 33
		if err := p.OpenPhoto(saved); err != nil {
			t.Fatal(err)
		}
		if s := undo(t, p); s.Photos[0] != "b.jpg" {
			t.Errorf("undid %+v", s)
		}
		if _, err := p.Undo(); !errors.Is(err, annot.ErrNothingToUndo) {
			t.Errorf("err = %v", err)
		}
		if got := p.Regions("a.jpg"); len(got) != 1 || got[0].Box.X1 != 33 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("should forget in the middle of an undo", func(t *testing.T) {
		p, saved := setUp(t)
		saved.Regions = nil
		p.Load = func(string) (annot.Document, error) { return saved, nil }
		undo(t, p)
		if _, err := p.Undo(); !errors.Is(err, annot.ErrNothingToUndo) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("should refuse a photo twice, and one without a path", func(t *testing.T) {
		p := newProject(t, 0, "a.jpg")
		if err := p.OpenPhoto(annot.Document{Photo: annot.Photo{Path: "a.jpg"}}); !errors.Is(err, annot.ErrOpen) {
			t.Errorf("err = %v", err)
		}
		if err := p.OpenPhoto(annot.Document{}); !errors.Is(err, annot.ErrNoPhoto) {
			t.Errorf("err = %v", err)
		}
		if err := p.ClosePhoto("b.jpg"); !errors.Is(err, annot.ErrNoPhoto) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("should give ids to regions that have none or the same", func(t *testing.T) {
		p := newProject(t, 0)
		a, b, c := box(1, 1, 2, 2), box(1, 1, 3, 3), box(1, 1, 4, 4)
		a.ID, b.ID = 4, 4
		if err := p.OpenPhoto(annot.Document{Photo: annot.Photo{Path: "a.jpg"}, Regions: []annot.Region{a, b, c}}); err != nil {
			t.Fatal(err)
		}
		var ids []annot.RegionID
		for _, r := range p.Regions("a.jpg") {
			ids = append(ids, r.ID)
		}
		if diff := cmp.Diff([]annot.RegionID{4, 5, 6}, ids); diff != "" {
			t.Error(diff)
		}
	})
}

func TestClasses(t *testing.T) {
	setUp := func(t *testing.T) *annot.Project {
		p := newProject(t, 0, "a.jpg")
		for class := range 2 {
			r := box(1, 1, 5, 5)
			r.Class = class
			add(t, p, "a.jpg", r)
		}
		return p
	}
	shown := func(p *annot.Project) (names []string) {
		for _, r := range p.Regions("a.jpg") {
			names = append(names, p.Classes().Row(r.Class).Name)
		}
		return names
	}
	for name, c := range map[string]struct {
		edit func(*annot.Edit) error
		want []string
	}{
		"should rename":       {func(e *annot.Edit) error { return e.RenameClass(0, "kitten") }, []string{"kitten", "dog"}},
		"should delete":       {func(e *annot.Edit) error { return e.DeleteClass(0) }, []string{"dog"}},
		"should merge":        {func(e *annot.Edit) error { return e.MergeClasses(1, 0) }, []string{"dog", "dog"}},
		"should order freely": {func(e *annot.Edit) error { return e.OrderClasses([]int{1, 0}) }, []string{"cat", "dog"}},
		"should merge in a chain": {func(e *annot.Edit) error {
			row, err := e.AddClass(annot.Class{Name: "pet"})
			return errors.Join(err, e.MergeClasses(1, 0), e.MergeClasses(row, 1))
		}, []string{"pet", "pet"}},
		"should not show what was merged into a deleted class": {func(e *annot.Edit) error {
			return errors.Join(e.MergeClasses(1, 0), e.DeleteClass(1))
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := setUp(t)
			do(t, p, name, c.edit)
			if diff := cmp.Diff(c.want, shown(p)); diff != "" {
				t.Error(diff)
			}
			if s := undo(t, p); !s.Classes {
				t.Errorf("step %+v does not tell of the classes", s)
			}
			if diff := cmp.Diff([]string{"cat", "dog"}, shown(p)); diff != "" {
				t.Error("after undo", diff)
			}
			redo(t, p)
			if diff := cmp.Diff(c.want, shown(p)); diff != "" {
				t.Error("after redo", diff)
			}
		})
	}
	t.Run("should not give the row of a class whose making was undone to another", func(t *testing.T) {
		p := newProject(t, 0)
		var first, second int
		add := func(name string, row *int) {
			do(t, p, "add class", func(e *annot.Edit) (err error) {
				*row, err = e.AddClass(annot.Class{Name: name})
				return err
			})
		}
		add("cow", &first)
		undo(t, p)
		add("hen", &second)
		if first == second {
			t.Errorf("row %d came twice", first)
		}
		if row, ok := p.Classes().Resolve(first); ok {
			t.Errorf("row %d is %d", first, row)
		}
	})
	t.Run("should find a merged class by the words of both", func(t *testing.T) {
		p := newProject(t, 0)
		do(t, p, "merge", func(e *annot.Edit) error { return e.MergeClasses(1, 0) })
		if diff := cmp.Diff([]string{"dog", "cat"}, p.Classes().Row(1).Phrases); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"cat"}, p.Classes().Row(0).Phrases); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("should add a region of a merged class as the other", func(t *testing.T) {
		p := newProject(t, 0, "a.jpg")
		do(t, p, "merge", func(e *annot.Edit) error { return e.MergeClasses(1, 0) })
		add(t, p, "a.jpg", box(1, 1, 2, 2))
		if got := document(t, p, "a.jpg").Regions[0].Class; got != 1 {
			t.Errorf("class %d", got)
		}
	})
	t.Run("should number the living densely", func(t *testing.T) {
		p := newProject(t, 0)
		do(t, p, "change", func(e *annot.Edit) error {
			cow, err := e.AddClass(annot.Class{Name: "cow"})
			pig, err2 := e.AddClass(annot.Class{Name: "pig"})
			return errors.Join(err, err2, e.DeleteClass(0), e.MergeClasses(pig, 1), e.OrderClasses([]int{pig, cow}))
		})
		classes, place := p.Classes().Dense()
		var names []string
		for _, c := range classes {
			names = append(names, c.Name)
		}
		if diff := cmp.Diff([]string{"pig", "cow"}, names); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]int{-1, 0, 1, 0}, place); diff != "" {
			t.Error(diff)
		}
	})
}

func TestReorder(t *testing.T) {
	p := newProject(t, 0, "a.jpg")
	for i := range 4 {
		add(t, p, "a.jpg", box(0, 0, float64(i)+1, 1))
	}
	order := func() (ids []annot.RegionID) {
		for _, r := range p.Regions("a.jpg") {
			ids = append(ids, r.ID)
		}
		return ids
	}
	for _, c := range []struct {
		id   annot.RegionID
		to   int
		want []annot.RegionID
	}{{1, 2, []annot.RegionID{2, 3, 1, 4}}, {4, -9, []annot.RegionID{4, 2, 3, 1}}, {2, 99, []annot.RegionID{4, 3, 1, 2}}} {
		before := order()
		do(t, p, "reorder", func(e *annot.Edit) error { return e.Reorder("a.jpg", c.id, c.to) })
		if diff := cmp.Diff(c.want, order()); diff != "" {
			t.Error(diff)
		}
		undo(t, p)
		if diff := cmp.Diff(before, order()); diff != "" {
			t.Error(diff)
		}
		redo(t, p)
	}
}

func TestSetShapeIsHandWork(t *testing.T) {
	p := newProject(t, 0, "a.jpg")
	r := box(1, 1, 5, 5)
	r.Source = annot.Source{Maker: annot.ByModel, Model: "m", Phrase: "cat"}
	id := add(t, p, "a.jpg", r)
	m := annot.NewMask(image.Rect(0, 0, 4, 4), []byte{0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	do(t, p, "draw", func(e *annot.Edit) error { return e.SetShape("a.jpg", id, annot.Box{}, m) })
	got := p.Regions("a.jpg")[0]
	if want := (annot.Source{Maker: annot.ByHand, Model: "m", Phrase: "cat"}); got.Source != want {
		t.Errorf("source %+v", got.Source)
	}
	if want := (annot.Box{X0: 1, Y0: 1, X1: 3, Y1: 2}); got.Box != want {
		t.Errorf("box %v", got.Box)
	}
}

func TestProjectSharesNothing(t *testing.T) {
	p := newProject(t, 0, "a.jpg")
	line := annot.Line{{X: 1, Y: 1}, {X: 2, Y: 2}}
	add(t, p, "a.jpg", annot.Region{Shape: line})
	line[0].X = 99
	d := document(t, p, "a.jpg")
	d.Regions[0].Shape.(annot.Line)[0].X = 98
	if got := document(t, p, "a.jpg").Regions[0].Shape.(annot.Line)[0].X; got != 1 {
		t.Errorf("x = %v", got)
	}
}

// randomEdit makes one random change, or none when it does not fit.
func randomEdit(rng *rand.Rand, p *annot.Project, e *annot.Edit) error {
	path := []string{"a.jpg", "b.jpg", "c.jpg"}[rng.IntN(3)]
	d, err := e.Document(path)
	if err != nil {
		return err
	}
	live := e.Classes().Order()
	class := live[rng.IntN(len(live))]
	if len(d.Regions) == 0 || rng.IntN(4) == 0 {
		r := randomRegion(rng)
		r.Class = class
		_, err := e.Add(path, r)
		return err
	}
	id := d.Regions[rng.IntN(len(d.Regions))].ID
	switch rng.IntN(13) {
	case 0:
		return e.Delete(path, id)
	case 1:
		return e.Relabel(path, class, id)
	case 2:
		r := randomRegion(rng)
		return e.SetShape(path, id, r.Box, r.Shape)
	case 3:
		return e.Accept(path, id)
	case 4:
		return e.SetHidden(path, rng.IntN(2) == 0, id)
	case 5:
		return e.Reorder(path, id, rng.IntN(6)-1)
	case 6:
		return e.SetState(path, annot.PhotoState(rng.IntN(3)))
	case 7:
		_, err := e.AddClass(annot.Class{Name: fmt.Sprint("c", rng.IntN(8))})
		return err
	case 8:
		return e.RenameClass(class, fmt.Sprint("c", rng.IntN(8)))
	case 9:
		if len(live) > 2 {
			return e.DeleteClass(class)
		}
		return e.SetLocked(path, rng.IntN(2) == 0, id)
	case 10:
		if len(live) > 2 {
			return e.MergeClasses(live[0], live[1])
		}
		return e.Reject(path, id)
	case 11:
		rng.Shuffle(len(live), func(i, j int) { live[i], live[j] = live[j], live[i] })
		return e.OrderClasses(live)
	default:
		d = d.Clone()
		d.Regions = append(d.Regions, box(1, 2, 3, 4))
		d.Regions[len(d.Regions)-1].Class = class
		return e.ReplaceDocument(path, d)
	}
}

func randomRegion(rng *rand.Rand) annot.Region {
	x, y := rng.Float64()*30, rng.Float64()*20
	r := box(x, y, x+1+rng.Float64()*9, y+1+rng.Float64()*9)
	switch rng.IntN(5) {
	case 0:
		r.Shape = annot.Point{X: x, Y: y}
	case 1:
		r.Shape = annot.Line{{X: x, Y: y}, {X: y, Y: x}}
	case 2:
		r.Shape = annot.Polygon{{Outer: square(x, y, x+5, y+5), Holes: []annot.Ring{square(x+1, y+1, x+2, y+2)}}}
	case 3:
		if m := randomMask(rng, image.Rect(3, 4, 9, 9)); !m.Empty() {
			r.Shape = m
		}
	}
	r.Review = annot.Review(rng.IntN(2))
	r.Score = rng.Float64()
	return r
}

// takePicture writes down all that a person sees of a project.
func takePicture(t *testing.T, p *annot.Project) string {
	t.Helper()
	pic := ""
	for _, path := range p.Photos() {
		d := document(t, p, path)
		d.NextID = 0 // ids that were given stay given
		pic += fmt.Sprintf("%+v\nshows %+v\n", d, p.Regions(path))
	}
	for _, i := range p.Classes().Order() {
		pic += fmt.Sprintf("%d %+v\n", i, p.Classes().Row(i))
	}
	return pic
}

func TestHistoryProperty(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 21))
		p := newProject(t, 0, "a.jpg", "b.jpg", "c.jpg")
		pics := []string{takePicture(t, p)}
		batch := annot.StepID(0)
		for range 60 {
			var err error
			edit := func(e *annot.Edit) error {
				for range 1 + rng.IntN(3) {
					if err := randomEdit(rng, p, e); err != nil {
						return err
					}
				}
				return nil
			}
			steps, _ := p.HistorySize()
			if batch != 0 && rng.IntN(5) == 0 {
				_, err = p.Extend(batch, "extend", edit)
			} else {
				batch, err = p.Do("do", edit)
			}
			if err != nil {
				if diff := cmp.Diff(pics[len(pics)-1], takePicture(t, p)); diff != "" {
					t.Fatalf("seed %d: a failed step left something: %s", seed, diff)
				}
				continue
			}
			if now, _ := p.HistorySize(); now > steps {
				pics = append(pics, takePicture(t, p))
			} else if now == steps {
				// An earlier step was extended, so the pictures since then are of another history.
				pics = rewind(t, p, now)
			}
		}
		last := len(pics) - 1
		for i := last; i > 0; i-- {
			undo(t, p)
			if diff := cmp.Diff(pics[i-1], takePicture(t, p)); diff != "" {
				t.Fatalf("seed %d: undo to step %d: %s", seed, i-1, diff)
			}
		}
		if len(p.Unsaved()) != 0 {
			t.Fatalf("seed %d: all undone, but unsaved: %v", seed, p.Unsaved())
		}
		for i := 1; i <= last; i++ {
			redo(t, p)
			if diff := cmp.Diff(pics[i], takePicture(t, p)); diff != "" {
				t.Fatalf("seed %d: redo to step %d: %s", seed, i, diff)
			}
		}
		if _, err := p.Redo(); !errors.Is(err, annot.ErrNothingToRedo) {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// rewind takes the pictures of a history of n steps anew, and makes sure that it ends where it stood.
func rewind(t *testing.T, p *annot.Project, n int) []string {
	t.Helper()
	end := takePicture(t, p)
	for range n {
		undo(t, p)
	}
	pics := []string{takePicture(t, p)}
	for range n {
		redo(t, p)
		pics = append(pics, takePicture(t, p))
	}
	if diff := cmp.Diff(end, pics[n]); diff != "" {
		t.Fatalf("undo and redo of all: %s", diff)
	}
	return pics
}
