package eval

import "context"

// Confusion counts, for each class of the truth, what it was predicted as. Background stands for "nothing":
// its row holds predictions on nothing, its column truth that was missed.
type Confusion struct {
	classes int
	counts  []int // [truth][predicted], background last
}

// NewConfusion returns an empty matrix over a table of classes.
func NewConfusion(classes int) *Confusion {
	return &Confusion{classes, make([]int, (classes+1)*(classes+1))}
}

// Classes returns the number of classes.
func (c *Confusion) Classes() int { return c.classes }

// Background returns the index of the background's row and column.
func (c *Confusion) Background() int { return c.classes }

// At returns how often truth of one class was predicted as another. Both indices run to Background.
func (c *Confusion) At(truth, predicted int) int { return c.counts[truth*(c.classes+1)+predicted] }

func (c *Confusion) count(truth, predicted int) { c.counts[truth*(c.classes+1)+predicted]++ }

// Add counts one photo.
func (c *Confusion) Add(p Photo, a Assignment) {
	for j, i := range a.FoundBy {
		switch t := p.Truth[j]; {
		case i >= 0:
			c.count(t.Class, p.Predictions[i].Class)
		case !t.Crowd && !t.Ignore:
			c.count(t.Class, c.Background())
		}
	}
	for i, v := range a.Verdicts {
		if v == Spurious {
			c.count(c.Background(), p.Predictions[i].Class)
		}
	}
}

// AssignAll assigns the predictions of every photo, on all processors. The error is the context's.
func AssignAll(ctx context.Context, photos []Photo, by Geometry, cut Cut) ([]Assignment, error) {
	all := make([]Assignment, len(photos))
	err := parallel(ctx, len(photos), func(i int) { all[i] = Assign(photos[i], by, cut) })
	if err != nil {
		return nil, err
	}
	return all, nil
}
