package dist

import "fmt"

// Alone returns an error where a launcher has started this process as one of several,
// each of which would do the whole work by itself.
func Alone() error {
	if l, ok := launched(); ok && l.size > 1 {
		return fmt.Errorf("dist: %s has started %d processes; want one, as each would be a run of its own",
			l.launcher, l.size)
	}
	return nil
}
