// Package files makes an evaluation of two files: the truth and the predictions, in any format that
// package format reads. Photos are matched by file name and classes by name.
//
// A COCO file of truth, and COCO results for it, are read as pycocotools reads them, with the very boxes
// and areas that they state, so that the numbers are pycocotools'. Other formats state no areas; there
// the area of the shape counts.
package files

import (
	"errors"
	"fmt"
	"path"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/eval"
)

// ErrNothingShared is the cause of an error about two files that have no photo in common.
var ErrNothingShared = errors.New("truth and predictions share no photo")

// Options are how files are read.
type Options struct {
	// TruthFormat and PredictionsFormat name the formats (see format.Names); empty means to recognise them.
	TruthFormat, PredictionsFormat string
	// Images is the folder of the photos, for formats whose files do not record the photos' sizes, and for
	// Pair.Paths.
	Images string
}

// Pair is truth and predictions, photo by photo.
type Pair struct {
	Classes []string     // the truth's in its order, then those of the predictions that it lacks
	Photos  []eval.Photo // all photos of the truth: of COCO files by ascending image id, else in the file's order
	Paths   []string     // where each photo should lie on this machine, empty when unknown
	// ByBox says that the predictions have boxes and nothing else.
	ByBox bool
	// Problems are sentences on what was left out, repaired or doubtful.
	Problems []string
}

// set is the content of one file.
type set struct {
	format   string
	classes  []string
	ids      []int64 // category ids by class, nil when the file was not read exactly
	photos   []photo
	problems []string
	of       *set // whose photos and classes these are, in the same order; nil when names must tell
}

func (s *set) exact() bool { return s.ids != nil }

type photo struct {
	id      int64
	name    string
	path    string
	w, h    int
	regions []eval.Truth // predictions have scores, and truth has none
	areas   []float64    // of predictions, nil when the file states none
	void    annot.Mask   // pixels not to be judged
}

// Open reads both files. The error wraps one of package format's, of the file system's, or
// ErrNothingShared.
func Open(truth, predictions string, o Options) (*Pair, error) {
	t, err := readTruth(truth, o)
	if err != nil {
		return nil, fmt.Errorf("truth: %w", err)
	}
	p, err := readPredictions(predictions, o, truth, t)
	if err != nil {
		return nil, fmt.Errorf("predictions: %w", err)
	}
	return pair(t, p)
}

// OpenTruth reads only the truth, for a model that is to make the predictions: the photos have none.
func OpenTruth(truth string, o Options) (*Pair, error) {
	t, err := readTruth(truth, o)
	if err != nil {
		return nil, fmt.Errorf("truth: %w", err)
	}
	return pair(t, &set{})
}

func readTruth(file string, o Options) (*set, error) {
	name, err := recognise(file, o.TruthFormat)
	if err != nil {
		return nil, err
	}
	s, err := read(file, name, o.Images, "")
	if err != nil {
		return nil, err
	}
	s.keepJudged()
	return s, nil
}

// readPredictions reads predictions; COCO results need the truth's ids.
func readPredictions(file string, o Options, truthFile string, truth *set) (*set, error) {
	name, err := recognise(file, o.PredictionsFormat)
	if err != nil {
		return nil, err
	}
	var why []string
	if name == resultsName && truth.exact() {
		s, err := readResults(file, truth)
		if err == nil {
			return s, nil
		}
		why = append(why, fmt.Sprintf("%v; faulty parts are left out", err))
	}
	reference := ""
	if truth.format == cocoName {
		reference = truthFile
	}
	s, err := read(file, name, o.Images, reference)
	if err != nil {
		return nil, err
	}
	s.problems = append(why, s.problems...)
	s.addScores()
	return s, nil
}

func recognise(file, name string) (string, error) {
	if name != "" {
		f, err := format.Lookup(name)
		if err != nil {
			return "", err
		}
		return f.Name, nil
	}
	name, _, err := format.Recognise(file)
	return name, err
}

// read reads a file of a format. COCO goes the exact way; where that is impossible, and for every other
// format, package format reads what can be read.
func read(file, name, images, reference string) (*set, error) {
	s := &set{format: name}
	if name == cocoName {
		exact, err := readCOCO(file, images)
		if err == nil {
			return exact, nil
		}
		s.problems = append(s.problems, fmt.Sprintf("%v; areas are computed, and faulty parts are left out", err))
	}
	f, err := format.Lookup(name)
	if err != nil {
		return nil, err
	}
	ds, err := f.Read(file, format.ReadOptions{Images: images, Reference: reference})
	if err != nil {
		return nil, err
	}
	return s, s.collect(ds)
}

// collect takes over a dataset of package format.
func (s *set) collect(ds *format.Dataset) error {
	for _, c := range ds.Classes {
		s.classes = append(s.classes, c.Name)
	}
	for p, err := range ds.Photos {
		if err != nil {
			return err
		}
		out := photo{name: p.File, path: p.Path, w: p.Width, h: p.Height}
		// Mask files keep the pixels to ignore as COCO's RLE. What cannot be read ignores nothing.
		if m, err := shapeOf(p.Extra["ignore"], p.Width, p.Height); err == nil {
			out.void, _ = m.(annot.Mask)
		}
		for _, r := range p.Regions {
			t := eval.Truth{Region: r}
			t.Crowd = isSet(r, "iscrowd")
			t.Ignore = isSet(r, "difficult")
			out.regions = append(out.regions, t)
		}
		s.photos = append(s.photos, out)
	}
	problems, total := ds.Problems()
	for _, p := range problems {
		s.problems = append(s.problems, p.Error())
	}
	if more := total - len(problems); more > 0 {
		s.problems = append(s.problems, fmt.Sprintf("and %d more", more))
	}
	return nil
}

