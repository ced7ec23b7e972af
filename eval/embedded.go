package eval

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data"
)

// Embedded is a set of images with their embeddings, and of their captions.
type Embedded struct {
	Width  int       // E
	Images []float32 // (N, E)
	Labels []int     // (N), -1 where there is none
	Rows   []data.RowRef

	Captions []string  // (M), maybe none
	ImageOf  []int     // (M), the image of each caption
	Texts    []float32 // (M, E)

	// Weights is the SHA-256 of the weights that made the embeddings, in
	// hexadecimal, and may be empty.
	Weights string
}

// Embed embeds the images of a dataset, and its captions if it was opened to
// need them. Rows that cannot be used go to the ledger.
func (e *Embedder) Embed(ctx context.Context, d *data.Dataset, captions bool, ledger *data.Ledger) (*Embedded, error) {
	all := &Embedded{Width: e.config.EmbedDim}
	err := d.Scan(ctx, e.config.Image.Size, e.images.Batch(), ledger, func(x data.Examples) error {
		rows, err := e.Images(ctx, x.Images)
		if err != nil {
			return err
		}
		for i, c := range x.Captions {
			for range c {
				all.ImageOf = append(all.ImageOf, len(all.Labels)+i)
			}
			all.Captions = append(all.Captions, c...)
		}
		all.Images, all.Labels, all.Rows = append(all.Images, rows...), append(all.Labels, x.Labels...), append(all.Rows, x.Rows...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if captions {
		all.Texts, err = e.Texts(ctx, all.Captions)
	} else {
		all.Captions, all.ImageOf = nil, nil
	}
	return all, err
}

// embeddedRow is an image in the file of WriteParquet.
type embeddedRow struct {
	Shard     string    `parquet:"shard,dict"`
	Row       int64     `parquet:"row"`
	Label     int64     `parquet:"label"`
	Embedding []float32 `parquet:"image_embedding,list"`
	Captions  []string  `parquet:"captions,list"`

	// Texts holds the embeddings of all captions, one after the other.
	Texts []float32 `parquet:"text_embeddings,list"`
}

// weightsKey names what the embeddings were made with, in the file's metadata.
const weightsKey = "goclip.weights_sha256"

// embeddedGroup is the number of rows that are written or read at once.
const embeddedGroup = 1000

// WriteParquet writes the set, one row an image.
func (x *Embedded) WriteParquet(w io.Writer) error {
	out := parquet.NewGenericWriter[embeddedRow](w, parquet.PageBufferSize(1<<20), parquet.MaxRowsPerRowGroup(embeddedGroup),
		parquet.CreatedBy("goclip", "", ""), parquet.KeyValueMetadata(weightsKey, x.Weights))
	rows := make([]embeddedRow, 0, embeddedGroup)
	next := 0 // caption; they follow the images
	for i, ref := range x.Rows {
		r := embeddedRow{Shard: ref.Shard, Row: ref.Row, Label: int64(x.Labels[i]), Embedding: x.Images[i*x.Width:][:x.Width]}
		for ; next < len(x.ImageOf) && x.ImageOf[next] == i; next++ {
			r.Captions = append(r.Captions, x.Captions[next])
			r.Texts = append(r.Texts, x.Texts[next*x.Width:][:x.Width]...)
		}
		if rows = append(rows, r); len(rows) == embeddedGroup || i == len(x.Rows)-1 {
			if _, err := out.Write(rows); err != nil {
				return fmt.Errorf("eval: embeddings: %w", err)
			}
			rows = rows[:0]
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("eval: embeddings: %w", err)
	}
	return nil
}

// ReadEmbedded reads the file of WriteParquet; or, of the name PATH.npy, the
// images alone, with the texts of PATH.texts.npy if there is such a file. Then
// the captions are not known, but each image must have as many.
func ReadEmbedded(path string) (x *Embedded, err error) {
	if strings.HasSuffix(path, ".npy") {
		return readEmbeddedNPY(path)
	}
	defer func() { // the Parquet reader may panic on a damaged file
		if r := recover(); r != nil {
			err = fmt.Errorf("eval: %s: damaged: %v", path, r)
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("eval: %s: not a whole Parquet file: %w", path, err)
	}
	if _, ok := p.Schema().Lookup("image_embedding", "list", "element"); !ok {
		return nil, fmt.Errorf("eval: %s holds no embeddings; want a file of eval embed", path)
	}
	x = &Embedded{}
	x.Weights, _ = p.Lookup(weightsKey)
	r := parquet.NewGenericReader[embeddedRow](p)
	defer func() { _ = r.Close() }() // it was only read
	rows := make([]embeddedRow, embeddedGroup)
	for {
		n, err := r.Read(rows)
		for _, row := range rows[:n] {
			if err := x.add(row); err != nil {
				return nil, fmt.Errorf("eval: %s: row %d: %w", path, len(x.Rows), err)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("eval: %s: %w", path, err)
		}
		clear(rows)
	}
	return x, x.check(path)
}

func (x *Embedded) add(r embeddedRow) error {
	if x.Width == 0 {
		x.Width = len(r.Embedding)
	}
	if len(r.Embedding) != x.Width || len(r.Texts) != len(r.Captions)*x.Width {
		return fmt.Errorf("%d numbers for an image and %d for %d captions; want %d each", len(r.Embedding), len(r.Texts), len(r.Captions), x.Width)
	}
	for range r.Captions {
		x.ImageOf = append(x.ImageOf, len(x.Rows))
	}
	x.Images, x.Labels = append(x.Images, r.Embedding...), append(x.Labels, int(r.Label))
	x.Rows = append(x.Rows, data.RowRef{Shard: strings.Clone(r.Shard), Row: r.Row})
	for _, c := range r.Captions {
		x.Captions = append(x.Captions, strings.Clone(c))
	}
	x.Texts = append(x.Texts, r.Texts...)
	return nil
}

func (x *Embedded) check(path string) error {
	if err := checkRows("images", x.Images, x.Width); err != nil {
		return fmt.Errorf("%w in %s", err, path)
	}
	if len(x.Texts) == 0 {
		return nil
	}
	if err := checkRows("texts", x.Texts, x.Width); err != nil {
		return fmt.Errorf("%w in %s", err, path)
	}
	return nil
}

// textsName is the file of the texts that belong to the images of path.
func textsName(path string) string { return strings.TrimSuffix(path, ".npy") + ".texts.npy" }

func readEmbeddedNPY(path string) (*Embedded, error) {
	images, e, err := ReadNPY(path)
	if err != nil {
		return nil, err
	}
	n := len(images) / e
	x := &Embedded{Width: e, Images: images, Labels: slices.Repeat([]int{-1}, n), Rows: make([]data.RowRef, n)}
	for i := range x.Rows {
		x.Rows[i] = data.RowRef{Shard: path, Row: int64(i)}
	}
	texts, width, err := ReadNPY(textsName(path))
	if errors.Is(err, os.ErrNotExist) {
		return x, x.check(path)
	}
	if err != nil {
		return nil, err
	}
	m := len(texts) / width
	if width != e || n == 0 || m%n != 0 {
		return nil, fmt.Errorf("eval: %s holds (%d, %d), %s (%d, %d); want rows of one width, and as many texts for each image", path, n, e, textsName(path), m, width)
	}
	x.Texts = texts
	for j := range m {
		x.Captions, x.ImageOf = append(x.Captions, ""), append(x.ImageOf, j/(m/n))
	}
	return x, x.check(path)
}

// Save writes the set under its name at once whole: as Parquet, or, of a name
// PATH.npy, the images there and the texts in PATH.texts.npy.
func (x *Embedded) Save(path string) error {
	if !strings.HasSuffix(path, ".npy") {
		return replace(path, x.WriteParquet)
	}
	if len(x.Texts) > 0 {
		if err := replace(textsName(path), func(w io.Writer) error { return WriteNPY(w, x.Texts, x.Width) }); err != nil {
			return err
		}
	}
	return replace(path, func(w io.Writer) error { return WriteNPY(w, x.Images, x.Width) })
}

// replace writes a file under a temporary name first, so that the name never
// stands for half a file.
func replace(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("eval: %w", err)
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error is the one that matters
		return fmt.Errorf("eval: %s: %w", path, err)
	}
	return nil
}
