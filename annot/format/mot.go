package format

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
)

// mot: the text files of the MOTChallenge (motchallenge.net, P. Dendorfer et al., "MOT20", 2020). A sequence is a folder
// with gt/gt.txt, seqinfo.ini and frames img1/000001.jpg …; a dataset is one sequence or several. A row is
//
//	frame,id,left,top,width,height,valid,class,visibility
//
// where frame, left, top and class begin at 1. gt/labels.txt names the classes, as CVAT's export does, whose corners
// begin at 0: a sequence with labels.txt but without seqinfo.ini is read so. A region without a track has the id -1.
// Frames whose names or sizes seqinfo.ini has no place for stand in a section [Frames] of it, as number=width,height,name.
//
// Readers also take det/det.txt, in which valid is a score and class is missing.
var (
	motFormat = Format{Name: "mot", Title: "MOTChallenge tracks", Can: motCan, read: readMOT, write: writeMOT, recognise: recogniseMOT}

	motCan = Capabilities{
		Boxes: true, Fractions: true, Overlaps: true, Instances: true, Tracks: true, Sizes: true, EmptyPhotos: true,
		ClassTable: true, Folders: true,
	}
)

const (
	motTruth    = "gt/gt.txt"
	motFound    = "det/det.txt"
	motInfo     = "seqinfo.ini"
	motLabels   = "gt/labels.txt"
	motFrames   = "img1"
	motObject   = "object" // the class of rows without one
	maxSequence = 300_000  // frames that a file may promise: nearly three hours
)

// motClasses are the MOTChallenge's own, from 1.
var motClasses = []string{
	"pedestrian", "person on vehicle", "car", "bicycle", "motorbike", "non motorized vehicle", "static person", "distractor",
	"occluder", "occluder on the ground", "occluder full", "reflection", "crowd",
}

func recogniseMOT(p *probe) string {
	is := func(head []byte) bool {
		list := lines(head)
		if len(list) == 0 {
			return false
		}
		_, err := motRow(list[0])
		return err == nil && strings.Count(list[0], ",") >= 6
	}
	if !p.dir {
		if path.Ext(p.path) == ".txt" && is(p.head) {
			return "rows of frame, id and box"
		}
		return ""
	}
	for _, file := range []string{motTruth, motFound} {
		names, heads := p.sample(func(name string) bool { return name == file || strings.HasSuffix(name, "/"+file) })
		for i, head := range heads {
			if len(head) == 0 || is(head) {
				return names[i]
			}
		}
	}
	return ""
}

// motBox is a row.
type motBox struct {
	frame, id, class   int
	left, top, w, h    float64
	confidence         float64
	classed, confident bool // there is a class; the seventh number is there
}

func motRow(line string) (motBox, error) {
	var b motBox
	fields := strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
	if len(fields) < 6 {
		return b, fmt.Errorf("%w: a row of %d fields", ErrSyntax, len(fields))
	}
	v, err := xmlNumbers(fields[:min(len(fields), 8)]...)
	if err != nil {
		return b, err
	}
	for _, n := range []float64{v[0], v[1]} {
		if n != float64(int32(n)) {
			return b, fmt.Errorf("%w: frame %g, id %g", ErrSyntax, v[0], v[1])
		}
	}
	b.frame, b.id = int(v[0]), int(v[1])
	b.left, b.top, b.w, b.h = v[2], v[3], v[4], v[5]
	if b.frame < 0 {
		return b, fmt.Errorf("%w: frame %d", ErrSyntax, b.frame)
	}
	if !(b.w > 0 && b.h > 0) {
		return b, fmt.Errorf("%w: box of %g × %g", ErrGeometry, b.w, b.h)
	}
	if len(v) > 6 {
		b.confidence, b.confident = v[6], true
	}
	if len(v) > 7 && v[7] >= 1 && v[7] == float64(int32(v[7])) {
		b.class, b.classed = int(v[7]), true
	}
	return b, nil
}

