// Package checkpoint keeps the state of a run in files that survive a crash at
// any moment. It knows names and bytes, not models.
package checkpoint

import "errors"

// ErrNotFound says that there is no such tensor or no checkpoint.
var ErrNotFound = errors.New("not found")
