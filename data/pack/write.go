package pack

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/internal/atomicfile"
)

// A row group ends after groupRows rows, or earlier when its images have
// groupBytes: both bound what a writer and a reader hold.
const (
	groupRows  = 1000
	groupBytes = 128 << 20
	pageBytes  = 1 << 20
)

// chunkRows is the number of rows that are read and scaled at a time.
const chunkRows = 64

// A packer is one Run.
type packer struct {
	Config
	src    source
	folder string
	shards int
	chunks chan chunk

	done, written, skipped, dropped int64 // of rows; done counts the rows of all shards
}

// A chunk is a part of a shard, ready to be written.
type chunk struct {
	shard int
	rows  []parquet.Row
	bytes int
	read  int64 // rows of the source
	drop  int64 // of them
	bad   []error
	last  bool // of its shard
}

func (p *packer) start(shard int) int64 { return int64(shard) * int64(p.ShardRows) }
func (p *packer) end(shard int) int64   { return min(p.src.rows(), p.start(shard+1)) }

func (p *packer) path(shard int) string {
	return filepath.Join(p.folder, fmt.Sprintf("%s-%05d-of-%05d.parquet", p.Split, shard, p.shards))
}

// prepare reads the rows of shards and their images.
func (p *packer) prepare(ctx context.Context, shards []int) error {
	column, ok := p.src.schema().Lookup(p.src.imageColumn()...)
	if !ok {
		return fmt.Errorf("pack: no column %s", strings.Join(p.src.imageColumn(), "."))
	}
	for _, shard := range shards {
		end := p.end(shard)
		for lo := p.start(shard); lo < end; lo += chunkRows {
			records, err := p.src.read(lo, min(end, lo+chunkRows))
			if err != nil {
				return err
			}
			c, err := p.chunk(ctx, records, column)
			if err != nil {
				return err
			}
			c.shard, c.last = shard, lo+chunkRows >= end
			select {
			case <-ctx.Done():
				return ctx.Err()
			case p.chunks <- c:
			}
		}
	}
	return nil
}

