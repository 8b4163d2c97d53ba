package detect

import "context"

type progressKey struct{}

// WithProgress returns a context under which Encoding.Ask reports how many of its parts are done, for
// families whose questions run a network several times. report is called from the goroutine that asks.
func WithProgress(ctx context.Context, report func(done, total int)) context.Context {
	return context.WithValue(ctx, progressKey{}, report)
}

// Report tells whoever waits for the answer how far it is; families call it.
func Report(ctx context.Context, done, total int) {
	if report, ok := ctx.Value(progressKey{}).(func(done, total int)); ok {
		report(done, total)
	}
}