// isSet reports whether a field that the region kept from its file is 1 or true.
func isSet(r annot.Region, field string) bool {
	switch string(r.Extra[field]) {
	case "1", "true", `"1"`:
		return true
	}
	return false
}

// keepJudged removes from the truth what a model suggested and nobody has judged.
func (s *set) keepJudged() {
	dropped := 0
	for i := range s.photos {
		p := &s.photos[i]
		kept := p.regions[:0]
		for _, r := range p.regions {
			if r.Review == annot.Suggested {
				dropped++
				continue
			}
			kept = append(kept, r)
		}
		p.regions = kept
	}
	if dropped > 0 {
		s.problems = append(s.problems, fmt.Sprintf("%s in the truth not judged by anybody, left out", count(dropped, "suggestion")))
	}
}

// addScores gives a score of 1 to predictions of files that state none.
func (s *set) addScores() {
	without := 0
	for _, p := range s.photos {
		for i := range p.regions {
			if r := &p.regions[i].Region; r.Source.Maker != annot.ByModel {
				r.Score = 1
				without++
			}
		}
	}
	if without > 0 {
		s.problems = append(s.problems, fmt.Sprintf("%s without a score, taken as 1: average precision needs scores", count(without, "prediction")))
	}
}

// count writes "1 photo", "2 photos".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// pair matches photos by name and classes by name.
func pair(t, p *set) (*Pair, error) {
	out := &Pair{Classes: t.classes, Problems: append(t.problems, p.problems...), ByBox: true}
	class := out.mergeClasses(p)
	find := newNames(p.photos).find
	used := make([]bool, len(p.photos))
	shared := 0
	for n, ph := range t.photos {
		e := eval.Photo{Name: ph.name, Width: ph.w, Height: ph.h, Truth: ph.regions, Void: ph.void}
		i, ok := n, true
		if p.of != t {
			i, ok = find(ph.name)
		}
		if ok && !used[i] {
			used[i] = true
			shared++
			out.take(&e, p.photos[i], class)
		}
		out.Photos, out.Paths = append(out.Photos, e), append(out.Paths, ph.path)
	}
	if shared == 0 && len(t.photos) > 0 && len(p.photos) > 0 {
		return nil, fmt.Errorf("%w: the truth has %s and the predictions %s",
			ErrNothingShared, example(t.photos), example(p.photos))
	}
	out.mentionUnused(p, used)
	return out, nil
}

func example(list []photo) string {
	return fmt.Sprintf("%s such as %q", count(len(list), "photo"), list[0].name)
}

// mergeClasses returns the class index in the pair for each of the predictions' classes.
func (out *Pair) mergeClasses(p *set) []int {
	index := make(map[string]int, len(out.Classes))
	for i, name := range out.Classes {
		if _, double := index[name]; !double {
			index[name] = i
		}
	}
	class := make([]int, len(p.classes))
	for i, name := range p.classes {
		at, ok := index[name]
		switch {
		case p.of != nil:
			at = i
		case !ok:
			at = len(out.Classes)
			index[name] = at
			out.Classes = append(out.Classes[:at:at], name)
			out.Problems = append(out.Problems, fmt.Sprintf("the truth has no class %q; its predictions do not count", name))
		}
		class[i] = at
	}
	return class
}

// take moves a photo's predictions into e.
func (out *Pair) take(e *eval.Photo, p photo, class []int) {
	for _, r := range p.regions {
		r.Class = class[r.Class]
		e.Predictions = append(e.Predictions, r.Region)
		out.ByBox = out.ByBox && r.Shape == nil
	}
	e.PredictedAreas = p.areas
	if e.Width == 0 || e.Height == 0 {
		e.Width, e.Height = p.w, p.h
	}
}

func (out *Pair) mentionUnused(p *set, used []bool) {
	unused, first := 0, ""
	for i, u := range used {
		if !u && len(p.photos[i].regions) > 0 {
			if unused++; unused == 1 {
				first = p.photos[i].name
			}
		}
	}
	if unused > 0 {
		out.Problems = append(out.Problems, fmt.Sprintf("%s with predictions but not in the truth, left out; the first is %q",
			count(unused, "photo"), first))
	}
}

// names finds photos by name: the whole name, else the last part, else that without its extension, each
// only where it names one photo.
type names struct{ whole, base, stem map[string]int }

const ambiguous = -1

func newNames(list []photo) names {
	n := names{map[string]int{}, map[string]int{}, map[string]int{}}
	for i, p := range list {
		for key, m := range n.keys(p.name) {
			if _, double := m[key]; double {
				m[key] = ambiguous
			} else {
				m[key] = i
			}
		}
	}
	return n
}

// keys yields the keys of a name with their maps, the most particular first.
func (n names) keys(name string) func(func(string, map[string]int) bool) {
	base := path.Base(name)
	return func(yield func(string, map[string]int) bool) {
		_ = yield(name, n.whole) && yield(base, n.base) && yield(base[:len(base)-len(path.Ext(base))], n.stem)
	}
}

func (n names) find(name string) (int, bool) {
	for key, m := range n.keys(name) {
		if i, ok := m[key]; ok && i != ambiguous {
			return i, true
		}
	}
	return 0, false
}