// chunk reads and scales the images of records, on all workers.
func (p *packer) chunk(ctx context.Context, records []record, column parquet.LeafColumn) (chunk, error) {
	images, bad := make([][]byte, len(records)), make([]error, len(records))
	group, ctx := errgroup.WithContext(ctx)
	for worker := range p.Workers {
		group.Go(func() error {
			for i := worker; i < len(records) && ctx.Err() == nil; i += p.Workers {
				if records[i].row == nil {
					continue
				}
				images[i], bad[i] = p.image(&records[i], column.ColumnIndex)
				if bad[i] == nil {
					continue
				}
				bad[i] = fmt.Errorf("pack: %s: %w", records[i].where, bad[i])
			}
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return chunk{}, err
	}
	c := chunk{read: int64(len(records))}
	for i, r := range records {
		if r.row == nil {
			c.drop++
			continue
		}
		if bad[i] != nil && !p.SkipBad {
			return c, bad[i]
		}
		if bad[i] != nil {
			c.bad = append(c.bad, bad[i])
			continue
		}
		at := slices.IndexFunc(r.row, func(v parquet.Value) bool { return v.Column() == column.ColumnIndex })
		r.row[at] = parquet.ByteArrayValue(images[i]).Level(0, column.MaxDefinitionLevel, column.ColumnIndex)
		c.rows, c.bytes = append(c.rows, r.row), c.bytes+len(images[i])
	}
	return c, nil
}

// write writes chunks into shards until there are none.
func (p *packer) write() error {
	for first := range p.chunks {
		if err := replace(p.path(first.shard), func(w io.Writer) error { return p.writeShard(w, first) }); err != nil {
			return err
		}
	}
	return nil
}

// errCut ends a shard whose rows could not all be prepared.
var errCut = errors.New("no more rows")

// writeShard writes a chunk and those after it, to the last of its shard.
func (p *packer) writeShard(f io.Writer, c chunk) error {
	w := parquet.NewGenericWriter[any](f, p.options()...)
	rows, size := 0, 0
	flush := func() error {
		rows, size = 0, 0
		return w.Flush()
	}
	for {
		p.skip(c.bad)
		p.dropped += c.drop
		for len(c.rows) > 0 {
			n := min(c.few(), groupRows-rows)
			if _, err := w.WriteRows(c.rows[:n]); err != nil {
				return err
			}
			c.rows = c.rows[n:]
			p.written += int64(n)
			if rows += n; rows == groupRows {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if size += c.bytes; size >= groupBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		p.done += c.read
		if p.Progress != nil {
			p.Progress(p.done, p.src.rows())
		}
		if c.last {
			return w.Close()
		}
		next, ok := <-p.chunks
		if !ok {
			return errCut
		}
		c = next
	}
}

// few is the number of rows that are written at a time: a page ends after
// those that fill it.
func (c *chunk) few() int {
	size := 0
	for i, row := range c.rows {
		for _, v := range row {
			if v.Kind() == parquet.ByteArray {
				size += len(v.ByteArray())
			}
		}
		if size > pageBytes/16 {
			return i + 1
		}
	}
	return len(c.rows)
}

func (p *packer) skip(bad []error) {
	p.skipped += int64(len(bad))
	for _, err := range bad {
		if p.Skipped != nil {
			p.Skipped(err)
		}
	}
}

func (p *packer) options() []parquet.WriterOption {
	options := []parquet.WriterOption{
		p.src.schema(), parquet.PageBufferSize(pageBytes), parquet.DataPageStatistics(false),
		parquet.SkipPageBounds(p.src.imageColumn()...), parquet.CreatedBy("goclip", "", ""),
	}
	for key, value := range p.src.metadata() {
		options = append(options, parquet.KeyValueMetadata(key, value))
	}
	return options
}

// RecordOf is the name of the file that says what the shards of a split are made of.
func RecordOf(split string) string { return split + ".pack.json" }

// claim writes down what the shards of a split are made of, or checks that it
// is what is written.
func claim(folder string, c Config, src source) error {
	h := sha256.New()
	fmt.Fprintf(h, "%s %q %q %q %d %d %d %v\n", c.Format, c.Image, c.Caption, c.Template, c.ShortSide,
		c.Quality, c.ShardRows, c.SkipBad)
	fmt.Fprint(h, src.identity())
	want, err := json.Marshal(struct {
		Source string `json:"source"`
		Rows   int64  `json:"rows"`
		Hash   string `json:"sha256"`
	}{storage.Redact(c.Source), src.rows(), fmt.Sprintf("%x", h.Sum(nil))})
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	name := filepath.Join(folder, RecordOf(c.Split))
	have, err := os.ReadFile(name)
	switch {
	case err == nil && string(have) != string(want):
		return fmt.Errorf("pack: %s holds the split %s of %s; want %s, another split or another folder",
			folder, c.Split, have, want)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("pack: %w", err)
	case err != nil:
		if others, _ := fs.Glob(os.DirFS(folder), c.Split+"-*.parquet"); len(others) > 0 {
			return fmt.Errorf("pack: %s holds %s, which is not of this source; want another split or another folder",
				folder, others[0])
		}
		if err := replace(name, func(w io.Writer) error { _, err := w.Write(want); return err }); err != nil {
			return err
		}
	}
	l, ok := src.(*list)
	if !ok || len(l.classes) == 0 {
		return nil
	}
	name, text := filepath.Join(folder, "classes.txt"), strings.Join(l.classes, "\n")+"\n"
	if have, err := os.ReadFile(name); err == nil && string(have) != text {
		return fmt.Errorf("pack: %s has %d classes, other than the %d of %s; want the same, or another folder",
			name, strings.Count(string(have), "\n"), len(l.classes), c.Source)
	}
	return replace(name, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
}

// replace writes a file that is there as a whole, and on the disk, or not at all.
func replace(path string, write func(w io.Writer) error) error {
	if err := atomicfile.Write(path, write); err != nil {
		return fmt.Errorf("pack: %s: %w", path, err)
	}
	return nil
}

// removeParts removes what a Run that was killed has written of shards of a split.
func removeParts(folder, split string) error {
	parts, err := fs.Glob(os.DirFS(folder), "."+split+"-*.parquet.*")
	for _, part := range parts {
		err = errors.Join(err, os.Remove(filepath.Join(folder, part)))
	}
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return nil
}
