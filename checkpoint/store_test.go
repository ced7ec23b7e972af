package checkpoint

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/internal/bounded"
)

func files(text string) []File {
	return []File{
		{Name: "model.safetensors", Write: func(w io.Writer) error {
			_, err := io.WriteString(w, "weights "+text)
			return err
		}},
		{Name: "state.json", Write: func(w io.Writer) error { _, err := io.WriteString(w, "state "+text); return err }},
	}
}

// TestOperations pins the order of a save: what must be durable before what.
func TestOperations(t *testing.T) {
	m := newMemory()
	s := &Store{Dir: "run/checkpoints", FS: m}
	must(t, s.Save(10, files("a")))
	must(t, m.MkdirAll("run/checkpoints/.tmp-step-00000015")) // of a save that was killed
	m.ops = nil
	must(t, s.Save(20, files("b")))
	must(t, s.Prune(20, Config{KeepLast: 1}))
	want := []string{
		"read step-00000020/manifest.json", "readdir .",
		"remove .tmp-step-00000015", "free .", "mkdir .tmp-step-00000020",
		"create .tmp-step-00000020/model.safetensors", "write .tmp-step-00000020/model.safetensors",
		"sync .tmp-step-00000020/model.safetensors", "close .tmp-step-00000020/model.safetensors",
		"create .tmp-step-00000020/state.json", "write .tmp-step-00000020/state.json",
		"sync .tmp-step-00000020/state.json", "close .tmp-step-00000020/state.json",
		"create .tmp-step-00000020/manifest.json", "write .tmp-step-00000020/manifest.json",
		"sync .tmp-step-00000020/manifest.json", "close .tmp-step-00000020/manifest.json",
		"syncdir .tmp-step-00000020", "rename step-00000020", "syncdir .", "readdir .",
		"remove step-00000010/manifest.json", "remove step-00000010/model.safetensors",
		"remove step-00000010/state.json", "remove step-00000010",
	}
	for i, op := range m.ops {
		m.ops[i] = strings.Replace(strings.Replace(op, "run/checkpoints/", "", 1), "run/checkpoints", ".", 1)
	}
	if d := cmp.Diff(want, m.ops); d != "" {
		t.Errorf("operations (-want +got):\n%s", d)
	}
}

// TestFaults lets every operation of a save and a prune fail: alone; as the
// last that the process does; and as the last before the machine loses power,
// with and without the names that were not synced. The newest whole checkpoint
// is there afterwards, the new one if it was said to be saved, and the next save
// works and leaves nothing else. So it is when the save takes the place of a
// checkpoint that is damaged.
func TestFaults(t *testing.T) {
	for mode, after := range map[string]func(*memory){
		"alone":                         func(*memory) {},
		"process killed":                func(*memory) {},
		"power lost":                    func(m *memory) { m.crash(false) },
		"power lost, all names written": func(m *memory) { m.crash(true) },
	} {
		for _, fault := range []error{syscall.ENOSPC, syscall.EIO} {
			for _, damaged := range []bool{false, true} {
				fail := 1
				for faults(t, mode, after, fault, damaged, fail) {
					fail++
				}
				if want := 20; fail < want {
					t.Errorf("%s: a save and a prune have %d operations; want %d or more", mode, fail, want)
				}
			}
		}
	}
}

