package session

import (
	"slices"
	"sync"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/ui/tr"
)

// aheadBytes bounds what photos that are read ahead may take.
const aheadBytes = 160 << 20

// decoded is a photo in memory.
type decoded struct {
	photo *photo.Photo
	shown any
	err   error
	stamp stamp // of the file when it was read
}

func (d *decoded) itself() *decoded { return d }

// reader decodes photos in the background and keeps those around the one in sight.
type reader struct {
	s       *Session
	ready   map[string]*decoded
	pending map[string]func() *decoded // being read; they wait for the end
	turn    int
	free    chan struct{} // one photo is decoded at a time beside the one that is waited for
}

func newReader(s *Session) *reader {
	return &reader{s: s, ready: map[string]*decoded{}, pending: map[string]func() *decoded{}, free: make(chan struct{}, 1)}
}

func (r *reader) forget() {
	r.ready, r.pending = map[string]*decoded{}, map[string]func() *decoded{}
	r.turn++
}

// want decodes a photo if it is not there yet, and calls then on the session's goroutine.
func (r *reader) want(item photo.Item, ahead bool, then func(*decoded)) {
	if d := r.ready[item.Rel]; d != nil {
		then(d)
		return
	}
	read := r.pending[item.Rel]
	if read != nil && ahead {
		return
	}
	turn, sample := r.turn, r.s.sample
	if read == nil {
		read = sync.OnceValue(func() *decoded { return r.decode(item, sample) })
		r.pending[item.Rel] = read
	}
	r.s.wg.Go(func() {
		if ahead {
			r.free <- struct{}{}
			defer func() { <-r.free }()
		}
		if r.s.ctx.Err() != nil {
			return
		}
		d := read()
		r.s.post(func() {
			if turn != r.turn {
				return
			}
			delete(r.pending, item.Rel)
			if old := r.ready[item.Rel]; old != nil {
				d = old
			}
			r.ready[item.Rel] = d
			then(d)
		})
	})
}

func (r *reader) decode(item photo.Item, sample bool) *decoded {
	d := &decoded{}
	if sample {
		at := slices.IndexFunc(r.s.p.Samples, func(p Sample) bool { return p.Name == item.Rel })
		d.photo, d.err = photo.Decode(r.s.p.Samples[at].Data, photo.Limits{})
	} else {
		d.stamp = stampOf(item)
		d.photo, d.err = photo.Read(item.Path, photo.Limits{})
	}
	if d.err == nil && r.s.p.Prepare != nil {
		d.shown = r.s.p.Prepare(d.photo.Pix)
	}
	return d
}

// keep forgets photos that are not named.
func (r *reader) keep(names []string) {
	for rel := range r.ready {
		if !slices.Contains(names, rel) {
			delete(r.ready, rel)
		}
	}
}

// Go shows the photo at a place of the list.
func (s *Session) Go(i int) {
	if i < 0 || i >= len(s.items) || i == s.index {
		return
	}
	s.part()
	s.backward = i < s.index
	s.index = i
	item := s.items[i]
	s.photo = Photo{Item: item}
	s.answer, s.found, s.selected = nil, nil, nil
	s.outside = false
	s.finder.drop()
	s.read.want(item, false, func(d *decoded) {
		if s.photo.Item.Rel == item.Rel {
			s.arrived(d)
		}
	})
	s.p.Changed(Current | Regions | Run)
}

// part saves the photo in sight and closes its document; the history can open it again.
func (s *Session) part() {
	if s.work == nil || s.index < 0 {
		return
	}
	rel := s.photo.Item.Rel
	if s.photo.Size.X == 0 {
		return
	}
	if err := s.save(); err != nil {
		s.complain(err)
		return
	}
	_ = s.project.ClosePhoto(rel) // what is not saved stays open
}

// arrived shows a photo that was read.
func (s *Session) arrived(d *decoded) {
	rel := s.photo.Item.Rel
	if d.err != nil {
		s.photo.Err = d.err
		info := s.info[rel]
		info.Failed = d.err
		s.info[rel] = info
		s.p.Changed(Current | List)
		s.ahead()
		return
	}
	s.photo.Size, s.photo.Shown = d.photo.Size(), d.shown
	s.complain(s.openDocument())
	s.choose()
	s.noteInfo()
	s.p.Changed(Current | Regions | Words)
	s.find(d.itself)
	s.ahead()
}

func (s *Session) openDocument() error {
	ph := annot.Photo{Path: s.photo.Item.Rel, Width: s.photo.Size.X, Height: s.photo.Size.Y}
	if s.work != nil {
		return s.work.Photo(ph)
	}
	if _, _, err := s.project.Document(ph.Path); err == nil {
		return nil
	}
	return s.project.OpenPhoto(annot.Document{Photo: ph})
}

// ahead reads the neighbours of the photo in sight, as far as memory allows.
func (s *Session) ahead() {
	at, _ := slices.BinarySearch(s.view, s.index)
	names := []string{s.photo.Item.Rel}
	room := int64(aheadBytes)
	size := int64(s.photo.Size.X*s.photo.Size.Y) * 16 / 3 // four bytes a pixel, and a third more for half sizes
	on := 1
	if s.backward {
		on = -1
	}
	for _, d := range []int{on, -on, 2 * on} {
		i := at + d
		if i < 0 || i >= len(s.view) || s.view[i] == s.index {
			continue
		}
		if room -= size; room > 0 {
			names = append(names, s.items[s.view[i]].Rel)
		}
	}
	s.read.keep(names)
	read := func() {
		for _, rel := range names[1:] {
			s.read.want(s.items[s.byRel[rel]], true, func(*decoded) {})
		}
	}
	now, load := s.index, s.loads
	s.wg.Go(func() {
		s.pause()
		s.post(func() {
			if s.index == now && s.loads == load {
				read()
			}
		})
	})
}

// firstDraw is how long what is not in sight yet leaves the cores to the window, which is about to be drawn.
const firstDraw = 50 * time.Millisecond

// pause waits that long, or until the session ends.
func (s *Session) pause() {
	select {
	case <-s.ctx.Done():
	case <-time.After(firstDraw):
	}
}

// Next tells the sentence for a photo that cannot be shown.
func (p Photo) Trouble() string {
	if p.Err == nil {
		return ""
	}
	return tr.L("%s cannot be shown: %s.", p.Item.Rel, sentence(p.Err))
}
