package session

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/eval"
	"github.com/saysee/saysee/eval/files"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/batch"
	"github.com/saysee/saysee/pipeline/photo"
)

// Compared is what an evaluation holds against the truth.
type Compared uint8

// The choices of what is compared.
const (
	ModelAnswers Compared = iota // what the models find, looking for the truth's classes
	OwnLabels                    // what has been accepted in the open folder
)

// EvalState is how far an evaluation is.
type EvalState uint8

// The states of an evaluation.
const (
	EvalNone      EvalState = iota // no truth was chosen
	EvalReading                    // the truth is being read
	EvalLooking                    // the models look at the photos
	EvalMeasuring                  // the measures are taken
	EvalDone
	EvalFailed
)

// Plan is what to evaluate.
type Plan struct {
	Truth    string // file or folder, in any format
	Compared Compared
	By       eval.Geometry
}

// Evaluation tells of the latest evaluation. What it points to is not changed once it is handed out.
type Evaluation struct {
	Plan
	State   EvalState
	Format  string // of the truth, as people know it
	Err     error
	Photos  int // of the truth, in the open folder
	Done    int // photos looked at
	Took    time.Duration
	Failed  []Failure
	Doubts  []string // what was left out of the files, or repaired
	Classes []string
	Result  *eval.Result
	// Elsewhere is the folder with the truth's photos when it is not the open one, "" where they are not known.
	Elsewhere string

	pair    *files.Pair
	place   []int // of the pair's photos in the session's list
	at      map[int]int
	scores  evalScores
	working context.CancelFunc
	// counting tells that thresholds are being applied to all photos, stale that they have changed since.
	counting, stale bool
}

// Busy reports whether an evaluation is in work.
func (e *Evaluation) Busy() bool {
	return e.State == EvalReading || e.State == EvalLooking || e.State == EvalMeasuring
}

// errNoneHere tells that truth and folder have no photo in common.
var errNoneHere = errors.New("none of the truth's photos is in the open folder")

// Evaluation returns what is known of the evaluation.
func (s *Session) Evaluation() *Evaluation { return &s.evaluation }

// Evaluate compares labels or models with the truth, in the background. Answers of the models that are there
// already for the same truth are used again.
func (s *Session) Evaluate(p Plan) {
	s.StopEvaluation()
	s.complain(s.save()) // labels are read from their files
	ctx, cancel := context.WithCancel(s.ctx)
	e := Evaluation{Plan: p, State: EvalReading, working: cancel}
	s.evaluation = e
	s.evaluations++
	job := &evalJob{
		s: s, plan: p, number: s.evaluations, items: s.items, folder: s.folder, store: s.storeDir(), sample: s.sample,
		table: s.project.Classes(), choice: s.choice, filter: s.filter, began: time.Now(),
	}
	s.wg.Go(func() {
		defer cancel()
		err := job.run(ctx)
		job.tell(func(e *Evaluation) {
			switch {
			case errors.Is(err, context.Canceled):
				e.State = EvalNone
			case err != nil:
				e.State, e.Err = EvalFailed, err
			}
		})
	})
	s.p.Changed(Evaluated)
}

// forgetEvaluation lets go of what holds for another list of photos.
func (s *Session) forgetEvaluation() {
	s.StopEvaluation()
	s.evaluation = Evaluation{Plan: s.evaluation.Plan}
	s.evaluations++
	s.mistakes, s.wrong = AnyMistakes, nil
}

// StopEvaluation gives up an evaluation in work.
func (s *Session) StopEvaluation() {
	if s.evaluation.Busy() {
		s.evaluation.working()
		s.evaluation.State = EvalNone
		s.evaluations++
		s.p.Changed(Evaluated)
	}
}

// evalJob is an evaluation in work, on a goroutine of its own.
type evalJob struct {
	s      *Session
	plan   Plan
	number int
	items  []photo.Item
	folder string
	store  string
	sample bool
	table  annot.ClassTable
	choice Choice
	filter Filter
	began  time.Time

	pair  *files.Pair
	place []int
}

// tell changes what is known of the evaluation, on the session's goroutine, unless it is not wanted any more.
func (j *evalJob) tell(change func(*Evaluation)) {
	j.s.post(func() {
		if j.number == j.s.evaluations {
			change(&j.s.evaluation)
			j.s.p.Changed(Evaluated)
		}
	})
}

func (j *evalJob) run(ctx context.Context) error {
	if err := j.readTruth(); err != nil {
		return err
	}
	var err error
	if j.plan.Compared == OwnLabels {
		err = j.readLabels(ctx)
	} else {
		err = j.look(ctx)
	}
	if err != nil {
		return err
	}
	j.tell(func(e *Evaluation) { e.State = EvalMeasuring })
	return j.measure(ctx)
}

// readTruth reads the truth and finds its photos among those that are open.
func (j *evalJob) readTruth() error {
	name, _, err := format.Recognise(j.plan.Truth)
	if err != nil {
		return err
	}
	title := name
	if f, err := format.Lookup(name); err == nil {
		title = f.Title
	}
	pair, err := files.OpenTruth(j.plan.Truth, files.Options{TruthFormat: name, Images: j.folder})
	if err != nil {
		return err
	}
	j.match(pair)
	doubts, classes, n := slices.Clone(pair.Problems), slices.Clone(j.pair.Classes), len(j.pair.Photos)
	elsewhere := ""
	if n == 0 {
		elsewhere = folderOf(j.plan.Truth)
	}
	j.tell(func(e *Evaluation) {
		e.Format, e.Doubts, e.Classes, e.Photos, e.Elsewhere = title, doubts, classes, n, elsewhere
		if n > 0 && j.plan.Compared == ModelAnswers {
			e.State = EvalLooking
		}
	})
	if n == 0 {
		return errNoneHere
	}
	return nil
}

