//go:build !windows

package checkpoint

import "os"

// SyncDir makes the names in a folder durable.
func (OS) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
