//go:build !matprofile

package cv

// OpenMats returns how many of OpenCV's matrices are open, which the build tag matprofile has counted.
func OpenMats() (n int, counted bool) { return 0, false }
