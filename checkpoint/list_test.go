package checkpoint

import (
	"io"
	"testing"
	"time"
)

func TestList(t *testing.T) {
	s := NewStore(t.TempDir())
	if all, err := s.List(); len(all) != 0 || err != nil {
		t.Errorf("List of no folder = %v, %v", all, err)
	}
	for _, step := range []int{10, 20} {
		must(t, s.Save(step, []File{{Name: "a", Write: func(w io.Writer) error {
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
	all, err := s.List()
	must(t, err)
	if len(all) != 2 || all[0].Step != 20 || all[1].Step != 10 || all[0].Bytes < 1000 || all[0].Bytes > 2000 || time.Since(all[0].Time) > time.Hour {
		t.Errorf("List = %+v; want steps 20 and 10 of a good 1000 bytes, just now", all)
	}
}
