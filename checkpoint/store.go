package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A File is one file of a checkpoint, written by Write.
type File struct {
	Name string

	// Size is the approximate number of bytes, for the check of free space; 0
	// means few.
	Size int64

	Write func(io.Writer) error
}

// A Store holds the checkpoints of a run: folders step-00000020, each whole or
// not there. FS is the system's unless a test gives another.
type Store struct {
	Dir string
	FS  FS
}

// NewStore returns the store of the run in workdir.
func NewStore(workdir string) *Store {
	return &Store{Dir: filepath.Join(workdir, "checkpoints"), FS: OS{}}
}

// Path is the folder of the checkpoint of a step.
func (s *Store) Path(step int) string { return filepath.Join(s.Dir, StepName(step)) }

const (
	stepPrefix   = "step-"
	temporary    = ".tmp-"
	manifestName = "manifest.json"
)

// Save writes a checkpoint: the files into a temporary folder, each synced, a
// manifest after them, then the folder is synced and renamed, and the parent
// synced. A crash at any moment leaves the checkpoints before it whole. An
// existing checkpoint of the step stays as it is, since the state at a step is
// a function of the run; only one that is known to be damaged is replaced, not
// one that cannot be read just now.
//
// Too little free space is an error before anything is written.
func (s *Store) Save(step int, files []File) error {
	final, temp := s.Path(step), filepath.Join(s.Dir, temporary+StepName(step))
	_, err := s.Load(final)
	if err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errDamaged) {
		return err
	}
	if err := s.prepare(files); err != nil {
		return fmt.Errorf("checkpoint: %s: %w", final, err)
	}
	err = s.fill(temp, step, files)
	if err == nil {
		err = s.FS.RemoveAll(final) // a damaged one
	}
	if err == nil {
		err = s.FS.Rename(temp, final)
	}
	if err != nil {
		_ = s.FS.RemoveAll(temp) // the error is the one that matters
		return fmt.Errorf("checkpoint: %s: %w", final, err)
	}
	if err := s.FS.SyncDir(s.Dir); err != nil {
		return fmt.Errorf("checkpoint: %s: %w", final, err)
	}
	return nil
}

// prepare makes the folder, removes what saves that did not end have left, and
// refuses to begin what the disk cannot hold.
func (s *Store) prepare(files []File) error {
	if err := s.FS.MkdirAll(s.Dir); err != nil {
		return err
	}
	names, err := s.FS.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, temporary) {
			if err := s.FS.RemoveAll(filepath.Join(s.Dir, name)); err != nil {
				return err
			}
		}
	}
	want := int64(1 << 16) // folder, manifest, small files
	for _, f := range files {
		want += f.Size
	}
	free, err := s.FS.Free(s.Dir)
	if err == nil && free < want {
		err = fmt.Errorf("have %.1f MB of free space; want %.1f MB", float64(free)/1e6, float64(want)/1e6)
	}
	return err
}

// fill writes the files and their manifest into the folder temp.
func (s *Store) fill(temp string, step int, files []File) error {
	if err := s.FS.MkdirAll(temp); err != nil {
		return err
	}
	m := manifest{Step: step, Files: map[string]checksum{}}
	for _, f := range files {
		sum, err := s.write(filepath.Join(temp, f.Name), f.Write)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		m.Files[f.Name] = sum
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	if _, err := s.write(filepath.Join(temp, manifestName), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	}); err != nil {
		return fmt.Errorf("%s: %w", manifestName, err)
	}
	return s.FS.SyncDir(temp)
}

// write creates and syncs one file.
func (s *Store) write(path string, write func(io.Writer) error) (sum checksum, err error) {
	f, err := s.FS.Create(path)
	if err != nil {
		return sum, err
	}
	h := sha256.New()
	n := &counter{w: io.MultiWriter(f, h)}
	err = write(n)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return checksum{n.bytes, hex.EncodeToString(h.Sum(nil))}, err
}

type counter struct {
	w     io.Writer
	bytes int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.bytes += int64(n)
	return n, err
}

// Prune removes the checkpoints up to step, which has just been saved, that c
// does not keep, but for those of the steps in keep. Later ones are damaged ones that the run fell back from; they
// do not count, and are replaced when the run gets there.
func (s *Store) Prune(step int, c Config, keep ...int) error {
	steps, err := s.steps()
	if err != nil || c.KeepLast == 0 {
		return err
	}
	steps = slices.DeleteFunc(steps, func(n int) bool { return n > step })
	for _, n := range steps[min(c.KeepLast, len(steps)):] {
		if c.KeepEvery > 0 && n%c.KeepEvery == 0 || slices.Contains(keep, n) {
			continue
		}
		if err := s.FS.RemoveAll(s.Path(n)); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	return nil
}

// StepName is the name of what belongs to a step: step-00000020.
func StepName(step int) string { return fmt.Sprintf("%s%08d", stepPrefix, step) }

// steps lists the steps that have a folder, newest first.
func (s *Store) steps() (steps []int, err error) {
	names, err := s.FS.ReadDir(s.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	for _, name := range names {
		if n, err := strconv.Atoi(strings.TrimPrefix(name, stepPrefix)); err == nil && n >= 0 && name == StepName(n) {
			steps = append(steps, n)
		}
	}
	slices.Sort(steps)
	slices.Reverse(steps)
	return steps, nil
}
