//go:build matprofile

package cv

import "gocv.io/x/gocv"

// OpenMats returns how many of OpenCV's matrices are open, which the build tag matprofile has counted.
func OpenMats() (n int, counted bool) { return gocv.MatProfile.Count(), true }
