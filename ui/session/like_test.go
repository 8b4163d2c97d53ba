package session_test

import (
	"strings"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/ui/session"
)

func TestExamples(t *testing.T) {
	l, s := newLoop(t, starter(t))
	dir := pipelinetest.Album(t, "cat.jpg", "dog.jpg", "horse.jpg")
	l.open(s, dir)
	s.Fills = true
	cat := annot.Box{}
	t.Run("should fill a box that is drawn with a mask, and take it away again", func(t *testing.T) {
		if err := s.SetWords(cats()); err != nil {
			t.Fatal(err)
		}
		l.until("the cat", func() bool { return len(s.Suggestions()) > 0 })
		cat = s.Suggestions()[0].Box
		if err := s.Create(cat, nil); err != nil {
			t.Fatal(err)
		}
		l.until("the mask", func() bool { return len(s.Accepted()) == 1 && s.Accepted()[0].Shape != nil })
		r := s.Accepted()[0]
		if r.Box != cat || s.Classes().Row(r.Class).Name != "cat" {
			t.Errorf("box %v, class %d", r.Box, r.Class)
		}
		if share := float64(r.Shape.(annot.Mask).Area()) / cat.Area(); share < 0.3 || share > 1 {
			t.Errorf("the mask covers %.2f of the box", share)
		}
		s.Undo()
		if got := s.Accepted(); len(got) != 1 || got[0].Shape != nil {
			t.Errorf("labels %v after undo", got)
		}
	})
	t.Run("should find a class that no word finds by a region of it", func(t *testing.T) {
		if err := s.Relabel(s.Class()); err != nil {
			t.Fatal(err)
		}
		if err := s.RelabelNew("xyzzy"); err != nil {
			t.Fatal(err)
		}
		row := s.Accepted()[0].Class
		if err := s.SetWords([]annot.Class{s.Classes().Row(row)}); err != nil {
			t.Fatal(err)
		}
		s.Like(s.Accepted()[0].ID)
		l.until("the example", func() bool { return len(s.Classes().Row(row).Examples) == 1 })
		s.Select(s.Accepted()[0].ID)
		s.Delete()
		l.until("what is like it", func() bool {
			list := s.Suggestions()
			return len(list) > 0 && list[0].Class == row && list[0].Score > 0.5 && list[0].Box.IoU(cat) > 0.5
		})
		if phrase := s.Suggestions()[0].Source.Phrase; !strings.HasPrefix(phrase, detect.LikePrefix) {
			t.Errorf("found by %q", phrase)
		}
		l.show(s, 2)
		l.until("an answer", s.Answered)
		if n := len(s.Suggestions()); n > 0 {
			t.Errorf("%d on a photo of a horse: %v", n, s.Suggestions())
		}
	})
	t.Run("should keep examples with the folder's classes, through changes of the words too", func(t *testing.T) {
		words, _ := s.Words()
		words[0].Examples = nil // as from the prompt, which has only words
		words[0].Phrases = append(words[0].Phrases, "plugh")
		if err := s.SetWords(words); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		m, again := newLoop(t, nil)
		m.open(again, dir)
		words, rows := again.Words()
		if len(words) != 1 || len(words[0].Examples) != 1 || words[0].Examples[0].Photo != "cat.jpg" {
			t.Fatalf("words %v", words)
		}
		if err := again.ForgetExamples(rows[0]); err != nil {
			t.Fatal(err)
		}
		if c := again.Classes().Row(rows[0]); len(c.Examples) != 0 {
			t.Error("it is not forgotten")
		}
	})
}

func TestOwnThresholds(t *testing.T) {
	l, s := newLoop(t, starter(t))
	if err := s.OpenSamples(nil); err != nil {
		t.Fatal(err)
	}
	s.GoTo("horse")
	l.until("the photo", func() bool { return s.Photo().Shown != nil })
	words := annot.NamedClasses("horse", "person")
	if err := s.SetWords(words); err != nil {
		t.Fatal(err)
	}
	count := func(row int) int {
		n := 0
		for _, r := range s.Suggestions() {
			if r.Class == row {
				n++
			}
		}
		return n
	}
	f := session.DefaultFilter()
	f.Score = 0.3
	s.SetFilter(f)
	l.until("both", func() bool { return count(0) > 0 && count(1) > 0 })
	horses := count(0)
	s.SetFilter(f.With(1, 1))
	if count(0) != horses || count(1) != 0 {
		t.Errorf("%d horses and %d persons", count(0), count(1))
	}
	s.SetFilter(s.Filter().With(1, -1))
	if count(1) == 0 {
		t.Error("the common threshold does not hold again")
	}
	if f.Own != nil {
		t.Error("a filter was changed in place")
	}
}

func TestUnreadWords(t *testing.T) {
	l, s := newLoop(t, starter(t))
	if err := s.OpenSamples([]annot.Class{{Name: "猫", Phrases: []string{"猫"}}, {Name: "cat", Phrases: []string{"cat"}}}); err != nil {
		t.Fatal(err)
	}
	l.until("the answer", s.Answered)
	if got := s.Unread(); len(got) != 1 || got[0] != "猫" || !s.Message().Bad {
		t.Errorf("unread %v, message %q", got, s.Message().Text)
	}
}
