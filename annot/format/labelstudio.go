package format

import (
	"fmt"
	"image"
	"math"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
)

// labelstudio: a list of tasks as Label Studio exports and imports them (its "JSON"). Regions that a model
// proposed and nobody has judged are predictions, all others annotations. Coordinates are percent of the
// photo; rectangles may be turned about their first corner; brush masks are RGBA pictures packed by
// thi.ng's RLE, whose alpha is the mask. (labelstud.io/guide/export, label_studio_converter's brush.py.)
var (
	labelStudioFormat = Format{Name: "labelstudio", Title: "Label Studio JSON", File: "labelstudio.json", Can: labelStudioCan, read: readLabelStudio, write: writeLabelStudio, recognise: recogniseLabelStudio}

	labelStudioCan = Capabilities{
		Boxes: true, Polygons: true, Masks: true, Points: true, Holes: AsMask,
		Fractions: true, Overlaps: true, Instances: true, Scores: true, Sources: true, Reviews: true, Tracks: true, Flags: true,
		States: true, Splits: true, Sizes: true, EmptyPhotos: true, Unlabelled: true, Folders: true, Extra: true, PhotoExtra: true,
	}

	labelStudioTaskKeys   = set("id", "data", "annotations", "predictions", "imageData", "size", metaKey)
	labelStudioResultKeys = set("id", "type", "from_name", "to_name", "original_width", "original_height", "image_rotation",
		"value", "origin", scoreKey, metaKey)
)

func recogniseLabelStudio(p *probe) string {
	s := scanner{b: p.head}
	if p.dir || s.peek() != '[' {
		return ""
	}
	why := ""
	s.array(func(i int) {
		if i > 0 {
			s.skip()
			return
		}
		k := topKeys(s.b[s.i:])
		if k["data"] && (k["annotations"] || k["predictions"]) {
			why = "a list of tasks with data and annotations or predictions"
		}
		s.skip()
	})
	return why
}

type labelStudioData struct {
	source
	root  string
	tasks []cocoSpan
}

func readLabelStudio(file string, o ReadOptions) (*Dataset, error) {
	data, err := readWhole(file)
	if err != nil {
		return nil, err
	}
	d := &labelStudioData{source: source{file, data}}
	s := scanner{b: data}
	s.array(func(n int) {
		s.peek()
		at := s.i
		if raw := s.skip(); raw != nil {
			d.tasks = append(d.tasks, cocoSpan{at, int32(len(raw)), int32(n)})
		}
	})
	if s.err != nil && len(d.tasks) == 0 {
		return nil, s.err
	}
	ds := &Dataset{log: &problemLog{}, Len: len(d.tasks)}
	ds.log.add(d.faults(nil, &s, 0, "")...)
	d.root = imagesRoot(file, len(d.tasks), func(i int) item { return d.photo(i).item }, o)
	return ds, ds.namedStream(len(d.tasks), o.Classes, d.photo)
}

func (d *labelStudioData) photo(i int) namedItem {
	var it namedItem
	span := d.tasks[i]
	place := fmt.Sprintf("[%d]", span.n)
	var p Photo
	s := scanner{b: d.data[span.off : span.off+int(span.len)]}
	s.object(func(key []byte) {
		switch string(key) {
		case "data":
			d.taskData(&s, &p)
		case "annotations", "predictions":
			list := string(key)
			s.array(func(n int) {
				d.answer(&s, &it, &p, span.off, fmt.Sprintf("%s.%s[%d]", place, list, n), list == "predictions")
			})
		case "id":
			s.skip()
		case "size":
			s.taskSize(&p)
		default:
			if !s.photoMeta(key, &p) && !s.emptyValue() {
				s.keep(&p.Extra, key)
			}
		}
	})
	it.problems = d.faults(it.problems, &s, span.off, place)
	name, err := safeName(taskFile(p.File))
	if err != nil {
		it.problems = append(it.problems, d.problem(span.off, place+".data", err))
		return it
	}
	p.File, p.Path = name, join(d.root, name)
	it.photos = []Photo{p}
	return it
}

