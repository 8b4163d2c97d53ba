// Package alert tells when something appears in a live picture, or is there in numbers, or is gone. A rule has
// to hold for a while before it counts, so that a flicker of the models tells nothing, and it tells once until it has
// ceased to hold for as long.
package alert

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/saysee/saysee/annot"
)

// Rule is what to tell.
type Rule struct {
	Class   string
	AtLeast int  // how many there must be
	Gone    bool // tell when there are fewer, after there were as many
}

// ErrRule is the cause when a text is no rule.
var ErrRule = errors.New("not a rule")

// Parse reads rules with commas between: "cat" for when one appears, "person >= 3" for a number, "no cat" for
// when it is gone. Each class must be in the table.
func Parse(text string, classes []annot.Class) ([]Rule, error) {
	var rules []Rule
	for part := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		r, err := parseRule(part, classes)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func parseRule(text string, classes []annot.Class) (Rule, error) {
	name, number, counted := strings.Cut(strings.TrimSpace(text), ">=")
	r := Rule{Class: strings.TrimSpace(name), AtLeast: 1}
	if counted {
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil || n < 1 {
			return r, fmt.Errorf("%w: %q is no number from 1 up", ErrRule, strings.TrimSpace(number))
		}
		r.AtLeast = n
	}
	if find(&r, classes) {
		return r, nil
	}
	if rest, ok := strings.CutPrefix(r.Class, "no "); ok {
		r.Class, r.Gone = strings.TrimSpace(rest), true
		if find(&r, classes) {
			return r, nil
		}
	}
	return r, fmt.Errorf("%w: %q is none of the classes to find", ErrRule, r.Class)
}

// find spells a rule's class as the table does.
func find(r *Rule, classes []annot.Class) bool {
	for _, c := range classes {
		if strings.EqualFold(c.Name, r.Class) {
			r.Class = c.Name
			return true
		}
	}
	return false
}

// String is the rule as Parse reads it.
func (r Rule) String() string {
	s := r.Class
	if r.Gone {
		s = "no " + s
	}
	if r.AtLeast > 1 {
		s += " >= " + strconv.Itoa(r.AtLeast)
	}
	return s
}

// Alert is a rule that has come to hold.
type Alert struct {
	Rule  Rule
	Count int           // of the class, now
	Since time.Duration // the time of the frame from which on it held
}

// DefaultHold is how long a rule must hold.
const DefaultHold = 500 * time.Millisecond

// Watch judges rules by what is found in one frame after another. It is used by one goroutine at a time.
type Watch struct {
	hold  time.Duration
	rules []watched
}

// watched is a rule and how it stands. A rule counts as holding, or as not, when it did so for the hold and in
// two frames at least.
type watched struct {
	Rule
	holds  bool          // as it counts
	frames int           // so many of late say otherwise
	since  time.Duration // from this time on
}

// New returns a watch. A hold of 0 is DefaultHold.
func New(rules []Rule, hold time.Duration) *Watch {
	if hold <= 0 {
		hold = DefaultHold
	}
	w := &Watch{hold: hold}
	for _, r := range rules {
		// What is gone before it was ever there is no news.
		w.rules = append(w.rules, watched{Rule: r, holds: r.Gone})
	}
	return w
}

// See takes the regions of the next frame that the models saw, and returns what is to be told.
func (w *Watch) See(at time.Duration, regions []annot.Region, classes []annot.Class) []Alert {
	counts := map[string]int{}
	for _, r := range regions {
		if r.Class >= 0 && r.Class < len(classes) {
			counts[classes[r.Class].Name]++
		}
	}
	var told []Alert
	for i := range w.rules {
		r := &w.rules[i]
		n := counts[r.Class]
		if r.step(at, (n >= r.AtLeast) != r.Gone, w.hold) {
			told = append(told, Alert{r.Rule, n, r.since})
		}
	}
	return told
}

// step takes one frame in and reports whether the rule has come to hold with it.
func (r *watched) step(at time.Duration, holds bool, hold time.Duration) bool {
	if holds == r.holds {
		r.frames = 0
		return false
	}
	if r.frames == 0 {
		r.since = at
	}
	r.frames++
	if r.frames < 2 || at-r.since < hold {
		return false
	}
	r.holds, r.frames = holds, 0
	return holds
}
