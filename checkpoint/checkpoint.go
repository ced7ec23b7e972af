// Package checkpoint keeps the state of a run in files that survive a crash at
// any moment. It knows names and bytes, not models.
package checkpoint

import "github.com/goclip/goclip/checkpoint/weights"

// ErrNotFound says that there is no such tensor or no checkpoint.
var ErrNotFound = weights.ErrNotFound