// taskSize consumes [width, height], which our writer adds for photos without regions.
func (s *scanner) taskSize(p *Photo) {
	var v [2]float64
	if s.floats(v[:]) == 2 && v[0] >= 0 && v[1] >= 0 && v[0] <= maxSide && v[1] <= maxSide {
		p.Width, p.Height = int(v[0]), int(v[1])
	}
}

// taskData consumes data: the photo is its field image, or else its first text.
func (d *labelStudioData) taskData(s *scanner, p *Photo) {
	s.object(func(key []byte) {
		if s.peek() != '"' {
			s.keep(&p.Extra, key)
			return
		}
		if string(key) == "image" || p.File == "" {
			p.File = s.text()
			return
		}
		s.keep(&p.Extra, key)
	})
}

// taskFile returns the name of the photo behind the reference of a task: of an upload, of local storage, of
// a bucket or of the web.
func taskFile(ref string) string {
	if rest, ok := strings.CutPrefix(ref, "/data/local-files/?d="); ok {
		if plain, err := url.QueryUnescape(rest); err == nil {
			return plain
		}
		return rest
	}
	if rest, ok := strings.CutPrefix(ref, "/data/upload/"); ok {
		return path.Base(rest)
	}
	if scheme, rest, ok := strings.Cut(ref, "://"); ok {
		if _, inside, ok := strings.Cut(rest, "/"); ok && scheme != "http" && scheme != "https" {
			return inside
		}
		return path.Base(strings.SplitN(rest, "?", 2)[0])
	}
	return ref
}

// answer reads an annotation or a prediction.
func (d *labelStudioData) answer(outer *scanner, it *namedItem, p *Photo, base int, place string, predicted bool) {
	model := ""
	first := len(p.Regions)
	outer.object(func(key []byte) {
		switch string(key) {
		case "result":
			outer.array(func(n int) {
				outer.peek()
				at := outer.i
				s := scanner{b: outer.skip()}
				if outer.err == nil {
					it.result(&s, p, predicted)
					it.problems = d.faults(it.problems, &s, base+at, fmt.Sprintf("%s.result[%d]", place, n))
				}
			})
		case "model_version":
			if !outer.null() {
				model = outer.label()
			}
		default:
			outer.skip()
		}
	})
	for i := first; predicted && i < len(p.Regions); i++ {
		if r := &p.Regions[i]; r.Source.Model == "" {
			r.Source.Model = model
		}
	}
}

// label consumes a string, or anything else as its text.
func (s *scanner) label() string {
	if s.peek() == '"' {
		return s.text()
	}
	return string(s.skip())
}

// lsValue is the value of a result.
type lsValue struct {
	x, y, w, h, turn float64
	rx, ry           float64 // of an ellipse
	points           []annot.Point
	labels           []string
	rle              []byte
}

// result reads one region.
func (it *namedItem) result(s *scanner, p *Photo, predicted bool) {
	r := annot.Region{Source: annot.Source{Maker: annot.ByFile}}
	if predicted {
		r.Source.Maker, r.Review = annot.ByModel, annot.Suggested
	}
	var v lsValue
	w, h := p.Width, p.Height
	kind := ""
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			kind = s.text()
		case "original_width":
			w = s.optionalPixels()
		case "original_height":
			h = s.optionalPixels()
		case "value":
			s.lsValue(&v)
		case "id", "from_name", "to_name", "image_rotation", "origin":
			s.skip()
		default:
			if !s.regionMeta(key, &r) && !s.emptyValue() {
				s.keep(&r.Extra, key)
			}
		}
	})
	if s.err != nil {
		return
	}
	if len(v.labels) == 0 {
		switch kind {
		case "choices", "textarea", "rating", "relation", "": // not about a place in the photo
		default:
			s.warn(0, fmt.Errorf("%w: no label", ErrReference))
		}
		return
	}
	if p.Width == 0 || p.Height == 0 {
		p.Width, p.Height = w, h
	}
	if err := v.region(&r, kind, w, h); err != nil {
		s.warn(0, err)
		return
	}
	r.Class = it.class(v.labels[0])
	p.Regions = append(p.Regions, r)
}

