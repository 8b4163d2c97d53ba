package batch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/atomic"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/pipeline/photo"
)

// Journal is a file with one line for each finished photo. A line counts when it ends with a newline and
// reads; what follows the last such line, after a crash, is cut off.
type Journal struct {
	path    string
	classes []annot.Class
	f       *os.File
	done    map[string]entry // by the item's Rel
	buf     []byte
}

// entry is where a finished photo's line lies, and the state of its file then.
type entry struct {
	offset int64
	stamp  Stamp
}

// Stamp tells whether a photo's file is still the one that was labelled.
type Stamp struct {
	Size int64 `json:"size"`
	Time int64 `json:"time"` // last change, Unix nanoseconds
}

// head is a journal's first line. Settings is everything that the regions hang on: another value means
// that the journal belongs to another run.
type head struct {
	Saysee   string `json:"saysee"` // "journal"
	Version  int    `json:"version"`
	Settings string `json:"settings"`
}

// record is a line: the item and its file's stamp, and the photo as format.AppendLine writes it.
type record struct {
	Rel   string          `json:"rel"`
	Stamp Stamp           `json:"stamp"`
	Photo json.RawMessage `json:"photo"`
}

var (
	// ErrOtherRun marks a journal that was written with other words, models or thresholds.
	ErrOtherRun = errors.New("the earlier run used other words or settings")
	// ErrInUse marks a journal that another process is writing.
	ErrInUse = errors.New("another run is writing into the same folder")
)

// StartJournal begins a new journal at path, over any old one that is not in use.
func StartJournal(path, settings string, classes []annot.Class) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	j, err := openJournal(path, os.O_CREATE, classes)
	if err != nil {
		return nil, err
	}
	return j.begin(settings)
}

// openJournal opens a journal's file and keeps it from other processes.
func openJournal(path string, flags int, classes []annot.Class) (*Journal, error) {
	f, err := atomic.OpenLocked(path, flags, 0o644)
	if errors.Is(err, atomic.ErrLocked) {
		err = fmt.Errorf("%s: %w: %w", path, ErrInUse, err)
	}
	if err != nil {
		return nil, err
	}
	return &Journal{path: path, classes: classes, f: f, done: map[string]entry{}}, nil
}

// begin makes the file a journal without photos.
func (j *Journal) begin(settings string) (*Journal, error) {
	err := j.cut(0)
	if err == nil {
		var line []byte
		if line, err = json.Marshal(head{"journal", 1, settings}); err == nil {
			err = j.write(append(line, '\n'))
		}
	}
	if err != nil {
		return nil, errors.Join(err, j.f.Close())
	}
	return j, nil
}

// cut ends the file at an offset, where the next line will begin.
func (j *Journal) cut(end int64) error {
	if err := j.f.Truncate(end); err != nil {
		return err
	}
	_, err := j.f.Seek(end, io.SeekStart)
	return err
}

// ResumeJournal opens the journal of an earlier run with the same settings, or begins one if there is none.
func ResumeJournal(path, settings string, classes []annot.Class) (*Journal, error) {
	j, err := openJournal(path, 0, classes)
	if errors.Is(err, fs.ErrNotExist) {
		return StartJournal(path, settings, classes)
	}
	if err != nil {
		return nil, err
	}
	end, err := j.scan(settings)
	if err == nil {
		err = j.cut(end)
	}
	if err != nil {
		return nil, errors.Join(err, j.f.Close())
	}
	if end == 0 {
		// Not even the first line was written.
		return j.begin(settings)
	}
	return j, nil
}

// scan notes every whole line and returns where they end.
func (j *Journal) scan(settings string) (end int64, err error) {
	r := bufio.NewReaderSize(j.f, 1<<20)
	for first := true; ; first = false {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return 0, err
		}
		if first {
			var h head
			if json.Unmarshal(line, &h) != nil || h.Saysee != "journal" || h.Version != 1 {
				return 0, fmt.Errorf("%s is not a journal of Saysee", j.path)
			}
			if h.Settings != settings {
				return 0, fmt.Errorf("%w: repeat it as it was, or leave out --resume to start over", ErrOtherRun)
			}
		} else {
			var rec record
			if json.Unmarshal(line, &rec) != nil {
				return end, nil
			}
			j.done[rec.Rel] = entry{end, rec.Stamp}
		}
		end += int64(len(line))
	}
}

// Has reports whether the item was finished and its file has not changed since.
func (j *Journal) Has(item photo.Item) bool {
	e, ok := j.done[item.Rel]
	if !ok || item.Err != nil {
		return false
	}
	s, err := stampOf(item.Path)
	return err == nil && s == e.stamp
}

func stampOf(path string) (Stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Stamp{}, err
	}
	return Stamp{info.Size(), info.ModTime().UnixNano()}, nil
}

// Add writes a finished photo and returns when it is on the disk.
func (j *Journal) Add(r Result) error {
	var err error
	if j.buf, err = format.AppendLine(j.buf[:0], r.Photo, j.classes); err != nil {
		return err
	}
	line, err := json.Marshal(record{r.Item.Rel, r.Stamp, bytes.TrimSpace(j.buf)})
	if err != nil {
		return err
	}
	at, err := j.f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if err := j.write(append(line, '\n')); err != nil {
		// Half a line would be cut off at the next start; do it now, so that this run stays usable.
		return errors.Join(err, j.cut(at))
	}
	j.done[r.Item.Rel] = entry{at, r.Stamp}
	return nil
}

func (j *Journal) write(line []byte) error {
	if _, err := j.f.Write(line); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if err := j.f.Sync(); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// Dataset returns the finished photos among the items, in the items' order, read from the journal as they
// are needed.
func (j *Journal) Dataset(items []photo.Item) *format.Dataset {
	ds := format.FromPhotos(j.classes, nil)
	ds.Len = -1
	ds.Photos = func(yield func(format.Photo, error) bool) {
		for _, item := range items {
			e, ok := j.done[item.Rel]
			if !ok {
				continue
			}
			p, err := j.read(e.offset)
			p.Path = item.Path
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
	return ds
}

func (j *Journal) read(offset int64) (format.Photo, error) {
	line, err := bufio.NewReader(io.NewSectionReader(j.f, offset, 1<<40)).ReadBytes('\n')
	if err != nil {
		return format.Photo{}, fmt.Errorf("read the journal: %w", err)
	}
	var rec record
	if err := json.Unmarshal(line, &rec); err != nil {
		return format.Photo{}, fmt.Errorf("read the journal: %w", err)
	}
	return format.ParseLine(rec.Photo, j.classes)
}

// Close closes the journal's file.
func (j *Journal) Close() error { return j.f.Close() }
