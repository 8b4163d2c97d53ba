package ui

import (
	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/source"
)

// Watch has the window begin in the mode Live.
type Watch struct {
	Source source.Spec
	Words  []annot.Class // what to look for; empty for the words of the folder
}

// watch begins in the mode Live, on a source and with words.
func (w *Window) watch(watch Watch) {
	if len(watch.Words) > 0 {
		w.try(w.s.SetWords(watch.Words))
	}
	w.use(liveMode)
	for _, m := range w.modes {
		if live, ok := m.(*living); ok {
			live.start(watch.Source)
		}
	}
}
