// Package lint finds what is wrong in a dataset, and repairs what can be repaired without guessing.
package lint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

// Rule names a kind of finding.
type Rule string

// The rules. Those marked * can be repaired.
const (
	Unreadable    Rule = "unreadable"     // a part of a label file that cannot be read
	MissingPhoto  Rule = "missing-photo"  // the photo is not where the labels say
	BrokenPhoto   Rule = "broken-photo"   // the photo cannot be read
	SizeMismatch  Rule = "size-mismatch"  // the photo has another size than the labels say *
	OutOfRange    Rule = "out-of-range"   // a region leaves its photo *
	Degenerate    Rule = "degenerate"     // a region covers nothing *
	Tiny          Rule = "tiny"           // a region is smaller than Options.Tiny
	Duplicate     Rule = "duplicate"      // a region is there twice *
	NearDuplicate Rule = "near-duplicate" // two regions of a class nearly cover each other
	BadClass      Rule = "bad-class"      // a region's class is not in the table *
	EmptyPhoto    Rule = "empty-photo"    // a photo has labels without any region
	Unlabelled    Rule = "unlabelled"     // a photo has no labels at all
	RepeatedPhoto Rule = "repeated-photo" // a photo is listed twice
	ClassGap      Rule = "class-gap"      // a class of the table has no region
	SimilarClass  Rule = "similar-class"  // two classes' names differ in case or spaces only
)

// Rules lists all rules in the order of a report.
func Rules() []Rule {
	return []Rule{
		Unreadable, MissingPhoto, BrokenPhoto, SizeMismatch, OutOfRange, Degenerate, Tiny, Duplicate, NearDuplicate,
		BadClass, EmptyPhoto, Unlabelled, RepeatedPhoto, ClassGap, SimilarClass,
	}
}

// Finding is one thing that is wrong.
type Finding struct {
	Rule   Rule
	Photo  string // the photo, empty when the finding is about the dataset
	Region int    // index in the photo's regions, -1 when it is about the photo
	Text   string // a sentence without subject and full stop: "lies 3.5 px outside the photo"
	Repair string // what Repaired does about it, empty when nothing
}

// String returns "a.jpg: region 3: lies 3.5 px outside the photo".
func (f Finding) String() string {
	switch {
	case f.Photo == "":
		return f.Text
	case f.Region < 0:
		return fmt.Sprintf("%s: %s", f.Photo, f.Text)
	}
	return fmt.Sprintf("%s: region %d: %s", f.Photo, f.Region, f.Text)
}

// Options set what counts as wrong. The zero value has sensible limits.
type Options struct {
	// Tiny is the side in pixels below which a region is tiny; 0 means 2.
	Tiny float64
	// Near is the IoU from which two regions of a class are near duplicates; 0 means 0.95.
	Near float64
	// Slack is how far in pixels a region may leave its photo, because files round; 0 means 0.01.
	Slack float64
	// Ignore holds rules that are neither reported nor repaired.
	Ignore map[Rule]bool
	// DropUnreadable announces the removal of what reading skipped; writing the dataset again does it.
	DropUnreadable bool
	// NoPhotos says not to look for the photos.
	NoPhotos bool
	// Size returns the upright size of a photo file; nil means format.PhotoSize.
	Size func(path string) (w, h int, err error)
}

func (o Options) withDefaults() Options {
	if o.Tiny == 0 {
		o.Tiny = 2
	}
	if o.Near == 0 {
		o.Near = 0.95
	}
	if o.Slack == 0 {
		o.Slack = 0.01
	}
	if o.Size == nil {
		o.Size = format.PhotoSize
	}
	return o
}

// Check reads all photos' labels, calls report for every finding, and returns the number of photos and
// regions. Faults that reading skipped come last. The error is the stream's.
func Check(ds *format.Dataset, o Options, report func(Finding)) (photos, regions int, err error) {
	o = o.withDefaults()
	say := report
	report = func(f Finding) {
		if !o.Ignore[f.Rule] {
			say(f)
		}
	}
	used := make([]int, len(ds.Classes))
	seen := map[string]bool{}
	missing := missingPhotos{report: report}
	for p, err := range ds.Photos {
		if err != nil {
			return photos, regions, err
		}
		photos++
		regions += len(p.Regions)
		for _, r := range p.Regions {
			if r.Class >= 0 && r.Class < len(used) {
				used[r.Class]++
			}
		}
		if key := p.Split + "/" + p.File; seen[key] {
			report(Finding{RepeatedPhoto, p.File, -1, "is listed more than once", ""})
		} else {
			seen[key] = true
		}
		inspect(&p, len(ds.Classes), o, &missing)
	}
	missing.done()
	checkClasses(ds.Classes, used, report)
	checkReading(ds, o, report)
	return photos, regions, nil
}

