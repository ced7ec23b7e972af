package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Fingerprints gives a fingerprint of each shard, by name: a SHA-256 over the place among
// the shards, the size, the rows and the last 64 KiB, which hold the footer, so
// that other data have others. The fingerprint of a remote shard ends in its ETag. Of
// shards of one name in several folders, the later ones are numbered.
func (d *Dataset) Fingerprints(ctx context.Context) (map[string]string, error) {
	sums := make([]string, len(d.shards))
	err := d.each(ctx, len(sums), func(ctx context.Context, i int) (err error) {
		sums[i], err = d.shards[i].fingerprint(ctx, i)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	all := map[string]string{}
	for i, sum := range sums {
		name := filepath.Base(d.shards[i].path)
		if _, ok := all[name]; ok {
			name = fmt.Sprintf("%s#%d", name, i)
		}
		all[name] = sum
	}
	return all, nil
}

func (s *shard) fingerprint(ctx context.Context, place int) (string, error) {
	f, err := s.store.Open(ctx, s.name, &s.version)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // it was only read
	size := f.Version.Size
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d\n", place, size, s.rows)
	tail := min(size, 64<<10)
	if _, err := io.Copy(h, io.NewSectionReader(f, size-tail, tail)); err != nil {
		return "", fmt.Errorf("%s: %w", s.path, err)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if f.Version.Tag != "" {
		sum += " " + f.Version.Tag
	}
	return sum, nil
}

// sameShard compares fingerprints. Where only one has an ETag, because a copy of
// the shard lies elsewhere, the rest decides.
func sameShard(a, b string) bool {
	sumA, tagA, _ := strings.Cut(a, " ")
	sumB, tagB, _ := strings.Cut(b, " ")
	return sumA == sumB && (tagA == tagB || tagA == "" || tagB == "")
}

// ShardsDifference names the first shard whose fingerprint differs, or is "".
func ShardsDifference(was, is map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(was)) {
		switch sum, ok := is[name]; {
		case !ok:
			return fmt.Sprintf("%s is missing, had %d shards and have %d", name, len(was), len(is))
		case !sameShard(sum, was[name]):
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
