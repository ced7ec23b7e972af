package synth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"github.com/goclip/goclip/internal/atomicfile"
)

// groupRows is the number of rows of a row group.
const groupRows = 1000

// record is the file that is written last and says which world a folder holds.
const record = "world.json"

// Write fills a folder with the shards of all splits, classes.txt and
// templates.txt. It does nothing where the folder holds this very world
// already, and begins again where an earlier Write did not end. A folder with
// another world is an error. Patterns for the shards are train-*.parquet,
// val-seen-*.parquet and val-unseen-*.parquet.
func Write(ctx context.Context, folder string, c Config) error {
	if err := c.Validate(); err != nil {
		return err
	}
	c.SetDefaults()
	want, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("synth: %w", err)
	}
	have, err := os.ReadFile(filepath.Join(folder, record))
	switch {
	case err == nil && string(have) == string(want):
		return nil
	case err == nil:
		return fmt.Errorf("synth: %s holds the world %s; want %s, or another folder", folder, have, want)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("synth: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("synth: %w", err)
	}

	// Shards are independent of each other, so all cores draw.
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for split, rows := range []int{c.Train, c.ValSeen, c.ValUnseen} {
		shards := (rows + c.ShardRows - 1) / c.ShardRows
		for i := range shards {
			path := filepath.Join(folder, fmt.Sprintf("%v-%05d-of-%05d.parquet", Split(split), i, shards))
			lo, hi := i*c.ShardRows, min(rows, (i+1)*c.ShardRows)
			group.Go(func() error { return c.writeShard(ctx, path, Split(split), lo, hi) })
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, file := range []struct {
		name string
		text []byte
	}{{"classes.txt", lines(Classes())}, {"templates.txt", lines(Templates())}, {record, want}} {
		err := atomicfile.Write(filepath.Join(folder, file.name),
			func(w io.Writer) error { _, err := w.Write(file.text); return err })
		if err != nil {
			return fmt.Errorf("synth: %s: %w", file.name, err)
		}
	}
	return nil
}

func lines(s []string) []byte { return []byte(strings.Join(s, "\n") + "\n") }

// imageFile is how the datasets library of Hugging Face keeps an image.
type imageFile struct {
	Bytes []byte `parquet:"bytes,optional"`
	Path  string `parquet:"path,optional"`
}

// huggingFaceRow is one pair in the layout of that library.
type huggingFaceRow struct {
	Image   *imageFile `parquet:"image,optional"`
	Caption string     `parquet:"caption,optional"`
	Label   int64      `parquet:"label"`
}

// img2datasetRow is one pair in the layout of img2dataset, with a label.
type img2datasetRow struct {
	Key     string `parquet:"key,optional"`
	Caption string `parquet:"caption,optional"`
	Status  string `parquet:"status,optional"`
	Width   int32  `parquet:"width"`
	Height  int32  `parquet:"height"`
	PNG     []byte `parquet:"png,optional"`
	Label   int64  `parquet:"label"`
}

// writeShard writes pairs lo to hi of a split.
func (c Config) writeShard(ctx context.Context, path string, split Split, lo, hi int) error {
	if c.Layout == "img2dataset" {
		return writeRows(ctx, c, path, split, lo, hi, func(i int, s Scene, png []byte) img2datasetRow {
			key := fmt.Sprintf("%05d%04d", i/c.ShardRows, i%c.ShardRows)
			return img2datasetRow{key, s.Caption, "success", int32(c.Size), int32(c.Size), png, int64(s.Class)}
		}, parquet.SkipPageBounds("png"))
	}
	features, err := features()
	if err != nil {
		return err
	}
	return writeRows(ctx, c, path, split, lo, hi, func(i int, s Scene, png []byte) huggingFaceRow {
		return huggingFaceRow{&imageFile{png, fmt.Sprintf("%v-%06d.png", split, i)}, s.Caption, int64(s.Class)}
	}, parquet.SkipPageBounds("image", "bytes"), parquet.KeyValueMetadata("huggingface", features))
}

// features describes the columns to the datasets library.
func features() (string, error) {
	type value map[string]any
	text, err := json.Marshal(value{"info": value{"features": value{
		"image":   value{"_type": "Image"},
		"caption": value{"_type": "Value", "dtype": "string"},
		"label":   value{"_type": "ClassLabel", "names": Classes()},
	}}})
	return string(text), err
}

// writeRows writes a shard of any layout. Pages of 1 MiB bound what a reader
// must hold.
func writeRows[R any](ctx context.Context, c Config, path string, split Split, lo, hi int,
	row func(i int, s Scene, png []byte) R, layout ...parquet.WriterOption) error {
	err := atomicfile.Write(path, func(f io.Writer) error {
		w := parquet.NewGenericWriter[R](f, append(layout, parquet.PageBufferSize(1<<20),
			parquet.MaxRowsPerRowGroup(groupRows), parquet.CreatedBy("goclip", "", ""))...)
		painter := NewPainter(c.Size)
		var rows []R
		for i := lo; i < hi; i++ {
			scene := c.Scene(split, i)
			png, err := painter.Draw(scene)
			if err != nil {
				return err
			}
			rows = append(rows, row(i, scene, slices.Clone(png)))
			if len(rows) < groupRows && i+1 < hi {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if _, err := w.Write(rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
		return w.Close()
	})
	if err != nil {
		return fmt.Errorf("synth: %s: %w", path, err)
	}
	return nil
}
