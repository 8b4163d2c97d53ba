package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"github.com/saysee/saysee/annot"
)

// COCO: one JSON file with categories, images and annotations. Boxes are [x, y, w, h]; polygons are
// pixel corners, all rings of an annotation outer ones; RLE is column-major over the photo, size
// [height, width]. (Format: cocodataset.org/#format-data; behaviour: cocoapi's PythonAPI and maskApi.c.)
var cocoFormat = Format{
	Name:  "coco",
	Title: "COCO (detection, instances)", File: "coco.json",
	Can:       cocoCan,
	read:      readCOCO,
	write:     writeCOCO,
	recognise: recogniseCOCO,
}

// trackKey is the field of an annotation for its identity over the frames of a video.
const trackKey = "track_id"

var cocoCan = Capabilities{
	Boxes: true, Polygons: true, Masks: true, Holes: AsMask, Parts: true,
	Fractions: true, Overlaps: true, Instances: true, Scores: true, Sources: true, Reviews: true, Tracks: true, Flags: true,
	States: true, Splits: true, Sizes: true, EmptyPhotos: true, Unlabelled: true,
	ClassTable: true, Phrases: true, Folders: true, Extra: true, PhotoExtra: true,
}

func recogniseCOCO(p *probe) string {
	if !p.dir {
		if k := topKeys(p.head); k["images"] || k["annotations"] || k["categories"] {
			return "an object with images, annotations or categories"
		}
		return ""
	}
	names, heads := p.sample(withSuffix(".json"))
	for i, head := range heads {
		if k := topKeys(head); !k["images"] && !k["annotations"] && !k["categories"] {
			return ""
		} else if i == len(heads)-1 {
			return names[i] + " is an object with images, annotations or categories"
		}
	}
	return ""
}

// cocoSpan is where an object of the file lies, and its number in its list.
type cocoSpan struct {
	off    int
	len, n int32
}

type cocoImage struct {
	cocoSpan
	id   int64
	anns []cocoSpan
}

// cocoIndex is a COCO file with the places of its images and annotations.
type cocoIndex struct {
	source
	anns       source // of the annotations; another file for results
	list       string // the list that holds the annotations
	root       string // of the photos
	images     []cocoImage
	byID       map[int64]int32
	classes    *classTable
	classExtra []map[string]json.RawMessage
	classByID  map[int64]int
	extra      map[string]json.RawMessage
	problems   []Problem
}

func readCOCO(path string, o ReadOptions) (*Dataset, error) {
	file, err := oneFile(path, ".json")
	if err != nil {
		return nil, err
	}
	ix, err := indexCOCO(file)
	if err != nil {
		return nil, err
	}
	return ix.dataset(file, o), nil
}

func (ix *cocoIndex) dataset(file string, o ReadOptions) *Dataset {
	ix.root = imagesRoot(file, len(ix.images), ix.photo, o)
	ds := &Dataset{
		Classes: ix.classes.classes, ClassExtra: ix.classExtra, Extra: ix.extra,
		Len: len(ix.images), log: &problemLog{},
	}
	ds.log.add(ix.problems...)
	ds.stream(len(ix.images), ix.photo)
	return ds
}

// indexCOCO reads the file and finds its parts. Only a file that cannot be opened or has none of COCO's
// lists is an error.
func indexCOCO(file string) (*cocoIndex, error) {
	data, err := readWhole(file)
	if err != nil {
		return nil, err
	}
	ix := &cocoIndex{
		source: source{file, data}, anns: source{file, data}, list: "annotations",
		byID: map[int64]int32{}, classes: newClassTable(nil), classByID: map[int64]int{},
	}
	var refs []cocoRef
	lists := 0
	s := scanner{b: data}
	s.object(func(key []byte) {
		switch string(key) {
		case "images":
			lists++
			s.array(func(n int) { ix.image(&s, n) })
		case "annotations":
			lists++
			s.array(func(n int) { refs = append(refs, indexAnnotation(&s, n)) })
		case "categories":
			lists++
			s.array(func(n int) { ix.category(&s, n) })
		default:
			s.keep(&ix.extra, key)
		}
	})
	if lists == 0 {
		if s.err == nil {
			return nil, fmt.Errorf("%w: neither images nor annotations nor categories", ErrSyntax)
		}
		return nil, s.err
	}
	ix.problems = ix.faults(ix.problems, &s, 0, "")
	ix.assign(refs)
	return ix, nil
}

