package session_test

import (
	"slices"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/session"
)

func TestKeepPrevious(t *testing.T) {
	l, s := newLoop(t, nil)
	l.open(s, folder(t, "a.png", "b.png"))
	l.show(s, 1)
	if err := s.KeepPrevious(); err == nil {
		t.Error("there was nothing to copy, and it says nothing")
	}
	l.show(s, 0)
	box := annot.Box{X0: 10, Y0: 10, X1: 30, Y1: 20}
	for _, b := range []annot.Box{box, {X0: 40, Y0: 10, X1: 50, Y1: 30}} {
		if err := s.Create(b, nil); err != nil {
			t.Fatal(err)
		}
	}
	l.show(s, 1)
	if err := s.Create(box, nil); err != nil {
		t.Fatal(err)
	}
	t.Run("should copy what is not labelled here already, and select it", func(t *testing.T) {
		if err := s.KeepPrevious(); err != nil {
			t.Fatal(err)
		}
		if got := s.Accepted(); len(got) != 2 || got[1].Box.X0 != 40 || !slices.Equal(s.Selected(), []annot.RegionID{got[1].ID}) {
			t.Errorf("labels %v, selected %v", got, s.Selected())
		}
	})
	t.Run("should be undone in one step", func(t *testing.T) {
		s.Undo()
		if got := s.Accepted(); len(got) != 1 {
			t.Errorf("labels %v", got)
		}
	})
}

func TestDeleteAll(t *testing.T) {
	l, s := newLoop(t, nil)
	l.open(s, folder(t, "a.png"))
	for i := range 3 {
		x := float64(10 * i)
		if err := s.Create(annot.Box{X0: x, Y0: 0, X1: x + 8, Y1: 8}, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.Lock(s.Accepted()[0].ID)
	s.Hide(true, s.Accepted()[1].ID)
	s.ShowHidden()
	if s.Accepted()[1].Hidden {
		t.Error("it is hidden still")
	}
	if err := s.DeleteAll(); err != nil {
		t.Fatal(err)
	}
	if got := s.Accepted(); len(got) != 1 || !got[0].Locked {
		t.Errorf("labels %v", got)
	}
}

func TestGoTo(t *testing.T) {
	l, s := newLoop(t, nil)
	l.open(s, folder(t, "cat1.png", "cat2.png", "dog.png"))
	for _, c := range []struct {
		text string
		ok   bool
		at   int
	}{{"3", true, 2}, {"CAT", true, 0}, {"cat", true, 1}, {"horse", false, 1}, {"0", false, 1}, {"dog.png", true, 2}} {
		if ok := s.GoTo(c.text); ok != c.ok || s.Index() != c.at {
			t.Errorf("%q: %v, photo %d", c.text, ok, s.Index())
		}
	}
}

func TestScopes(t *testing.T) {
	l, s := newLoop(t, nil)
	l.open(s, folder(t, "a.png", "b.png", "c.png", "d.png"))
	l.show(s, 3)
	s.SetDone(true)
	l.show(s, 1)
	for sc, want := range map[session.Scope][]int{
		session.ScopeAll: {0, 2}, session.ScopeShown: {0, 2}, session.ScopeHere: {2},
	} {
		if got := s.InScope(sc); !slices.Equal(got, want) {
			t.Errorf("scope %d: %v, want %v", sc, got, want)
		}
	}
	s.Search("a.png")
	if got := s.InScope(session.ScopeShown); !slices.Equal(got, []int{0}) {
		t.Errorf("in the strip: %v", got)
	}
}
