// Package track gives the regions of a video's frames identities that last: the same thing keeps its number and its
// class from frame to frame, also where it was missed for a moment, and is moved along between the frames that a model
// has looked at.
//
// The association is that of ByteTrack (Y. Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every
// Detection Box", 2021): what is surely found is paired with all tracks first, then what is left of the tracks with
// what is found weakly, which rescues things half hidden. Differences, each for open vocabularies and for live
// pictures: times are real, so that frames may be left out; a box of another class pairs less well; the class of a
// track is voted over time.
package track