// checkReading reports what reading skipped.
func checkReading(ds *format.Dataset, o Options, report func(Finding)) {
	repair := ""
	if o.DropUnreadable {
		repair = "removed"
	}
	problems, total := ds.Problems()
	for _, p := range problems {
		rule := Unreadable
		if errors.Is(p.Err, format.ErrGeometry) {
			rule = Degenerate
		}
		report(Finding{rule, "", -1, p.Error(), repair})
	}
	if more := total - len(problems); more > 0 {
		report(Finding{Unreadable, "", -1, fmt.Sprintf("and %d faults more", more), repair})
	}
}

// Repaired returns the dataset with every repair made that Check announces in Finding.Repair. The original
// stays as it is, and so do its files.
func Repaired(ds *format.Dataset, o Options) *format.Dataset {
	o = o.withDefaults()
	out := *ds
	out.Photos = func(yield func(format.Photo, error) bool) {
		for p, err := range ds.Photos {
			if err == nil {
				ignore := missingPhotos{report: func(Finding) {}}
				p = inspect(&p, len(ds.Classes), o, &ignore)
			}
			if !yield(p, err) {
				return
			}
		}
	}
	return &out
}

// missingPhotos reports missing photos. When none is found at all, the folder is wrong, and one finding
// says more than a thousand.
type missingPhotos struct {
	report func(Finding)
	found  int
	held   []Finding
}

func (m *missingPhotos) add(f Finding) {
	if m.found > 0 {
		m.report(f)
		return
	}
	m.held = append(m.held, f)
}

func (m *missingPhotos) there() {
	if m.found++; m.found == 1 {
		for _, f := range m.held {
			m.report(f)
		}
		m.held = nil
	}
}

func (m *missingPhotos) done() {
	switch {
	case len(m.held) == 1:
		m.report(m.held[0])
	case len(m.held) > 1:
		m.report(Finding{MissingPhoto, "", -1, fmt.Sprintf(
			"none of the %d photos is there, the first is %s; is the folder of the photos another?", len(m.held), m.held[0].Photo), ""})
	}
}

// inspect reports what is wrong in one photo and returns it repaired.
func inspect(p *format.Photo, classes int, o Options, missing *missingPhotos) format.Photo {
	out := *p
	report := missing.report
	if !o.NoPhotos {
		inspectFile(&out, o, missing)
	}
	switch {
	case p.Unlabelled:
		report(Finding{Unlabelled, p.File, -1, "has no labels", ""})
	case len(p.Regions) == 0:
		report(Finding{EmptyPhoto, p.File, -1, "has labels without any region: background, if that is meant", ""})
	}
	out.Regions = make([]annot.Region, 0, len(p.Regions))
	kept := make([]int, 0, len(p.Regions)) // the index in p of each region of out
	for i, r := range p.Regions {
		if inspectRegion(&r, i, &out, classes, o, report) {
			out.Regions, kept = append(out.Regions, r), append(kept, i)
		}
	}
	twice := duplicates(out.Regions, o.Near, func(i, j int, exact bool) {
		f := Finding{NearDuplicate, p.File, kept[j], fmt.Sprintf("nearly covers region %d of the same class", kept[i]), ""}
		if exact {
			f.Rule, f.Text, f.Repair = Duplicate, fmt.Sprintf("is the same as region %d", kept[i]), "removed"
		}
		report(f)
	})
	if !o.Ignore[Duplicate] {
		out.Regions = withoutIndices(out.Regions, twice)
	}
	return out
}

// inspectFile compares the photo with what the labels say of it.
func inspectFile(p *format.Photo, o Options, missing *missingPhotos) {
	if p.Path == "" {
		missing.add(Finding{MissingPhoto, p.File, -1, "is not there", ""})
		return
	}
	w, h, err := o.Size(p.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		missing.add(Finding{MissingPhoto, p.File, -1, "is not there", ""})
		return
	case err != nil:
		missing.there()
		missing.report(Finding{BrokenPhoto, p.File, -1, fmt.Sprintf("cannot be read: %v", plainCause(err)), ""})
		return
	}
	missing.there()
	if p.Width == 0 && p.Height == 0 || p.Width == w && p.Height == h || o.Ignore[SizeMismatch] {
		return
	}
	f := Finding{SizeMismatch, p.File, -1, fmt.Sprintf("is %d × %d, its labels say %d × %d", w, h, p.Width, p.Height), ""}
	if fits(p.Regions, w, h, o.Slack) {
		f.Repair = "size corrected"
		p.Width, p.Height = w, h
	} else {
		f.Text += ", and regions do not fit: were they drawn on another version?"
	}
	missing.report(f)
}

// plainCause drops the path from errors of the file system, as the finding names the photo.
func plainCause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// fits reports whether all regions lie in a photo of w × h. Masks of another frame could not be written
// with that size, and never fit.
func fits(regions []annot.Region, w, h int, slack float64) bool {
	for _, r := range regions {
		if _, ok := r.Shape.(annot.Mask); ok || outside(extent(r), w, h) > slack {
			return false
		}
	}
	return true
}

