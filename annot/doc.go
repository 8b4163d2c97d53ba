// Package annot is the domain of Saysee: regions, masks, classes and documents, with no knowledge of
// models, windows or file formats.
//
// Coordinates. Pixel (i, j) covers the square [i, i+1) × [j, j+1) of the EXIF-upright photo. Points and
// boxes are in those pixels, as floats; a box is half-open, so the whole of a W × H photo is
// (0, 0, W, H). Nothing in the project uses another convention; readers and writers of file formats
// translate at the border.
package annot