// image notes one entry of images.
func (ix *cocoIndex) image(s *scanner, n int) {
	s.peek()
	im := cocoImage{cocoSpan: cocoSpan{off: s.i, n: int32(n)}}
	has := false
	raw := s.skip()
	if raw == nil {
		return
	}
	im.len = int32(len(raw))
	f := scanner{b: raw}
	f.object(func(key []byte) {
		if string(key) == "id" {
			im.id, has = f.integer()
			return
		}
		f.skip()
	})
	place := fmt.Sprintf("images[%d]", n)
	if f.err != nil {
		ix.problems = ix.faults(ix.problems, &f, im.off, place)
		return
	}
	if _, double := ix.byID[im.id]; !has || double {
		err := fmt.Errorf("%w: image id %d is given twice", ErrReference, im.id)
		if !has {
			err = fmt.Errorf("%w: no numeric image id", ErrReference)
		}
		ix.problems = append(ix.problems, ix.problem(im.off, place+".id", err))
		if double {
			return
		}
	} else {
		ix.byID[im.id] = int32(len(ix.images))
	}
	ix.images = append(ix.images, im)
}

// cocoRef is an annotation and the image that it names.
type cocoRef struct {
	cocoSpan
	image, id     int64
	noImage, noID bool
}

// indexAnnotation consumes one entry of annotations and reads its ids only. An entry with a fault is stepped
// over by its brackets, so that the fault stays its own.
func indexAnnotation(s *scanner, n int) cocoRef {
	s.peek()
	at := s.i
	ref := cocoRef{cocoSpan: cocoSpan{off: at, n: int32(n)}, noImage: true, noID: true}
	s.object(func(key []byte) {
		var ok bool
		switch string(key) {
		case "image_id":
			ref.image, ok = s.integer()
			ref.noImage = !ok
		case "id":
			ref.id, ok = s.integer()
			ref.noID = !ok
		default:
			s.skip()
		}
	})
	if s.err != nil {
		s.i, s.err = at, nil
		ref.len = int32(len(s.skip()))
		return ref
	}
	ref.len = int32(s.i - at)
	return ref
}

// assign gives the annotations to their images.
func (ix *cocoIndex) assign(refs []cocoRef) {
	seen := make(map[int64]struct{}, len(refs))
	counts := make([]int32, len(ix.images))
	for i := range refs {
		ref := &refs[i]
		if ref.len == 0 {
			continue // cut off; the scanner's fault tells
		}
		place := func(field string) string { return fmt.Sprintf("%s[%d].%s", ix.list, ref.n, field) }
		at, known := ix.byID[ref.image]
		if ref.noImage || !known {
			ref.noImage = true
			ix.problems = append(ix.problems, ix.anns.problem(ref.off, place("image_id"),
				fmt.Errorf("%w: no image has id %d", ErrReference, ref.image)))
			continue
		}
		if _, double := seen[ref.id]; double && !ref.noID {
			ix.problems = append(ix.problems, ix.anns.problem(ref.off, place("id"),
				fmt.Errorf("%w: annotation id %d is given twice; both are kept", ErrReference, ref.id)))
		}
		seen[ref.id] = struct{}{}
		counts[at]++
	}
	for i, n := range counts {
		ix.images[i].anns = make([]cocoSpan, 0, n)
	}
	for i := range refs {
		if ref := &refs[i]; ref.len > 0 && !ref.noImage {
			im := &ix.images[ix.byID[ref.image]]
			im.anns = append(im.anns, ref.cocoSpan)
		}
	}
}

// category reads one entry of categories.
func (ix *cocoIndex) category(s *scanner, n int) {
	s.peek()
	at := s.i
	raw := s.skip()
	if raw == nil {
		return
	}
	c := annot.Class{}
	var extra map[string]json.RawMessage
	id, has := int64(0), false
	f := scanner{b: raw}
	f.object(func(key []byte) {
		switch string(key) {
		case "id":
			id, has = f.integer()
		case "name":
			c.Name = f.text()
		case metaKey:
			f.classMeta(&c)
		default:
			f.keep(&extra, key)
		}
	})
	place := fmt.Sprintf("categories[%d]", n)
	ix.problems = ix.faults(ix.problems, &f, at, place)
	_, double := ix.classByID[id]
	switch {
	case f.err != nil:
		return
	case !has || double:
		ix.problems = append(ix.problems, ix.problem(at, place+".id", fmt.Errorf("%w: category id %d is missing or given twice", ErrReference, id)))
		if double {
			return
		}
	case c.Name == "":
		c.Name = fmt.Sprintf("category %d", id)
		ix.problems = append(ix.problems, ix.problem(at, place+".name", fmt.Errorf("%w: no name", ErrReference)))
	}
	i := ix.classes.put(c)
	if has {
		ix.classByID[id] = i
		if extra == nil {
			extra = map[string]json.RawMessage{}
		}
		extra["id"] = fmt.Appendf(nil, "%d", id)
	}
	if i == len(ix.classExtra) {
		ix.classExtra = append(ix.classExtra, extra)
	}
}

