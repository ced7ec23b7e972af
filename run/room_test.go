package run

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/train"
)

// A small disk has so many bytes free.
type smallDisk struct {
	checkpoint.OS
	free int64
}

func (d smallDisk) Free(string) (int64, error) { return d.free, nil }

// TestRoom: a disk without room for two checkpoints is an error at the start, one
// without room for all of the run's is said.
func TestRoom(t *testing.T) {
	world, workdir := filepath.Join(t.TempDir(), "world"), filepath.Join(t.TempDir(), "run")
	var log strings.Builder
	o := testRun(t, world, workdir, false)
	o.Log = train.NewConsole(&log, 11)
	o.Config.Checkpoint.EverySteps, o.Config.Checkpoint.KeepLast = 2, 4
	s, err := start(t.Context(), *o)
	must(t, err)
	defer s.close()
	each := savedBytes(s.config, s.model)
	for _, test := range []struct {
		free int64
		warn string
		err  string
	}{
		{5 * each, "", ""},
		{5*each - 1, "for the 4 checkpoints that the run keeps and one more", ""},
		{2*each - 1, "", "for one checkpoint and the next while it is written"},
	} {
		log.Reset()
		s.folder.store.FS = smallDisk{free: test.free}
		err := s.checkRoom()
		if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) ||
			!strings.Contains(log.String(), test.warn) || test.warn == "" && log.Len() > 0 {
			t.Errorf("%d bytes free: %v, log %q; want error %q, log %q", test.free, err, &log, test.err, test.warn)
		}
	}
}
