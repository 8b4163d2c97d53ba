package files

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
)

// The names in package format of what is read exactly.
const (
	cocoName    = "coco"
	resultsName = "coco-results"
)

// cocoFile is a COCO file as pycocotools reads it (PythonAPI/pycocotools/coco.py).
type cocoFile struct {
	Images      []cocoImage
	Categories  []cocoCategory
	Annotations []cocoRegion
}

type cocoImage struct {
	ID            int64
	Width, Height float64
	FileName      string `json:"file_name"`
}

type cocoCategory struct {
	ID   int64
	Name string
}

type cocoRegion struct {
	ImageID      int64 `json:"image_id"`
	CategoryID   int64 `json:"category_id"`
	BBox         []float64
	Area         float64
	IsCrowd      json.RawMessage
	Score        *float64
	Segmentation json.RawMessage
	Saysee       struct{ Review string }
}

// readCOCO reads a COCO file without repairing anything; what it cannot take as it stands is an error.
func readCOCO(file, images string) (*set, error) {
	file, err := onlyJSON(file)
	if err != nil {
		return nil, err
	}
	var f cocoFile
	if err := decode(file, &f); err != nil {
		return nil, err
	}
	if images == "" {
		images = filepath.Dir(file)
	}
	slices.SortStableFunc(f.Images, func(a, b cocoImage) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(f.Categories, func(a, b cocoCategory) int { return cmp.Compare(a.ID, b.ID) })
	s := &set{format: cocoName, ids: []int64{}}
	for i, im := range f.Images {
		if i > 0 && im.ID == f.Images[i-1].ID {
			return nil, fmt.Errorf("%s: image id %d is given twice", file, im.ID)
		}
		if !(im.Width >= 0 && im.Height >= 0 && im.Width <= maxSide && im.Height <= maxSide) {
			return nil, fmt.Errorf("%s: image %d of %g × %g pixels", file, im.ID, im.Width, im.Height)
		}
		p := photo{id: im.ID, name: im.FileName, w: int(im.Width), h: int(im.Height)}
		if local := filepath.FromSlash(im.FileName); filepath.IsLocal(local) {
			p.path = filepath.Join(images, local)
		}
		s.photos = append(s.photos, p)
	}
	for i, c := range f.Categories {
		if i > 0 && c.ID == f.Categories[i-1].ID {
			return nil, fmt.Errorf("%s: category id %d is given twice", file, c.ID)
		}
		s.classes = append(s.classes, c.Name)
		s.ids = append(s.ids, c.ID)
	}
	return s, s.add(file, f.Annotations)
}

// onlyJSON returns path, or the one JSON file below it when it is a folder.
func onlyJSON(path string) (string, error) {
	var found []string
	err := filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (at == path || strings.EqualFold(filepath.Ext(at), ".json")) {
			found = append(found, at)
		}
		return err
	})
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%s has %s", path, count(len(found), "JSON file"))
	}
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// maxSide is more than any camera has, and keeps rasters within reason.
const maxSide = 1 << 17

// readResults reads a bare list of results with the ids of truth.
func readResults(file string, truth *set) (*set, error) {
	var list []cocoRegion
	if err := decode(file, &list); err != nil {
		return nil, err
	}
	s := &set{format: resultsName, classes: truth.classes, ids: truth.ids, of: truth}
	for _, p := range truth.photos {
		p.regions = nil
		s.photos = append(s.photos, p)
	}
	settle(list)
	if err := s.add(file, list); err != nil {
		return nil, err
	}
	s.addScores()
	for i := range s.photos {
		p := &s.photos[i]
		for _, r := range p.regions {
			area := r.Area
			if m, ok := r.Shape.(annot.Mask); ok && area == 0 {
				area = float64(m.Area())
			}
			p.areas = append(p.areas, area)
		}
	}
	return s, nil
}

// settle gives results the areas that loadRes in pycocotools' coco.py gives them: of the boxes when the
// results have boxes, also for masks, else of the masks.
func settle(list []cocoRegion) {
	boxes := len(list) > 0 && len(list[0].BBox) > 0
	for i := range list {
		if a := &list[i]; boxes && len(a.BBox) == 4 {
			a.Area = a.BBox[2] * a.BBox[3]
		} else {
			a.Area = 0
		}
	}
}

