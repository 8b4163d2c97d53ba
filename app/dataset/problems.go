package dataset

import (
	"fmt"
	"io"
	"strings"

	"github.com/saysee/saysee/annot/format"
)

// shownProblems is how many problems are printed; the others are counted.
const shownProblems = 20

func firstProblems(list []string) []string {
	if len(list) <= shownProblems {
		return list
	}
	return append(list[:shownProblems:shownProblems], fmt.Sprintf("and %d problems more", len(list)-shownProblems))
}

func printProblems(w io.Writer, list []string) {
	for _, p := range firstProblems(list) {
		fmt.Fprintf(w, "problem: %s\n", p)
	}
}

// sentences turns package format's problems into lines; total is their number, which may be larger.
func sentences(list []format.Problem, total int) []string {
	lines := make([]string, 0, len(list)+1)
	for _, p := range list {
		lines = append(lines, p.Error())
	}
	if more := total - len(list); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d problems more", more))
	}
	return lines
}

// The widths in letters of lists in help: beside flags, and in the text above them.
const (
	helpWidth    = 90
	detailsWidth = 112
)

// wrapped lists words in lines of a width.
func wrapped[T ~string](words []T, width int) string {
	var b strings.Builder
	column := 0
	for i, w := range words {
		switch {
		case i == 0:
		case column+len(w)+3 > width:
			b.WriteString(",\n")
			column = 0
		default:
			b.WriteString(", ")
			column += 2
		}
		b.WriteString(string(w))
		column += len(w)
	}
	return b.String()
}
