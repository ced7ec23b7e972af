package embeddings

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data"
)

func testSet() *Set {
	return &Set{
		Width: 2, Images: []float32{1, 0, 0, 1, 0.6, 0.8}, Labels: []int{4, -1, 0},
		Rows: []data.RowRef{{Shard: "a.parquet", Row: 7}, {Shard: "a.parquet", Row: 9},
			{Shard: "b.parquet", Row: 0}},
		Captions: []string{"east", "Élan", "both"}, ImageOf: []int{0, 0, 2}, Texts: []float32{1, 0, 0.8, 0.6, 0, 1},
		Weights: "abc",
	}
}

func TestSetParquet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.parquet")
	want := testSet()
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("Read: %v, (-want +got):\n%s", err, d)
	}
}

// TestSaveFails holds that a file stays as it was, with nothing beside it, where
// a write fails half-way.
func TestSaveFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.npy")
	good, half := testSet(), testSet()
	good.Texts, half.Texts = nil, nil
	half.Images = half.Images[:5]
	if err := good.Save(path); err != nil {
		t.Fatal(err)
	}
	if err := half.Save(path); err == nil || !strings.Contains(err.Error(), "have 5 numbers; want rows of 2") {
		t.Errorf("Save of half a row: %v", err)
	}
	if got, err := Read(path); err != nil || len(got.Rows) != 3 {
		t.Errorf("the file that was there before: %+v, %v", got, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, %v; want the file alone", left, err)
	}
	if err := good.Save(filepath.Join(t.TempDir(), "none", "e.parquet")); err == nil {
		t.Error("Save in a folder that is not there: no error")
	}
}

func TestSetNPY(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.npy")
	want := testSet()
	want.Texts = append(want.Texts, want.Texts...) // two for each image
	if err := want.Save(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	want.ImageOf = []int{0, 0, 1, 1, 2, 2}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Set{}, "Labels", "Rows", "Captions", "Weights")); err != nil ||
		d != "" {
		t.Errorf("Read: %v, (-want +got):\n%s", err, d)
	}
	if err := os.Remove(textsName(path)); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(path); err != nil || got.Texts != nil || len(got.Labels) != 3 || got.Labels[0] != -1 {
		t.Errorf("Read of images alone: %+v, %v", got, err)
	}
}

func TestSetErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, x *Set) string {
		path := filepath.Join(dir, name)
		if err := x.Save(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	nan, uneven := testSet(), testSet()
	nan.Images[3] = float32(math.NaN())
	uneven.Texts = uneven.Texts[:4]
	whole, err := os.ReadFile(file("whole.parquet", testSet()))
	if err != nil {
		t.Fatal(err)
	}
	torn, other := filepath.Join(dir, "torn.parquet"), filepath.Join(dir, "other.parquet")
	if err := os.WriteFile(torn, whole[:len(whole)-9], 0o666); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(other, []struct{ A int }{{1}}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		file("nan.parquet", nan):      "images: row 1 has NaN",
		file("uneven.npy", uneven):    "as many texts for each image",
		filepath.Join(dir, "none"):    "none",
		torn:                          "not a whole Parquet file",
		other:                         "holds no embeddings",
		filepath.Join(dir, "x.npy"):   "x.npy",
		file("empty.parquet", &Set{}): "0 numbers",
	} {
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Read(%s): %v; want error with %q", path, err, want)
		}
	}
}
