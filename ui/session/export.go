package session

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/ui/tr"
)

// errNothingOpen tells that there are no labels to export or to import into.
var errNothingOpen = errors.New("no folder is open")

// Export writes all accepted labels of the folder, in the background, and says how it went.
func (s *Session) Export(f *format.Format, path string) {
	if err := s.save(); err != nil {
		s.complain(err)
		return
	}
	ds, err := s.dataset()
	if err != nil {
		s.complain(err)
		return
	}
	s.say(tr.L("Exporting…"), false)
	s.wg.Go(func() {
		report, err := f.Write(path, ds, format.WriteOptions{})
		s.post(func() {
			if err != nil {
				s.complain(err)
				return
			}
			text := tr.L("%s regions of %s photos exported to %s.", tr.Count(report.Regions), tr.Count(report.Photos), filepath.Base(path))
			if len(report.Losses) > 0 {
				text += " " + tr.L("Not held by the format: %s.", report.Losses[0])
			}
			s.say(text, false)
		})
	})
}

// dataset returns the labels of the folder as they are on disk. Its photos are read as they are needed, on any
// goroutine.
func (s *Session) dataset() (*format.Dataset, error) {
	if s.work == nil {
		return nil, errNothingOpen
	}
	data, err := os.ReadFile(filepath.Join(s.storeDir(), "project.json"))
	if err != nil {
		return nil, fmt.Errorf("read classes: %w", err)
	}
	project, err := annot.DecodeProject(data)
	if err != nil {
		return nil, fmt.Errorf("read classes: %w", err)
	}
	classes, place := s.project.Classes().Dense()
	table := s.project.Classes()
	dir := filepath.Join(s.storeDir(), "photos")
	items := slices.Clone(s.items)
	ds := format.FromPhotos(classes, nil)
	ds.Len = -1
	ds.Photos = func(yield func(format.Photo, error) bool) {
		for _, item := range items {
			p, ok, err := readLabels(filepath.Join(dir, filepath.FromSlash(item.Rel)+".json"), project.ID, table, place)
			if !ok && err == nil {
				continue
			}
			p.File, p.Path = item.Rel, item.Path
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
	return ds, nil
}

// readLabels reads one label file; without one, ok is false.
func readLabels(file, project string, table annot.ClassTable, place []int) (p format.Photo, ok bool, err error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	doc, origin, _, err := annot.DecodeDocument(data)
	if err != nil {
		return p, false, fmt.Errorf("%s: %w", file, err)
	}
	p.Width, p.Height = doc.Photo.Width, doc.Photo.Height
	if doc.State == annot.PhotoChecked {
		p.State = format.Checked
	}
	for _, r := range doc.Regions {
		row := r.Class
		if origin.Project != project {
			row, _ = table.Find(origin.Names[row])
		}
		if r.Review == annot.Suggested || row < 0 || row >= len(place) || place[row] < 0 {
			continue
		}
		r.Class = place[row]
		p.Regions = append(p.Regions, r)
	}
	return p, true, nil
}

// Import reads labels made elsewhere and adds them to the photos of the folder, as one step that can be undone.
func (s *Session) Import(path string) {
	if s.work == nil {
		s.complain(errNothingOpen)
		return
	}
	folder, load := s.folder, s.loads
	s.wg.Go(func() {
		classes, photos, err := readDataset(path, folder)
		s.post(func() {
			if err == nil && load == s.loads {
				err = s.takeLabels(classes, photos)
			}
			s.complain(err)
		})
	})
}

func readDataset(path, images string) ([]annot.Class, []format.Photo, error) {
	name, _, err := format.Recognise(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := format.Lookup(name)
	if err != nil {
		return nil, nil, err
	}
	ds, err := f.Read(path, format.ReadOptions{Images: images})
	if err != nil {
		return nil, nil, err
	}
	photos, err := ds.Collect()
	return ds.Classes, photos, err
}

func (s *Session) takeLabels(classes []annot.Class, photos []format.Photo) error {
	n, regions := 0, 0
	byName := map[string]string{}
	for _, item := range s.items {
		byName[filepath.Base(item.Rel)] = item.Rel
	}
	err := s.do(tr.L("Import labels"), func(e *annot.Edit) error {
		rows := make([]int, len(classes))
		for i, c := range classes {
			row, ok := e.Classes().Find(c.Name)
			if !ok {
				var err error
				if row, err = e.AddClass(c); err != nil {
					return err
				}
			}
			rows[i] = row
		}
		for _, p := range photos {
			rel := p.File
			if _, ok := s.byRel[rel]; !ok {
				rel = byName[filepath.Base(p.File)]
			}
			if rel == "" || len(p.Regions) == 0 {
				continue
			}
			if err := s.work.Photo(annot.Photo{Path: rel, Width: p.Width, Height: p.Height}); err != nil {
				return err
			}
			n++
			for _, r := range p.Regions {
				r.ID, r.Class = 0, rows[r.Class]
				if _, err := e.Add(rel, r); err != nil {
					return err
				}
				regions++
			}
		}
		return nil
	})
	if err == nil {
		s.say(tr.L("%s regions read for %s photos.", tr.Count(regions), tr.Count(n)), true)
	}
	return err
}
