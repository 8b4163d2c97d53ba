package format

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/saysee/saysee/annot"
)

// json is Saysee's own format: one UTF-8 file that holds everything a Dataset does, one photo a line.
//
//	{"format":"saysee","version":1,
//	"classes":[
//	{"name":"dog","phrases":["dog","puppy"],"negatives":["toy dog"],"color":"#FF8800"}],
//	"photos":[
//	{"file":"a/b.jpg","width":640,"height":480,"split":"train","state":"checked","regions":[
//	 {"class":"dog","box":[10,20,110.5,220],"score":0.93,"source":"model","model":"vild-1","phrase":"puppy"}]}]}
//
// Photos: file is a slash path relative to the images root, width and height are EXIF-upright pixels;
// split, state ("suggested", "checked") and unlabelled are left out when they say nothing.
//
// Regions: class is a name of the class table; box is [x0, y0, x1, y1], half-open, pixel (i, j) covering
// [i, i+1) × [j, j+1). At most one of these tells the shape; without, the region is its box:
//
//	"polygon"  parts, each a list of rings [x, y, x, y, …]: the outline, then its holes
//	"mask"     COCO's RLE over the photo: {"size":[height,width],"counts":"…"}
//	"line"     [x, y, x, y, …]
//	"point"    [x, y]
//
// source is "hand", "model" or left out (from a file that does not tell); score, model and phrase belong
// to "model". review is "suggested" or left out; track is a number; locked and hidden are true or left
// out; id is the region's number in its document. Unknown keys of the file, of classes, photos and regions are kept.
var flatFormat = Format{
	Name:  "json",
	Title: "Saysee JSON", File: "regions.json",
	Can:   flatCan,
	read:  readFlat,
	write: writeFlat,
	recognise: func(p *probe) string {
		if k := topKeys(p.head); k["photos"] && k["classes"] {
			return "an object with classes and photos"
		}
		return ""
	},
}

var flatCan = Capabilities{
	Boxes: true, Polygons: true, Masks: true, Points: true, Lines: true, Holes: ExactHoles, Parts: true, OwnBox: true,
	Fractions: true, Overlaps: true, Instances: true, Scores: true, Sources: true, Reviews: true, Tracks: true, Flags: true,
	States: true, Splits: true, Sizes: true, EmptyPhotos: true, Unlabelled: true,
	ClassTable: true, Phrases: true, Folders: true, Extra: true, PhotoExtra: true,
}

const flatVersion = 1

var (
	flatTopKeys    = set("format", "version", "classes", "photos")
	flatClassKeys  = set("name", "phrases", "negatives", "color")
	flatPhotoKeys  = set("file", "imageData", "width", "height", "split", "state", "unlabelled", "regions")
	flatRegionKeys = set("class", "box", "polygon", "mask", "line", "point", "score", "source", "model", "phrase",
		"review", "track", "locked", "hidden", "id")
)

// flatIndex is a file with the places of its photos.
type flatIndex struct {
	source
	root    string
	photos  []cocoSpan
	classes *classTable
}

func readFlat(path string, o ReadOptions) (*Dataset, error) {
	data, err := readWhole(path)
	if err != nil {
		return nil, err
	}
	ix := &flatIndex{source: source{path, data}, classes: newClassTable(nil)}
	ds := &Dataset{log: &problemLog{}}
	found := false
	s := scanner{b: data}
	s.object(func(key []byte) {
		switch string(key) {
		case "format":
			s.skip()
		case "version":
			if at := s.i; s.number() > flatVersion {
				s.warn(at, fmt.Errorf("written by a newer version; what is unknown is kept"))
			}
		case "classes":
			s.array(func(int) { ix.class(&s, ds) })
		case "photos":
			found = true
			s.array(func(n int) {
				s.peek()
				at := s.i
				if raw := s.skip(); raw != nil {
					ix.photos = append(ix.photos, cocoSpan{at, int32(len(raw)), int32(n)})
				}
			})
		default:
			s.keep(&ds.Extra, key)
		}
	})
	if !found {
		if s.err != nil {
			return nil, s.err
		}
		return nil, fmt.Errorf("%w: no photos", ErrSyntax)
	}
	ds.log.add(ix.faults(nil, &s, 0, "")...)
	ds.Classes, ds.Len = ix.classes.classes, len(ix.photos)
	ix.root = imagesRoot(path, len(ix.photos), ix.photo, o)
	ds.stream(len(ix.photos), ix.photo)
	return ds, nil
}

func (ix *flatIndex) class(s *scanner, ds *Dataset) {
	var c annot.Class
	var extra map[string]json.RawMessage
	at := s.i
	s.object(func(key []byte) {
		switch {
		case string(key) == "name":
			c.Name = s.text()
		case !s.classField(key, &c):
			s.keep(&extra, key)
		}
	})
	if s.err != nil {
		return
	}
	if _, double := ix.classes.index[c.Name]; double || c.Name == "" {
		s.warn(at, fmt.Errorf("%w: class %q has no name or is given twice", ErrReference, c.Name))
		return
	}
	ix.classes.put(c)
	ds.ClassExtra = append(ds.ClassExtra, extra)
}

