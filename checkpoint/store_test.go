package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// faulty is a file system in which one operation fails, or after which, as
// after a crash, all do.
type faulty struct {
	OS
	ops   []string
	fail  int // the operation that fails, from 1; 0 means none
	err   error
	crash bool // all after it fail as well
	root  string
}

func (f *faulty) op(name string, path string) error {
	rel, _ := filepath.Rel(f.root, path)
	f.ops = append(f.ops, name+" "+filepath.ToSlash(rel))
	if n := len(f.ops); f.fail > 0 && (n == f.fail || f.crash && n > f.fail) {
		return f.err
	}
	return nil
}

func (f *faulty) MkdirAll(path string) error {
	if err := f.op("mkdir", path); err != nil {
		return err
	}
	return f.OS.MkdirAll(path)
}

func (f *faulty) Create(path string) (SyncWriter, error) {
	if err := f.op("create", path); err != nil {
		return nil, err
	}
	w, err := f.OS.Create(path)
	return &faultyFile{w, f, path}, err
}

func (f *faulty) Rename(from, to string) error {
	if err := f.op("rename", to); err != nil {
		return err
	}
	return f.OS.Rename(from, to)
}

func (f *faulty) RemoveAll(path string) error {
	if err := f.op("remove", path); err != nil {
		return err
	}
	return f.OS.RemoveAll(path)
}

func (f *faulty) SyncDir(path string) error {
	if err := f.op("syncdir", path); err != nil {
		return err
	}
	return f.OS.SyncDir(path)
}

type faultyFile struct {
	SyncWriter
	f    *faulty
	path string
}

// Write writes half of what it is given before it fails.
func (w *faultyFile) Write(p []byte) (int, error) {
	if err := w.f.op("write", w.path); err != nil {
		n, _ := w.SyncWriter.Write(p[:len(p)/2])
		return n, err
	}
	return w.SyncWriter.Write(p)
}

func (w *faultyFile) Sync() error {
	if err := w.f.op("sync", w.path); err != nil {
		return err
	}
	return w.SyncWriter.Sync()
}

func files(text string) []File {
	return []File{
		{"model.safetensors", func(w io.Writer) error { _, err := io.WriteString(w, "weights "+text); return err }},
		{"state.json", func(w io.Writer) error { _, err := io.WriteString(w, "state "+text); return err }},
	}
}

// TestOperations pins the order of a save: what must be durable before what.
func TestOperations(t *testing.T) {
	root := t.TempDir()
	f := &faulty{root: root}
	s := &Store{Dir: root, FS: f}
	must(t, s.Save(20, files("a")))
	must(t, s.Prune(1))
	want := []string{
		"mkdir .", "remove .tmp-step-00000020", "mkdir .tmp-step-00000020",
		"create .tmp-step-00000020/model.safetensors", "write .tmp-step-00000020/model.safetensors", "sync .tmp-step-00000020/model.safetensors",
		"create .tmp-step-00000020/state.json", "write .tmp-step-00000020/state.json", "sync .tmp-step-00000020/state.json",
		"create .tmp-step-00000020/manifest.json", "write .tmp-step-00000020/manifest.json", "sync .tmp-step-00000020/manifest.json",
		"syncdir .tmp-step-00000020", "remove step-00000020", "rename step-00000020", "syncdir .",
	}
	if d := cmp.Diff(want, f.ops); d != "" {
		t.Errorf("operations (-want +got):\n%s", d)
	}
}

// TestFaults lets every operation of a save and a prune fail, once alone and
// once with all that follow: the newest whole checkpoint is there afterwards.
func TestFaults(t *testing.T) {
	for _, crash := range []bool{false, true} {
		for fail := 1; ; fail++ {
			root := t.TempDir()
			good := &Store{Dir: root, FS: OS{}}
			must(t, good.Save(10, files("old")))
			f := &faulty{root: root, fail: fail, crash: crash, err: syscall.ENOSPC}
			s := &Store{Dir: root, FS: f}
			err := s.Save(20, files("new"))
			if err == nil {
				err = s.Prune(1)
			}
			if len(f.ops) < fail {
				if err != nil {
					t.Errorf("no fault, and still %v", err)
				}
				break
			}
			if err == nil || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("operation %d, %s, fails: %v; want %v", fail, f.ops[fail-1], err, syscall.ENOSPC)
			}
			c, err := good.Latest()
			if err != nil || c.Step != 10 && c.Step != 20 || len(c.Skipped) > 0 {
				t.Errorf("after %s fails: %+v, %v; want a whole checkpoint", f.ops[fail-1], c, err)
				continue
			}
			text, err := os.ReadFile(c.Path("state.json"))
			if want := map[int]string{10: "state old", 20: "state new"}[c.Step]; err != nil || string(text) != want {
				t.Errorf("checkpoint of step %d holds %q, %v; want %q", c.Step, text, err, want)
			}
			must(t, good.Save(30, files("next")))
			if c, err := good.Latest(); err != nil || c.Step != 30 {
				t.Errorf("after %s fails, the next save gives %+v, %v", f.ops[fail-1], c, err)
			}
		}
	}
}

// TestDamage flips a byte of the newest checkpoint: the one before it is used.
func TestDamage(t *testing.T) {
	s := NewStore(t.TempDir())
	if _, err := s.Latest(); !errors.Is(err, ErrNotFound) {
		t.Errorf("an empty store: %v; want ErrNotFound", err)
	}
	for _, step := range []int{1, 2, 3} {
		must(t, s.Save(step, files(fmt.Sprint(step))))
	}
	path := filepath.Join(s.Dir, "step-00000003", "model.safetensors")
	text, err := os.ReadFile(path)
	must(t, err)
	text[3] ^= 1
	must(t, os.WriteFile(path, text, 0o666))
	c, err := s.Latest()
	if err != nil || c.Step != 2 || len(c.Skipped) != 1 || !strings.Contains(c.Skipped[0].Error(), "model.safetensors is damaged") {
		t.Errorf("Latest = %+v, %v; want step 2, and step 3 skipped as damaged", c, err)
	}
	must(t, s.Save(3, files("again"))) // takes the place of the damaged one
	if c, err := s.Latest(); err != nil || c.Step != 3 {
		t.Errorf("after saving again: %+v, %v", c, err)
	}
	must(t, s.Prune(2))
	if steps, err := s.steps(); err != nil || len(steps) != 2 || filepath.Base(steps[1]) != "step-00000002" {
		t.Errorf("after pruning to 2: %v, %v", steps, err)
	}
	must(t, os.WriteFile(filepath.Join(s.Dir, "step-00000003", "manifest.json"), []byte(`{"files":{"../x":{}}}`), 0o666))
	if _, err := s.Load(filepath.Join(s.Dir, "step-00000003")); err == nil || !strings.Contains(err.Error(), "want a file of the folder") {
		t.Errorf("a manifest that leaves its folder: %v", err)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := Lock(dir)
	must(t, err)
	if _, err := Lock(dir); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("in use by process %d", os.Getpid())) {
		t.Errorf("a second lock: %v", err)
	}
	must(t, unlock())
	unlock, err = Lock(dir)
	must(t, err)
	must(t, unlock())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
