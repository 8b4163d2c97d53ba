// Package assign pairs two lists so that the pairs together cost least: the boxes of a frame with the tracks of the
// frames before, a tracker's paths with the true ones.
package assign

import "math"

// Pair is a row and the column that it got.
type Pair struct{ Row, Col int }

// Pairs pairs rows with columns, each at most once, in the order of the rows. A pair that costs limit or more is never
// made; among all other ways, it returns one in which the sum of (cost - limit) over the pairs is least, so that more
// pairs are better than fewer. A cost that is NaN counts as the limit.
//
// The method is Jonker and Volgenant's shortest augmenting paths in the form for oblong tables by D. F. Crouse, "On
// implementing 2D rectangular assignment algorithms", 2016. It takes O(rows² · cols) steps.
func Pairs(rows, cols int, limit float64, cost func(row, col int) float64) []Pair {
	t := table{rows: rows, cols: cols, gain: make([]float64, rows*cols)}
	if t.turned = rows > cols; t.turned {
		t.rows, t.cols = cols, rows
	}
	for r := range rows {
		for c := range cols {
			if g := cost(r, c) - limit; g < 0 {
				t.gain[t.index(r, c)] = g
			}
		}
	}
	got := t.solve()
	pairs := make([]Pair, 0, t.rows)
	for r := range rows {
		for c := range cols {
			a, b := r, c
			if t.turned {
				a, b = c, r
			}
			if got[a] == b && t.gain[t.index(r, c)] < 0 {
				pairs = append(pairs, Pair{r, c})
			}
		}
	}
	return pairs
}

// table holds what each pair gains over no pair, at most 0. It has no more rows than columns.
type table struct {
	rows, cols int
	turned     bool // rows are the caller's columns
	gain       []float64
}

// index is the place of the caller's row and column.
func (t *table) index(r, c int) int {
	if t.turned {
		r, c = c, r
	}
	return r*t.cols + c
}

// solve returns the column of each row.
func (t *table) solve() []int {
	s := search{
		table: t, rowPrice: make([]float64, t.rows), colPrice: make([]float64, t.cols),
		colOf: fill(make([]int, t.rows), -1), rowOf: fill(make([]int, t.cols), -1),
		from: make([]int, t.cols), dist: make([]float64, t.cols), done: make([]bool, t.cols),
	}
	for row := range t.rows {
		s.augment(row)
	}
	return s.colOf
}

func fill(s []int, v int) []int {
	for i := range s {
		s[i] = v
	}
	return s
}

// search is the state of the shortest paths: prices of rows and columns, who has whom, and for each column the
// length of the path to it and the row before it.
type search struct {
	*table
	rowPrice, colPrice []float64
	colOf, rowOf, from []int
	dist               []float64
	done               []bool
}

// augment gives the row a column, by moving others along the cheapest path.
func (s *search) augment(row int) {
	for c := range s.dist {
		s.dist[c], s.done[c] = math.Inf(1), false
	}
	end, length := s.path(row)
	for c := range s.dist {
		if !s.done[c] {
			continue
		}
		s.colPrice[c] -= length - s.dist[c]
		if r := s.rowOf[c]; r >= 0 && c != end {
			s.rowPrice[r] += length - s.dist[c]
		}
	}
	s.rowPrice[row] += length
	for c := end; ; {
		r := s.from[c]
		s.rowOf[c] = r
		c, s.colOf[r] = s.colOf[r], c
		if r == row {
			return
		}
	}
}

// path finds the cheapest way from a row to a column that nobody has.
func (s *search) path(row int) (end int, length float64) {
	for at := row; ; {
		next, shortest := -1, math.Inf(1)
		for c := range s.cols {
			if s.done[c] {
				continue
			}
			if d := length + s.gain[at*s.cols+c] - s.rowPrice[at] - s.colPrice[c]; d < s.dist[c] {
				s.dist[c], s.from[c] = d, at
			}
			if s.dist[c] < shortest || s.dist[c] == shortest && s.rowOf[c] < 0 {
				next, shortest = c, s.dist[c]
			}
		}
		length = shortest
		s.done[next] = true
		if s.rowOf[next] < 0 {
			return next, length
		}
		at = s.rowOf[next]
	}
}
