package dataset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot/format"
)

// splitNames are the parts in the order in which --split gives their shares.
var splitNames = [...]string{"train", "val", "test"}

// shares are the parts of a split as fractions that add up to 1, in the order of splitNames.
type shares []float64

// parseShares reads "80/20", "0.8,0.1,0.1" or "70:20:10".
func parseShares(s string) (shares, error) {
	fields := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("/,: ", r) })
	if len(fields) < 2 || len(fields) > len(splitNames) {
		return nil, fmt.Errorf("give two or three shares for train, val and test, such as 80/10/10, not %q", s)
	}
	out := make(shares, len(fields))
	sum := 0.0
	for i, f := range fields {
		x, err := strconv.ParseFloat(strings.TrimSuffix(f, "%"), 64)
		if err != nil || !(x >= 0 && x <= 1e9) {
			return nil, fmt.Errorf("share %q is no number from 0 on", f)
		}
		out[i] = x
		sum += x
	}
	if sum <= 0 {
		return nil, fmt.Errorf("the shares of %q add up to nothing", s)
	}
	for i := range out {
		out[i] /= sum
	}
	return out, nil
}

// splitPhotos deals photos out to the parts so that each part gets its share of the photos and, as far as
// possible, of every class. It is iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the
// Stratification of Multi-label Data", 2011): the class with the fewest photos left goes first, and each of
// its photos to the part that still lacks most of that class.
//
// classes holds the distinct classes of each photo. The same seed deals the same photos in the same way.
func splitPhotos(classes [][]int, s shares, seed uint64) []int {
	rng := rand.New(rand.NewPCG(seed, 0))
	d := newDeal(classes, s)
	order := rng.Perm(len(classes))
	photosOf := map[int][]int{}
	var names []int
	for _, i := range order {
		for _, c := range d.classes[i] {
			if photosOf[c] == nil {
				names = append(names, c)
			}
			photosOf[c] = append(photosOf[c], i)
		}
	}
	slices.Sort(names)
	for len(names) > 0 {
		rarest := slices.MinFunc(names, func(a, b int) int { return d.left[a] - d.left[b] })
		for _, i := range photosOf[rarest] {
			if d.part[i] < 0 {
				d.give(i, rarest)
			}
		}
		names = slices.DeleteFunc(names, func(c int) bool { return d.left[c] == 0 })
	}
	return d.part
}

// noClass stands for photos without regions, so that they are shared out too.
const noClass = -1

// deal is the state of a split.
type deal struct {
	classes [][]int // by photo, never empty
	part    []int   // by photo, -1 before it is dealt
	left    map[int]int
	photos  []float64         // by part: photos it lacks
	lacks   map[int][]float64 // by class and part: photos of the class it lacks
}

func newDeal(classes [][]int, s shares) *deal {
	d := &deal{
		classes: make([][]int, len(classes)), part: make([]int, len(classes)),
		left: map[int]int{}, photos: make([]float64, len(s)), lacks: map[int][]float64{},
	}
	for i, list := range classes {
		d.part[i] = -1
		if d.classes[i] = list; len(list) == 0 {
			d.classes[i] = []int{noClass}
		}
		for _, c := range d.classes[i] {
			d.left[c]++
		}
	}
	for p, share := range s {
		d.photos[p] = share * float64(len(classes))
		for c, n := range d.left {
			if d.lacks[c] == nil {
				d.lacks[c] = make([]float64, len(s))
			}
			d.lacks[c][p] = share * float64(n)
		}
	}
	return d
}

// give deals photo i to the part that lacks most of the class, and of equals to the one that lacks most
// photos.
func (d *deal) give(i, class int) {
	best := 0
	for p := range d.photos {
		a, b := d.lacks[class][p], d.lacks[class][best]
		if a > b || a == b && d.photos[p] > d.photos[best] {
			best = p
		}
	}
	d.part[i] = best
	d.photos[best]--
	for _, c := range d.classes[i] {
		d.lacks[c][best]--
		d.left[c]--
	}
}

// withSplit returns the dataset with every photo in the part that it was dealt to.
func withSplit(ds *format.Dataset, s shares, seed uint64) (*format.Dataset, error) {
	var classes [][]int
	for p, err := range ds.Photos {
		if err != nil {
			return nil, err
		}
		seen := map[int]bool{}
		var list []int
		for _, r := range p.Regions {
			if !seen[r.Class] {
				seen[r.Class] = true
				list = append(list, r.Class)
			}
		}
		classes = append(classes, list)
	}
	part := splitPhotos(classes, s, seed)
	return withPhotos(ds, func(i int, p *format.Photo) bool {
		if i < len(part) {
			p.Split = splitNames[part[i]]
		}
		return true
	}), nil
}

// withPhotos returns a dataset whose photos are changed on their way, or left out when change says false.
// i counts the photos of the original. The original stays as it is.
func withPhotos(ds *format.Dataset, change func(i int, p *format.Photo) bool) *format.Dataset {
	out := *ds
	out.Photos = func(yield func(format.Photo, error) bool) {
		i := -1
		for p, err := range ds.Photos {
			i++
			if err == nil && !change(i, &p) {
				continue
			}
			if !yield(p, err) {
				return
			}
		}
	}
	return &out
}

// ofSplit returns the photos of one part.
func ofSplit(ds *format.Dataset, name string) *format.Dataset {
	out := withPhotos(ds, func(_ int, p *format.Photo) bool { return p.Split == name })
	out.Len = -1
	return out
}
