package assign_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/saysee/saysee/annot/assign"
)

// best is the least sum of cost - limit over all ways of pairing, found by trying every one.
func best(cost [][]float64, limit float64, row int, taken []bool) float64 {
	if row == len(cost) {
		return 0
	}
	least := best(cost, limit, row+1, taken) // the row gets none
	for c := range taken {
		if !taken[c] && cost[row][c] < limit {
			taken[c] = true
			least = min(least, cost[row][c]-limit+best(cost, limit, row+1, taken))
			taken[c] = false
		}
	}
	return least
}

func TestPairs(t *testing.T) {
	t.Run("should cost what the best of all ways costs", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for range 3000 {
			rows, cols := rng.IntN(7), rng.IntN(7)
			steps := []float64{3, 1e9}[rng.IntN(2)] // many ties, or none
			cost := make([][]float64, rows)
			for r := range cost {
				for range cols {
					cost[r] = append(cost[r], math.Floor(rng.Float64()*steps)/steps)
				}
			}
			limit := rng.Float64() * 1.2
			got, used := 0.0, make([]bool, cols)
			last := -1
			for _, p := range assign.Pairs(rows, cols, limit, func(r, c int) float64 { return cost[r][c] }) {
				if p.Row <= last || used[p.Col] || cost[p.Row][p.Col] >= limit {
					t.Fatalf("pair %v of %v, limit %v", p, cost, limit)
				}
				last, used[p.Col] = p.Row, true
				got += cost[p.Row][p.Col] - limit
			}
			if want := best(cost, limit, 0, make([]bool, cols)); math.Abs(got-want) > 1e-9 {
				t.Fatalf("%v with limit %v: sum %v, want %v", cost, limit, got, want)
			}
		}
	})
	t.Run("should never pair what is no number", func(t *testing.T) {
		got := assign.Pairs(2, 2, 1, func(r, c int) float64 {
			if r == c {
				return math.NaN()
			}
			return 0.5
		})
		if len(got) != 2 || got[0] != (assign.Pair{Row: 0, Col: 1}) || got[1] != (assign.Pair{Row: 1, Col: 0}) {
			t.Errorf("pairs %v", got)
		}
	})
}

func BenchmarkPairs100(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	cost := make([]float64, 100*100)
	for i := range cost {
		cost[i] = rng.Float64()
	}
	for b.Loop() {
		assign.Pairs(100, 100, 1, func(r, c int) float64 { return cost[r*100+c] })
	}
}