func (ix *flatIndex) photo(i int) item {
	span := ix.photos[i]
	var it item
	var p Photo
	place := fmt.Sprintf("photos[%d]", span.n)
	s := scanner{b: ix.data[span.off : span.off+int(span.len)]}
	s.object(func(key []byte) {
		switch string(key) {
		case "file":
			p.File = s.text()
		case "width":
			p.Width = s.pixels()
		case "height":
			p.Height = s.pixels()
		case "split":
			p.Split = s.text()
		case "state":
			p.State = stateOf(s.text())
		case "unlabelled":
			p.Unlabelled = s.boolean()
		case "regions":
			s.array(func(n int) { ix.region(&s, &it, &p, span, n) })
		default:
			s.keep(&p.Extra, key)
		}
	})
	it.problems = ix.faults(it.problems, &s, span.off, place)
	name, err := safeName(p.File)
	if err != nil {
		it.problems = append(it.problems, ix.problem(span.off, place+".file", err))
		return it
	}
	p.File, p.Path = name, join(ix.root, name)
	it.photos = []Photo{p}
	return it
}

// region reads one region on its own, so that a fault in it leaves the others.
func (ix *flatIndex) region(outer *scanner, it *item, p *Photo, span cocoSpan, n int) {
	outer.peek()
	at := span.off + outer.i
	s := scanner{b: outer.skip()}
	if outer.err != nil {
		return
	}
	r, ok := ix.members(&s, p)
	it.problems = ix.faults(it.problems, &s, at, fmt.Sprintf("photos[%d].regions[%d]", span.n, n))
	if ok {
		p.Regions = append(p.Regions, r)
	}
}

// members reads the fields of a region and reports whether it is usable.
func (ix *flatIndex) members(s *scanner, p *Photo) (annot.Region, bool) {
	r := annot.Region{Class: -1, Source: annot.Source{Maker: annot.ByFile}}
	var maker string
	s.object(func(key []byte) {
		switch string(key) {
		case "class":
			r.Class = ix.regionClass(s)
		case "box":
			r.Box = s.corners()
		case "source":
			maker = s.text()
		case "polygon", "mask", "line", "point":
			r.Shape = s.flatShape(string(key), p)
		case "score":
			s.score(&r)
		case "model", "phrase", "review", "track", "locked", "hidden", "id":
			s.seeMember(key, &r)
		default:
			s.keep(&r.Extra, key)
		}
	})
	if m, known := makers[maker]; known {
		r.Source.Maker = m
	}
	return r, s.finish(&r)
}

// finish sets a missing box from the shape, and warns when class or extent are missing.
func (s *scanner) finish(r *annot.Region) bool {
	if r.Shape != nil && r.Box.Empty() {
		r.Box = r.Shape.Bounds()
	}
	ok := s.err == nil && r.Class >= 0 && (r.Shape != nil || !r.Box.Empty())
	if !ok && s.err == nil && len(s.soft) == 0 {
		s.warn(0, fmt.Errorf("%w: no class, or neither box nor shape", ErrGeometry))
	}
	return ok
}

var makers = map[string]annot.Maker{"hand": annot.ByHand, "model": annot.ByModel}

func (ix *flatIndex) regionClass(s *scanner) int {
	at := s.i
	name := s.text()
	if i, ok := ix.classes.index[name]; ok {
		return i
	}
	if s.err == nil {
		s.warn(at, fmt.Errorf("%w: no class %q", ErrReference, name))
	}
	return -1
}

// corners consumes [x0, y0, x1, y1].
func (s *scanner) corners() annot.Box {
	at := s.i
	var v [4]float64
	n := s.floats(v[:])
	b := annot.Box{X0: v[0], Y0: v[1], X1: v[2], Y1: v[3]}
	if n != 4 || !b.Finite() || b.W() < 0 || b.H() < 0 {
		if s.err == nil {
			s.warn(at, fmt.Errorf("%w: box %v", ErrGeometry, v[:min(n, 4)]))
		}
		return annot.Box{}
	}
	return b
}

// flatShape consumes the value of a shape's key. An impossible one is a soft fault and gives nil.
func (s *scanner) flatShape(key string, p *Photo) annot.Shape {
	at := s.i
	var shape annot.Shape
	var err error
	switch key {
	case "polygon":
		var poly annot.Polygon
		s.array(func(int) {
			if rings := s.rings(); len(rings) > 0 {
				part := annot.Part{Outer: rings[0].Outer}
				for _, hole := range rings[1:] {
					part.Holes = append(part.Holes, hole.Outer)
				}
				poly = append(poly, part)
			}
		})
		if len(poly) > 0 {
			shape = poly
		}
	case "mask":
		var m annot.Mask
		m, err = s.rle(p.Width, p.Height)
		if err == nil && m.Empty() {
			err = fmt.Errorf("%w: empty mask", ErrGeometry)
		}
		shape = m
	default:
		shape, err = s.points(key)
	}
	if err != nil && s.err == nil {
		s.warn(at, err)
	}
	if err != nil {
		return nil
	}
	return shape
}

