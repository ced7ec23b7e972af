//go:build !unix

package bounded

import "time"

var start = time.Now()

// processor is the time of day, where the system does not say more.
func processor() time.Duration { return time.Since(start) }