// match keeps of the pair the photos that are open.
func (j *evalJob) match(pair *files.Pair) {
	whole, base := map[string]int{}, map[string]int{}
	if !j.sample {
		for i, item := range j.items {
			whole[item.Rel] = i
			if _, double := base[path.Base(item.Rel)]; double {
				i = -1
			}
			base[path.Base(item.Rel)] = i
		}
	}
	j.pair = &files.Pair{Classes: pair.Classes}
	for _, p := range pair.Photos {
		i, ok := whole[p.Name]
		if !ok {
			i, ok = base[path.Base(filepath.ToSlash(p.Name))]
		}
		if ok && i >= 0 {
			j.pair.Photos = append(j.pair.Photos, p)
			j.place = append(j.place, i)
		}
	}
}

// folderOf returns the folder in which a truth's own photos lie, "" where there are none.
func folderOf(truth string) string {
	pair, err := files.OpenTruth(truth, files.Options{})
	if err != nil {
		return ""
	}
	for i, p := range pair.Paths {
		if _, err := os.Stat(p); err == nil && p != "" {
			return filepath.Dir(p)
		}
		if i >= 20 {
			break
		}
	}
	return ""
}

// readLabels takes what was accepted in the open folder. Labels without a score count as sure.
func (j *evalJob) readLabels(ctx context.Context) error {
	class := map[string]int{}
	for i, name := range j.pair.Classes {
		class[name] = i
	}
	dir := filepath.Join(j.store, "photos")
	for n, i := range j.place {
		if err := ctx.Err(); err != nil {
			return err
		}
		doc, names, err := readDocument(filepath.Join(dir, filepath.FromSlash(j.items[i].Rel)+".json"))
		if err != nil {
			j.fail(j.items[i].Rel, err)
			continue
		}
		for _, r := range doc.Regions {
			at, ok := class[names[r.Class]]
			if !ok || r.Review == annot.Suggested {
				continue
			}
			if r.Class = at; r.Source.Maker != annot.ByModel {
				r.Score = 1
			}
			j.pair.Photos[n].Predictions = append(j.pair.Photos[n].Predictions, r)
		}
	}
	return nil
}

func (j *evalJob) fail(rel string, err error) {
	j.tell(func(e *Evaluation) { e.Failed = append(slices.Clip(e.Failed), Failure{rel, err}) })
}

// readDocument reads one label file and its classes' names; a photo without one has no labels.
func readDocument(file string) (annot.Document, map[int]string, error) {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return annot.Document{}, nil, nil
	}
	if err != nil {
		return annot.Document{}, nil, err
	}
	doc, origin, _, err := annot.DecodeDocument(data)
	names := map[int]string{}
	for _, r := range doc.Regions {
		names[r.Class] = origin.Names[r.Class]
	}
	return doc, names, err
}

// Least score of what is measured, and how many boxes of a photo: as COCO's curves want them.
const (
	evalScore = 0.01
	evalMost  = 300
)

// look runs models of its own over the photos, so that the photo in sight never waits long.
func (j *evalJob) look(ctx context.Context) error {
	models, err := j.s.p.Load(j.choice)
	if err != nil {
		return err
	}
	defer models.Close() //nolint:errcheck // nothing is written
	filter := j.filter.pipeline(nil)
	filter.Boxes = detect.Options{Score: evalScore, NMS: j.filter.Overlap, Max: evalMost}
	items := make([]photo.Item, len(j.place))
	for n, i := range j.place {
		items[n] = j.items[i]
	}
	done := 0
	job := &batch.Job{
		Models: models, Question: j.question(), Filter: filter, Canvas: j.choice.canvas(), Workers: 1, NoMasks: j.plan.By == eval.Boxes,
		Done: func(r batch.Result) error {
			if r.Err != nil {
				j.fail(r.Item.Rel, r.Err)
			}
			p := &j.pair.Photos[done]
			p.Predictions = r.Photo.Regions
			if p.Width == 0 {
				p.Width, p.Height = r.Photo.Width, r.Photo.Height
			}
			done++
			n := done
			j.tell(func(e *Evaluation) { e.Done = n })
			return nil
		},
	}
	return job.Run(ctx, ctx, items)
}

// question asks for the truth's classes: with the words that the folder has for them, else by their names.
func (j *evalJob) question() pipeline.Question {
	classes := annot.NamedClasses(j.pair.Classes...)
	for i, name := range j.pair.Classes {
		if row, ok := j.table.Find(name); ok && len(j.table.Row(row).Phrases) > 0 {
			classes[i].Phrases, classes[i].Negatives = j.table.Row(row).Phrases, j.table.Row(row).Negatives
		}
	}
	if j.choice.Segment != "" {
		return pipeline.NewQuestion(nil, classes)
	}
	return pipeline.NewQuestion(classes, nil)
}

func (j *evalJob) measure(ctx context.Context) error {
	result, err := eval.Evaluate(ctx, j.pair.Photos, len(j.pair.Classes), j.plan.By)
	if err != nil {
		return err
	}
	cut := result.BestCut()
	all, err := eval.AssignAll(ctx, j.pair.Photos, j.plan.By, cut)
	if err != nil {
		return err
	}
	at := make(map[int]int, len(j.place))
	for n, i := range j.place {
		at[i] = n
	}
	took := time.Since(j.began)
	scores := scoresOf(j.pair, cut, all)
	j.tell(func(e *Evaluation) {
		e.pair, e.place, e.at, e.Result, e.scores = j.pair, j.place, at, result, scores
		e.State, e.Took, e.Done = EvalDone, took, len(j.place)
		j.s.sortMistakes()
	})
	return nil
}
