package format

import (
	"bufio"
	"fmt"
	"path"
	"strconv"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/atomic"
)

// coco-results: what COCO's evaluation takes, a bare list of {image_id, category_id, bbox, score} with
// compressed RLE for masks. Boxes and masks are judged apart, so a model's own box stays beside its mask.
// Ids mean nothing without the COCO file that gives them: the reference.
var resultsFormat = Format{
	Name:  "coco-results",
	Title: "COCO results (predictions)", File: "coco-results.json",
	Can:       resultsCan,
	read:      readResults,
	write:     writeResults,
	recognise: recogniseResults,
}

var resultsCan = Capabilities{
	Boxes: true, Masks: true, Holes: AsMask, Parts: true, OwnBox: true, Fractions: true, Overlaps: true, Instances: true,
	Scores: true, States: false, Sizes: true, EmptyPhotos: true, ClassTable: true, Folders: true,
}

func recogniseResults(p *probe) string {
	s := scanner{b: p.head}
	if p.dir || s.peek() != '[' {
		return ""
	}
	why := ""
	s.array(func(i int) {
		if i > 0 || s.peek() != '{' {
			s.skip()
			return
		}
		keys := map[string]bool{}
		s.object(func(key []byte) {
			keys[string(key)] = true
			s.skip()
		})
		if keys["image_id"] && keys["category_id"] {
			why = "a list of objects with image_id and category_id"
		}
	})
	return why
}

// referenceBeside returns where the reference is written when none is given: beside the results.
func referenceBeside(file string) string { return stem(file) + "-reference.json" }

func readResults(file string, o ReadOptions) (*Dataset, error) {
	ref := o.Reference
	if ref == "" {
		ref = referenceBeside(file)
	}
	ix, err := indexCOCO(ref)
	if err != nil {
		return nil, fmt.Errorf("the COCO file that gives the ids: %w", err)
	}
	data, err := readWhole(file)
	if err != nil {
		return nil, err
	}
	for i := range ix.images {
		ix.images[i].anns = nil // the results stand in for the reference's own annotations
	}
	ix.anns, ix.list = source{file, data}, ""
	var refs []cocoRef
	s := scanner{b: data}
	s.array(func(n int) {
		r := indexAnnotation(&s, n)
		r.noID = true // ids of results mean nothing
		refs = append(refs, r)
	})
	if len(refs) == 0 && s.err != nil {
		return nil, s.err
	}
	ix.problems = ix.anns.faults(ix.problems, &s, 0, "")
	ix.assign(refs)
	return ix.dataset(ref, o), nil
}

// resultIDs finds the ids of a reference by the names of photos and classes.
type resultIDs struct {
	byFile, byBase map[string]int64
	categories     []int64 // by class of the dataset, 0 when the reference lacks it
}

// referenceIDs reads the reference, or writes one beside the results when none is given.
func referenceIDs(file string, ds *Dataset, o WriteOptions) (*resultIDs, int, error) {
	files := 1
	ref := o.Reference
	if ref == "" {
		ref = referenceBeside(file)
		bare := *ds
		bare.Photos = func(yield func(Photo, error) bool) {
			for p, err := range ds.Photos {
				p.Regions = nil
				if !yield(p, err) {
					return
				}
			}
		}
		if _, err := writeCOCO(ref, &bare, o); err != nil {
			return nil, 0, err
		}
		files = 2
	}
	ids, err := readReference(ref, ds)
	return ids, files, err
}

func readReference(ref string, ds *Dataset) (*resultIDs, error) {
	ix, err := indexCOCO(ref)
	if err != nil {
		return nil, fmt.Errorf("the COCO file that gives the ids: %w", err)
	}
	ids := &resultIDs{map[string]int64{}, map[string]int64{}, make([]int64, len(ds.Classes))}
	for i := range ix.images {
		ix.images[i].anns = nil
		for _, p := range ix.photo(i).photos {
			ids.byFile[p.File] = ix.images[i].id
			base := path.Base(p.File)
			if _, double := ids.byBase[base]; double {
				ids.byBase[base] = -1 // ambiguous
			} else {
				ids.byBase[base] = ix.images[i].id
			}
		}
	}
	for id, class := range ix.classByID {
		for i, c := range ds.Classes {
			if c.Name == ix.classes.classes[class].Name {
				ids.categories[i] = id
			}
		}
	}
	return ids, nil
}

// image returns the id of the photo of that name, or else of the only one with its last part.
func (ids *resultIDs) image(file string) (int64, bool) {
	if id, ok := ids.byFile[file]; ok {
		return id, true
	}
	id, ok := ids.byBase[path.Base(file)]
	return id, ok && id >= 0
}

func writeResults(file string, ds *Dataset, o WriteOptions) (*Report, error) {
	ids, files, err := referenceIDs(file, ds, o)
	if err != nil {
		return nil, err
	}
	out, err := atomic.Create(file)
	if err != nil {
		return nil, err
	}
	defer out.Abort()
	w := bufio.NewWriterSize(out, 1<<20)
	t := newTally(resultsCan, ds, o)
	t.cocoRule = true
	encode := func(p Photo) encoded { return t.encodeResults(&p, ids) }
	sep := "[\n"
	for e, err := range inOrder(ds.Photos, encode) {
		if err != nil {
			return nil, err
		}
		t.count(&e.fitted)
		for _, obj := range e.objects {
			w.WriteString(sep)
			w.Write(obj)
			sep = ",\n"
		}
	}
	if sep == "[\n" {
		w.WriteString("[")
	}
	w.WriteString("]\n")
	if err := w.Flush(); err != nil {
		return nil, err
	}
	t.rep.Files = files
	return t.report(), out.Commit()
}

func (t *tally) encodeResults(p *Photo, ids *resultIDs) encoded {
	e := encoded{fitted: t.fit(p)}
	id, known := ids.image(p.File)
	if !known && len(e.regions) > 0 {
		e.regions = nil
		e.problems = append(e.problems, Problem{File: p.File, Err: fmt.Errorf("%w: the reference has no such photo", ErrReference)})
	}
	for i := range e.regions {
		r := &e.regions[i]
		category := ids.categories[r.Class]
		if category == 0 {
			e.problem(i, fmt.Errorf("%w: the reference lacks the class", ErrReference))
			continue
		}
		e.objects = append(e.objects, appendResult(nil, r, p, id, category))
	}
	return e
}

func appendResult(b []byte, r *annot.Region, p *Photo, image, category int64) []byte {
	b = strconv.AppendInt(append(b, `{"image_id":`...), image, 10)
	b = strconv.AppendInt(append(b, `,"category_id":`...), category, 10)
	b = appendXYWH(append(b, `,"bbox":`...), r.Box)
	score := 1.0 // a person is sure
	if r.Source.Maker == annot.ByModel {
		score = r.Score
	}
	b = appendFloat(append(b, `,"score":`...), score)
	if m, ok := r.Shape.(annot.Mask); ok {
		b = appendRLE(append(b, `,"segmentation":`...), m, p.Width, p.Height, false)
	}
	return append(b, '}')
}
