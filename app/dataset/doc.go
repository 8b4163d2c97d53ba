// Package dataset holds the commands that work on label files alone: convert, check and eval. Each is a
// function of its arguments and streams, and returns an exit code of package cli.
package dataset
