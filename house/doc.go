// Package house holds the rules of the project as tests: which package may import which, what every package owes its
// reader, how complex a function may be, under which licences we build. It has no code of its own; `go test ./house`
// tells in seconds whether a change keeps the rules.
package house
