package session

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/atomic"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/ui/tr"
)

// Info is how far a photo is, for lists.
type Info struct {
	Done        bool
	Accepted    int
	Suggestions int
	Best        float64         // score of the best suggestion
	Classes     map[string]bool // by name, of what is accepted or suggested
	Failed      error
}

// OpenSamples opens the bundled photos, with words that find something on them.
func (s *Session) OpenSamples(words []annot.Class) error {
	table, err := annot.NewClassTable(words...)
	if err != nil {
		return err
	}
	if err := s.leave(); err != nil {
		return err
	}
	s.loads++
	s.folder, s.sample = "", true
	s.project, s.work = annot.NewProject(table, 0), nil
	s.project.Changed = s.stepped
	items := make([]photo.Item, len(s.p.Samples))
	for i, p := range s.p.Samples {
		items[i] = photo.Item{Path: p.Name, Rel: p.Name}
	}
	s.begin(items, 0, saved{})
	return nil
}

// Open opens folders and photos, in the background. One photo alone opens its folder, with that photo in sight.
func (s *Session) Open(paths ...string) {
	s.loads++
	load := s.loads
	s.wg.Go(func() {
		items, first := list(paths)
		s.post(func() {
			if load != s.loads {
				return
			}
			err := s.opened(items, first)
			if err != nil && len(s.items) == 0 {
				err = errors.Join(err, s.OpenSamples(s.p.Words)) // an empty window helps nobody
			}
			s.complain(err)
		})
	})
}

// list finds the photos, and the one to begin with.
func list(paths []string) (items []photo.Item, first string) {
	paths = slices.Clone(paths)
	for i, p := range paths {
		if abs, err := filepath.Abs(p); err == nil {
			paths[i] = abs
		}
	}
	if len(paths) == 1 {
		if info, err := os.Stat(paths[0]); err == nil && info.Mode().IsRegular() && photo.IsPicture(paths[0]) {
			first = paths[0]
			paths[0] = filepath.Dir(first)
		}
	}
	return photo.List(paths, strings.NewReader("")), first
}

// errNoPhotos tells that there is nothing to open.
var errNoPhotos = errors.New("there are no photos")

func (s *Session) opened(items []photo.Item, first string) error {
	good := slices.DeleteFunc(slices.Clone(items), func(i photo.Item) bool { return i.Err != nil })
	if len(good) == 0 {
		if len(items) > 0 && items[0].Err != nil {
			return items[0].Err
		}
		return errNoPhotos
	}
	root := good[0].Root
	if root == "" {
		root = filepath.Dir(good[0].Path)
	}
	if root == s.folder && s.work != nil {
		// The same folder again: its labels are open already.
		if err := s.save(); err != nil {
			return err
		}
	} else if err := s.openWork(root); err != nil {
		return err
	}
	state := s.readState()
	at := 0
	for i, item := range good {
		if item.Path == first || first == "" && item.Rel == state.Photo {
			at = i
			break
		}
	}
	s.begin(good, at, state)
	s.batching = state.Batch
	if left := s.work.Left(); len(left) > 0 {
		s.complain(s.work.Recover())
		s.say(tr.L("Work that was not saved is back."), true)
	}
	s.scan()
	return nil
}

// openWork opens the labels of a folder: beside its photos, or in the user's own data if that is forbidden.
func (s *Session) openWork(root string) error {
	work, err := annot.OpenWorkspace(filepath.Join(root, annot.StoreFolder))
	if errors.Is(err, fs.ErrPermission) && s.p.DataDir != "" {
		sum := sha256.Sum256([]byte(root))
		work, err = annot.OpenWorkspace(filepath.Join(s.p.DataDir, hex.EncodeToString(sum[:8])))
	}
	if err != nil {
		return err
	}
	if err := s.leave(); err != nil {
		return errors.Join(err, work.Close())
	}
	s.folder, s.sample = root, false
	s.work, s.project = work, work.Project
	journal := work.Changed
	work.Changed = func(step annot.Step) {
		journal(step)
		s.stepped(step)
	}
	return nil
}

// leave saves and lets go of what is open.
func (s *Session) leave() error {
	if s.work == nil {
		return nil
	}
	err := s.save()
	var conflict *annot.Conflict
	if err != nil && !errors.As(err, &conflict) {
		return err
	}
	s.writeState()
	s.StopBatch()
	s.batch, s.batching = nil, nil
	work := s.work
	s.work = nil
	return work.Close()
}

// begin shows a list of photos.
func (s *Session) begin(items []photo.Item, at int, state saved) {
	s.forgetEvaluation()
	s.items, s.index = items, -1
	s.byRel = make(map[string]int, len(items))
	for i, item := range items {
		s.byRel[item.Rel] = i
	}
	s.info = map[string]Info{}
	s.show, s.query = ShowAll, query{}
	s.unasked = map[string]bool{}
	for _, name := range state.Unasked {
		s.unasked[name] = true
	}
	s.hidden = map[int]bool{}
	s.filter.Own = map[int]float64{}
	for name, v := range state.Least {
		if row, ok := s.project.Classes().Find(name); ok {
			s.filter.Own[row] = v
		}
	}
	s.class = -1
	s.read.forget()
	s.refilter()
	s.Go(at)
	s.p.Changed(All)
}