// motSequence is a sequence that is read.
type motSequence struct {
	dir    string // slash path below the root, "." for the root itself
	file   string // of the rows
	names  []string
	origin float64 // of the corners
	first  int     // the number that is added to ids, so that none is 0
	w, h   int
	ext    string
	frames map[int]*motFrame
}

// motFrame is a frame with its rows' lines.
type motFrame struct {
	number int
	name   string
	w, h   int
	rows   []csvRow
}

func readMOT(at string, o ReadOptions) (*Dataset, error) {
	root, files, err := motFiles(at)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%w: no %s", ErrUnrecognised, motTruth)
	}
	ds := &Dataset{log: &problemLog{}}
	type place struct {
		s *motSequence
		f *motFrame
	}
	var photos []place
	known := o.Classes
	for _, file := range files {
		s, err := openMOT(root, file, o, ds.log)
		if err != nil {
			return nil, err
		}
		if o.Classes == nil {
			known = append(known, s.names...)
		}
		for _, n := range slices.Sorted(maps.Keys(s.frames)) {
			photos = append(photos, place{s, s.frames[n]})
		}
	}
	images := o.Images
	if images == "" {
		images = root
	}
	ds.Len = len(photos)
	return ds, ds.namedStream(len(photos), known, func(i int) namedItem { return photos[i].s.photo(photos[i].f, images) })
}

// motFiles finds the files of rows, gt before det.
func motFiles(at string) (root string, files []string, err error) {
	if fileExists(at) {
		if dir := filepath.Dir(absolute(at)); slices.Contains([]string{"gt", "det"}, filepath.Base(dir)) {
			return filepath.Dir(dir), []string{path.Join(filepath.Base(dir), filepath.Base(at))}, nil
		}
		return filepath.Dir(at), []string{filepath.Base(at)}, nil
	}
	for _, file := range []string{motTruth, motFound} {
		files, err = filesBelow(at, func(name string) bool { return name == file || strings.HasSuffix(name, "/"+file) })
		if err != nil || len(files) > 0 {
			break
		}
	}
	return at, files, err
}

// openMOT reads what stands beside the rows, and sorts their lines by frame.
func openMOT(root, file string, o ReadOptions, log *problemLog) (*motSequence, error) {
	data, err := readWhole(join(root, file))
	if err != nil {
		return nil, err
	}
	s := &motSequence{dir: path.Dir(path.Dir(file)), file: file, origin: 1, ext: ".jpg", frames: map[int]*motFrame{}}
	if !strings.Contains(file, "/") {
		s.dir = "."
	}
	dir := join(root, s.dir)
	s.names = listFile(dir, motLabels)
	info, err := os.ReadFile(filepath.Join(dir, motInfo))
	if o.ZeroBased || err != nil && s.names != nil {
		s.origin = 0
	}
	s.readInfo(lines(info), log)
	for n, line := range lines(data) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		b, err := motRow(line)
		if err != nil {
			log.add(Problem{File: file, Line: n + 1, Err: err})
			continue
		}
		if b.id == 0 {
			s.first = 1
		}
		f := s.frame(b.frame)
		f.rows = append(f.rows, csvRow{n + 1, []string{line}})
	}
	return s, nil
}

// frame returns the frame of a number, which is made when it is new.
func (s *motSequence) frame(n int) *motFrame {
	f := s.frames[n]
	if f == nil {
		f = &motFrame{number: n, name: path.Join(s.dir, motFrames, fmt.Sprintf("%06d%s", n, s.ext)), w: s.w, h: s.h}
		s.frames[n] = f
	}
	return f
}

