package format

import (
	"encoding/json"
	"iter"

	"github.com/saysee/saysee/annot"
)

// State is how far a person has come with a photo.
type State = annot.PhotoState

// The states of a photo.
const (
	New       = annot.PhotoNew
	Suggested = annot.PhotoSuggested
	Checked   = annot.PhotoChecked
)

// stateWords are the words that files use for the states of a photo.
var stateWords = map[State]string{Suggested: "suggested", Checked: "checked"}

// stateOf returns the state of a word; anything unknown is new.
func stateOf(word string) State {
	for s, w := range stateWords {
		if w == word {
			return s
		}
	}
	return New
}

// Photo is one photo of a dataset with its regions.
type Photo struct {
	File   string // slash path relative to the images root (of its split, where a dataset has splits)
	Path   string // where the photo lies on this machine; empty when unknown
	Width  int    // in pixels, EXIF-upright; 0 when unknown
	Height int
	Split  string // "train", "val", "test" or empty
	// Regions use the dataset's class table. Their boxes and shapes are in this photo's pixels.
	Regions []annot.Region
	// Unlabelled means that the dataset has no label file for the photo, which is not the same as a
	// photo of which somebody said that it holds nothing.
	Unlabelled bool
	State      State
	// Extra holds fields of the file that Saysee does not know, so that a round trip keeps them.
	Extra map[string]json.RawMessage
}

// Dataset is a class table and a stream of photos.
type Dataset struct {
	Classes []annot.Class
	// ClassExtra holds unknown fields of the class table by class index; it may be shorter than Classes.
	ClassExtra []map[string]json.RawMessage
	// Extra holds unknown fields of the dataset as a whole.
	Extra map[string]json.RawMessage
	// Photos yields the photos, in the order of the file or of the sorted paths. It can be ranged over
	// again and again. An error ends the stream and makes a writer give up; faults in single items are
	// Problems and no errors.
	Photos iter.Seq2[Photo, error]
	// Len is the number of photos, -1 when it is not known beforehand.
	Len int

	log *problemLog
}

// FromPhotos makes a dataset of photos in memory.
func FromPhotos(classes []annot.Class, photos []Photo) *Dataset {
	return &Dataset{
		Classes: classes,
		Len:     len(photos),
		Photos: func(yield func(Photo, error) bool) {
			for _, p := range photos {
				if !yield(p, nil) {
					return
				}
			}
		},
	}
}

// Problems returns the faults found when opening and in the latest pass over Photos, in their order, and
// their number, which is larger than the list when there are more than a thousand.
func (d *Dataset) Problems() ([]Problem, int) {
	if d.log == nil {
		return nil, 0
	}
	return d.log.all()
}

// Collect reads all photos into memory.
func (d *Dataset) Collect() ([]Photo, error) {
	photos := make([]Photo, 0, max(d.Len, 0))
	for p, err := range d.Photos {
		if err != nil {
			return nil, err
		}
		photos = append(photos, p)
	}
	return photos, nil
}

// item is what reading one photo gives.
type item struct {
	photos   []Photo
	problems []Problem
}

// stream makes the photos of a dataset of n items that can be read independently. read is called from
// several goroutines; photos and problems come in the order of the items.
func (d *Dataset) stream(n int, read func(i int) item) {
	d.log.opened()
	d.Photos = func(yield func(Photo, error) bool) {
		d.log.begin()
		for it, err := range inOrder(count(n), func(i int) item { return read(i) }) {
			if err != nil {
				yield(Photo{}, err)
				return
			}
			d.log.add(it.problems...)
			for _, p := range it.photos {
				if !yield(p, nil) {
					return
				}
			}
		}
	}
}
