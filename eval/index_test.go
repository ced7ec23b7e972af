package eval

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval/embeddings"
)

// TestNearestIn holds that blocks, from memory and from a file, give what all items at
// once give, to the bit, with ties over the border of a block.
func TestNearestIn(t *testing.T) {
	const n, e, k = 2*indexBlock + 77, 4, 5
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, n*e)
	for i := range x {
		x[i] = rng.Float32() - 0.5
	}
	for _, at := range []int{3, indexBlock - 1, indexBlock, n - 1} { // equal, and the nearest
		copy(x[at*e:], []float32{9, 9, 9, 9})
	}
	queries := []float32{1, 1, 1, 1, -1, 0.5, 0, 0}
	want, err := Nearest(t.Context(), nil, queries, x, e, k)
	if err != nil {
		t.Fatal(err)
	}
	set := &embeddings.Set{Width: e, Images: x, Labels: make([]int, n), Rows: make([]data.RowRef, n)}
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := set.Save(path); err != nil {
		t.Fatal(err)
	}
	file, err := embeddings.OpenNPY(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, items := range map[string]embeddings.Items{"memory": set, "file": file} {
		got, err := NearestIn(t.Context(), nil, queries, items, k)
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v, (-want +got):\n%s", name, err, d)
		}
	}
}
