package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/prep"
	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/encode"
	"github.com/saysee/saysee/prompt/ground"
	"github.com/saysee/saysee/prompt/lexicon"
	"github.com/saysee/saysee/segment"
)

// runFlags say where models come from and what they run on.
type runFlags struct {
	packs, library string
	threads        int
	noCache        bool
}

func (r *runFlags) register(fs *flag.FlagSet) {
	fs.StringVar(&r.packs, "packs", "", "`DIR` with packs of your own, searched before "+model.StoreEnv+", your user folder and the bundled ones")
	fs.StringVar(&r.library, "onnxruntime", "", "`FILE` or folder of the ONNX Runtime library (or "+model.LibraryEnv+")")
	fs.IntVar(&r.threads, "threads", 0, "`N` cores to use, 0 for all (up to 8)")
	fs.BoolVar(&r.noCache, "no-cache", false, "keep vectors of words in memory only")
}

// params loads the runtime and says how models are loaded, but not which.
func (r *runFlags) params(threads int) (pipeline.Params, error) {
	if err := model.LoadRuntime(r.library); err != nil {
		return pipeline.Params{}, err
	}
	store, err := model.NewStore(r.packs, assets.Packs())
	if err != nil {
		return pipeline.Params{}, err
	}
	p := pipeline.Params{Store: store, Threads: threads, Lexicon: lexicon.New(assets.Lexicon)}
	if !r.noCache {
		// Without a folder for caches the vectors are kept in memory.
		p.TextCache, _ = encode.CacheDir()
	}
	return p, nil
}

// modelFlags are the flags of every command that finds things.
type modelFlags struct {
	runFlags
	find, segment    string
	ground           string  // a sentence in find's place
	rescore          float64 // weight of the namer's second look
	outline          bool    // boxes want masks, from pixels where the detector makes none
	model            string
	size             int
	tiles            string
	twice            bool
	score, nms       float64
	segmentScore     float64
	crossNMS, inside float64
	max              int
	minArea          float64
	moving           bool // no flag: models are for moving pictures
}

func (m *modelFlags) register(fs *flag.FlagSet) {
	m.runFlags.register(fs)
	fs.StringVar(&m.find, "find", "", "`WORDS` to box: \"cat | kitten, red cup ; !toy\"; @FILE reads them from a file")
	fs.StringVar(&m.segment, "segment", "", "`WORDS` to paint pixel by pixel, in the same form")
	fs.StringVar(&m.model, "model", "", "`PACKS` to use, by name or folder, with commas between (default "+pipeline.DefaultDetector+","+pipeline.DefaultSegmenter+")")
	fs.IntVar(&m.size, "size", 0, "side of the network's canvas in `PIXELS`, 0 for the pack's own")
	fs.StringVar(&m.tiles, "tiles", "off", "look at large photos in overlapping tiles too: `off`, auto, or how many along the long side")
	fs.BoolVar(&m.twice, "twice", false, "look for boxes a second time on a canvas half as large again: finds more, above all small things, in about 2.7 times the time")
	fs.Float64Var(&m.score, "score", -1, "least `SCORE` from 0 to 1, -1 for the pack's own")
	fs.Float64Var(&m.segmentScore, "segment-score", -1, "least mean `SCORE` of a painted region from 0 to 1, -1 for the pack's own")
	fs.Float64Var(&m.nms, "nms", -1, "`IOU` from which the weaker of two boxes of a class goes, -1 for the pack's own, 0 for never")
	fs.Float64Var(&m.crossNMS, "cross-nms", 0, "`IOU` from which the weaker of two boxes of different classes goes, 0 for never")
	fs.Float64Var(&m.inside, "inside", 0, "`SHARE` of the smaller of two boxes of a class that lies in the other, from which the weaker goes; 0 for never")
	fs.IntVar(&m.max, "max", -1, "at most `N` boxes a photo, -1 for the pack's own, 0 for no bound")
	fs.Float64Var(&m.minArea, "min-area", 0.002, "least `SHARE` of the photo that a painted region covers")
}

