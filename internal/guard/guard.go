// Package guard keeps a panic, which damaged files can cause in the decoders of
// others, from ending the program.
package guard

import "fmt"

// Call returns the error of f, or one that says what f panicked with.
func Call(f func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("damaged: %v", cause)
		}
	}()
	return f()
}
