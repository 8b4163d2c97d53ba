// Package format reads and writes annotation files: COCO, YOLO, Pascal VOC, LabelMe and the others that
// Names lists, and Saysee's own JSON.
//
// A dataset is a class table and a stream of photos, so that converting needs memory for a few photos
// and not for all. Everything in a Dataset uses the house's coordinates (see package annot); readers and
// writers translate at the border: 1-based corners, centres, fractions and pixel-centre outlines exist
// only in the files.
//
// Input is never trusted. A fault in one annotation is a Problem with file, place and cause, and the rest
// loads; only a file that cannot be opened, or holds nothing of the format, is an error. What a format
// cannot hold is known before anything is written: see Capabilities and Losses.
package format
