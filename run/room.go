package run

import (
	"fmt"
)

// checkRoom refuses a disk that cannot hold two checkpoints, the one that is kept and
// the next one while it is written, and says where it cannot hold all of a run's.
// Where nothing is known of the disk, nothing is said.
func (s *session) checkRoom() error {
	free, err := s.folder.store.FS.Free(s.folder.dir)
	if err != nil {
		return nil // a disk that has no room shows when it is written
	}
	saved, err := s.folder.store.List()
	if err != nil {
		return err
	}
	for _, c := range saved {
		free += c.Bytes // what a run has saved already has room
	}
	each := savedBytes(s.config, s.model)
	kept := s.config.Checkpoint.Kept(s.config.Train.Steps)
	short := func(checkpoints int) bool { return free < int64(checkpoints)*each }
	have := fmt.Sprintf("%s: have room for %s on the disk", s.folder.dir, size(free))
	switch {
	case short(2):
		return fmt.Errorf("run: %s; want %s, for one checkpoint and the next while it is written", have, size(2*each))
	case short(kept + 1):
		s.log.Printf("%s; want %s for the %d checkpoints that the run keeps and one more while it is written, "+
			"or a smaller checkpoint.keep_last or checkpoint.keep_every", have, size(int64(kept+1)*each), kept)
	}
	return nil
}
