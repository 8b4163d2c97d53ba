// Package eval compares predictions with the truth: COCO's average precision and recall for boxes and
// masks, precision-recall curves, the best threshold of each class, the confusion matrix, and pixel
// measures of semantic maps.
//
// Average precision follows pycocotools (cocodataset/cocoapi, PythonAPI/pycocotools/cocoeval.py and
// common/maskApi.c) operation by operation, in the same order and in float64, so that its numbers are
// pycocotools' numbers. All measures are fractions in [0, 1]; one that no truth defines is Undefined.
//
// Regions are in the coordinates of package annot; classes are indices into one table that truth and
// predictions share.
package eval