// readInfo reads seqinfo.ini.
func (s *motSequence) readInfo(list []string, log *problemLog) {
	length, listed := 0, false
	for n, line := range list {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case strings.EqualFold(key, "[Frames]"):
			listed = true
		case !ok:
		case listed:
			if err := s.listed(key, value); err != nil {
				log.add(Problem{File: path.Join(s.dir, motInfo), Line: n + 1, Err: err})
			}
		case strings.EqualFold(key, "imWidth"):
			s.w = pixelCount(value)
		case strings.EqualFold(key, "imHeight"):
			s.h = pixelCount(value)
		case strings.EqualFold(key, "seqLength"):
			length, _ = strconv.Atoi(value)
		case strings.EqualFold(key, "imExt") && isPhoto("a"+value):
			s.ext = value
		}
	}
	for n := 1; !listed && n <= min(length, maxSequence); n++ {
		s.frame(n)
	}
}

// listed reads a line of [Frames].
func (s *motSequence) listed(key, value string) error {
	n, err := strconv.Atoi(key)
	w, rest, _ := strings.Cut(value, ",")
	h, name, ok := strings.Cut(rest, ",")
	if err != nil || !ok || n < 0 {
		return fmt.Errorf("%w: a frame without number, size and name", ErrSyntax)
	}
	if name, err = safeName(name); err != nil {
		return err
	}
	s.frames[n] = &motFrame{number: n, name: name, w: pixelCount(w), h: pixelCount(h)}
	return nil
}

func (s *motSequence) photo(f *motFrame, images string) namedItem {
	var it namedItem
	p := Photo{File: f.name, Width: f.w, Height: f.h, Path: join(images, f.name)}
	for _, row := range f.rows {
		b, err := motRow(row.fields[0])
		if err != nil {
			continue // told when it was opened
		}
		r := annot.Region{Source: annot.Source{Maker: annot.ByFile}, Class: it.class(s.class(b))}
		r.Box = annot.Box{X0: b.left - s.origin, Y0: b.top - s.origin, X1: b.left - s.origin + b.w, Y1: b.top - s.origin + b.h}
		if r.Box.Empty() { // too small beside where it lies
			it.problems = append(it.problems, Problem{File: s.file, Line: row.line, Err: fmt.Errorf("%w: box %v", ErrGeometry, r.Box)})
			continue
		}
		if b.id >= 0 {
			r.Track = b.id + s.first
		}
		b.mark(&r)
		p.Regions = append(p.Regions, r)
	}
	it.photos = []Photo{p}
	return it
}

// mark reads the seventh number: a score when it is a fraction, or when no class stands behind it; else a flag.
func (b motBox) mark(r *annot.Region) {
	switch c := b.confidence; {
	case !b.confident:
	case c > 0 && c < 1 || !b.classed && c == 1:
		r.Score, r.Source.Maker = c, annot.ByModel
	case c == 0 && b.classed:
		keepXML(&r.Extra, &xmlNode{name: "ignored", text: "true"})
	}
}

func (s *motSequence) class(b motBox) string {
	switch {
	case !b.classed:
		return motObject
	case b.class <= len(s.names):
		return s.names[b.class-1]
	case s.names == nil && b.class <= len(motClasses):
		return motClasses[b.class-1]
	}
	return "class " + strconv.Itoa(b.class)
}

// motWriter gathers the rows of the sequences.
type motWriter struct {
	origin    float64
	sequences map[string]*motRows
}

// motRows is a sequence that is written.
type motRows struct {
	rows   bytes.Buffer
	frames []Photo // without regions
}

func writeMOT(root string, ds *Dataset, o WriteOptions) (*Report, error) {
	t := newTally(motCan, ds, o)
	w := motWriter{origin: 1, sequences: map[string]*motRows{}}
	if o.ZeroBased {
		w.origin = 0
	}
	type fitting struct {
		fitted
		photo Photo
	}
	var taken outputs
	own := layout{label: func(p *Photo) string { return p.File }}
	for f, err := range inOrder(ds.Photos, func(p Photo) fitting { return fitting{t.fit(&p), p} }) {
		if err != nil {
			return nil, err
		}
		k := task{Photo: f.photo}
		if k.plan(&own, &taken); k.err != nil {
			f.problems = append(f.problems, Problem{File: k.File, Err: k.err})
		} else {
			w.add(k.Photo, f.regions)
		}
		t.count(&f.fitted)
	}
	if len(w.sequences) == 0 {
		w.sequences["."] = &motRows{}
	}
	for _, dir := range slices.Sorted(maps.Keys(w.sequences)) {
		at := dir
		if len(w.sequences) == 1 {
			at = "."
		}
		if err := t.writeSequence(root, at, dir, w.sequences[dir], ds.Classes); err != nil {
			return nil, err
		}
	}
	return t.report(), nil
}

