package report

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/eval/embeddings"
)

// A pairRow is a row of a shard.
type pairRow struct {
	Image struct {
		Bytes []byte `parquet:"bytes"`
	} `parquet:"image"`
	Caption string `parquet:"caption"`
	Label   int64  `parquet:"label"`
}

// testSource has 40 images of two classes, each a plain picture whose red is its
// number, and a caption for each, of which some occur twice. A caption is where
// its image is, except the captions of images 0, 2 and 4, from the farthest on.
func testSource(t *testing.T) Source {
	t.Helper()
	const n = 40
	path := filepath.Join(t.TempDir(), "a.parquet")
	rows := make([]pairRow, n)
	set := &embeddings.Set{Width: 2}
	for i := range rows {
		m := image.NewRGBA(image.Rect(0, 0, 4, 4))
		for p := range 16 {
			m.SetRGBA(p%4, p/4, color.RGBA{uint8(i), 0, 0, 255})
		}
		var b bytes.Buffer
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		rows[i].Image.Bytes, rows[i].Caption, rows[i].Label = b.Bytes(),
			"an east "+strings.Repeat("o", i%30), int64(i%2)
		x, y := []float32{1, 0.6}[i%2], []float32{0, 0.8}[i%2]
		set.Images, set.Labels = append(set.Images, x, y), append(set.Labels, i%2)
		set.Rows = append(set.Rows, data.RowRef{Shard: path, Row: int64(i)})
		set.Captions, set.ImageOf = append(set.Captions, rows[i].Caption), append(set.ImageOf, i)
		switch i {
		case 0: // the farthest
			x, y = -1, 0
		case 2: // the next
			x, y = 0, -1
		case 4:
			x, y = 0.8, 0.6
		}
		set.Texts = append(set.Texts, x, y)
	}
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
	train, err := data.Open(t.Context(), path, data.Config{}, data.Need{Caption: true})
	if err != nil {
		t.Fatal(err)
	}
	return Source{
		Title: "t", Weights: "w", Data: "d", Written: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Set: set, Classes: []string{"east", "north"}, Templates: []string{"{}"}, Prompts: []float32{1, 0, 0, 1},
		Logits: eval.Logits{Scale: 10}, Size: 4, Train: train, Batch: 4,
	}
}

// red is the red of a picture's first pixel.
func red(t *testing.T, url string) int {
	t.Helper()
	file, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(url, "data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	r, _, _, _ := m.At(0, 0).RGBA()
	return int(r >> 8)
}

func TestNew(t *testing.T) {
	r, err := New(t.Context(), testSource(t))
	if err != nil {
		t.Fatal(err)
	}
	if r.Title != "t" || r.Written != "2026-01-02 03:04 UTC" || r.ZeroShot.N != 40 || r.ZeroShot.Top1 != 1 ||
		r.Calibration.ECE <= 0 || len(r.Templates) != 1 || r.Confusion[0][0] != 20 {
		t.Errorf("numbers: %+v", r)
	}
	if d := cmp.Diff(map[string]bool{"east": false, "north": true}, r.Unseen); d != "" {
		t.Errorf("unseen classes (-want +got):\n%s", d)
	}
	if r.Split.Seen.N != 20 || r.Split.Unseen.N != 20 || !strings.Contains(r.Audit,
		"40 training captions name 1 of 2") {
		t.Errorf("split %+v, audit %q", r.Split, r.Audit)
	}
	if len(r.Photos) != 24 || red(t, string(r.Photos[23].Picture)) != 23*40/24 {
		t.Errorf("%d photos; want 24, the last of them image 38", len(r.Photos))
	}
	for i, p := range r.Photos {
		if want := r.Classes[red(t, string(p.Picture))%2]; !p.Right || p.Truth != want || p.Labels[0].Class != want {
			t.Errorf("photo %d: %s, labels %v, right %v; want %s", i, p.Truth, p.Labels, p.Right, want)
		}
	}
	var shown [2][]int
	for i, list := range r.Pairs {
		for _, p := range list.Pairs {
			shown[i] = append(shown[i], red(t, string(p.Picture)))
		}
	}
	if len(shown[0]) != 8 || len(shown[1]) != 8 || slices.Contains(shown[0], 4) ||
		!slices.Equal(shown[1][:3], []int{0, 2, 4}) {
		t.Errorf("images of the nearest and farthest pairs: %v; want 8 each, and the farthest 0, 2, 4", shown)
	}
	if r.Pairs[1].Pairs[0].Cosine != -1 || r.Pairs[1].Pairs[0].Caption != "an east " {
		t.Errorf("the farthest pair: %+v", r.Pairs[1].Pairs[0])
	}
	for _, p := range r.GridPairs {
		if !strings.HasPrefix(string(p.Picture), "data:image/png;base64,") || p.Caption == "" {
			t.Errorf("a pair of the grid: %+v; want a picture and a caption", p)
		}
	}
	if len(r.GridPairs) != 24 || len(r.Maps) != 2 || r.Floor <= 0 {
		t.Errorf("a grid of %d, %d maps, floor %g; want 24, 2 and a positive one", len(r.GridPairs), len(r.Maps), r.Floor)
	}
}

// TestNewOfLittle has no data of training, and pictures that are gone.
func TestNewOfLittle(t *testing.T) {
	from := testSource(t)
	from.Train = nil
	r, err := New(t.Context(), from)
	if err != nil || r.Split != nil || r.Audit != "" || r.Unseen != nil || r.Floor != 0 {
		t.Errorf("without data of training: %v, %+v", err, r)
	}
	from.Set.Rows[0].Shard = "none.parquet"
	if _, err := New(t.Context(), from); err == nil || !strings.Contains(err.Error(), "none.parquet") {
		t.Errorf("a picture that is gone: %v", err)
	}
}
