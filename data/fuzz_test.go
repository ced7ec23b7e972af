package data

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/goclip/goclip/data/parquetfile"
	"github.com/goclip/goclip/internal/bounded"
)

// shardFiles are small shards, one of each kind of page and compression.
func shardFiles(t testing.TB) (files [][]byte) {
	t.Helper()
	dir := t.TempDir()
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Zstd,
		&parquet.Gzip, &parquet.Lz4Raw, &parquet.Brotli} {
		for version := 1; version <= 2; version++ {
			var rows []hfRow
			for i := range 3 {
				var r hfRow
				r.Image.Bytes = []byte("no image, which takes less room")
				r.Caption, r.Captions, r.Label = "caption", []string{"caption", "other"}, int64(i)
				rows = append(rows, r)
			}
			path := filepath.Join(dir, "x.parquet")
			f, err := os.Create(path)
			must(t, err)
			w := parquet.NewGenericWriter[hfRow](f, parquet.MaxRowsPerRowGroup(2), parquet.Compression(codec),
				parquet.DataPageVersion(version), parquet.CreatedBy("", "", ""))
			_, err = w.Write(rows)
			must(t, err)
			must(t, w.Close())
			must(t, f.Close())
			file, err := os.ReadFile(path)
			must(t, err)
			files = append(files, file)
		}
	}
	return files
}

// maxShardBytes is what reading a damaged shard of some bytes may allocate: the
// footer and the pages in proportion to what they are, an image or caption for
// each of the rows, and once the largest page.
func maxShardBytes(file int) uint64 { return 2*parquetfile.MaxPageBytes + 64<<20 + 1000*uint64(file) }

// FuzzShard: what a file holds can be read, or is an error.
func FuzzShard(f *testing.F) {
	for _, file := range shardFiles(f) {
		f.Add(file)
	}
	path := filepath.Join(f.TempDir(), "x.parquet")
	f.Fuzz(func(t *testing.T, file []byte) {
		must(t, os.WriteFile(path, file, 0o666))
		bounded.Run(t, maxShardBytes(len(file)), func() {
			d, err := Open(context.Background(), path, Config{}, Need{})
			if err != nil {
				return
			}
			_, _ = d.read(context.Background(), 0, min(d.rows, blockRows),
				columns{image: true, caption: true, label: true})
		})
	})
}
