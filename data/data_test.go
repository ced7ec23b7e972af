package data

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/tokenizer"
)

type hfRow struct {
	Image struct {
		Bytes []byte `parquet:"bytes,optional"`
		Path  string `parquet:"path,optional"`
	} `parquet:"image,optional"`
	Caption  string   `parquet:"caption,optional"`
	Captions []string `parquet:"captions,list"`
	Label    int64    `parquet:"label"`
}

type flatRow struct {
	Key     string `parquet:"key"`
	JPG     []byte `parquet:"jpg,optional"`
	Caption string `parquet:"caption,optional"`
	Status  string `parquet:"status"`
}

// pixel makes a small PNG whose color follows from i.
func pixel(t testing.TB, i int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	for j := range 16 {
		m.Set(j%4, j/4, color.NRGBA{uint8(i), uint8(i >> 8), uint8(13 * j), 255})
	}
	var b bytes.Buffer
	must(t, pixels.Encode(&b, m))
	return b.Bytes()
}

// pixels uses a compressor again: a new one takes far longer than a small image.
var pixels = png.Encoder{BufferPool: &compressors{}}

type compressors struct{ sync.Pool }

func (c *compressors) Put(b *png.EncoderBuffer) { c.Pool.Put(b) }
func (c *compressors) Get() *png.EncoderBuffer {
	b, _ := c.Pool.Get().(*png.EncoderBuffer)
	return b
}

func write[T any](t testing.TB, path string, rows []T, group int64) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	w := parquet.NewGenericWriter[T](f, parquet.MaxRowsPerRowGroup(group), parquet.PageBufferSize(2000))
	_, err = w.Write(rows)
	must(t, err)
	must(t, w.Close())
	must(t, f.Close())
}

// hfShards writes n rows into shards of the Hugging Face layout; change may
// spoil one.
func hfShards(t testing.TB, n, shards int, change func(i int, r *hfRow)) string {
	t.Helper()
	dir := t.TempDir()
	for s := range shards {
		var rows []hfRow
		for i := n * s / shards; i < n*(s+1)/shards; i++ {
			var r hfRow
			r.Image.Bytes = pixel(t, i)
			r.Caption, r.Label = fmt.Sprintf("caption %d", i), int64(i)
			r.Captions = []string{r.Caption, fmt.Sprintf("other %d", i)}
			if change != nil {
				change(i, &r)
			}
			rows = append(rows, r)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%03d.parquet", s)), rows, 7)
	}
	return filepath.Join(dir, "*.parquet")
}

func testTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	tok, err := tokenizer.Train(func(yield func(string, error) bool) { yield("caption other", nil) }, 520)
	must(t, err)
	return tok
}

// batches reads n batches from a start and copies what they hold.
func batches(t testing.TB, patterns string, c Config, start int64, n int) (all []*Batch, ledger string) {
	t.Helper()
	d, err := Open(context.Background(), patterns, c, Need{Caption: true})
	must(t, err)
	var lines bytes.Buffer
	s := d.Stream(StreamConfig{Seed: 1, Batch: 10, ImageSize: 4, Context: 12, Tokenizer: testTokenizer(t),
		Ledger: NewLedger(&lines, c), Start: start})
	defer s.Close()
	for range n {
		b, err := s.Next(context.Background())
		must(t, err)
		all = append(all, &Batch{Images: slices.Clone(b.Images), Tokens: slices.Clone(b.Tokens),
			Captions: slices.Clone(b.Captions), Rows: slices.Clone(b.Rows)})
		b.Release()
	}
	return all, lines.String()
}

func equal(a, b *Batch) bool {
	return slices.Equal(a.Images, b.Images) && slices.Equal(a.Tokens, b.Tokens) && slices.Equal(a.Captions, b.Captions)
}

var augmented = preprocess.Config{Augment: preprocess.Augment{Flip: 0.5, Pad: 1}}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
