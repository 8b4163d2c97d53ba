package track

import "github.com/saysee/saysee/annot"

// Between returns a thing's region at a moment between two in which it was found: at is 0 in the first and 1 in the
// second. Boxes move evenly; the shape of the nearer moment moves along.
func Between(a, b annot.Region, at float64) annot.Region {
	r := a
	if at > 0.5 {
		r = b
	}
	r = r.Clone()
	from := r.Box
	mix := func(x, y float64) float64 { return x + (y-x)*at }
	r.Box = annot.Box{X0: mix(a.Box.X0, b.Box.X0), Y0: mix(a.Box.Y0, b.Box.Y0), X1: mix(a.Box.X1, b.Box.X1), Y1: mix(a.Box.Y1, b.Box.Y1)}
	r.Shape = moved(r.Shape, from, r.Box)
	r.Score = min(a.Score, b.Score)
	return r
}

// Fill adds, in place, what was missed: between two frames in which a track was found, every frame gets its region.
// It is for whole videos, where both ends of a gap are known.
func Fill(frames [][]annot.Region) {
	type sight struct {
		frame  int
		region annot.Region
	}
	last := map[int]sight{}
	for n := range frames {
		for _, r := range frames[n] {
			if r.Track == 0 {
				continue
			}
			if was, known := last[r.Track]; known {
				for f := was.frame + 1; f < n; f++ {
					frames[f] = append(frames[f], Between(was.region, r, float64(f-was.frame)/float64(n-was.frame)))
				}
			}
			last[r.Track] = sight{n, r}
		}
	}
}
