package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goclip/goclip/internal/kernel"
)

var close12 = cmpopts.EquateApprox(0, 1e-12)

func TestRetrieveGolden(t *testing.T) {
	g := readGolden(t)
	got, err := Retrieve(t.Context(), newPool(t, 2), g.images, g.texts, g.ImageOf)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(g.Retrieval, got, close12); d != "" {
		t.Errorf("Retrieve (-numpy +got):\n%s", d)
	}
}

// TestRetrieveByHand has two images with two texts and one.
func TestRetrieveByHand(t *testing.T) {
	images := []float32{1, 0, 0, 1}
	texts := []float32{
		0.6, 0.8, // of image 0, and nearer to image 1
		0.8, 0.6, // of image 0
		-1, 0, // of image 1, and the last of all for it but for nothing nearer
	}
	got, err := Retrieve(t.Context(), newPool(t, 1), images, texts, []int{0, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	want := Retrieval{
		Images: 2, Texts: 3,
		ImageToText: Recall{R1: 0.5, R5: 1, R10: 1, MedianRank: 2, MeanRank: 2},         // 1 and 3
		TextToImage: Recall{R1: 2. / 3, R5: 1, R10: 1, MedianRank: 1, MeanRank: 4. / 3}, // 2, 1, 1
	}
	if d := cmp.Diff(want, got, close12); d != "" {
		t.Errorf("Retrieve (-want +got):\n%s", d)
	}
}

// TestRetrieveCollapsed checks that a model that knows nothing is as good as chance.
func TestRetrieveCollapsed(t *testing.T) {
	const n = 50
	x, own := make([]float32, 2*n), make([]int, n)
	for i := range n {
		x[2*i], x[2*i+1], own[i] = 0.6, 0.8, i
	}
	got, err := Retrieve(t.Context(), newPool(t, 2), x, x, own)
	want := Recall{R1: 1. / n, R5: 5. / n, R10: 10. / n, MedianRank: (n + 1) / 2., MeanRank: (n + 1) / 2.}
	if d := cmp.Diff(Retrieval{n, n, want, want}, got, close12); err != nil || d != "" {
		t.Errorf("Retrieve: %v, (-want +got):\n%s", err, d)
	}
}

// TestRetrieveBlocks compares sizes around the block with a plain search, with
// embeddings that occur several times, whose ties must be found in every block.
func TestRetrieveBlocks(t *testing.T) {
	const e = 17
	rng := rand.New(rand.NewPCG(3, 4))
	for _, size := range [][2]int{{1, 1}, {3, 70}, {blockSize - 1, blockSize + 5}, {700, 2*blockSize + 3}} {
		n, m := size[0], size[1]
		images, texts, imageOf := unitRows(rng, n, e), unitRows(rng, m, e), make([]int, m)
		for j := range m {
			imageOf[j] = (j * 7) % n
			if j < n {
				imageOf[j] = j
			}
			if from := (j * 5) % m; j%3 == 0 {
				copy(texts[j*e:][:e], texts[from*e:][:e])
			}
			if j%11 == 0 {
				copy(images[imageOf[j]*e:][:e], images[:e])
			}
		}
		want := plainRetrieve(images, texts, imageOf, e)
		for _, threads := range []int{1, 3} {
			got, err := Retrieve(t.Context(), newPool(t, threads), images, texts, imageOf)
			if d := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9)); err != nil || d != "" {
				t.Errorf("%d images, %d texts, %d threads: %v, (-want +got):\n%s", n, m, threads, err, d)
			}
		}
	}
}

// plainRetrieve is the definition, with the cosines of the kernel's own product.
func plainRetrieve(images, texts []float32, imageOf []int, e int) Retrieval {
	n, m := len(images)/e, len(texts)/e
	pool := kernel.NewPool(1)
	defer pool.Close()
	grid := make([]float32, n*m)
	pool.Gemm(grid, images, texts, n, m, e, kernel.Gemm{TransB: true})
	byImage, byText := make([]ranked, n), make([]ranked, m)
	count := func(r *ranked, own, other float32) {
		if other > own {
			*r++
		}
		if other >= own {
			*r += 1 << 32
		}
	}
	best := make([]float32, n)
	for i := range best {
		best[i] = -2
	}
	for j, i := range imageOf {
		best[i] = max(best[i], grid[i*m+j])
	}
	for i := range n {
		for j := range m {
			if imageOf[j] != i {
				count(&byImage[i], best[i], grid[i*m+j])
				count(&byText[j], grid[imageOf[j]*m+j], grid[i*m+j])
			}
		}
	}
	return Retrieval{n, m, recall(byImage), recall(byText)}
}

// unitRows returns n random rows of length 1.
func unitRows(rng *rand.Rand, n, e int) []float32 {
	x := make([]float32, n*e)
	for i := range n {
		row, norm := x[i*e:][:e], 0.0
		for j := range row {
			v := rng.NormFloat64()
			row[j] = float32(v)
			norm += v * v
		}
		for j := range row {
			row[j] /= float32(math.Sqrt(norm))
		}
	}
	return x
}

func TestRetrieveErrors(t *testing.T) {
	nan := float32(math.NaN())
	for _, test := range []struct {
		images, texts []float32
		imageOf       []int
		want          string
	}{
		{[]float32{1, 0}, nil, nil, "0 texts"},
		{[]float32{1, 0}, []float32{1, 0, 1}, []int{0, 0}, "one row per text"},
		{[]float32{1, 0, 1}, []float32{1, 0}, []int{0}, "images: have 3 numbers; want rows of 2"},
		{[]float32{1, 0}, []float32{1, 0}, []int{1}, "text 0 belongs to image 1; want 0 to 0"},
		{[]float32{1, 0, 0, 1}, []float32{1, 0}, []int{0}, "image 1 has no text"},
		{[]float32{1, 0}, []float32{1, nan}, []int{0}, "texts: row 0 has NaN"},
	} {
		if _, err := Retrieve(t.Context(), newPool(t, 1), test.images, test.texts, test.imageOf); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("Retrieve(%v, %v, %v): %v; want error with %q", test.images, test.texts, test.imageOf, err,
				test.want)
		}
	}
}

// BenchmarkRetrieve has sets of images with 5 captions each.
func BenchmarkRetrieve(b *testing.B) {
	const each, e = 5, 512
	for _, n := range []int{5_000, 50_000} {
		b.Run(fmt.Sprintf("%d images", n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			images, texts, imageOf := unitRows(rng, n, e), unitRows(rng, n*each, e), make([]int, n*each)
			for j := range imageOf {
				imageOf[j] = j / each
			}
			pool := kernel.NewPool(0)
			defer pool.Close()
			for b.Loop() {
				if _, err := Retrieve(b.Context(), pool, images, texts, imageOf); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(2*float64(n*n*each*e)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}
