package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/atomic"
)

// odvg: JSON lines for training open-vocabulary detectors, a photo a line:
//
//	{"filename":"a.jpg","height":480,"width":640,"detection":{"instances":[{"bbox":[x0,y0,x1,y1],"label":0,"category":"dog"}]}}
//
// or with "grounding":{"caption":"…","regions":[{"bbox":[…],"phrase":"a dog"}]}, whose phrases are read as
// classes. A label map {"0":"dog"} is written beside, which the trainers want. (Open-GroundingDino and
// mmdetection, ODVG data format.)
var (
	odvgFormat = Format{Name: "odvg", Title: "ODVG JSON lines", File: "odvg.jsonl", Can: odvgCan, read: readODVG, write: writeODVG, recognise: recogniseODVG}

	odvgCan = Capabilities{
		Boxes: true, Fractions: true, Overlaps: true, Instances: true, Scores: true, Sources: true, Reviews: true, Tracks: true, Flags: true,
		States: true, Splits: true, Sizes: true, EmptyPhotos: true, Unlabelled: true, ClassTable: true, Folders: true, Extra: true, PhotoExtra: true,
	}

	odvgLineKeys     = set("filename", "height", "width", "detection", "grounding", "caption", "imageData", metaKey)
	odvgInstanceKeys = set("bbox", "label", "category", "phrase", scoreKey, metaKey)
)

func recogniseODVG(p *probe) string {
	line, _, _ := bytes.Cut(p.head, []byte{'\n'})
	if k := topKeys(line); !p.dir && k["filename"] && (k["detection"] || k["grounding"]) {
		return "lines of objects with filename and detection or grounding"
	}
	return ""
}

// odvgMap returns where the label map lies: beside the lines.
func odvgMap(file string) string { return stem(file) + "_label_map.json" }

type odvgData struct {
	source
	root  string
	lines []cocoSpan
}

func readODVG(file string, o ReadOptions) (*Dataset, error) {
	data, err := readWhole(file)
	if err != nil {
		return nil, err
	}
	d := &odvgData{source: source{file, data}}
	at := 0
	for line := range bytes.Lines(data) {
		if len(bytes.TrimSpace(line)) > 0 {
			d.lines = append(d.lines, cocoSpan{at, int32(len(line)), int32(len(d.lines))})
		}
		at += len(line)
	}
	known := o.Classes
	if known == nil {
		known = labelMapNames(odvgMap(file))
	}
	ds := &Dataset{log: &problemLog{}, Len: len(d.lines)}
	d.root = imagesRoot(file, len(d.lines), func(i int) item { return d.photo(i).item }, o)
	return ds, ds.namedStream(len(d.lines), known, d.photo)
}

// labelMapNames reads {"0":"dog",…}; nil when there is none.
func labelMapNames(file string) []string {
	data, err := readWhole(file)
	if err != nil {
		return nil
	}
	var by map[string]string
	if json.Unmarshal(data, &by) != nil {
		return nil
	}
	names := make([]string, len(by))
	for k, v := range by {
		i, err := strconv.Atoi(k)
		if err != nil || i < 0 || i >= len(names) {
			return nil
		}
		names[i] = v
	}
	return names
}

func (d *odvgData) photo(i int) namedItem {
	var it namedItem
	span := d.lines[i]
	place := fmt.Sprintf("line %d", span.n+1)
	var p Photo
	s := scanner{b: d.data[span.off : span.off+int(span.len)]}
	s.object(func(key []byte) {
		switch string(key) {
		case "filename":
			p.File = s.text()
		case "height":
			p.Height = s.optionalPixels()
		case "width":
			p.Width = s.optionalPixels()
		case "detection", "grounding":
			d.section(&s, &it, &p, span.off, place)
		default:
			if !s.photoMeta(key, &p) {
				s.keep(&p.Extra, key)
			}
		}
	})
	it.problems = d.faults(it.problems, &s, span.off, place)
	name, err := safeName(p.File)
	if err != nil {
		it.problems = append(it.problems, d.problem(span.off, place+".filename", err))
		return it
	}
	p.File, p.Path = name, join(d.root, name)
	it.photos = []Photo{p}
	return it
}

