package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
)

// progress tells how far a batch is: one line that is drawn over on a terminal, plain lines elsewhere. It may
// be used from several goroutines.
type progress struct {
	mu             sync.Mutex
	w              io.Writer
	live           bool
	total, done    int
	failed         int
	shown          int // photos that the last line told of
	began, printed time.Time
	width          int // of the line on the terminal
	passes         int // that each photo needs, once that was said
	part           string
}

func newProgress(w io.Writer, total int) *progress {
	live := false
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		live = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return &progress{w: w, live: live, total: total, began: time.Now()}
}

// How often the line is drawn: often enough to look alive, seldom enough to keep logs short.
const (
	liveEvery  = 100 * time.Millisecond
	plainEvery = 10 * time.Second
)

func (p *progress) step(failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if failed {
		p.failed++
	}
	p.part = ""
	if time.Since(p.printed) >= p.every() {
		p.print()
	}
}

// pass tells how far a photo is whose words are read in several passes.
func (p *progress) pass(done, total int) {
	if total < 2 {
		return
	}
	p.mu.Lock()
	said := p.passes == total
	p.passes = total
	p.part = fmt.Sprintf(", pass %d of %d", min(done+1, total), total)
	p.mu.Unlock()
	if !said {
		p.say(fmt.Sprintf("one caption does not hold all words: each photo takes %d passes", total))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.printed) >= p.every() {
		p.print()
	}
}

func (p *progress) every() time.Duration {
	if p.live {
		return liveEvery
	}
	return plainEvery
}

func (p *progress) print() {
	p.printed, p.shown = time.Now(), p.done
	text := fmt.Sprintf("%d of %s", p.done, count(p.total, "photo"))
	if p.done > 0 { // before that nothing is known of the rate
		rate := float64(p.done) / max(time.Since(p.began).Seconds(), 1e-9)
		left := time.Duration(float64(p.total-p.done) / rate * float64(time.Second))
		text += fmt.Sprintf(", %.1f a second, %s left", rate, short(left))
	}
	text += p.part
	if p.failed > 0 {
		text += fmt.Sprintf(", %d failed", p.failed)
	}
	if !p.live {
		fmt.Fprintln(p.w, text)
		return
	}
	const cells = 24
	full := cells * p.done / max(p.total, 1)
	bar := "[" + strings.Repeat("#", full) + strings.Repeat("-", cells-full) + "] "
	columns := columns(p.w)
	text = fit(bar, text, columns)
	if columns > 0 {
		p.width = min(p.width, columns-1)
	}
	p.width = max(p.width, len(text))
	fmt.Fprintf(p.w, "\r%-*s", p.width, text)
}

// status prints the line that text makes, if it is time for one.
func (p *progress) status(text func() string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	every := plainEvery
	if p.live {
		every = liveEvery
	}
	if time.Since(p.printed) < every {
		return
	}
	p.printed = time.Now()
	line := text()
	if !p.live {
		fmt.Fprintln(p.w, line)
		return
	}
	if columns := columns(p.w); columns > 0 {
		line = fit("", line, columns)
		p.width = min(p.width, columns-1)
	}
	p.width = max(p.width, len(line))
	fmt.Fprintf(p.w, "\r%-*s", p.width, line)
}

// fit makes a line of a bar and a text that a terminal with so many columns does not wrap, since a wrapped
// line cannot be drawn over. 0 columns stand for a width that is not known.
func fit(bar, text string, columns int) string {
	switch {
	case columns <= 0 || len(bar)+len(text) < columns:
		return bar + text
	case len(text) < columns:
		return text
	}
	return text[:columns-1]
}

// say prints a line of its own, such as a photo that failed.
func (p *progress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live && p.width > 0 {
		fmt.Fprintf(p.w, "\r%-*s\r", p.width, "")
	}
	fmt.Fprintln(p.w, text)
}

// end leaves the last state on the screen.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.total > 0 && (p.live || p.shown != p.done) {
		p.print()
	}
	if p.live {
		fmt.Fprintln(p.w)
	}
}

// count is a number and what it counts: 1 photo, 2 photos.
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// printable shows a file's name without what would steer the terminal.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, name)
}

func short(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()+0.5))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
