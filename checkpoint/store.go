package checkpoint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config says when a run is saved and what is kept.
type Config struct {
	// EverySteps and EveryMinutes save periodically; 0 means not by this count.
	// The end of a run and SIGINT or SIGTERM save as well.
	EverySteps   int     `yaml:"every_steps"`
	EveryMinutes float64 `yaml:"every_minutes"`

	// KeepLast is the number of newest checkpoints that stay; 0 means all.
	KeepLast int `yaml:"keep_last"`
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case c.EverySteps < 0:
		return fmt.Errorf("checkpoint: every_steps %d is negative", c.EverySteps)
	case !(c.EveryMinutes >= 0 && c.EveryMinutes < 1e6):
		return fmt.Errorf("checkpoint: every_minutes %g; want 0 or more", c.EveryMinutes)
	case c.KeepLast < 0:
		return fmt.Errorf("checkpoint: keep_last %d is negative", c.KeepLast)
	}
	return nil
}

// Interval is EveryMinutes as a duration.
func (c Config) Interval() time.Duration {
	return time.Duration(c.EveryMinutes * float64(time.Minute))
}

// A File is one file of a checkpoint, written by Write.
type File struct {
	Name  string
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

const (
	stepPrefix   = "step-"
	temporary    = ".tmp-"
	manifestName = "manifest.json"
)

// A manifest holds what is needed to tell whether a checkpoint is whole.
type manifest struct {
	Step  int                 `json:"step"`
	Files map[string]checksum `json:"files"`
}

type checksum struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Save writes a checkpoint: the files into a temporary folder, each synced, a
// manifest after them, then the folder is synced and renamed, and the parent
// synced. A crash at any moment leaves the checkpoints before it whole. An
// existing checkpoint of the step stays as it is.
func (s *Store) Save(step int, files []File) (err error) {
	final := filepath.Join(s.Dir, fmt.Sprintf("%s%08d", stepPrefix, step))
	if _, err := s.Load(final); err == nil {
		return nil
	}
	if err := s.FS.MkdirAll(s.Dir); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	temp := filepath.Join(s.Dir, temporary+filepath.Base(final))
	if err := s.FS.RemoveAll(temp); err != nil { // of a run that was killed
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := s.FS.MkdirAll(temp); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	defer func() {
		if err != nil {
			_ = s.FS.RemoveAll(temp) // the error is the one that matters
		}
	}()
	m := manifest{Step: step, Files: map[string]checksum{}}
	for _, f := range files {
		sum, err := s.write(filepath.Join(temp, f.Name), f.Write)
		if err != nil {
			return fmt.Errorf("checkpoint: %s: %w", f.Name, err)
		}
		m.Files[f.Name] = sum
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if _, err := s.write(filepath.Join(temp, manifestName), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	}); err != nil {
		return fmt.Errorf("checkpoint: %s: %w", manifestName, err)
	}
	if err := s.FS.SyncDir(temp); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := s.FS.RemoveAll(final); err != nil { // a damaged one
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := s.FS.Rename(temp, final); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := s.FS.SyncDir(s.Dir); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
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

// Prune removes all but the newest keep checkpoints; 0 keeps all.
func (s *Store) Prune(keep int) error {
	steps, err := s.steps()
	if err != nil || keep == 0 {
		return err
	}
	for _, path := range steps[min(keep, len(steps)):] {
		if err := s.FS.RemoveAll(path); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	return nil
}

// steps lists the checkpoint folders, newest first.
func (s *Store) steps() (paths []string, err error) {
	names, err := s.FS.ReadDir(s.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	slices.Sort(names)
	slices.Reverse(names)
	for _, name := range names {
		if _, err := strconv.Atoi(strings.TrimPrefix(name, stepPrefix)); strings.HasPrefix(name, stepPrefix) && err == nil {
			paths = append(paths, filepath.Join(s.Dir, name))
		}
	}
	return paths, nil
}

// A Checkpoint is a folder that has been found whole.
type Checkpoint struct {
	Dir  string
	Step int

	// Skipped says of newer checkpoints why they were passed over.
	Skipped []error
}

// Path is that of a file of the checkpoint.
func (c *Checkpoint) Path(name string) string { return filepath.Join(c.Dir, name) }

// Latest returns the newest checkpoint that is whole. Without one the error is
// ErrNotFound and says what was wrong with those there are.
func (s *Store) Latest() (*Checkpoint, error) {
	paths, err := s.steps()
	if err != nil {
		return nil, err
	}
	var skipped []error
	for _, path := range paths {
		c, err := s.Load(path)
		if err == nil {
			c.Skipped = skipped
			return c, nil
		}
		skipped = append(skipped, err)
	}
	if len(skipped) > 0 {
		return nil, fmt.Errorf("checkpoint: %s: none is whole: %w: %w", s.Dir, ErrNotFound, errors.Join(skipped...))
	}
	return nil, fmt.Errorf("checkpoint: %s: %w", s.Dir, ErrNotFound)
}

// Load checks the folder at path against its manifest, to the last byte.
func (s *Store) Load(path string) (*Checkpoint, error) {
	text, err := s.FS.ReadFile(filepath.Join(path, manifestName))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %s: %w", path, manifestName, err)
	}
	if len(m.Files) == 0 {
		return nil, fmt.Errorf("checkpoint: %s: %s names no file", path, manifestName)
	}
	for name, want := range m.Files {
		if name != filepath.Base(name) {
			return nil, fmt.Errorf("checkpoint: %s: %s names %q; want a file of the folder", path, manifestName, name)
		}
		have, err := s.sum(filepath.Join(path, name))
		if err != nil {
			return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
		}
		if have != want {
			return nil, fmt.Errorf("checkpoint: %s: %s is damaged: have %d bytes with SHA-256 %.12s, want %d with %.12s",
				path, name, have.Bytes, have.SHA256, want.Bytes, want.SHA256)
		}
	}
	return &Checkpoint{Dir: path, Step: m.Step}, nil
}

func (s *Store) sum(path string) (checksum, error) {
	f, err := s.FS.Open(path)
	if err != nil {
		return checksum{}, err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	return checksum{n, hex.EncodeToString(h.Sum(nil))}, err
}
