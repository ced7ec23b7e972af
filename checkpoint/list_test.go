package checkpoint

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestList(t *testing.T) {
	s := NewStore(t.TempDir())
	if all, err := s.List(); len(all) != 0 || err != nil {
		t.Errorf("List of no folder = %v, %v", all, err)
	}
	for _, step := range []int{10, 20} {
		must(t, s.Save(step, []File{{Name: "z", Write: func(w io.Writer) error {
			for range 2 {
				if _, err := w.Write(make([]byte, 500)); err != nil {
					return err
				}
			}
			return nil
		}}}))
	}
	if _, err := s.Load(s.Path(20)); err != nil {
		t.Errorf("a file of two writes: %v", err)
	}
	saved := time.Now().Add(-time.Minute).Round(time.Second)
	must(t, os.Chtimes(filepath.Join(s.Path(20), "manifest.json"), saved, saved))
	all, err := s.List()
	must(t, err)
	if len(all) != 2 || all[0].Step != 20 || all[1].Step != 10 ||
		all[0].Bytes < 1000 || all[0].Bytes > 2000 || !all[0].Time.Equal(saved) {
		t.Errorf("List = %+v; want steps 20 and 10 of a good 1000 bytes, the first saved at %v", all, saved)
	}
}