// inspectRegion reports on one region, repairs it, and tells whether it stays.
func inspectRegion(r *annot.Region, i int, p *format.Photo, classes int, o Options, report func(Finding)) bool {
	say := func(rule Rule, repair, text string, args ...any) {
		report(Finding{rule, p.File, i, fmt.Sprintf(text, args...), repair})
	}
	if (r.Class < 0 || r.Class >= classes) && !o.Ignore[BadClass] {
		say(BadClass, "removed", "is of class %d, and the table has %d classes", r.Class, classes)
		return false
	}
	b := extent(*r)
	if !b.Finite() || b.Empty() && !flat(r.Shape) {
		say(Degenerate, "removed", "covers nothing")
		return o.Ignore[Degenerate]
	}
	if by := outside(b, p.Width, p.Height); p.Width > 0 && p.Height > 0 && by > o.Slack && !o.Ignore[OutOfRange] {
		cut, ok := clip(*r, p.Width, p.Height)
		switch {
		case flat(r.Shape):
			say(OutOfRange, "", "lies up to %.3g px outside the photo", by)
			return true
		case !ok:
			say(OutOfRange, "removed", "lies wholly outside the photo")
			return false
		}
		say(OutOfRange, "cut at the border", "lies up to %.3g px outside the photo", by)
		*r, b = cut, extent(cut)
	}
	if !flat(r.Shape) && min(b.W(), b.H()) < o.Tiny {
		say(Tiny, "", "is only %.3g × %.3g px", b.W(), b.H())
	}
	return true
}

// flat reports whether a shape has no area by its nature.
func flat(s annot.Shape) bool {
	switch s.(type) {
	case annot.Point, annot.Line:
		return true
	}
	return false
}

// extent returns the box around all that a region covers.
func extent(r annot.Region) annot.Box {
	switch s := r.Shape.(type) {
	case nil:
		return r.Box
	case annot.Mask:
		t := s.TightBounds()
		return annot.Box{X0: float64(t.Min.X), Y0: float64(t.Min.Y), X1: float64(t.Max.X), Y1: float64(t.Max.Y)}
	default:
		return s.Bounds()
	}
}

// outside returns how far a box leaves a photo of w × h, 0 when it does not.
func outside(b annot.Box, w, h int) float64 {
	return max(0, -b.X0, -b.Y0, b.X1-float64(w), b.Y1-float64(h))
}

// duplicates finds pairs of regions of one class that are the same or nearly so. It calls report with the
// region to keep and the other, and returns the indices of exact copies.
func duplicates(regions []annot.Region, near float64, report func(keep, other int, exact bool)) []int {
	order := make([]int, len(regions))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch x, y := regions[a].Box.X0, regions[b].Box.X0; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	gone := map[int]bool{}
	for n, a := range order {
		// Boxes of that IoU begin within this distance of each other.
		reach := regions[a].Box.X0 + max(0, 1-near)*regions[a].Box.W()
		for _, b := range order[n+1:] {
			if regions[b].Box.X0 > reach || gone[a] {
				break
			}
			if gone[b] || regions[a].Class != regions[b].Class {
				continue
			}
			keep, other := prefer(regions, a, b)
			switch {
			case equal(regions[a], regions[b]):
				gone[other] = true
				report(keep, other, true)
			case regions[a].Box.IoU(regions[b].Box) >= near && alike(regions[a], regions[b], near):
				report(keep, other, false)
			}
		}
	}
	list := make([]int, 0, len(gone))
	for i := range gone {
		list = append(list, i)
	}
	return list
}

// prefer says which of two copies stays: a person's work before a model's, the accepted before the
// suggested, then the earlier.
func prefer(regions []annot.Region, a, b int) (keep, other int) {
	if a > b {
		a, b = b, a
	}
	x, y := &regions[a], &regions[b]
	rank := func(r *annot.Region) int {
		n := 0
		if r.Source.Maker == annot.ByModel {
			n += 2
		}
		if r.Review == annot.Suggested {
			n++
		}
		return n
	}
	if rank(y) < rank(x) {
		return b, a
	}
	return a, b
}

func equal(a, b annot.Region) bool {
	if m, ok := a.Shape.(annot.Mask); ok {
		n, ok := b.Shape.(annot.Mask)
		return ok && m.Equal(n)
	}
	return a.Box == b.Box && reflect.DeepEqual(a.Shape, b.Shape)
}

// alike tells shapes in nearly equal boxes apart, as far as masks go.
func alike(a, b annot.Region, near float64) bool {
	m, ok := a.Shape.(annot.Mask)
	n, too := b.Shape.(annot.Mask)
	return !ok || !too || m.IoU(n, false) >= near
}

func withoutIndices(regions []annot.Region, gone []int) []annot.Region {
	if len(gone) == 0 {
		return regions
	}
	i := -1
	return slices.DeleteFunc(regions, func(annot.Region) bool {
		i++
		return slices.Contains(gone, i)
	})
}
