package data

import (
	"slices"
	"sync"

	"github.com/goclip/goclip/data/parquetfile"
)

// maxFooters bounds the footers that are kept parsed, by their bytes in the files;
// parsed they take some five times as much.
const maxFooters = 16 << 20

// footers keeps the footers of the shards that were read last, parsed: each part of
// a shard is read from a file that is opened for it, and a footer with a row group
// for each row takes longer to parse than the part to read. The zero value keeps
// none yet. Several goroutines may use it.
type footers struct {
	mu    sync.Mutex
	files []*keptFooter // the one used last at the end
	bytes int64
}

type keptFooter struct {
	shard *shard
	file  *parquetfile.File
}

// of returns the footer of a shard, or nil.
func (f *footers) of(s *shard) *parquetfile.File {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.files, func(k *keptFooter) bool { return k.shard == s })
	if i < 0 {
		return nil
	}
	found := f.files[i]
	f.files = append(slices.Delete(f.files, i, i+1), found)
	return found.file
}

// keep keeps the footer of a shard in place of those that were not used for long. The
// file may be closed.
func (f *footers) keep(s *shard, file *parquetfile.File) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slices.ContainsFunc(f.files, func(k *keptFooter) bool { return k.shard == s }) {
		return
	}
	f.files, f.bytes = append(f.files, &keptFooter{s, file.On(nil)}), f.bytes+file.FooterBytes
	for f.bytes > maxFooters && len(f.files) > 1 {
		f.bytes -= f.files[0].file.FooterBytes
		f.files = slices.Delete(f.files, 0, 1)
	}
}
