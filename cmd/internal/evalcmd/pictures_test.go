package evalcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval/embeddings"
)

// photos makes a folder of pictures out of shards: 0.png, in/1.png and so on, n of them,
// and a bad one.
func photos(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o777); err != nil {
		t.Fatal(err)
	}
	shards, err := filepath.Glob("world/train-*.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		file, _, err := data.ReadImage(t.Context(), data.RowRef{Shard: shards[0], Row: int64(i)}, data.Config{})
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, []string{"", "in"}[i%2], fmt.Sprintf("%d.png", i)), string(file))
	}
	write(t, filepath.Join(dir, "bad.jpg"), "no picture")
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestEmbedPictures holds that a folder is embedded once, and later what has changed in
// it; and that a bad picture is counted and ends nothing.
func TestEmbedPictures(t *testing.T) {
	enter(t)
	dir, out := photos(t, 6), filepath.Join(t.TempDir(), "e.parquet")
	embed := func() embedding {
		t.Helper()
		code, text, errs := call("embed", "--checkpoint", "r", "--data", dir, "--out", out, "--json")
		if code != 1 || !strings.Contains(errs, "1 rows cannot be used") {
			t.Errorf("exit code %d, %s; want 1 for the bad picture", code, errs)
		}
		return parse[embedding](t, text)
	}
	want := embedding{Out: out, Images: 6, Width: 8, Bad: 1}
	if d := cmp.Diff(want, embed()); d != "" {
		t.Errorf("first (-want +got):\n%s", d)
	}
	first, err := embeddings.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	past := time.Date(2020, 1, 2, 3, 4, 5, 6000, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "0.png"), past, past); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "in", "1.png"), filepath.Join(dir, "z.png")); err != nil {
		t.Fatal(err)
	}
	want.Kept = 4 // not 0.png, which is of another time, nor z.png
	if d := cmp.Diff(want, embed()); d != "" {
		t.Errorf("again (-want +got):\n%s", d)
	}
	again, err := embeddings.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, r := range again.Rows {
		names = append(names, strings.TrimPrefix(r.Shard, dir))
		if again.Columns[0][i] != r.Shard {
			t.Errorf("%s has the path %v", r.Shard, again.Columns[0][i])
		}
	}
	if d := cmp.Diff([]string{"/0.png", "/2.png", "/4.png", "/in/3.png", "/in/5.png", "/z.png"}, names); d != "" {
		t.Errorf("images (-want +got):\n%s", d)
	}
	moved := slices.Index(names, "/z.png")
	before := slices.IndexFunc(first.Rows, func(r data.RowRef) bool { return strings.HasSuffix(r.Shard, "in/1.png") })
	if d := cmp.Diff(first.Image(before), again.Image(moved)); d != "" {
		t.Errorf("a picture under another name: %s", d)
	}
	if code, _, errs := call("zeroshot", "--checkpoint", "r", "--data", dir, "--classes", "world/classes.txt"); code != 1 ||
		!strings.Contains(errs, "pictures have no labels") {
		t.Errorf("zeroshot of pictures: exit code %d, %s", code, errs)
	}
}

// TestSearchPictures holds that a folder can be searched, with a file that keeps its
// embeddings, and that a picture finds itself.
func TestSearchPictures(t *testing.T) {
	enter(t)
	dir, kept := photos(t, 6), filepath.Join(t.TempDir(), "kept.parquet")
	query := filepath.Join(dir, "in", "3.png")
	for _, more := range [][]string{nil, {"--embeddings", kept}, {"--embeddings", kept}} {
		code, text, errs := call(append([]string{"search", "--checkpoint", "r", "--image", query, "--k", "2", "--data", dir},
			more...)...)
		line, _, _ := strings.Cut(text, "\n")
		if code != 1 || !strings.Contains(errs, "1 rows cannot be used") || !strings.Contains(line, query) ||
			!strings.Contains(line, "1.000") || strings.Contains(line, "row") {
			t.Errorf("search %v: exit code %d, %s\n%s", more, code, errs, text)
		}
	}
	code, _, errs := call("search", "--checkpoint", "r", "--text", "x", "--data", valData, "--embeddings", kept)
	if code != 2 || !strings.Contains(errs, "or a folder of pictures") {
		t.Errorf("shards and a file: exit code %d, %s", code, errs)
	}
}

// An ending context has ended once it was asked a number of times.
type ending struct {
	context.Context
	left *int
}

