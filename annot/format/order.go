package format

import (
	"iter"
	"runtime"
	"sync"
)

// chunk is how many items go to a goroutine at once: enough that the hand-over costs nothing.
const chunk = 32

// count yields 0 … n-1.
func count(n int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
	}
}

// batch is a chunk of work on its way through inOrder.
type batch[In, Out any] struct {
	in   []In
	out  []Out
	err  error // ends the stream after out
	done chan struct{}
}

// inOrder applies work to every item of the stream on all processors and yields the results in the order
// of the items. The first error of the stream is passed on after the results before it and ends it. All
// goroutines have ended when the range loop over the result ends, however it ends.
func inOrder[In, Out any](in iter.Seq2[In, error], work func(In) Out) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		workers := runtime.GOMAXPROCS(0)
		jobs := make(chan *batch[In, Out], workers)
		queue := make(chan *batch[In, Out], 2*workers)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		defer wg.Wait()
		defer close(stop)
		for range workers {
			wg.Go(func() {
				for b := range jobs {
					for _, i := range b.in {
						b.out = append(b.out, work(i))
					}
					close(b.done)
				}
			})
		}
		wg.Go(func() {
			defer close(queue)
			defer close(jobs)
			feed(in, func(b *batch[In, Out]) bool {
				select {
				case queue <- b:
				case <-stop:
					return false
				}
				jobs <- b
				return true
			})
		})
		drain(queue, yield)
	}
}

// feed cuts the stream into batches until send refuses one.
func feed[In, Out any](in iter.Seq2[In, error], send func(*batch[In, Out]) bool) {
	next := func() *batch[In, Out] {
		return &batch[In, Out]{in: make([]In, 0, chunk), done: make(chan struct{})}
	}
	b := next()
	for i, err := range in {
		if err != nil {
			b.err = err
			break
		}
		b.in = append(b.in, i)
		if len(b.in) == chunk {
			if !send(b) {
				return
			}
			b = next()
		}
	}
	if len(b.in) > 0 || b.err != nil {
		send(b)
	}
}

func drain[In, Out any](queue <-chan *batch[In, Out], yield func(Out, error) bool) {
	for b := range queue {
		<-b.done
		for _, o := range b.out {
			if !yield(o, nil) {
				return
			}
		}
		if b.err != nil {
			var none Out
			yield(none, b.err)
			return
		}
	}
}