// points consumes the [x, y, …] of a line or point.
func (s *scanner) points(key string) (annot.Shape, error) {
	var v []float64
	bad := false
	s.array(func(int) {
		f := s.number()
		bad = bad || math.IsNaN(f) || math.IsInf(f, 0)
		v = append(v, f)
	})
	switch {
	case bad || len(v)%2 != 0 || len(v) == 0:
	case key == "point" && len(v) == 2:
		return annot.Point{X: v[0], Y: v[1]}, nil
	case key == "line" && len(v) >= 4:
		var line annot.Line
		for i := 0; i < len(v); i += 2 {
			line = append(line, annot.Point{X: v[i], Y: v[i+1]})
		}
		return line, nil
	}
	return nil, fmt.Errorf("%w: %s of %d numbers", ErrGeometry, key, len(v))
}

func writeFlat(path string, ds *Dataset, o WriteOptions) (*Report, error) {
	t := newTally(flatCan, ds, o)
	head := appendExtra([]byte(`{"format":"saysee","version":1`), ds.Extra, flatTopKeys)
	head = append(head, ",\n\"classes\":["...)
	for i, c := range ds.Classes {
		var extra map[string]json.RawMessage
		if i < len(ds.ClassExtra) {
			extra = ds.ClassExtra[i]
		}
		if i > 0 {
			head = append(head, ',')
		}
		head = appendFlatClass(append(head, '\n'), c, extra)
	}
	head = append(head, "],\n\"photos\":["...)
	photos := inOrder(ds.Photos, func(p Photo) encoded { return t.encodeFlat(&p, ds.Classes) })
	return t.writeStream(path, head, photos, ",", []byte("]}\n"))
}

func appendFlatClass(b []byte, c annot.Class, extra map[string]json.RawMessage) []byte {
	b = appendText(append(b, `{"name":`...), c.Name)
	if len(c.Phrases) > 0 {
		b = appendTexts(append(b, `,"phrases":`...), c.Phrases)
	}
	if len(c.Negatives) > 0 {
		b = appendTexts(append(b, `,"negatives":`...), c.Negatives)
	}
	if c.Color != "" {
		b = appendText(append(b, `,"color":`...), c.Color)
	}
	return append(appendExtra(b, extra, flatClassKeys), '}')
}

func (t *tally) encodeFlat(p *Photo, classes []annot.Class) encoded {
	e := encoded{fitted: t.fit(p)}
	b := appendText([]byte("\n{\"file\":"), p.File)
	b = strconv.AppendInt(append(b, `,"width":`...), int64(p.Width), 10)
	b = strconv.AppendInt(append(b, `,"height":`...), int64(p.Height), 10)
	if p.Split != "" {
		b = appendText(append(b, `,"split":`...), p.Split)
	}
	if p.State != New {
		b = appendText(append(b, `,"state":`...), stateWords[p.State])
	}
	if p.Unlabelled {
		b = append(b, `,"unlabelled":true`...)
	}
	b = appendExtra(b, p.Extra, flatPhotoKeys)
	b = append(b, `,"regions":[`...)
	for i := range e.regions {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFlatRegion(b, &e.regions[i], classes, p)
	}
	e.image = append(b, ']', '}')
	return e
}

func appendFlatRegion(b []byte, r *annot.Region, classes []annot.Class, p *Photo) []byte {
	b = appendText(append(b, "\n {\"class\":"...), classes[r.Class].Name)
	b = appendPoints(append(b, `,"box":[`...), []annot.Point{{X: r.Box.X0, Y: r.Box.Y0}, {X: r.Box.X1, Y: r.Box.Y1}})
	b = append(b, ']')
	switch s := r.Shape.(type) {
	case annot.Polygon:
		b = appendFlatPolygon(b, s)
	case annot.Mask:
		w, h := p.Width, p.Height
		if w == 0 || h == 0 {
			w, h = s.Rect().Max.X, s.Rect().Max.Y
		}
		b = appendRLE(append(b, `,"mask":`...), s, w, h, false)
	case annot.Line:
		b = append(appendPoints(append(b, `,"line":[`...), s), ']')
	case annot.Point:
		b = append(appendPoints(append(b, `,"point":[`...), []annot.Point{s}), ']')
	}
	switch r.Source.Maker {
	case annot.ByHand:
		b = append(b, `,"source":"hand"`...)
	case annot.ByModel:
		b = appendFloat(append(b, `,"score":`...), r.Score)
		b = append(b, `,"source":"model"`...)
	}
	b = append(b, flatMembers(r)...)
	return append(appendExtra(b, r.Extra, flatRegionKeys), '}')
}

func appendFlatPolygon(b []byte, s annot.Polygon) []byte {
	b = append(b, `,"polygon":[`...)
	for i, part := range s {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendPoints(append(b, '[', '['), part.Outer), ']')
		for _, hole := range part.Holes {
			b = append(appendPoints(append(b, ',', '['), hole), ']')
		}
		b = append(b, ']')
	}
	return append(b, ']')
}