// photo reads one image and its annotations.
func (ix *cocoIndex) photo(i int) item {
	im := &ix.images[i]
	var it item
	p := Photo{}
	place := fmt.Sprintf("images[%d]", im.n)
	s := scanner{b: ix.data[im.off : im.off+int(im.len)]}
	s.object(func(key []byte) {
		switch string(key) {
		case "file_name":
			p.File = s.text()
		case "width":
			p.Width = s.pixels()
		case "height":
			p.Height = s.pixels()
		default:
			if !s.photoMeta(key, &p) {
				s.keep(&p.Extra, key)
			}
		}
	})
	it.problems = ix.faults(it.problems, &s, im.off, place)
	name, err := safeName(p.File)
	if err != nil {
		it.problems = append(it.problems, ix.problem(im.off, place+".file_name", err))
		return it
	}
	p.File, p.Path = name, join(ix.root, name)
	if len(im.anns) > 0 {
		p.Regions = make([]annot.Region, 0, len(im.anns))
	}
	for _, a := range im.anns {
		s := scanner{b: ix.anns.data[a.off : a.off+int(a.len)]}
		r, ok := ix.region(&s, &p)
		if len(s.soft) > 0 || s.err != nil {
			it.problems = ix.anns.faults(it.problems, &s, a.off, fmt.Sprintf("%s[%d]", ix.list, a.n))
		}
		if ok {
			p.Regions = append(p.Regions, r)
		}
	}
	it.photos = []Photo{p}
	return it
}

// maxSide bounds width and height, so that no file can make us walk over pixels without end.
const maxSide = 1 << 20

// pixels consumes a width or height.
func (s *scanner) pixels() int {
	at := s.i
	n, ok := s.integer()
	if s.err == nil && (!ok || n < 0 || n > maxSide) {
		s.warn(at, fmt.Errorf("%w: width or height", ErrGeometry))
		return 0
	}
	return int(n)
}

// region reads an annotation and reports whether it is usable.
func (ix *cocoIndex) region(s *scanner, p *Photo) (annot.Region, bool) {
	r := annot.Region{Class: -1, Source: annot.Source{Maker: annot.ByFile}}
	s.object(func(key []byte) {
		switch string(key) {
		case "id", "image_id", "area":
			s.skip()
		case "category_id":
			r.Class = ix.class(s)
		case "bbox":
			r.Box = s.cocoBox()
		case "segmentation":
			r.Shape = s.segmentation(p.Width, p.Height)
		case "iscrowd":
			if at := s.i; s.boolean() {
				s.i = at
				s.keep(&r.Extra, key)
			}
		default:
			if !s.cocoTrack(key, &r) && !s.regionMeta(key, &r) {
				s.keep(&r.Extra, key)
			}
		}
	})
	return r, s.err == nil && s.complete(&r)
}

// cocoTrack consumes a track's number, the field that tracking datasets in COCO's form use (TAO, BDD100K), and reports
// whether it was one.
func (s *scanner) cocoTrack(key []byte, r *annot.Region) bool {
	if c := s.peek(); string(key) != trackKey || c < '0' || c > '9' {
		return false
	}
	n, ok := s.integer()
	if ok {
		r.Track = int(n)
	}
	return true
}

// complete sets the box of a region from its shape, and warns when class or extent are missing.
func (s *scanner) complete(r *annot.Region) bool {
	if r.Shape != nil {
		if _, isMask := r.Shape.(annot.Mask); !isMask || r.Box.Empty() {
			r.Box = r.Shape.Bounds()
		}
	}
	var err error
	switch {
	case r.Class < 0:
		err = fmt.Errorf("%w: no category id", ErrReference)
	case r.Box.Empty():
		err = fmt.Errorf("%w: neither a box nor an outline", ErrGeometry)
	default:
		return true
	}
	if len(s.soft) == 0 {
		s.warn(0, err)
	}
	return false
}

func (ix *cocoIndex) class(s *scanner) int {
	at := s.i
	id, ok := s.integer()
	if i, known := ix.classByID[id]; known && ok {
		return i
	}
	if s.err == nil {
		s.warn(at, fmt.Errorf("%w: no category has id %d", ErrReference, id))
	}
	return -1
}

// cocoBox consumes [x, y, w, h]. An impossible box is a soft fault and comes back empty.
func (s *scanner) cocoBox() annot.Box {
	if s.null() {
		return annot.Box{}
	}
	at := s.i
	var v [4]float64
	n := s.floats(v[:])
	if n == 0 {
		return annot.Box{}
	}
	b := annot.Box{X0: v[0], Y0: v[1], X1: v[0] + v[2], Y1: v[1] + v[3]}
	if n != 4 || b.Empty() || !b.Finite() {
		s.warn(at, fmt.Errorf("%w: box %v", ErrGeometry, v[:min(n, 4)]))
		return annot.Box{}
	}
	return b
}

