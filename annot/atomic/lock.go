package atomic

import "errors"

// ErrLocked marks a file that another process has locked.
var ErrLocked = errors.New("file is locked by another process")