func decode(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	err = json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), into)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line := 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte{'\n'})
		return fmt.Errorf("%s:%d: %w", file, line, err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// add gives regions to their photos.
func (s *set) add(file string, list []cocoRegion) error {
	photos := make(map[int64]*photo, len(s.photos))
	for i := range s.photos {
		photos[s.photos[i].id] = &s.photos[i]
	}
	classes := make(map[int64]int, len(s.ids))
	for i, id := range s.ids {
		classes[id] = i
	}
	lost := map[string]int{}
	for n := range list {
		a := &list[n]
		p, known := photos[a.ImageID]
		class, named := classes[a.CategoryID]
		switch {
		case !known:
			lost[fmt.Sprintf("no image has id %d", a.ImageID)]++
			continue
		case !named:
			lost[fmt.Sprintf("no category has id %d", a.CategoryID)]++
			continue
		}
		r, err := a.region(p.w, p.h)
		if err != nil {
			return fmt.Errorf("%s: region %d: %w", file, n, err)
		}
		r.Class = class
		p.regions = append(p.regions, r)
	}
	s.mentionLost(file, lost)
	return nil
}

// maxMentions is how many causes of one kind are worth a line.
const maxMentions = 5

func (s *set) mentionLost(file string, lost map[string]int) {
	causes := make([]string, 0, len(lost))
	for cause := range lost {
		causes = append(causes, cause)
	}
	slices.SortFunc(causes, func(a, b string) int { return cmp.Or(lost[b]-lost[a], cmp.Compare(a, b)) })
	for i, cause := range causes {
		if i == maxMentions {
			s.problems = append(s.problems, fmt.Sprintf("%s: and %d more ids that nothing has", file, len(causes)-i))
			return
		}
		s.problems = append(s.problems, fmt.Sprintf("%s: %s; %s left out", file, cause, count(lost[cause], "region")))
	}
}

// region makes a region of the photo of w × h with the box and area as they stand in the file.
func (a *cocoRegion) region(w, h int) (eval.Truth, error) {
	r := eval.Truth{Area: a.Area, Crowd: isTrue(a.IsCrowd)}
	if a.Score != nil {
		r.Score, r.Source.Maker = *a.Score, annot.ByModel
	}
	if a.Saysee.Review == "suggested" {
		r.Review = annot.Suggested
	}
	var err error
	if r.Shape, err = shapeOf(a.Segmentation, w, h); err != nil {
		return r, err
	}
	switch b := a.BBox; {
	case len(b) == 4:
		r.Box = annot.Box{X0: b[0], Y0: b[1], X1: b[0] + b[2], Y1: b[1] + b[3]}
	case len(b) != 0:
		return r, fmt.Errorf("bbox of %d numbers", len(b))
	case r.Shape != nil:
		r.Box = r.Shape.Bounds() // tight, as MaskFromFullRuns makes it
	default:
		return r, errors.New("neither bbox nor segmentation")
	}
	return r, nil
}

// isTrue reports whether a JSON value is true in Python.
func isTrue(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "0", "0.0", "false", "null":
		return false
	}
	return true
}

// shapeOf reads polygons or RLE; nil for none.
func shapeOf(raw json.RawMessage, w, h int) (annot.Shape, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || string(raw) == "null" || string(raw) == "[]":
		return nil, nil
	case raw[0] == '[':
		return polygonOf(raw)
	}
	var rle struct {
		Size   [2]int
		Counts json.RawMessage
	}
	if err := json.Unmarshal(raw, &rle); err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	if (w != 0 || h != 0) && (rle.Size[0] != h || rle.Size[1] != w) {
		return nil, fmt.Errorf("segmentation of %d × %d on a photo of %d × %d", rle.Size[1], rle.Size[0], w, h)
	}
	var runs []uint32
	var text string
	if err := json.Unmarshal(rle.Counts, &runs); err != nil {
		if err := json.Unmarshal(rle.Counts, &text); err != nil {
			return nil, fmt.Errorf("segmentation: counts: %w", err)
		}
		if runs, err = annot.DecodeRLE(text); err != nil {
			return nil, fmt.Errorf("segmentation: %w", err)
		}
	}
	m, err := annot.MaskFromFullRuns(rle.Size[1], rle.Size[0], runs)
	if err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	return m, nil
}

func polygonOf(raw []byte) (annot.Shape, error) {
	var rings [][]float64
	if err := json.Unmarshal(raw, &rings); err != nil {
		return nil, fmt.Errorf("segmentation: %w", err)
	}
	var out annot.Polygon
	for _, xy := range rings {
		ring := make(annot.Ring, len(xy)/2)
		for i := range ring {
			ring[i] = annot.Point{X: xy[2*i], Y: xy[2*i+1]}
		}
		out = append(out, annot.Part{Outer: ring})
	}
	return out, nil
}