// faults saves steps 10, 20 and 30 and fails an operation of the last. It is
// false if there are fewer than fail operations.
func faults(t *testing.T, mode string, after func(*memory), fault error, damaged bool, fail int) bool {
	t.Helper()
	keep := Config{KeepLast: 1}
	m := newMemory()
	s := &Store{Dir: "run/checkpoints", FS: m}
	must(t, s.Save(10, files("10")))
	must(t, s.Save(20, files("20")))
	if damaged {
		must(t, s.Save(30, files("old")))
		n := m.find(filepath.Join(s.Dir, StepName(30), "state.json"))
		n.data[0]++
		n.synced[0]++
	}
	m.ops, m.fail, m.err, m.stop = nil, fail, fault, mode != "alone"
	saved := s.Save(30, files("30"))
	err := saved
	if err == nil {
		err = s.Prune(30, keep)
	}
	ops := m.ops
	m.ops, m.fail = nil, 0
	after(m)
	if len(ops) < fail {
		must(t, err)
		check(t, s, 30)
		return false
	}
	where := fmt.Sprintf("%s: %v of %q", mode, fault, ops[fail-1])
	if !errors.Is(err, fault) {
		t.Errorf("%s: the save says %v", where, err)
	}
	c, err := s.Latest()
	if err != nil || !damaged && len(c.Skipped) > 0 || c.Step != 30 && (c.Step != 20 || saved == nil) {
		t.Fatalf("%s: Latest = %+v, %v; want a whole one, and step 30 if saved (%v)", where, c, err, saved)
	}
	check(t, s, c.Step)
	if names, err := m.ReadDir(s.Dir); mode == "alone" &&
		(err != nil || strings.Contains(fmt.Sprint(names), temporary)) {
		t.Errorf("%s: the save leaves %v, %v; want nothing temporary", where, names, err)
	}
	must(t, s.Save(40, files("40")))
	must(t, s.Prune(40, keep))
	check(t, s, 40)
	if names, err := m.ReadDir(s.Dir); err != nil || len(names) != 1 {
		t.Errorf("%s: the next save leaves %v, %v; want it alone", where, names, err)
	}
	return true
}

// TestUnreadable: a checkpoint that cannot be read just now is not replaced.
func TestUnreadable(t *testing.T) {
	for fail := 1; ; fail++ {
		m := newMemory()
		s := &Store{Dir: "checkpoints", FS: m}
		must(t, s.Save(10, files("10")))
		m.ops, m.fail, m.err = nil, fail, syscall.EIO
		err := s.Save(10, files("other"))
		ops := len(m.ops)
		m.fail = 0
		check(t, s, 10)
		if ops < fail {
			must(t, err)
			if fail < 3 {
				t.Errorf("a checkpoint is read in %d operations", fail)
			}
			return
		}
		if !errors.Is(err, syscall.EIO) || ops != fail {
			t.Errorf("operation %d of reading a checkpoint fails: %v after %d operations; want that error at once",
				fail, err, ops)
		}
	}
}

// check fails unless the newest checkpoint is of step and holds what it held.
func check(t *testing.T, s *Store, step int) {
	t.Helper()
	c, err := s.Latest()
	if err != nil || c.Step != step {
		t.Fatalf("Latest = %+v, %v; want step %d", c, err, step)
	}
	text, err := s.FS.ReadFile(c.Path("state.json"))
	if want := fmt.Sprint("state ", step); err != nil || string(text) != want {
		t.Errorf("the checkpoint of step %d holds %q, %v; want %q", step, text, err, want)
	}
}

func TestPrune(t *testing.T) {
	for _, test := range []struct {
		step int
		keep Config
		want []string
	}{
		{50, Config{}, []string{"step-00000010", "step-00000020", "step-00000030", "step-00000040", "step-00000050"}},
		{50, Config{KeepLast: 2}, []string{"step-00000040", "step-00000050"}},
		{50, Config{KeepLast: 1, KeepEvery: 20}, []string{"step-00000020", "step-00000040", "step-00000050"}},
		{30, Config{KeepLast: 1}, []string{"step-00000030", "step-00000040", "step-00000050"}}, // the later two are damaged
		{50, Config{KeepLast: 9}, []string{"step-00000010", "step-00000020",
			"step-00000030", "step-00000040", "step-00000050"}},
	} {
		m := newMemory()
		s := &Store{Dir: "checkpoints", FS: m}
		for step := 10; step <= 50; step += 10 {
			must(t, s.Save(step, files("")))
		}
		must(t, s.Prune(test.step, test.keep))
		if names, err := m.ReadDir(s.Dir); err != nil || !cmp.Equal(names, test.want) {
			t.Errorf("after step %d, %+v keeps %v, %v; want %v", test.step, test.keep, names, err, test.want)
		}
	}
}

