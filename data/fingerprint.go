package data

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Fingerprints are those of the shards, by name: a SHA-256 over the place among
// the shards, the size, the rows and the last 64 KiB, which hold the footer, so
// that other data have others. Of shards of one name in several folders, the
// later ones are numbered.
func (d *Dataset) Fingerprints() (map[string]string, error) {
	all := map[string]string{}
	for i, s := range d.shards {
		sum, err := s.fingerprint(i)
		if err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
		name := filepath.Base(s.path)
		if _, ok := all[name]; ok {
			name = fmt.Sprintf("%s#%d", name, i)
		}
		all[name] = sum
	}
	return all, nil
}

func (s *shard) fingerprint(place int) (string, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d\n", place, info.Size(), s.rows)
	tail := min(info.Size(), 64<<10)
	if _, err := io.Copy(h, io.NewSectionReader(f, info.Size()-tail, tail)); err != nil {
		return "", fmt.Errorf("%s: %w", s.path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ShardsDifference names the first shard whose fingerprint differs, or is "".
func ShardsDifference(was, is map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(was)) {
		switch sum, ok := is[name]; {
		case !ok:
			return fmt.Sprintf("%s is missing, had %d shards and have %d", name, len(was), len(is))
		case sum != was[name]:
			return fmt.Sprintf("%s has changed, or its place among the shards", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(is)) {
		if _, ok := was[name]; !ok {
			return fmt.Sprintf("%s is new, had %d shards and have %d", name, len(was), len(is))
		}
	}
	return ""
}