func (e ending) Err() error {
	if *e.left--; *e.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestEmbedStopped holds that who was stopped goes on, and writes the bytes of who was not.
func TestEmbedStopped(t *testing.T) {
	enter(t)
	dir := t.TempDir()
	s, err := modelPath{checkpoint: "r"}.open(8)
	if err != nil {
		t.Fatal(err)
	}
	whole := embedJob{data: "world", out: filepath.Join(dir, "whole.parquet"), captions: true}
	stopped := whole
	stopped.out = filepath.Join(dir, "stopped.parquet")
	if _, err := s.embedTo(t.Context(), whole); err != nil {
		t.Fatal(err)
	}
	done := 0
	for calls := 12; ; calls += 12 {
		e, err := s.embedTo(ending{t.Context(), &calls}, stopped)
		if err == nil {
			if e.Images != 94 || e.Texts != 94 {
				t.Errorf("%+v; want all 94", e)
			}
			break
		}
		if !errors.Is(err, context.Canceled) || e.Images < done {
			t.Fatalf("%+v, %v; want more than the %d before", e, err, done)
		}
		if done = e.Images; calls > 200 {
			t.Fatalf("%d images after %d calls; want an end", done, calls)
		}
	}
	if done == 0 {
		t.Error("never stopped half-way")
	}
	want, err := os.ReadFile(whole.out)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(stopped.out); err != nil || string(got) != string(want) {
		t.Errorf("%d bytes, %v; want the %d of who was not stopped", len(got), err, len(want))
	}
}

// TestEmbedColumns holds that key, url, path and what is asked for stay with an
// embedding, and that another name is an error.
func TestEmbedColumns(t *testing.T) {
	enter(t)
	dir := t.TempDir()
	type row struct {
		Image []byte `parquet:"image"`
		Key   string `parquet:"key"`
		URL   string `parquet:"url"`
		Width int32  `parquet:"width"`
	}
	rows := make([]row, 70)
	file, err := os.ReadFile("a.png")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		rows[i] = row{file, fmt.Sprint("k", i), fmt.Sprint("https://h/", i), int32(i)}
	}
	rows[1].Image = []byte("bad")
	if err := parquet.WriteFile(filepath.Join(dir, "s.parquet"), rows); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"e.parquet", "e.npy"} {
		out := filepath.Join(dir, "out", name)
		if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
			t.Fatal(err)
		}
		code, _, errs := call("embed", "--checkpoint", "r", "--data", filepath.Join(dir, "s.parquet"), "--columns", "width",
			"--out", out)
		if code != 1 || !strings.Contains(errs, "1 rows cannot be used") {
			t.Errorf("exit code %d, %s", code, errs)
		}
		x, err := embeddings.Read(out)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"key", "url", "width"}, x.ColumnNames); d != "" || len(x.Rows) != 69 {
			t.Fatalf("%d rows, columns (-want +got):\n%s", len(x.Rows), d)
		}
		if x.Columns[0][1] != "k2" || x.Columns[1][68] != "https://h/69" || x.Columns[2][1] != int64(2) {
			t.Errorf("columns %v", x.Columns)
		}
	}
	code, _, errs := call("embed", "--checkpoint", "r", "--data", filepath.Join(dir, "s.parquet"), "--columns", "none",
		"--out", filepath.Join(dir, "x.parquet"))
	if code != 1 || !strings.Contains(errs, "column none: not there; have image, key, url, width") {
		t.Errorf("another column: exit code %d, %s", code, errs)
	}
}

// TestUnquoted holds that what the shell makes of a pattern, and a folder, are shards.
func TestUnquoted(t *testing.T) {
	enter(t)
	shards, err := filepath.Glob(valData)
	if err != nil || len(shards) < 2 {
		t.Fatalf("%v, %v", shards, err)
	}
	args := append(append([]string{"retrieval", "--checkpoint", "r", "--data"}, shards...), "--json")
	want := ok(t, "retrieval", "--checkpoint", "r", "--data", valData, "--json")
	if got := ok(t, args...); got != want {
		t.Errorf("%q: %swant %s", args, got, want)
	}
	if got := ok(t, "retrieval", "--checkpoint", "r", "--data", "world/", "--json"); !strings.Contains(got, `"images":94`) {
		t.Errorf("a folder: %s; want its 94 images", got)
	}
}
