package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/atomic"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/annot/merge"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/pipeline/batch"
	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/photo"
)

// output is a label file or folder to write.
type output struct {
	format *format.Format
	path   string
	fps    float64 // of a video
}

// parseOutputs reads --format.
func parseOutputs(list, dir string) (outputs []output, pictures bool, err error) {
	for _, name := range strings.Split(list, ",") {
		name = strings.TrimSpace(name)
		switch name {
		case "":
			continue
		case "picture":
			pictures = true
			continue
		}
		f, err := format.Lookup(name)
		if err != nil {
			return nil, false, fmt.Errorf("--format: %w, or picture", err)
		}
		file := cmp.Or(f.File, name) // formats that are a folder get one of their name
		if o := (output{format: f, path: filepath.Join(dir, file)}); !slices.Contains(outputs, o) {
			outputs = append(outputs, o)
		}
	}
	if len(outputs) == 0 && !pictures {
		return nil, false, errors.New("--format names nothing to write")
	}
	return outputs, pictures, nil
}

// write writes the labels, into those that are there already when a mode of merging is given. images is
// the folder that photos' names are relative to, empty when they come from several.
func (o output) write(ds *format.Dataset, mode merge.Mode, images string) (*format.Report, error) {
	if mode != "" && exists(o.path) {
		there, err := o.format.Read(o.path, format.ReadOptions{Images: images, Size: sizes(ds)})
		if err != nil {
			return nil, err
		}
		if ds, err = merge.Datasets(there, ds, mode); err != nil {
			return nil, err
		}
		// Writing what could not be read would lose it.
		if problems, n := there.Problems(); n > 0 {
			return nil, fmt.Errorf("%s is not touched, since %d parts of it cannot be read, the first: %w", o.path, n, problems[0])
		}
	}
	options := format.WriteOptions{FPS: o.fps}
	if o.format.Name == "coco-results" {
		// The ids are those of the COCO file of the same run.
		coco, err := format.Lookup("coco")
		if err != nil {
			return nil, err
		}
		if reference := filepath.Join(filepath.Dir(o.path), coco.File); exists(reference) {
			options.Reference = reference
		}
	}
	return o.format.Write(o.path, ds, options)
}

// imagesRoot returns the folder under which all items were found, or nothing when there are several.
func imagesRoot(items []photo.Item) string {
	root := ""
	for i, item := range items {
		if i > 0 && item.Root != root {
			return ""
		}
		root = item.Root
	}
	return root
}

// sizes looks up the size of a photo that a label file names without telling its size, among the photos of
// the run: by the end of its path.
func sizes(ds *format.Dataset) func(string) (int, int, error) {
	known := map[string][2]int{}
	for p, err := range ds.Photos {
		if err == nil {
			known[strings.TrimSuffix(p.File, path.Ext(p.File))] = [2]int{p.Width, p.Height}
		}
	}
	return func(file string) (int, int, error) {
		rest := filepath.ToSlash(strings.TrimSuffix(file, filepath.Ext(file)))
		for {
			if s, ok := known[rest]; ok {
				return s[0], s[1], nil
			}
			_, after, more := strings.Cut(rest, "/")
			if !more {
				return format.PhotoSize(file)
			}
			rest = after
		}
	}
}

// unremarkable losses are those of what this command makes up for every region and photo: that a format
// has no place for the model's name or for "nobody has looked at it yet" is no news to whoever chose it.
var unremarkable = []format.Feature{
	format.LostOwnBox, format.LostSource, format.LostReview, format.LostState, format.LostClasses, format.LostPhrases,
}

// notes tells what a format could not hold.
func notes(name string, rep *format.Report) []string {
	var out []string
	for _, l := range rep.Losses {
		if name != "coco-results" && !slices.Contains(unremarkable, l.Feature) {
			out = append(out, name+": "+l.String())
		}
	}
	for _, p := range rep.Problems {
		out = append(out, name+": "+p.Error())
	}
	return out
}

// pictures draws the regions on the photos and saves them, in the folders of the input.
type pictures struct {
	dir     string
	classes []annot.Class
	options overlay.Options
	names   map[string]string // picture by the item's Rel
	workers []scratch
}

// scratch is what one worker reuses from photo to photo.
type scratch struct {
	painter overlay.Painter
	items   []overlay.Item
}

func newPictures(dir string, classes []annot.Class, opacity float64) *pictures {
	o := overlay.Defaults()
	o.Opacity = opacity
	return &pictures{dir: dir, classes: classes, options: o}
}

// prepare names the pictures: a.png becomes a.jpg, unless another photo takes that name already.
func (p *pictures) prepare(items []photo.Item, workers int) {
	p.workers = make([]scratch, workers)
	p.names = map[string]string{}
	taken := map[string]bool{}
	for _, item := range items {
		name := strings.TrimSuffix(item.Rel, path.Ext(item.Rel)) + ".jpg"
		if taken[strings.ToLower(name)] {
			name = item.Rel + ".jpg"
		}
		taken[strings.ToLower(name)] = true
		p.names[item.Rel] = filepath.Join(p.dir, filepath.FromSlash(name))
	}
}

const pictureQuality = 90

func (p *pictures) write(worker int, ph *photo.Photo, item photo.Item, regions []annot.Region) error {
	w := &p.workers[worker]
	w.items = overlay.AppendFound(w.items[:0], regions)
	view := overlay.View{Size: ph.Size(), Scale: 1}
	w.painter.Draw(ph.Pix, view, w.items, p.classes, p.options)
	data, err := cv.EncodeJPEG(ph.Pix, pictureQuality)
	if err != nil {
		return fmt.Errorf("picture: %w", err)
	}
	name := p.names[item.Rel]
	if err = os.MkdirAll(filepath.Dir(name), 0o755); err == nil {
		err = atomic.WriteFile(name, data, 0o644)
	}
	return fatal(err)
}

// fatal marks errors of the output that every further photo would meet too.
func fatal(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", batch.ErrStop, err)
	}
	return err
}

func (p *pictures) list(b *strings.Builder, items []photo.Item, j *batch.Journal) {
	const most = 20
	n := 0
	for _, item := range items {
		if !j.Has(item) {
			continue
		}
		if n++; n <= most {
			b.WriteString(p.names[item.Rel] + "\n")
		}
	}
	if n > most {
		fmt.Fprintf(b, "and %d more pictures in %s\n", n-most, p.dir)
	}
}

// cores is how many cores a command may use. More threads than cores only get into each other's way.
func cores(asked int) int {
	if asked > 0 {
		return min(asked, runtime.NumCPU())
	}
	return min(runtime.NumCPU(), 8)
}