// floats consumes an array of numbers into v and returns how many there were.
func (s *scanner) floats(v []float64) int {
	n := 0
	s.array(func(i int) {
		f := s.number()
		if i < len(v) {
			v[i] = f
		}
		n = i + 1
	})
	return n
}

// segmentation consumes polygons, RLE, or null. An impossible one is a soft fault and gives nil.
func (s *scanner) segmentation(w, h int) annot.Shape {
	at := s.i
	switch s.peek() {
	case '[':
		if poly := s.rings(); len(poly) > 0 {
			return poly
		}
	case '{':
		m, err := s.rle(w, h)
		if err == nil && m.Area() > 0 {
			return m
		}
		if s.err == nil && err != nil {
			s.warn(at, err)
		}
	default:
		s.skip()
	}
	return nil
}

// rings consumes [[x, y, …], …]; each ring is a part of its own. Faulty rings are left out.
func (s *scanner) rings() annot.Polygon {
	var poly annot.Polygon
	s.array(func(int) {
		at := s.i
		ring, err := s.ring()
		if err != nil {
			s.warn(at, err)
		} else if s.err == nil {
			poly = append(poly, annot.Part{Outer: ring})
		}
	})
	return poly
}

// ring consumes [x, y, x, y, …].
func (s *scanner) ring() (annot.Ring, error) {
	ring := make(annot.Ring, 0, 16)
	n, x, bad := 0, 0.0, false
	s.array(func(i int) {
		v := s.number()
		bad = bad || math.IsNaN(v) || math.IsInf(v, 0)
		if n++; i%2 == 0 {
			x = v
		} else {
			ring = append(ring, annot.Point{X: x, Y: v})
		}
	})
	switch {
	case bad:
		return nil, fmt.Errorf("%w: outline with NaN or infinite coordinates", ErrGeometry)
	case n%2 != 0:
		return nil, fmt.Errorf("%w: outline of %d numbers", ErrGeometry, n)
	case len(ring) > 1 && ring[0] == ring[len(ring)-1]:
		ring = ring[:len(ring)-1]
	}
	if len(ring) < 3 {
		return nil, fmt.Errorf("%w: outline of %d points", ErrGeometry, len(ring))
	}
	return slices.Clip(ring), nil
}

// rle consumes {"size":[h,w],"counts":…} with counts as a list or as COCO's string.
func (s *scanner) rle(w, h int) (annot.Mask, error) {
	var size [2]float64
	var runs []uint32
	var err error
	sized := 0
	s.object(func(key []byte) {
		switch string(key) {
		case "size":
			sized = s.floats(size[:])
		case "counts":
			runs, err = s.counts()
		default:
			s.skip()
		}
	})
	switch {
	case s.err != nil:
		return annot.Mask{}, s.err
	case err != nil:
		return annot.Mask{}, err
	case sized != 2 || !(size[0] >= 0 && size[1] >= 0 && size[0] <= maxSide && size[1] <= maxSide):
		return annot.Mask{}, fmt.Errorf("%w: size of run lengths", ErrGeometry)
	case (w != 0 || h != 0) && (int(size[0]) != h || int(size[1]) != w):
		return annot.Mask{}, fmt.Errorf("%w: mask of %g × %g on a photo of %d × %d", ErrGeometry, size[1], size[0], w, h)
	}
	return annot.MaskFromFullRuns(int(size[1]), int(size[0]), runs)
}

func (s *scanner) counts() ([]uint32, error) {
	if s.peek() == '"' {
		return annot.DecodeRLE(s.text())
	}
	var runs []uint32
	bad := false
	s.array(func(int) {
		f := s.number()
		bad = bad || !(f >= 0 && f <= math.MaxUint32)
		if !bad {
			runs = append(runs, uint32(f))
		}
	})
	if bad {
		return nil, fmt.Errorf("%w: run length outside [0, 2^32)", ErrGeometry)
	}
	return runs, nil
}

// errSeveral means that a folder holds more than one file that could be meant.
var errSeveral = errors.New("several files match; name one")

// oneFile returns path itself, or the only file with the extension below a folder.
func oneFile(path, ext string) (string, error) {
	p, err := newProbe(path)
	if err != nil || !p.dir {
		return path, err
	}
	var found []string
	for _, n := range p.names {
		if withSuffix(ext)(n) {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%w: no %s file", ErrUnrecognised, ext)
	case 1:
		return filepath.Join(path, filepath.FromSlash(found[0])), nil
	}
	return "", fmt.Errorf("%w: %s and %s", errSeveral, found[0], found[1])
}
