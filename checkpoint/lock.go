package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// PIDFile is the file in a folder that holds the number of the process that works
// in it, while one does.
const PIDFile = "run.pid"

// Lock makes this process the only one that works in dir, until unlock or its
// end, even by a crash. That another has it is an error with its process id.
//
// The id lies in a file of its own: on Windows a locked file cannot be read.
func Lock(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	pid := filepath.Join(dir, PIDFile)
	lock := flock.New(filepath.Join(dir, "run.lock"))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("checkpoint: lock of %s: %w", dir, err)
	}
	if !ok {
		owner, err := os.ReadFile(pid)
		if err != nil {
			owner = []byte("unknown")
		}
		return nil, fmt.Errorf("checkpoint: %s: in use by process %s; want one process in a folder",
			dir, strings.TrimSpace(string(owner)))
	}
	if err := os.WriteFile(pid, fmt.Appendln(nil, os.Getpid()), 0o666); err != nil {
		return nil, errors.Join(fmt.Errorf("checkpoint: %w", err), lock.Close())
	}
	return func() error {
		_ = os.Remove(pid) // the lock counts, not the file
		return lock.Close()
	}, nil
}