func (s *scanner) lsValue(v *lsValue) {
	s.object(func(key []byte) {
		number := func(to *float64) { *to = s.number() }
		switch k := string(key); k {
		case "x":
			number(&v.x)
		case "y":
			number(&v.y)
		case "width":
			number(&v.w)
		case "height":
			number(&v.h)
		case "rotation":
			number(&v.turn)
		case "radiusX":
			number(&v.rx)
		case "radiusY":
			number(&v.ry)
		case "points":
			v.points = s.pairs()
		case "rle":
			s.array(func(int) { v.rle = append(v.rle, byte(int(s.number()))) })
		default:
			if strings.HasSuffix(k, "labels") {
				v.labels = s.texts()
				return
			}
			s.skip()
		}
	})
}

// region sets box and shape.
func (v *lsValue) region(r *annot.Region, kind string, w, h int) error {
	if w <= 0 || h <= 0 {
		return ErrNoSize
	}
	sx, sy := float64(w)/100, float64(h)/100
	corner := annot.Point{X: v.x * sx, Y: v.y * sy}
	switch kind {
	case "rectanglelabels", "rectangle":
		r.Box = annot.Box{X0: corner.X, Y0: corner.Y, X1: corner.X + v.w*sx, Y1: corner.Y + v.h*sy}
		if v.turn != 0 {
			r.Shape = annot.Polygon{{Outer: turnedAbout(r.Box, v.turn)}}
		}
	case "polygonlabels", "polygon":
		ring := make(annot.Ring, len(v.points))
		for i, p := range v.points {
			ring[i] = annot.Point{X: p.X * sx, Y: p.Y * sy}
		}
		if len(ring) < 3 {
			return fmt.Errorf("%w: outline of %d points", ErrGeometry, len(ring))
		}
		r.Shape = annot.Polygon{{Outer: ring}}
	case "ellipselabels", "ellipse":
		r.Shape = annot.Polygon{{Outer: v.ellipse(sx, sy)}}
	case "keypointlabels", "keypoint":
		r.Shape = corner
	case "brushlabels", "brush":
		m, err := unpackBrush(v.rle, w, h)
		if err != nil {
			return err
		}
		r.Shape = m
	default:
		return unknownShape(kind)
	}
	return lsCheck(r)
}

func lsCheck(r *annot.Region) error {
	if r.Shape != nil {
		r.Box = r.Shape.Bounds()
	}
	_, point := r.Shape.(annot.Point)
	if !r.Box.Finite() || r.Box.Empty() && !point {
		return fmt.Errorf("%w: box %v", ErrGeometry, r.Box)
	}
	return nil
}

// ellipse returns 64 corners; the rotation is about the centre, in pixels.
func (v *lsValue) ellipse(sx, sy float64) annot.Ring {
	ring := circleRing(annot.Point{}, annot.Point{X: 1})
	sin, cos := math.Sincos(v.turn * math.Pi / 180)
	for i, p := range ring {
		dx, dy := v.rx*sx*p.X, v.ry*sy*p.Y
		ring[i] = annot.Point{X: v.x*sx + dx*cos - dy*sin, Y: v.y*sy + dx*sin + dy*cos}
	}
	return ring
}

// turnedAbout returns the corners of a box turned about its first corner, clockwise on the screen.
func turnedAbout(b annot.Box, degrees float64) annot.Ring {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	ring := corners(b)
	for i, p := range ring {
		dx, dy := p.X-b.X0, p.Y-b.Y0
		ring[i] = annot.Point{X: b.X0 + dx*cos - dy*sin, Y: b.Y0 + dx*sin + dy*cos}
	}
	return ring
}

// bits reads and writes numbers of few bits, the highest first.
type bits struct {
	b  []byte
	at int
}