// words reads both prompts. Problems are sentences for people; nothing that could be read is lost.
func (m *modelFlags) words() (q pipeline.Question, problems []string, err error) {
	find, more, err := table("--find", m.find)
	if err != nil {
		return q, nil, err
	}
	problems = append(problems, more...)
	paint, more, err := table("--segment", m.segment)
	if err != nil {
		return q, problems, err
	}
	problems = append(problems, more...)
	if m.ground != "" {
		return m.grounded(find, paint, problems)
	}
	if len(find)+len(paint) == 0 {
		return q, problems, errors.New("no words to look for: say what, for example --find \"cat, dog\"")
	}
	return pipeline.NewQuestion(find, paint), problems, nil
}

// grounded reads the sentence, and says which phrases it takes from it.
func (m *modelFlags) grounded(find, paint []annot.Class, problems []string) (pipeline.Question, []string, error) {
	if len(find) > 0 {
		return pipeline.Question{}, problems, errors.New("--ground and --find both say what to box: choose one")
	}
	sentence, err := ground.Sentence(m.ground)
	if err != nil {
		return pipeline.Question{}, problems, fmt.Errorf("--ground: %w", err)
	}
	q := pipeline.Grounding(sentence, paint)
	if !strings.ContainsAny(m.ground, "[［") {
		problems = append(problems, "--ground: looking for “"+strings.Join(sentence.Names(), "”, “")+"”; put phrases in [brackets] to choose others")
	}
	return q, problems, nil
}

func table(flag, text string) ([]annot.Class, []string, error) {
	if file, ok := strings.CutPrefix(text, "@"); ok {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", flag, err)
		}
		text = string(data)
	}
	if text == "" {
		return nil, nil, nil
	}
	t, problems := prompt.Parse(text)
	var said []string
	for _, p := range problems {
		said = append(said, flag+": "+p.Text)
	}
	return t, said, nil
}

// photoArgs is cli.Args for a command that is told of photos.
func photoArgs(fs *flag.FlagSet, h cli.Help, args []string, s stdio) (paths []string, code int, ok bool) {
	paths, code, ok = cli.Args(fs, h, args, s.out, s.err)
	if ok && len(paths) == 0 {
		return nil, cli.Misused(s.err, h, errors.New("no photos: name files, folders or patterns")), false
	}
	return paths, code, ok
}

// load loads the models that the question needs.
func (m *modelFlags) load(q pipeline.Question, threads int) (*pipeline.Models, error) {
	p, err := m.params(threads)
	if err != nil {
		return nil, err
	}
	p.Live = m.moving
	if err = m.choose(&p); err != nil {
		return nil, err
	}
	if !q.HasBoxes() {
		p.Detect = ""
	}
	if m.rescore == 0 || !q.HasBoxes() {
		p.Name = ""
	}
	if !q.HasPixels() {
		paints, err := m.paints(p.Store, p.Detect)
		if err != nil {
			return nil, err
		}
		if !paints {
			p.Segment = ""
		}
	}
	if err := m.checkTwice(p.Store, p.Detect); err != nil {
		return nil, err
	}
	return pipeline.Load(p)
}

// checkTwice refuses --twice where the detector looks once.
func (m *modelFlags) checkTwice(store *model.Store, detector string) error {
	if detector == "" || !m.twice {
		return nil
	}
	pack, err := store.Open(detector)
	if err == nil && pack.Twice == 0 {
		err = fmt.Errorf("--twice: %s looks at a photo once; leave it out, or use %s", pack.ID, pipeline.DefaultDetector)
	}
	return err
}

// paints reports whether the segmenter is to make masks of the detector's boxes.
func (m *modelFlags) paints(store *model.Store, detector string) (bool, error) {
	if detector == "" || !m.outline {
		return false, nil
	}
	pack, err := store.Open(detector)
	return err == nil && !pipeline.Outlines(pack), err
}

