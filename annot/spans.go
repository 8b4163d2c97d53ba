package annot

import (
	"image"
	"iter"
)

// MaskFromSpans builds a mask over rect from spans given column by column from the left and downwards in
// each, as Spans yields them. What lies outside rect is cut off; spans out of order are dropped.
func MaskFromSpans(rect image.Rectangle, spans iter.Seq[Span]) Mask {
	w := spanWriter{rect: rect}
	for s := range spans {
		w.add(s)
	}
	return w.mask()
}