func (r *bits) read(n int) (v int, ok bool) {
	if r.at+n > 8*len(r.b) {
		return 0, false
	}
	for range n {
		v = v<<1 | int(r.b[r.at/8]>>(7-r.at%8)&1)
		r.at++
	}
	return v, true
}

func (r *bits) write(v, n int) {
	for i := n - 1; i >= 0; i-- {
		if r.at/8 == len(r.b) {
			r.b = append(r.b, 0)
		}
		r.b[r.at/8] |= byte(v>>i&1) << (7 - r.at%8)
		r.at++
	}
}

// unpackBrush decodes a brush mask: the number of values (32 bits), word size less one (5), four lengths
// less one (4 each), then runs of one value or stretches of several, each with the choice of length.
func unpackBrush(data []byte, w, h int) (annot.Shape, error) {
	broken := fmt.Errorf("%w: brush mask of %d × %d", ErrGeometry, w, h)
	r := bits{b: data}
	n, _ := r.read(32)
	word, _ := r.read(5)
	word++
	var sizes [4]int
	for i := range sizes {
		sizes[i], _ = r.read(4)
		sizes[i]++
	}
	if w > maxMaskPixels/4/h || n != 4*w*h || word != 8 {
		return nil, broken
	}
	mask := make([]byte, w*h)
	for at := 0; at < n; {
		run, _ := r.read(1)
		choice, _ := r.read(2)
		length, ok := r.read(sizes[choice])
		if length++; !ok || length > n-at {
			return nil, broken
		}
		v := 0
		for k := range length {
			if run == 0 || k == 0 {
				if v, ok = r.read(word); !ok {
					return nil, broken
				}
			}
			if (at+k)%4 == 3 && v > 127 {
				mask[(at+k)/4] = 1
			}
		}
		at += length
	}
	m := annot.NewMask(image.Rect(0, 0, w, h), mask).Trim()
	if m.Empty() {
		return nil, fmt.Errorf("%w: empty mask", ErrGeometry)
	}
	return m, nil
}

// packBrush encodes a mask as opaque white on transparent black. All runs are of four equal values at
// least, so that only runs are needed.
func packBrush(m annot.Mask, w, h int) []byte {
	full := make([]byte, w*h)
	for s := range m.Clip(w, h).Spans() {
		for y := s.Y0; y < s.Y1; y++ {
			full[y*w+s.X] = 255
		}
	}
	r := bits{}
	r.write(4*w*h, 32)
	r.write(8-1, 5)
	for _, size := range brushSizes {
		r.write(size-1, 4)
	}
	for at := 0; at < len(full); {
		end := at
		for end < len(full) && full[end] == full[at] {
			end++
		}
		for left := 4 * (end - at); left > 0; {
			choice := 0
			for choice < 3 && left > 1<<brushSizes[choice] {
				choice++
			}
			k := min(left, 1<<brushSizes[choice])
			r.write(1, 1)
			r.write(choice, 2)
			r.write(k-1, brushSizes[choice])
			r.write(int(full[at]), 8)
			left -= k
		}
		at = end
	}
	return r.b
}

var brushSizes = [4]int{3, 4, 8, 16}

func writeLabelStudio(file string, ds *Dataset, o WriteOptions) (*Report, error) {
	t := newTally(labelStudioCan, ds, o)
	n := 0
	given := func(yield func(numbered, error) bool) {
		for p, err := range ds.Photos {
			n++
			if !yield(numbered{p, int64(n)}, err) {
				return
			}
		}
	}
	encode := func(k numbered) encoded { return t.encodeLabelStudio(&k, ds.Classes) }
	return t.writeStream(file, []byte("["), inOrder(given, encode), ",", []byte("\n]\n"))
}