// section reads detection or grounding.
func (d *odvgData) section(s *scanner, it *namedItem, p *Photo, base int, place string) {
	s.object(func(key []byte) {
		switch string(key) {
		case "instances", "regions":
			s.array(func(n int) {
				s.peek()
				at := s.i
				one := scanner{b: s.skip()}
				if s.err != nil {
					return
				}
				it.odvgInstance(&one, p)
				it.problems = d.faults(it.problems, &one, base+at, fmt.Sprintf("%s: %s[%d]", place, key, n))
			})
		case "caption":
			s.keep(&p.Extra, key)
		default:
			s.skip()
		}
	})
}

func (it *namedItem) odvgInstance(s *scanner, p *Photo) {
	r := annot.Region{Source: annot.Source{Maker: annot.ByFile}}
	name, phrase := "", false
	var boxes []annot.Box
	s.object(func(key []byte) {
		switch string(key) {
		case "bbox":
			boxes = s.boxes()
		case "category":
			name = s.text()
		case "phrase":
			phrase = true
			name = s.firstText()
		case "label":
			s.skip()
		default:
			if !s.regionMeta(key, &r) {
				s.keep(&r.Extra, key)
			}
		}
	})
	if s.err != nil {
		return
	}
	if name == "" {
		s.warn(0, fmt.Errorf("%w: no category", ErrReference))
		return
	}
	if phrase && r.Source.Phrase == "" {
		r.Source.Phrase = name
	}
	for _, b := range boxes {
		if b.Empty() {
			if len(s.soft) == 0 {
				s.warn(0, fmt.Errorf("%w: box %v", ErrGeometry, b))
			}
			continue
		}
		one := r
		one.Class, one.Box = it.class(name), b
		p.Regions = append(p.Regions, one)
	}
}

// boxes consumes one box or a list of boxes.
func (s *scanner) boxes() []annot.Box {
	look := *s
	if look.want('[') && look.peek() == '[' {
		var bs []annot.Box
		s.array(func(int) { bs = append(bs, s.corners()) })
		return bs
	}
	return []annot.Box{s.corners()}
}

// firstText consumes a string, or a list of strings of which it returns the first.
func (s *scanner) firstText() string {
	if s.peek() != '[' {
		return s.text()
	}
	if texts := s.texts(); len(texts) > 0 {
		return texts[0]
	}
	return ""
}

func writeODVG(file string, ds *Dataset, o WriteOptions) (*Report, error) {
	t := newTally(odvgCan, ds, o)
	photos := inOrder(ds.Photos, func(p Photo) encoded { return t.encodeODVG(&p, ds.Classes) })
	rep, err := t.writeStream(file, nil, photos, "", nil)
	if err != nil {
		return nil, err
	}
	names := []byte{'{'}
	for i, c := range ds.Classes {
		if i > 0 {
			names = append(names, ", "...)
		}
		names = appendText(fmt.Appendf(names, `"%d": `, i), c.Name)
	}
	rep.Files++
	return rep, atomic.WriteFile(odvgMap(file), append(names, "}\n"...), atomic.DefaultPerm)
}

func (t *tally) encodeODVG(p *Photo, classes []annot.Class) encoded {
	e := encoded{fitted: t.fit(p)}
	b := appendText([]byte(`{"filename":`), p.File)
	b = fmt.Appendf(b, `,"height":%d,"width":%d,"detection":{"instances":[`, p.Height, p.Width)
	for i := range e.regions {
		r := &e.regions[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = appendPoints(append(b, `{"bbox":[`...), []annot.Point{{X: r.Box.X0, Y: r.Box.Y0}, {X: r.Box.X1, Y: r.Box.Y1}})
		b = appendText(fmt.Appendf(b, `],"label":%d,"category":`, r.Class), classes[r.Class].Name)
		b = appendExtra(b, r.Extra, odvgInstanceKeys)
		b = append(appendRegionMeta(b, r), '}')
	}
	b = append(b, ']')
	if c := p.Extra["caption"]; json.Valid(c) {
		b = append(append(b, `,"caption":`...), c...)
	}
	b = append(b, '}')
	b = appendExtra(b, p.Extra, odvgLineKeys)
	b = append(appendPhotoMeta(b, p), '}')
	for i, c := range b {
		if isLineEnd(rune(c)) {
			b[i] = ' ' // white space within a kept field
		}
	}
	e.image = append(b, '\n')
	return e
}