func TestFreeSpace(t *testing.T) {
	m := newMemory()
	s := &Store{Dir: "checkpoints", FS: m}
	m.free = 5e6
	big := []File{{Name: "model.safetensors", Size: 6e6, Write: files("")[0].Write}}
	if err := s.Save(10, big); err == nil || !strings.Contains(err.Error(), "have 5.0 MB of free space; want 6.1 MB") {
		t.Errorf("Save on a full disk: %v", err)
	}
	if names, err := m.ReadDir(s.Dir); err != nil || len(names) != 0 {
		t.Errorf("Save on a full disk leaves %v, %v", names, err)
	}
	if free, err := (OS{}).Free(t.TempDir()); err != nil || free <= 0 {
		t.Errorf("Free = %d, %v", free, err)
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
	if err != nil || c.Step != 2 || len(c.Skipped) != 1 ||
		!strings.Contains(c.Skipped[0].Error(), "model.safetensors is damaged") {
		t.Errorf("Latest = %+v, %v; want step 2, and step 3 skipped as damaged", c, err)
	}
	must(t, s.Save(3, files("again"))) // takes the place of the damaged one
	if c, err := s.Latest(); err != nil || c.Step != 3 {
		t.Errorf("after saving again: %+v, %v", c, err)
	}
}

// The manifest must name the same step as the folder.
func TestRenamed(t *testing.T) {
	s := NewStore(t.TempDir())
	must(t, s.Save(1, files("1")))
	must(t, s.Save(2, files("2")))
	must(t, os.Rename(filepath.Join(s.Dir, "step-00000002"), filepath.Join(s.Dir, "step-00000003")))
	c, err := s.Latest()
	if err != nil || c.Step != 1 || len(c.Skipped) != 1 || !strings.Contains(c.Skipped[0].Error(), "says step 2") {
		t.Errorf("Latest = %+v, %v; want step 1, and a folder skipped", c, err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"step":20,"files":{"model.safetensors":{"bytes":3,"sha256":"ab"}}}`))
	f.Add([]byte(`{"files":{"..":{},"/x":{},"a/b":{}}}`))
	f.Add([]byte(`{"files":{"":null}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var m manifest
		var err error
		bounded.Run(t, 1<<20+200*uint64(len(text)), func() { m, err = parseManifest(text) })
		if err != nil {
			return
		}
		for name := range m.Files {
			if dir := filepath.Dir(filepath.Join("run", "step", name)); dir != filepath.Join("run", "step") {
				t.Errorf("%q leads to %s", name, dir)
			}
		}
	})
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	unlock, err := Lock(dir)
	must(t, err)
	if _, err := Lock(dir); err == nil || !strings.Contains(err.Error(),
		fmt.Sprintf("in use by process %d", os.Getpid())) {
		t.Errorf("a second lock: %v", err)
	}
	must(t, unlock())
	if _, err := os.Stat(filepath.Join(dir, "run.pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("run.pid after the lock has ended: %v; want it removed", err)
	}
	unlock, err = Lock(dir)
	must(t, err)
	must(t, unlock())
}

// TestLockKilled: the error names the process that has the folder, and a
// process that was killed has it no more.
func TestLockKilled(t *testing.T) {
	if dir := os.Getenv("CHECKPOINT_TEST_LOCK"); dir != "" {
		_, err := Lock(dir)
		must(t, err)
		fmt.Println("locked")
		time.Sleep(time.Minute)
		return
	}
	dir := t.TempDir()
	c := exec.Command(os.Args[0], "-test.run=^TestLockKilled$")
	c.Env = append(os.Environ(), "CHECKPOINT_TEST_LOCK="+dir)
	out, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "locked\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	if _, err := Lock(dir); err == nil || !strings.Contains(err.Error(),
		fmt.Sprintf("in use by process %d;", c.Process.Pid)) {
		t.Errorf("a lock of process %d: %v", c.Process.Pid, err)
	}
	must(t, c.Process.Kill())
	_ = c.Wait() // it was killed
	unlock, err := Lock(dir)
	must(t, err)
	must(t, unlock())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