// saved is what the window remembers of a folder, beside the labels.
type saved struct {
	Photo   string   `json:"photo,omitempty"`
	Unasked []string `json:"unasked,omitempty"`
	// Least holds the classes' own thresholds.
	Least map[string]float64 `json:"least,omitempty"`
	// Batch names the photos of a batch that has not ended.
	Batch []string `json:"batch,omitempty"`
}

const stateFile = "window.json"

func (s *Session) storeDir() string { return filepath.Join(s.folder, annot.StoreFolder) }

// readState returns what was remembered; a file that cannot be read is as good as none.
func (s *Session) readState() saved {
	var state saved
	data, err := os.ReadFile(filepath.Join(s.storeDir(), stateFile))
	if err == nil && json.Unmarshal(data, &state) != nil {
		state = saved{}
	}
	return state
}

func (s *Session) writeState() {
	state := saved{Photo: s.photo.Item.Rel}
	for name := range s.unasked {
		state.Unasked = append(state.Unasked, name)
	}
	slices.Sort(state.Unasked)
	state.Batch = s.batching
	state.Least = map[string]float64{}
	for row, v := range s.filter.Own {
		state.Least[s.project.Classes().Row(row).Name] = v
	}
	data, err := json.Marshal(state)
	if err == nil {
		// It only saves a person a click; a folder that cannot be written to has been told of before.
		_ = atomic.WriteFile(filepath.Join(s.storeDir(), stateFile), data, atomic.DefaultPerm)
	}
}

// scan reads how far the photos are, from their label files, in the background.
func (s *Session) scan() {
	load, dir := s.loads, filepath.Join(s.storeDir(), "photos")
	s.wg.Go(func() {
		batch := map[string]Info{}
		flush := func() {
			part := batch
			batch = map[string]Info{}
			s.post(func() {
				if load == s.loads {
					s.takeInfos(part)
				}
			})
		}
		_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if s.ctx.Err() != nil {
				return filepath.SkipAll
			}
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".json") {
				return nil // what cannot be read says nothing of how far a photo is
			}
			rel, err := filepath.Rel(dir, strings.TrimSuffix(path, ".json"))
			if err != nil {
				return nil
			}
			if info, ok := infoOfFile(path); ok {
				batch[filepath.ToSlash(rel)] = info
			}
			if len(batch) >= 2000 {
				flush()
			}
			return nil
		})
		flush()
		s.post(func() {
			if load == s.loads {
				s.resumeBatch()
			}
		})
	})
}

func infoOfFile(path string) (Info, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Info{}, false
	}
	doc, origin, _, err := annot.DecodeDocument(data)
	if err != nil {
		return Info{}, false
	}
	return infoOf(doc.State, doc.Regions, func(row int) string { return origin.Names[row] }), true
}

func infoOf(state annot.PhotoState, regions []annot.Region, name func(int) string) Info {
	info := Info{Done: state == annot.PhotoChecked, Classes: map[string]bool{}}
	for _, r := range regions {
		info.Classes[name(r.Class)] = true
		if r.Review == annot.Suggested {
			info.Suggestions++
			info.Best = max(info.Best, r.Score)
		} else {
			info.Accepted++
		}
	}
	return info
}

func (s *Session) takeInfos(infos map[string]Info) {
	for rel, info := range infos {
		if _, known := s.byRel[rel]; known && rel != s.photo.Item.Rel {
			s.info[rel] = info
		}
	}
	s.refilter()
	s.p.Changed(List)
}

// noteInfo brings the list's knowledge of the photo in sight up to date.
func (s *Session) noteInfo() {
	rel := s.photo.Item.Rel
	doc, _, err := s.project.Document(rel)
	if err != nil {
		return
	}
	old := s.info[rel]
	regions := s.project.Regions(rel)
	regions = slices.DeleteFunc(slices.Clone(regions), func(r annot.Region) bool { return r.Review == annot.Suggested })
	regions = append(regions, s.found...)
	info := infoOf(doc.State, regions, func(row int) string { return s.project.Classes().Row(row).Name })
	info.Failed = old.Failed
	s.info[rel] = info
	if info.Done != old.Done {
		s.refilter()
		s.p.Changed(List)
	}
}

// Info returns how far the photo at a place of the list is.
func (s *Session) Info(i int) Info {
	if i < 0 || i >= len(s.items) {
		return Info{}
	}
	return s.info[s.items[i].Rel]
}

// Item returns the photo at a place of the list.
func (s *Session) Item(i int) photo.Item { return s.items[i] }

// Len returns how many photos are open, and how many of them are done.
func (s *Session) Len() (all, done int) {
	for _, info := range s.info {
		if info.Done {
			done++
		}
	}
	return len(s.items), done
}

// Index returns the place of the photo in sight in the list, -1 for none.
func (s *Session) Index() int { return s.index }

// View returns the places of the photos that the filter lets through, in order. It must not be changed.
func (s *Session) View() []int { return s.view }
