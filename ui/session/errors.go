package session

import (
	"errors"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/ui/tr"
)

// Sentence turns an error into words for people.
func Sentence(err error) string { return sentence(err) }

// sentence turns an error into words for people: what happened, and where it is known, what to do.
func sentence(err error) string {
	var conflict *annot.Conflict
	switch {
	case errors.Is(err, errNoPhotos):
		return tr.L("There are no photos in that folder.")
	case errors.Is(err, errNothingBefore):
		return tr.L("The photo before this one has no labels that are not here already.")
	case errors.Is(err, annot.ErrInUse):
		return tr.L("This folder is open in another window. Close that one first.")
	case errors.As(err, &conflict):
		return tr.L("Another program has changed these labels. Yours are kept beside them.")
	case errors.Is(err, annot.ErrLocked):
		return tr.L("This region is locked. L frees it.")
	case errors.Is(err, annot.ErrNothingToUndo):
		return tr.L("There is nothing to undo.")
	case errors.Is(err, annot.ErrNothingToRedo):
		return tr.L("There is nothing to redo.")
	case errors.Is(err, annot.ErrClassName):
		return tr.L("That name is empty or taken.")
	case errors.Is(err, errNoneHere):
		return tr.L("None of the truth's photos is in the open folder.")
	case errors.Is(err, format.ErrUnrecognised):
		return tr.L("No label format that Saysee knows.")
	case errors.Is(err, fs.ErrPermission):
		return tr.L("This folder cannot be written to.")
	case errors.Is(err, fs.ErrNotExist):
		return tr.L("The file is not there any more.")
	}
	return upper(err.Error())
}

func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || strings.HasPrefix(s, "http") {
		return s
	}
	return string(unicode.ToUpper(r)) + s[n:]
}
