package eval

import (
	"cmp"
	"slices"
)

// MaxPredictions is how many predictions of a class in one photo are looked at, the best ones.
const MaxPredictions = 100

// IoUThresholds is the number of IoU thresholds that average precision is averaged over.
const IoUThresholds = 10

// IoUThreshold returns the i-th threshold of .50, .55 … .95, with the last bits of numpy's linspace.
func IoUThreshold(i int) float64 {
	if i == IoUThresholds-1 {
		return 0.95
	}
	lo, hi := 0.5, 0.95 // variables: constant arithmetic is exact and numpy's is not
	step := (hi - lo) / (IoUThresholds - 1)
	return float64(float64(i)*step) + lo
}

// areaRange is an interval of areas in square pixels, both ends included.
type areaRange struct{ min, max float64 }

func (r areaRange) excludes(area float64) bool { return area < r.min || area > r.max }

// The area ranges of COCO.
const (
	allAreas = iota
	small
	medium
	large
	areas // their number
)

var areaRanges = [areas]areaRange{
	allAreas: {0, 1e10},
	small:    {0, 32 * 32},
	medium:   {32 * 32, 96 * 96},
	large:    {96 * 96, 1e10},
}

// tally collects one class over photos.
type tally struct {
	found   []finding
	counted [areas]int // truths to be found
}

// finding is a prediction after matching. Bit t of each word speaks of the t-th IoU threshold.
type finding struct {
	score   float64
	rank    int           // 0 for the best of its class in its photo
	hit     [areas]uint16 // matched a truth that counts
	ignored [areas]uint16 // counts neither as right nor as wrong
}

func (t *tally) join(o *tally) {
	t.found = append(t.found, o.found...)
	for a, n := range o.counted {
		t.counted[a] += n
	}
}

// group is one class in one photo, by indices into the photo's slices.
type group struct {
	class       int
	truth       []int
	predictions []int // best score first, at most MaxPredictions
}

// groupsOf sorts a photo's regions by class. Within a class truth keeps its order, and so do predictions
// of equal score.
func groupsOf(p *Photo) []group {
	truth := indices(len(p.Truth))
	slices.SortStableFunc(truth, func(a, b int) int { return p.Truth[a].Class - p.Truth[b].Class })
	predictions := indices(len(p.Predictions))
	slices.SortStableFunc(predictions, func(a, b int) int {
		d, e := &p.Predictions[a], &p.Predictions[b]
		return cmp.Or(d.Class-e.Class, cmp.Compare(e.Score, d.Score))
	})
	truthClass := func(i int) int { return p.Truth[i].Class }
	predictedClass := func(i int) int { return p.Predictions[i].Class }

	var groups []group
	for len(truth) > 0 || len(predictions) > 0 {
		class := 0
		switch {
		case len(truth) == 0:
			class = predictedClass(predictions[0])
		case len(predictions) == 0:
			class = truthClass(truth[0])
		default:
			class = min(truthClass(truth[0]), predictedClass(predictions[0]))
		}
		g := group{class: class}
		g.truth, truth = cutClass(truth, class, truthClass)
		g.predictions, predictions = cutClass(predictions, class, predictedClass)
		groups = append(groups, g)
	}
	return groups
}

// cutClass splits a list sorted by class after its first class, if that is the one wanted.
func cutClass(list []int, class int, of func(int) int) (head, tail []int) {
	n := 0
	for n < len(list) && of(list[n]) == class {
		n++
	}
	return list[:n], list[n:]
}

func indices(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// target is a truth while predictions are matched with it.
type target struct {
	body
	area          float64
	crowd, ignore bool
}

func targetOf(t *Truth, p *Photo, by Geometry) target {
	b := bodyOf(t.Region, p, by)
	area := t.Area
	switch {
	case area != 0:
	case by == Boxes && t.Shape != nil:
		area = float64(maskOf(t.Region, p.Width, p.Height).Area())
	default:
		area = b.size
	}
	return target{b, area, t.Crowd, t.Crowd || t.Ignore}
}

// matcher matches the predictions and truths of one class in one photo at a time. It is kept for its
// memory.
type matcher struct {
	targets     []target
	predictions []body
	areas       []float64 // of the predictions
	iou         []float64 // [prediction][target]
	order       []int     // targets, those that count before the ignored ones
	counted     int       // how many of order count
	taken       []bool    // by target
}

// add matches one group and adds it to its class's tally.
func (m *matcher) add(t *tally, p *Photo, g group, by Geometry) {
	if len(g.predictions) > MaxPredictions {
		g.predictions = g.predictions[:MaxPredictions]
	}
	m.load(p, g, by)
	first := len(t.found)
	for rank, i := range g.predictions {
		t.found = append(t.found, finding{score: p.Predictions[i].Score, rank: rank})
	}
	for a := range areas {
		m.arrange(areaRanges[a])
		t.counted[a] += m.counted
		m.matchArea(a, t.found[first:])
	}
}

func (m *matcher) load(p *Photo, g group, by Geometry) {
	m.targets, m.predictions, m.areas, m.iou = m.targets[:0], m.predictions[:0], m.areas[:0], m.iou[:0]
	for _, i := range g.truth {
		m.targets = append(m.targets, targetOf(&p.Truth[i], p, by))
	}
	for _, i := range g.predictions {
		b := bodyOf(p.Predictions[i], p, by)
		area := b.size
		if p.PredictedAreas != nil {
			area = p.PredictedAreas[i]
		}
		m.predictions, m.areas = append(m.predictions, b), append(m.areas, area)
	}
	for i := range m.predictions {
		for j := range m.targets {
			m.iou = append(m.iou, iou(&m.predictions[i], &m.targets[j].body, by, m.targets[j].crowd))
		}
	}
	m.taken = slices.Grow(m.taken[:0], len(m.targets))[:len(m.targets)]
}

// arrange puts the targets that do not count within an area range last.
func (m *matcher) arrange(r areaRange) {
	m.order = m.order[:0]
	for i, t := range m.targets {
		if !t.ignore && !r.excludes(t.area) {
			m.order = append(m.order, i)
		}
	}
	m.counted = len(m.order)
	for i, t := range m.targets {
		if t.ignore || r.excludes(t.area) {
			m.order = append(m.order, i)
		}
	}
}

func (m *matcher) matchArea(a int, found []finding) {
	for t := range IoUThresholds {
		clear(m.taken)
		bit := uint16(1) << t
		for i := range found {
			switch k := m.best(i, iouThresholds[t]); {
			case k < 0:
				if areaRanges[a].excludes(m.areas[i]) {
					found[i].ignored[a] |= bit
				}
			case k < m.counted:
				found[i].hit[a] |= bit
			default:
				found[i].ignored[a] |= bit
			}
		}
	}
}

var iouThresholds = func() (list [IoUThresholds]float64) {
	for i := range list {
		list[i] = IoUThreshold(i)
	}
	return list
}()

// best gives prediction i the target that it overlaps most, and at least by the threshold, among those
// that are free, and takes it. A target that counts goes before one that does not; of equals the last
// wins. It returns the place in order, -1 for none.
func (m *matcher) best(i int, threshold float64) int {
	row := m.iou[i*len(m.targets) : (i+1)*len(m.targets)]
	best := -1
	for k, j := range m.order {
		if k == m.counted && best >= 0 {
			break
		}
		if m.taken[j] && !m.targets[j].crowd || row[j] < threshold {
			continue
		}
		best, threshold = k, row[j]
	}
	if best >= 0 {
		m.taken[m.order[best]] = true
	}
	return best
}
