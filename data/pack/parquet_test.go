package pack

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"
)

// TestParquet packs shards with other columns, nested ones and nulls, and gets
// every value again, in pages that a reader can hold.
func TestParquet(t *testing.T) {
	type box struct {
		X, Y float32
		Tag  *string `parquet:"tag,optional"`
	}
	type row struct {
		Zone  string         `parquet:"zone,dict"`
		JPG   []byte         `parquet:"jpg,optional"`
		Txt   string         `parquet:"txt"`
		Boxes []box          `parquet:"boxes,list"`
		Map   map[string]int `parquet:"map"`
		Label int32          `parquet:"label"`
	}
	rng := rand.New(rand.NewPCG(1, 2))
	header := picture(t, 0, 2, 2)
	dir, payload := t.TempDir(), 0
	var rows []row
	for i := range 1300 {
		file := slices.Clone(header)
		for range 1000 + rng.IntN(6000) { // what follows a PNG's end is of no interest
			file = append(file, byte(rng.Uint32()))
		}
		payload += len(file)
		r := row{Zone: fmt.Sprint(i % 3), JPG: file, Txt: fmt.Sprintf("caption %d", i), Label: int32(i),
			Map: map[string]int{}}
		for j := range i % 3 {
			b := box{X: float32(j), Y: 1}
			if j == 1 {
				b.Tag = to("tagged")
			}
			r.Boxes, r.Map["k"] = append(r.Boxes, b), i
		}
		rows = append(rows, r)
	}
	for i, part := range [][]row{rows[:500], {}, rows[500:]} {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[row](&b, parquet.MaxRowsPerRowGroup(90), parquet.KeyValueMetadata("huggingface", "{}"))
		_, err := w.Write(part)
		must(t, err)
		must(t, w.Close())
		write(t, filepath.Join(dir, fmt.Sprintf("%d.parquet", i)), b.Bytes())
	}
	out := filepath.Join(dir, "out")
	_, err := Run(t.Context(), out, Config{Source: filepath.Join(dir, "*.parquet"), ShardRows: 1200})
	must(t, err)
	var got []row
	var size int64
	for i := range 2 {
		path := filepath.Join(out, fmt.Sprintf("train-%05d-of-00002.parquet", i))
		part, err := parquet.ReadFile[row](path)
		must(t, err)
		got = append(got, part...)
		file, err := os.ReadFile(path)
		must(t, err)
		size += int64(len(file))
		f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
		must(t, err)
		if v, _ := f.Lookup("huggingface"); v != "{}" {
			t.Errorf("%s: metadata %q, want what the source has", path, v)
		}
		if n := len(f.RowGroups()); n != 2-i {
			t.Errorf("%s: %d row groups, want %d", path, n, 2-i)
		}
		leaf, _ := f.Schema().Lookup("jpg")
		for _, pages := range f.OffsetIndexes()[leaf.ColumnIndex : leaf.ColumnIndex+1] {
			for _, page := range pages.PageLocations {
				if page.CompressedPageSize > 1<<20+1<<17 {
					t.Errorf("%s: a page of %d bytes; want about 1 MiB", path, page.CompressedPageSize)
				}
			}
		}
		// A flipped bit of an image is seen.
		file[5000] ^= 1
		bad := write(t, filepath.Join(dir, "bad"), file)
		if _, err := parquet.ReadFile[row](bad); !errors.Is(err, parquet.ErrCorrupted) {
			t.Errorf("a flipped bit: %v; want that it is corrupted", err)
		}
	}
	for i := range rows {
		if i >= len(got) || !bytes.Equal(rows[i].JPG, got[i].JPG) {
			t.Fatalf("%d rows; the image of row %d differs, want %d equal ones", len(got), i, len(rows))
		}
		rows[i].JPG, got[i].JPG = nil, nil
		if d := cmp.Diff(rows[i], got[i], cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("row %d (-want +got):\n%s", i, d)
		}
	}
	if most := int64(payload) * 102 / 100; size > most+20_000 { // the captions and labels
		t.Errorf("%d bytes of shards for %d of images; want at most 2 %% more", size, payload)
	}
}