func (t *tally) encodeLabelStudio(k *numbered, classes []annot.Class) encoded {
	p := &k.Photo
	e := encoded{fitted: t.fit(p)}
	if (p.Width <= 0 || p.Height <= 0) && len(e.regions) > 0 {
		e.problems = append(e.problems, Problem{File: p.File, Err: ErrNoSize})
		e.regions = nil
	}
	var predictions, annotations []byte
	models := []string{}
	byModel := map[string][]byte{}
	best := map[string]float64{}
	for i := range e.regions {
		r := &e.regions[i]
		if r.Source.Maker != annot.ByModel || r.Review != annot.Suggested {
			annotations = appendLSResult(annotations, r, p, i, classes)
			continue
		}
		m := r.Source.Model
		if _, known := byModel[m]; !known {
			models = append(models, m)
		}
		byModel[m] = appendLSResult(byModel[m], r, p, i, classes)
		best[m] = max(best[m], r.Score)
	}
	for _, m := range models {
		if len(predictions) > 0 {
			predictions = append(predictions, ',')
		}
		predictions = appendText(append(predictions, `{"model_version":`...), m)
		predictions = appendFloat(append(predictions, `,"score":`...), best[m])
		predictions = append(append(append(predictions, `,"result":[`...), byModel[m]...), ']', '}')
	}
	b := strconv.AppendInt([]byte("\n{\"id\":"), k.id, 10)
	b = appendText(append(b, `,"data":{"image":`...), p.File)
	b = fmt.Appendf(b, `},"size":[%d,%d]`, p.Width, p.Height)
	b = append(append(append(b, `,"predictions":[`...), predictions...), ']')
	b = append(b, `,"annotations":[`...)
	if len(annotations) > 0 || len(e.regions) == 0 && !p.Unlabelled {
		b = append(append(append(b, `{"result":[`...), annotations...), ']', '}')
	}
	b = append(b, ']')
	b = appendExtra(b, p.Extra, labelStudioTaskKeys)
	e.image = append(appendPhotoMeta(b, p), '}')
	return e
}

// appendLSResult appends one region as a result.
func appendLSResult(b []byte, r *annot.Region, p *Photo, i int, classes []annot.Class) []byte {
	if len(b) > 0 {
		b = append(b, ',')
	}
	kind, value := lsGeometry(r, p)
	b = fmt.Appendf(b, `{"id":"r%d","type":"%s","from_name":"label","to_name":"image","original_width":%d,"original_height":%d,"image_rotation":0,"value":{%s,"%s":[`,
		i+1, kind, p.Width, p.Height, value, kind)
	b = append(appendText(b, classes[r.Class].Name), "]}"...)
	b = appendExtra(b, r.Extra, labelStudioResultKeys)
	return append(appendRegionMeta(b, r), '}')
}

func lsGeometry(r *annot.Region, p *Photo) (kind string, value []byte) {
	sx, sy := 100/float64(p.Width), 100/float64(p.Height)
	field := func(key string, v float64) {
		if len(value) > 0 {
			value = append(value, ',')
		}
		value = appendFloat(append(append(append(value, '"'), key...), `":`...), v)
	}
	switch s := r.Shape.(type) {
	case annot.Point:
		field("x", s.X*sx)
		field("y", s.Y*sy)
		field("width", 0.5)
		return "keypointlabels", value
	case annot.Polygon:
		value = append(value, `"closed":true,"points":[`...)
		for i, q := range s[0].Outer {
			if i > 0 {
				value = append(value, ',')
			}
			value = append(appendPoints(append(value, '['), []annot.Point{{X: q.X * sx, Y: q.Y * sy}}), ']')
		}
		return "polygonlabels", append(value, ']')
	case annot.Mask:
		value = append(value, `"format":"rle","rle":[`...)
		for i, v := range packBrush(s, p.Width, p.Height) {
			if i > 0 {
				value = append(value, ',')
			}
			value = strconv.AppendInt(value, int64(v), 10)
		}
		return "brushlabels", append(value, ']')
	}
	field("x", r.Box.X0*sx)
	field("y", r.Box.Y0*sy)
	field("width", r.Box.W()*sx)
	field("height", r.Box.H()*sy)
	field("rotation", 0)
	return "rectanglelabels", value
}
