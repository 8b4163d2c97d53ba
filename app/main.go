// Command saysee finds what you name: boxes and masks on photos, by words.
package main

import (
	"context"
	"os"
	"runtime/debug"
)

func main() {
	// Pictures and tensors are reused and most of the heap, so collecting twice as often costs next to
	// nothing and keeps memory flat over a long run.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	os.Exit(run(context.Background(), os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}
