// Package ground builds the captions that grounding detectors read, and keeps track of which pieces of a
// caption belong to which phrase.
//
// A caption is either a list of names ("cat. red cup. dog") or a person's own sentence, whose phrases are
// marked by brackets ("[a red cup] on [the table]"), given as spans, or found by a small chunker. Captions
// that are longer than the text encoder reads become chunks, cut between phrases and never within one.
package ground
