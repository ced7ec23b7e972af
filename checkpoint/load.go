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
)

// A manifest holds what shows whether a checkpoint is whole.
type manifest struct {
	Step  int                 `json:"step"`
	Files map[string]checksum `json:"files"`
}

type checksum struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// errDamaged says that a checkpoint could be read, and is not what was written.
var errDamaged = errors.New("is damaged")

// A Checkpoint is a folder that has been found whole.
type Checkpoint struct {
	Dir  string
	Step int

	// Skipped holds the reasons why newer checkpoints were passed over.
	Skipped []error
}

// Path is the path of a file of the checkpoint.
func (c *Checkpoint) Path(name string) string { return filepath.Join(c.Dir, name) }

// Latest returns the newest checkpoint that is whole. Without one the error is
// ErrNotFound if there is none at all, and else says what is wrong with each.
func (s *Store) Latest() (*Checkpoint, error) {
	steps, err := s.steps()
	if err != nil {
		return nil, err
	}
	var skipped []error
	for _, step := range steps {
		path := s.Path(step)
		c, err := s.Load(path)
		if err == nil && c.Step != step {
			err = fmt.Errorf("checkpoint: %s: %s says step %d", path, manifestName, c.Step)
		}
		if err == nil {
			c.Skipped = skipped
			return c, nil
		}
		skipped = append(skipped, err)
	}
	if len(skipped) > 0 {
		return nil, fmt.Errorf("checkpoint: %s: none is whole: %w", s.Dir, errors.Join(skipped...))
	}
	return nil, fmt.Errorf("checkpoint: %s: %w", s.Dir, ErrNotFound)
}

// Is says whether a folder is a checkpoint, whole or not.
func Is(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, manifestName))
	return err == nil && !info.IsDir()
}

// Load checks the folder at path against its manifest, to the last byte.
func (s *Store) Load(path string) (*Checkpoint, error) {
	text, err := s.FS.ReadFile(filepath.Join(path, manifestName))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	m, err := parseManifest(text)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %s %w", path, manifestName, err)
	}
	for name, want := range m.Files {
		have, err := s.sum(filepath.Join(path, name))
		if err != nil {
			return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
		}
		if have != want {
			return nil, fmt.Errorf("checkpoint: %s: %s %w: have %d bytes with SHA-256 %.12s, want %d with %.12s",
				path, name, errDamaged, have.Bytes, have.SHA256, want.Bytes, want.SHA256)
		}
	}
	return &Checkpoint{Dir: path, Step: m.Step}, nil
}

// parseManifest reads a manifest. No name in it may lead out of its folder.
func parseManifest(text []byte) (m manifest, err error) {
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if len(m.Files) == 0 {
		return m, fmt.Errorf("%w: names no file", errDamaged)
	}
	for name := range m.Files {
		if name != filepath.Base(name) || !filepath.IsLocal(name) || name == "." {
			return m, fmt.Errorf("%w: names %q; want a file of the folder", errDamaged, name)
		}
	}
	return m, nil
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
