package session

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/ui/tr"
)

// Frame is a picture of a video or camera that has been written as a photo, with what was found in it.
type Frame struct {
	Path          string // of the photo
	Width, Height int
	Regions       []annot.Region
	Classes       []annot.Class // the table that the regions' classes are indices of
}

// TakeFrame makes a frame a photo of its folder, with its regions as labels. The folder may be the one that is open, or
// another.
func (s *Session) TakeFrame(f Frame) error {
	root, name := filepath.Split(f.Path)
	root = filepath.Clean(root)
	if root != s.folder || s.work == nil {
		return takeElsewhere(root, name, f)
	}
	if err := addFrame(s.work, name, f); err != nil {
		return err
	}
	item := photo.Item{Path: f.Path, Root: root, Rel: name}
	s.byRel[name] = len(s.items)
	s.items = append(s.items, item)
	s.info[name] = infoOf(annot.PhotoNew, f.Regions, func(i int) string { return f.Classes[i].Name })
	s.refilter()
	s.p.Changed(List | Words | Saved)
	return nil
}

// takeElsewhere labels a photo of a folder that is not open.
func takeElsewhere(root, name string, f Frame) error {
	work, err := annot.OpenWorkspace(filepath.Join(root, annot.StoreFolder))
	if err != nil {
		return err
	}
	return errors.Join(addFrame(work, name, f), work.Close())
}

// addFrame writes the labels of a photo, in one step that can be undone.
func addFrame(work *annot.Workspace, name string, f Frame) error {
	if err := work.Photo(annot.Photo{Path: name, Width: f.Width, Height: f.Height}); err != nil {
		return err
	}
	_, err := work.Project.Do(tr.L("Frame %s", name), func(e *annot.Edit) error {
		rows := make([]int, len(f.Classes)) // all words, so that the folder goes on with them
		for i, c := range f.Classes {
			row, ok := e.Classes().Find(c.Name)
			if !ok {
				var err error
				if row, err = e.AddClass(c); err != nil {
					return err
				}
			}
			rows[i] = row
		}
		for _, r := range f.Regions {
			if r.Class < 0 || r.Class >= len(rows) {
				return fmt.Errorf("%w: %d", annot.ErrNoClass, r.Class)
			}
			r.Class, r.ID = rows[r.Class], 0
			if _, err := e.Add(name, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(work.Save(name), work.Project.ClosePhoto(name))
}

// GoToPath shows a photo: in the folder that is open, or by opening its own.
func (s *Session) GoToPath(path string) {
	root, name := filepath.Split(path)
	if at, ok := s.byRel[name]; ok && filepath.Clean(root) == s.folder {
		s.Go(at)
		return
	}
	s.Open(path)
}
