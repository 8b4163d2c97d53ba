package session

import (
	"os"
	"time"

	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/ui/tr"
)

// stamp tells one state of a file from another.
type stamp struct {
	at   time.Time
	size int64
}

func stampOf(item photo.Item) stamp {
	info, err := os.Stat(item.Path)
	if err != nil {
		return stamp{}
	}
	return stamp{info.ModTime(), info.Size()}
}

// Watch looks whether another program has changed the photo in sight, which is read again then, or its labels,
// about which a person decides: see Outside. It is to be called every few seconds.
func (s *Session) Watch() {
	if s.work == nil || s.photo.Size.X == 0 {
		return
	}
	s.lookOutside()
	item := s.photo.Item
	d := s.read.ready[item.Rel]
	if d == nil || s.sample {
		return
	}
	now := stampOf(item)
	if now == (stamp{}) || now == d.stamp {
		return
	}
	delete(s.read.ready, item.Rel)
	s.read.want(item, false, func(d *decoded) {
		if s.photo.Item.Rel != item.Rel {
			return
		}
		s.finder.drop()
		s.answer = nil
		s.arrived(d)
		s.say(tr.L("The photo was changed by another program and is read again."), false)
	})
}

// Outside reports whether another program has changed the labels of the photo in sight, and nobody has decided
// yet which to keep. Until then they are not saved; the journal has ours.
func (s *Session) Outside() bool { return s.outside }

func (s *Session) lookOutside() bool {
	if s.work == nil || s.photo.Size.X == 0 {
		return false
	}
	changed, err := s.work.ChangedOutside(s.photo.Item.Rel)
	if err == nil && changed != s.outside {
		s.outside = changed
		s.p.Changed(Saved | Current)
	}
	return err == nil && changed
}

// TakeTheirs replaces the labels of the photo in sight by what another program has made of them.
func (s *Session) TakeTheirs() error {
	err := s.work.TakeTheirs(s.photo.Item.Rel)
	return s.decided(err)
}

// KeepOurs writes our labels of the photo in sight over what another program has made of them.
func (s *Session) KeepOurs() error {
	err := s.work.KeepOurs(s.photo.Item.Rel)
	return s.decided(err)
}

func (s *Session) decided(err error) error {
	s.outside = false
	s.lookOutside()
	s.choose()
	s.noteInfo()
	s.p.Changed(Regions | List | Saved | Current)
	return err
}