// choose says which pack does what: the packs that were named, and the starters for the rest.
func (m *modelFlags) choose(p *pipeline.Params) error {
	p.Detect, p.Segment, p.Name = pipeline.DefaultDetector, pipeline.DefaultSegmenter, pipeline.DefaultNamer
	if m.model == "" {
		return nil
	}
	for _, ref := range strings.Split(m.model, ",") {
		if _, err := p.Use(strings.TrimSpace(ref)); err != nil {
			return err
		}
	}
	return nil
}

// The sides that a canvas may have: a smaller one holds fewer positions than a region head picks.
const (
	minSize = 160
	maxSize = 4096
)

// canvas reads --size, --tiles and --twice.
func (m *modelFlags) canvas() (pipeline.Canvas, error) {
	tiles, err := parseTiles(m.tiles)
	if err != nil {
		return pipeline.Canvas{}, fmt.Errorf("--tiles: %w", err)
	}
	if m.size != 0 && (m.size < minSize || m.size > maxSize) {
		return pipeline.Canvas{}, fmt.Errorf("--size %d is out of range (%d to %d)", m.size, minSize, maxSize)
	}
	return pipeline.Canvas{Size: m.size, Tiles: tiles, Twice: m.twice}, nil
}

// filter takes what the flags leave open from the packs.
func (m *modelFlags) filter(models *pipeline.Models) pipeline.Filter {
	f := pipeline.Filter{
		Boxes:  detect.Options{CrossNMS: m.crossNMS, Inside: m.inside},
		Pixels: segment.Options{MinArea: m.minArea},
	}
	if d := models.Detector; d != nil {
		own := d.Pack().Defaults
		f.Boxes.Score, f.Boxes.NMS, f.Boxes.Max = own.Score, own.NMS, own.Max
	}
	if s := models.Segmenter; s != nil {
		f.Pixels.Score = s.Pack().Defaults.Score
	}
	if m.segmentScore >= 0 {
		f.Pixels.Score = m.segmentScore
	}
	if m.score >= 0 {
		f.Boxes.Score = m.score
	}
	if m.nms >= 0 {
		f.Boxes.NMS = m.nms
	}
	if m.max >= 0 {
		f.Boxes.Max = m.max
	}
	return f
}

// check refuses values that mean nothing. It is written so that NaN fails too.
func (m *modelFlags) check() error {
	share := func(x float64) bool { return x >= 0 && x <= 1 }
	own := func(x float64) bool { return share(x) || x == -1 }
	for _, f := range []struct {
		name string
		ok   bool
		goes string
	}{
		{"score", own(m.score), "from 0 to 1, or is -1"},
		{"segment-score", own(m.segmentScore), "from 0 to 1, or is -1"},
		{"nms", own(m.nms), "from 0 to 1, or is -1"},
		{"cross-nms", share(m.crossNMS), "from 0 to 1"},
		{"rescore", share(m.rescore), "from 0 to 1"},
		{"inside", share(m.inside), "from 0 to 1"},
		{"min-area", share(m.minArea), "from 0 to 1"},
		{"max", m.max >= -1, "from 0 up, or is -1"},
		{"threads", m.threads >= 0, "from 0 up"},
	} {
		if !f.ok {
			return fmt.Errorf("--%s goes %s", f.name, f.goes)
		}
	}
	return nil
}

// parseTiles reads --tiles.
func parseTiles(text string) (prep.Tiles, error) {
	switch text {
	case "off":
		return prep.NoTiles, nil
	case "auto":
		return prep.AutoTiles, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > prep.MaxTiles {
		return 0, fmt.Errorf("%q is neither off, auto nor a number from 1 to %d", text, prep.MaxTiles)
	}
	return prep.Tiles(n), nil
}
