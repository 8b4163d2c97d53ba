// Package merge brings a model's regions into a photo that has labels already. What a person made or
// confirmed always stays as it is.
package merge

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

// Mode is what becomes of labels that are there already.
type Mode string

// The modes.
const (
	// Append adds everything that was found.
	Append Mode = "append"
	// Replace first takes out what a model had suggested and nobody has confirmed.
	Replace Mode = "replace"
	// Dedupe is Replace, and adds only what does not repeat a region that is there.
	Dedupe Mode = "dedupe"
)

// ParseMode reads a mode's name.
func ParseMode(s string) (Mode, error) {
	m := Mode(s)
	if m != Append && m != Replace && m != Dedupe {
		return "", fmt.Errorf("%q is neither append, replace nor dedupe", s)
	}
	return m, nil
}

// From which overlap on a found region repeats one that is there. A region of another class must fit
// closer: a hat on a person is no repetition, a "cat" exactly where somebody has drawn a dog is.
const (
	sameIoU    = 0.5
	sameInside = 0.9
	otherIoU   = 0.8
)

// Suggestion reports whether a region is a model's and nobody has confirmed it.
func Suggestion(r annot.Region) bool {
	return r.Source.Maker == annot.ByModel && r.Review == annot.Suggested
}

// Regions returns the regions of a photo after found has been merged into there. Both use one class table.
func Regions(there, found []annot.Region, mode Mode) []annot.Region {
	out := slices.Clone(there)
	if mode != Append {
		out = slices.DeleteFunc(out, Suggestion)
	}
	kept := len(out)
	for _, f := range found {
		if mode == Dedupe && slices.ContainsFunc(out[:kept], func(t annot.Region) bool { return repeats(f, t) }) {
			continue
		}
		out = append(out, f)
	}
	return out
}

// repeats reports whether f shows again what t shows.
func repeats(f, t annot.Region) bool {
	iou := f.Box.IoU(t.Box)
	if f.Class != t.Class {
		return iou >= otherIoU
	}
	// Of two boxes for one thing the smaller lies in the larger.
	return iou >= sameIoU || f.Box.Inside(t.Box) >= sameInside
}

// Datasets returns the dataset there with found merged in: photos of both, in the order of there and then
// of found; classes of both, matched by name, there's first. Photos are matched by file name, and by what
// stands before its ending where there names a photo that was not found: some formats do not keep it.
func Datasets(there, found *format.Dataset, mode Mode) (*format.Dataset, error) {
	classes, index := joinClasses(there.Classes, found.Classes)
	fresh, err := newFinds(found, index)
	if err != nil {
		return nil, err
	}
	photos, err := there.Collect()
	if err != nil {
		return nil, err
	}
	for i := range photos {
		f := fresh.take(photos[i].File)
		if f == nil {
			continue
		}
		if err := join(&photos[i], f, mode); err != nil {
			return nil, err
		}
	}
	out := format.FromPhotos(classes, append(photos, fresh.left()...))
	out.ClassExtra, out.Extra = there.ClassExtra, there.Extra
	return out, nil
}

func join(p, f *format.Photo, mode Mode) error {
	if p.Width > 0 && (p.Width != f.Width || p.Height != f.Height) {
		return fmt.Errorf("%s is labelled as %d × %d pixels, but has %d × %d: its labels would not fit", p.File, p.Width, p.Height, f.Width, f.Height)
	}
	p.File, p.Path, p.Width, p.Height, p.Unlabelled = f.File, f.Path, f.Width, f.Height, false
	p.Regions = Regions(p.Regions, f.Regions, mode)
	if p.State == format.New {
		p.State = f.State
	}
	return nil
}

// finds are the photos of found, to be taken once each.
type finds struct {
	photos []format.Photo
	byFile map[string]int
	byStem map[string]int
	taken  []bool
}

func newFinds(found *format.Dataset, index []int) (*finds, error) {
	photos, err := found.Collect()
	if err != nil {
		return nil, err
	}
	f := &finds{photos: photos, byFile: map[string]int{}, byStem: map[string]int{}, taken: make([]bool, len(photos))}
	for i := range photos {
		f.byFile[photos[i].File] = i
		f.byStem[stem(photos[i].File)] = i
		for k := range photos[i].Regions {
			r := &photos[i].Regions[k]
			r.Class = index[r.Class]
		}
	}
	return f, nil
}

func stem(file string) string { return strings.TrimSuffix(file, path.Ext(file)) }

func (f *finds) take(file string) *format.Photo {
	i, ok := f.byFile[file]
	if !ok {
		i, ok = f.byStem[stem(file)]
	}
	if !ok || f.taken[i] {
		return nil
	}
	f.taken[i] = true
	return &f.photos[i]
}

func (f *finds) left() (photos []format.Photo) {
	for i := range f.photos {
		if !f.taken[i] {
			photos = append(photos, f.photos[i])
		}
	}
	return photos
}

// joinClasses appends the classes of found that there lacks, and says where each class of found went.
func joinClasses(there, found []annot.Class) (classes []annot.Class, index []int) {
	classes = slices.Clone(there)
	for _, c := range found {
		at := slices.IndexFunc(classes, func(t annot.Class) bool { return t.Name == c.Name })
		if at < 0 {
			at = len(classes)
			classes = append(classes, c)
		}
		index = append(index, at)
	}
	return classes, index
}
