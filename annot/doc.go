// Package annot is the domain of Saysee: regions, masks, classes and documents, with no knowledge of
// models, windows or file formats.
//
// Coordinates. Pixel (i, j) covers the square [i, i+1) × [j, j+1) of the EXIF-upright photo. Points and
// boxes are in those pixels, as floats; a box is half-open, so the whole of a W × H photo is
// (0, 0, W, H). Nothing in the project uses another convention; readers and writers of file formats
// translate at the border.
//
// Masks are run lengths (Mask, MaskFromFullRuns, Polygon.Rasterize, Mask.Trace): every set operation, area
// and outline is exact. A Document is one photo with its regions; a Project holds the open photos, the
// class table that all photos share, and one history of steps over everything (Project.Do, Undo, Redo). A
// Store keeps documents in files that are always whole and a journal that survives a crash; a Workspace is
// a Project that lives in a Store, and what a program usually wants.
package annot
