package format

import (
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
)

// dota: one text file a photo in labelTxt, photos in images, splits as folders above both. A row is
//
//	x1 y1 x2 y2 x3 y3 x4 y4 class difficult
//
// in pixels, after optional lines such as "gsd:0.15". (DOTA-v1.0, captain-whu.github.io/DOTA.) Class names
// hold no spaces; they are written with underscores.
var (
	dotaFormat = Format{Name: "dota", Title: "DOTA", Can: dotaCan, read: readDOTA, write: writeDOTA, recognise: recogniseDOTA}

	dotaCan = Capabilities{Rotated: true, Fractions: true, Overlaps: true, Instances: true, Splits: true, EmptyPhotos: true, Folders: true}
)

const dotaFolder = "labelTxt"

func recogniseDOTA(p *probe) string {
	is := func(head []byte) bool {
		for _, line := range lines(head) {
			if dotaHeader(line) {
				continue
			}
			_, err := dotaRow(line)
			return err == nil
		}
		return false
	}
	if !p.dir {
		if path.Ext(p.path) == ".txt" && is(p.head) {
			return "rows of eight numbers and a class"
		}
		return ""
	}
	names, heads := p.sample(isYOLOLabel)
	for i, head := range heads {
		if is(head) {
			return names[i] + " has rows of eight numbers and a class"
		}
	}
	return ""
}

func dotaHeader(line string) bool {
	key, _, ok := strings.Cut(line, ":")
	return strings.TrimSpace(line) == "" || ok && (key == "imagesource" || key == "gsd" || key == "acquisition dates")
}

type dotaObject struct {
	ring      annot.Ring
	class     string
	difficult string
}

func dotaRow(line string) (dotaObject, error) {
	var d dotaObject
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return d, fmt.Errorf("%w: a row of %d fields", ErrSyntax, len(fields))
	}
	v, err := xmlNumbers(fields[:8]...)
	if err != nil {
		return d, err
	}
	for i := 0; i < 8; i += 2 {
		d.ring = append(d.ring, annot.Point{X: v[i], Y: v[i+1]})
	}
	rest := fields[8:]
	if last := rest[len(rest)-1]; len(rest) > 1 {
		if _, err := strconv.Atoi(last); err == nil {
			d.difficult, rest = last, rest[:len(rest)-1]
		}
	}
	d.class = strings.Join(rest, " ")
	if _, err := strconv.ParseFloat(d.class, 64); err == nil {
		return d, fmt.Errorf("%w: class %q is a number", ErrSyntax, d.class)
	}
	return d, nil
}

// dotaData is a folder of label files.
type dotaData struct {
	root   string
	o      ReadOptions
	files  []string
	photos map[string]string
}

func readDOTA(at string, o ReadOptions) (*Dataset, error) {
	d := &dotaData{root: at, o: o}
	p, err := newProbe(at)
	if err != nil {
		return nil, err
	}
	if !p.dir {
		d.root, d.files = filepath.Dir(at), []string{filepath.Base(at)}
	} else if d.files, err = filesBelow(at, isYOLOLabel); err != nil {
		return nil, err
	}
	if len(d.files) == 0 {
		return nil, fmt.Errorf("%w: no label files", ErrUnrecognised)
	}
	images := d.o.Images
	if images == "" {
		images = d.root
	}
	d.photos = photosByStem(images)
	d.o.Images = images
	known := o.Classes
	if known == nil {
		known = listFile(d.root, "classes.txt", "labels.txt")
	}
	ds := &Dataset{log: &problemLog{}, Len: len(d.files)}
	return ds, ds.namedStream(len(d.files), known, d.photo)
}

// place returns the photo's name, split and path from the label file's name: labelTxt/a.txt,
// train/labelTxt/a.txt or labelTxt/train/a.txt.
func (d *dotaData) place(file string) Photo {
	parts := strings.Split(stem(file), "/")
	var p Photo
	rest := parts[:0:0]
	for i, part := range parts {
		if s := splitNames[part]; s != "" && p.Split == "" && i < len(parts)-1 {
			p.Split = s
		} else if !strings.HasPrefix(part, dotaFolder) || i == len(parts)-1 {
			rest = append(rest, part)
		}
	}
	name := path.Join(rest...)
	for _, at := range []string{path.Join("images", p.Split, name), path.Join(p.Split, "images", name), path.Join(p.Split, name), name} {
		if found, ok := d.photos[at]; ok {
			p.File, p.Path = name+path.Ext(found), join(d.o.Images, found)
			return p
		}
	}
	p.File = name + ".png"
	p.Path = join(d.o.Images, path.Join("images", p.Split, p.File))
	return p
}

func (d *dotaData) photo(i int) namedItem {
	var it namedItem
	file := d.files[i]
	fault := func(line int, err error) {
		it.problems = append(it.problems, Problem{File: file, Line: line, Err: err})
	}
	data, err := readWhole(join(d.root, file))
	if err != nil {
		fault(0, err)
		return it
	}
	p := d.place(file)
	// Sizes are not in the files; corners are in pixels, so that one unknown loses nothing here.
	if w, h, err := d.o.size(p.Path); err == nil {
		p.Width, p.Height = w, h
	}
	for n, line := range lines(data) {
		if dotaHeader(line) {
			continue
		}
		row, err := dotaRow(line)
		if err != nil {
			fault(n+1, err)
			continue
		}
		r := annot.Region{Shape: annot.Polygon{{Outer: row.ring}}, Source: annot.Source{Maker: annot.ByFile}}
		if r.Box = r.Shape.Bounds(); r.Box.Empty() {
			fault(n+1, fmt.Errorf("%w: box without extent", ErrGeometry))
			continue
		}
		if row.difficult != "" && row.difficult != "0" {
			keepXML(&r.Extra, &xmlNode{name: "difficult", text: row.difficult})
		}
		r.Class = it.class(row.class)
		p.Regions = append(p.Regions, r)
	}
	it.photos = []Photo{p}
	return it
}

func writeDOTA(root string, ds *Dataset, o WriteOptions) (*Report, error) {
	t := newTally(dotaCan, ds, o)
	names := make([]string, len(ds.Classes))
	for i, c := range ds.Classes {
		if names[i] = strings.Join(strings.Fields(c.Name), "_"); names[i] != c.Name {
			t.lose(RenamedClass, 1, "")
		}
	}
	file := func(p *Photo) string { return path.Join(p.Split, dotaFolder, stem(p.File)+".txt") }
	photo := func(p *Photo) string { return path.Join(p.Split, "images", p.File) }
	encode := func(p *Photo, f *fitted) ([]byte, error) {
		b := []byte{}
		for i := range f.regions {
			r := &f.regions[i]
			for _, q := range r.Shape.(annot.Polygon)[0].Outer {
				b = append(appendFloat(b, q.X), ' ')
				b = append(appendFloat(b, q.Y), ' ')
			}
			difficult, ok := plainText(r.Extra["difficult"])
			if _, err := strconv.Atoi(difficult); !ok || err != nil {
				difficult = map[bool]string{true: "1", false: "0"}[difficult == "true"]
			}
			b = append(append(append(b, names[r.Class]...), ' '), difficult...)
			b = append(b, '\n')
		}
		return b, nil
	}
	if err := t.writeFolder(&layout{root, file, photo, encode}, ds); err != nil {
		return nil, err
	}
	return t.report(), nil
}
