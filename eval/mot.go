package eval

import (
	"cmp"
	"maps"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/assign"
)

// Sighting is one thing in one frame of a video.
type Sighting struct {
	Frame int
	Track int // the thing's identity
	Box   annot.Box
}

// Tracking is how well tracks follow the true ones.
type Tracking struct {
	Truths, Found int // sightings
	Missed, Extra int // true ones without a found one, and the other way round
	Switches      int // how often a true thing was found as another than before
	Same          int // sightings that agree when every true thing gets one identity for the whole video
}

// MOTA is 1 minus all errors over the true sightings (K. Bernardin and R. Stiefelhagen, "Evaluating Multiple Object
// Tracking Performance: The CLEAR MOT Metrics", 2008). It may be negative.
func (t Tracking) MOTA() float64 {
	return 1 - ratio(t.Missed+t.Extra+t.Switches, t.Truths)
}

// IDF1 is the F1 of sightings with the right identity (E. Ristani et al., "Performance Measures and a Data Set for
// Multi-Target, Multi-Camera Tracking", 2016).
func (t Tracking) IDF1() float64 { return ratio(2*t.Same, t.Truths+t.Found) }

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Track compares the tracks found in a video with the true ones. Boxes whose IoU is iou or more can be the same thing.
// The numbers are those of the program motmetrics: what was paired in the frame before stays paired while it can.
func Track(truth, found []Sighting, iou float64) Tracking {
	t := Tracking{Truths: len(truth), Found: len(found)}
	truths, founds := byFrame(truth), byFrame(found)
	last := map[int]int{} // the found track that a true one was last paired with
	common := map[[2]int]int{}
	frames := slices.Sorted(maps.Keys(truths))
	for n := range founds {
		if truths[n] == nil {
			t.Extra += len(founds[n])
		}
	}
	for _, n := range frames {
		a, b := truths[n], founds[n]
		for i := range a {
			for k := range b {
				if a[i].Box.IoU(b[k].Box) >= iou {
					common[[2]int{a[i].Track, b[k].Track}]++
				}
			}
		}
		pairs := pairFrame(a, b, iou, last)
		for _, p := range pairs {
			was, known := last[a[p.Row].Track]
			if now := b[p.Col].Track; known && was != now {
				t.Switches++
			}
			last[a[p.Row].Track] = b[p.Col].Track
		}
		t.Missed += len(a) - len(pairs)
		t.Extra += len(b) - len(pairs)
	}
	t.Same = identities(common)
	return t
}

func byFrame(s []Sighting) map[int][]Sighting {
	frames := map[int][]Sighting{}
	for _, one := range s {
		frames[one.Frame] = append(frames[one.Frame], one)
	}
	return frames
}

// pairFrame pairs true and found sightings of a frame: first as before, then the rest at least distance.
func pairFrame(a, b []Sighting, iou float64, last map[int]int) []assign.Pair {
	var pairs []assign.Pair
	var restA, restB []int
	taken := map[int]bool{}
	for i, s := range a {
		was, known := last[s.Track]
		k := slices.IndexFunc(b, func(o Sighting) bool { return known && o.Track == was })
		if k < 0 || taken[k] || s.Box.IoU(b[k].Box) < iou {
			restA = append(restA, i)
			continue
		}
		taken[k] = true
		pairs = append(pairs, assign.Pair{Row: i, Col: k})
	}
	for k := range b {
		if !taken[k] {
			restB = append(restB, k)
		}
	}
	// As many pairs as possible, and of these the closest: no distance may outweigh one more pair.
	const more = 1e3
	for _, p := range assign.Pairs(len(restA), len(restB), more, func(i, k int) float64 {
		if like := a[restA[i]].Box.IoU(b[restB[k]].Box); like >= iou {
			return 1 - like
		}
		return more
	}) {
		pairs = append(pairs, assign.Pair{Row: restA[p.Row], Col: restB[p.Col]})
	}
	slices.SortFunc(pairs, func(x, y assign.Pair) int { return cmp.Compare(x.Row, y.Row) })
	return pairs
}

// identities is the largest number of sightings that agree when tracks are paired once for the whole video.
func identities(common map[[2]int]int) int {
	rows, cols := map[int]int{}, map[int]int{}
	for _, k := range slices.SortedFunc(maps.Keys(common), func(a, b [2]int) int { return slices.Compare(a[:], b[:]) }) {
		if _, ok := rows[k[0]]; !ok {
			rows[k[0]] = len(rows)
		}
		if _, ok := cols[k[1]]; !ok {
			cols[k[1]] = len(cols)
		}
	}
	table := make([]float64, len(rows)*len(cols))
	for k, n := range common {
		table[rows[k[0]]*len(cols)+cols[k[1]]] = -float64(n)
	}
	sum := 0.0
	at := func(r, c int) float64 { return table[r*len(cols)+c] }
	for _, p := range assign.Pairs(len(rows), len(cols), 0, at) {
		sum -= at(p.Row, p.Col)
	}
	return int(sum)
}