// add appends a photo to the sequence of its folder.
func (w *motWriter) add(p Photo, regions []annot.Region) {
	dir := strings.TrimSuffix(path.Dir(p.File), "/"+motFrames)
	if dir == motFrames {
		dir = "."
	}
	s := w.sequences[dir]
	if s == nil {
		s = &motRows{}
		w.sequences[dir] = s
	}
	p.Regions = nil
	s.frames = append(s.frames, p)
	for i := range regions {
		r := &regions[i]
		id, valid := -1, 1
		if r.Track > 0 {
			id = r.Track
		}
		if string(r.Extra["ignored"]) == "true" {
			valid = 0
		}
		row := fmt.Appendf(nil, "%d,%d,", len(s.frames), id)
		for _, v := range [...]float64{r.Box.X0 + w.origin, r.Box.Y0 + w.origin, r.Box.W(), r.Box.H()} {
			row = append(appendFloat(row, v), ',')
		}
		s.rows.Write(fmt.Appendf(row, "%d,%d,1\n", valid, r.Class+1))
	}
}

// writeSequence writes the files of a sequence of photos from dir into the folder at.
func (t *tally) writeSequence(root, at, dir string, s *motRows, classes []annot.Class) error {
	var names bytes.Buffer
	for _, c := range classes {
		names.WriteString(oneLine(c.Name) + "\n")
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{motTruth, s.rows.Bytes()}, {motLabels, names.Bytes()}, {motInfo, s.info(at, dir, t.o.FPS)}} {
		if err := t.writeText(root, path.Join(at, f.name), f.data); err != nil {
			return err
		}
	}
	if t.o.Photos == LeavePhotos {
		return nil
	}
	for i := range s.frames {
		p := &s.frames[i]
		to := join(root, path.Join(at, motFrames, fmt.Sprintf("%06d%s", i+1, path.Ext(p.File))))
		if err := placePhoto(p, to, t.o.Photos); err != nil {
			t.rep.Problems = append(t.rep.Problems, Problem{File: p.File, Err: err})
		}
	}
	return nil
}

// info returns seqinfo.ini.
func (s *motRows) info(at, dir string, fps float64) []byte {
	var first Photo
	regular := true
	for i, p := range s.frames {
		if i == 0 {
			first = p
		}
		name := path.Join(at, motFrames, fmt.Sprintf("%06d%s", i+1, path.Ext(first.File)))
		regular = regular && p.File == name && p.Width == first.Width && p.Height == first.Height
	}
	name := path.Base(dir)
	if name == "." {
		name = "sequence"
	}
	ext := path.Ext(first.File)
	if !isPhoto(first.File) {
		ext = ".jpg"
	}
	if !(fps > 0) {
		fps = 30
	}
	b := fmt.Appendf(nil, "[Sequence]\nname=%s\nimDir=%s\nframeRate=%g\nseqLength=%d\nimWidth=%d\nimHeight=%d\nimExt=%s\n",
		oneLine(name), motFrames, math.Round(fps*1000)/1000, len(s.frames), first.Width, first.Height, ext)
	if regular {
		return b
	}
	b = append(b, "\n[Frames]\n"...)
	for i, p := range s.frames {
		b = fmt.Appendf(b, "%06d=%d,%d,%s\n", i+1, p.Width, p.Height, oneLine(p.File))
	}
	return b
}
