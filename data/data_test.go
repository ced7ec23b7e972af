package data

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

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

// pixel makes a small PNG whose colour tells i.
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
	s := d.Stream(StreamConfig{Seed: 1, Batch: 10, ImageSize: 4, Context: 12, Tokenizer: testTokenizer(t), Ledger: NewLedger(&lines, c), Start: start})
	defer s.Close()
	for range n {
		b, err := s.Next(context.Background())
		must(t, err)
		all = append(all, &Batch{Images: slices.Clone(b.Images), Tokens: slices.Clone(b.Tokens), Captions: slices.Clone(b.Captions), Rows: slices.Clone(b.Rows)})
		b.Release()
	}
	return all, lines.String()
}

func equal(a, b *Batch) bool {
	return slices.Equal(a.Images, b.Images) && slices.Equal(a.Tokens, b.Tokens) && slices.Equal(a.Captions, b.Captions)
}

var augmented = preprocess.Config{Augment: preprocess.Augment{Flip: 0.5, Pad: 1}}

// TestStream checks that each row comes once an epoch, with its own caption,
// and that neither the number of decoders, nor where a stream starts, nor the
// layout and the borders of shards change a batch.
func TestStream(t *testing.T) {
	const n = 90
	c := Config{ShuffleWindow: 512, Decoders: 1, CaptionChoice: "random", Preprocess: augmented}
	patterns := hfShards(t, n, 3, nil)
	want, _ := batches(t, patterns, c, 0, 20)
	for epoch := range 2 {
		seen := map[string]bool{}
		for _, b := range want[9*epoch : 9*epoch+9] {
			for i, caption := range b.Captions {
				var number int
				if _, err := fmt.Sscanf(caption[strings.IndexByte(caption, ' '):], "%d", &number); err != nil {
					t.Fatal(err)
				}
				seen[fmt.Sprint(number)] = true
				if row := b.Rows[i]; int(row.Row) != number-number/30*30 {
					t.Fatalf("row %v has caption %q", row, caption)
				}
			}
		}
		if len(seen) != n {
			t.Errorf("epoch %d has %d different rows, want %d", epoch, len(seen), n)
		}
	}
	if equal(want[0], want[9]) {
		t.Error("two epochs have one order")
	}
	for _, decoders := range []int{4, 16} {
		c.Decoders = decoders
		got, _ := batches(t, patterns, c, 0, 20)
		for i := range got {
			if !equal(got[i], want[i]) {
				t.Errorf("batch %d differs with %d decoders", i, decoders)
			}
		}
	}
	for _, start := range []int{1, 8, 9, 17} {
		got, _ := batches(t, patterns, c, int64(10*start), 3)
		for i := range got {
			if !equal(got[i], want[start+i]) {
				t.Errorf("batch %d differs when the stream starts at batch %d", start+i, start)
			}
		}
	}
	got, _ := batches(t, hfShards(t, n, 1, nil), c, 0, 5)
	for i := range got {
		if !equal(got[i], want[i]) {
			t.Errorf("batch %d differs when all rows are in one shard", i)
		}
	}
}

func TestLayouts(t *testing.T) {
	dir := t.TempDir()
	var rows []flatRow
	for i := range 90 {
		rows = append(rows, flatRow{fmt.Sprint(i), pixel(t, i), fmt.Sprintf("caption %d", i), "success"})
	}
	write(t, filepath.Join(dir, "0.parquet"), rows, 11)
	c := Config{Preprocess: augmented}
	flat, _ := batches(t, filepath.Join(dir, "*.parquet"), c, 0, 5)
	hf, _ := batches(t, hfShards(t, 90, 3, nil), c, 0, 5)
	for i := range hf {
		if !equal(flat[i], hf[i]) {
			t.Errorf("batch %d differs between the layouts", i)
		}
	}
}

// TestOrder holds that each row occurs once an epoch, whatever the sizes, and
// that a window is found from any position in it.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.Int64Range(1, 5000).Draw(t, "rows")
		size := rapid.IntRange(1, 6000).Draw(t, "window")
		epoch := rapid.Int64Range(0, 3).Draw(t, "epoch")
		o := newOrder(7, rows, size)
		seen := make([]bool, rows)
		for position := epoch * rows; position < (epoch+1)*rows; {
			w := o.at(position)
			probe := position + rapid.Int64Range(0, int64(len(w.order))-1).Draw(t, "probe")
			if again := newOrder(7, rows, size).at(probe); again.start != w.start || !slices.Equal(again.order, w.order) {
				t.Fatalf("the window of position %d differs from that of %d", probe, position)
			}
			var members []int64
			for _, part := range w.parts {
				for r := part[0]; r < part[1]; r++ {
					members = append(members, r)
				}
			}
			for _, i := range w.order {
				if seen[members[i]] {
					t.Fatalf("row %d comes twice", members[i])
				}
				seen[members[i]] = true
			}
			position += int64(len(w.order))
		}
		if i := slices.Index(seen, false); i >= 0 {
			t.Fatalf("row %d does not come", i)
		}
	})
}

// TestBadRows replaces what cannot be used, tells why, and does so alike with
// any number of decoders.
func TestBadRows(t *testing.T) {
	spoil := func(i int, r *hfRow) {
		switch i {
		case 3:
			r.Image.Bytes = nil
		case 40:
			r.Image.Bytes = []byte("no image")
		case 77:
			r.Caption, r.Captions = " ", nil
		}
	}
	patterns := hfShards(t, 90, 3, spoil)
	var want []*Batch
	for _, decoders := range []int{1, 8} {
		got, ledger := batches(t, patterns, Config{Decoders: decoders}, 0, 18)
		for _, line := range []string{
			`000.parquet","row":3,"reason":"no image"}`,
			`001.parquet","row":10,"reason":"preprocess: image: unknown format"}`,
			`002.parquet","row":17,"reason":"no caption"}`,
		} {
			if strings.Count(ledger, line) != 1 {
				t.Errorf("ledger\n%s\nwant once %s", ledger, line)
			}
		}
		if want == nil {
			want = got
		}
		for i := range got {
			if !equal(got[i], want[i]) {
				t.Errorf("batch %d differs with %d decoders", i, decoders)
			}
		}
	}
}

func TestBudget(t *testing.T) {
	patterns := hfShards(t, 90, 3, func(i int, r *hfRow) {
		if i >= 60 && i%2 == 0 {
			r.Image.Bytes = nil
		}
	})
	d, err := Open(context.Background(), patterns, Config{}, Need{Caption: true})
	must(t, err)
	s := d.Stream(StreamConfig{Batch: 30, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t), Ledger: NewLedger(&bytes.Buffer{}, Config{})})
	defer s.Close()
	for range 3 {
		var b *Batch
		if b, err = s.Next(context.Background()); err != nil {
			break
		}
		b.Release()
	}
	if err == nil || !strings.Contains(err.Error(), "002.parquet has 11") {
		t.Errorf("%v; want an error that names 002.parquet", err)
	}
}

func TestScan(t *testing.T) {
	patterns := hfShards(t, 25, 2, func(i int, r *hfRow) {
		if i == 4 {
			r.Image.Bytes = []byte("no image")
		}
		if i == 5 {
			r.Label = -7
		}
	})
	d, err := Open(context.Background(), patterns, Config{}, Need{Label: true})
	must(t, err)
	var labels []int
	ledger := NewLedger(&bytes.Buffer{}, Config{})
	must(t, d.Scan(context.Background(), 4, 10, ledger, func(e Examples) error {
		for i, label := range e.Labels {
			red := e.Images[i*48] * float32(preprocess.CLIPStd[0]) // the first pixel's red is the label
			if got := (red + float32(preprocess.CLIPMean[0])) * 255; int(got+0.5) != label {
				t.Errorf("label %d has an image of %g", label, got)
			}
		}
		labels = append(labels, e.Labels...)
		return nil
	}))
	if len(labels) != 23 || ledger.Bad() != 2 || slices.Contains(labels, 4) {
		t.Errorf("labels %v, %d bad rows; want 23 and 2", labels, ledger.Bad())
	}
}

// TestScanCaptions checks that a scan for captions needs no label, and that a row
// is found again.
func TestScanCaptions(t *testing.T) {
	patterns := hfShards(t, 25, 2, func(i int, r *hfRow) {
		if i == 4 {
			r.Caption, r.Captions = " ", nil
		}
		r.Label = -7
	})
	d, err := Open(context.Background(), patterns, Config{}, Need{Caption: true})
	must(t, err)
	n := 0
	must(t, d.Scan(context.Background(), 4, 10, NewLedger(&bytes.Buffer{}, Config{}), func(e Examples) error {
		for i, ref := range e.Rows {
			file, captions, err := ReadImage(context.Background(), ref, Config{})
			if err != nil || len(file) == 0 || len(captions) == 0 || !slices.Equal(captions, e.Captions[i]) || e.Labels[i] != -1 {
				t.Errorf("%v: %d bytes, captions %q, %v; scanned %q with label %d", ref, len(file), captions, err, e.Captions[i], e.Labels[i])
			}
			n++
		}
		return nil
	}))
	if n != 24 {
		t.Errorf("%d rows; want 24", n)
	}
	for want, ref := range map[string]RowRef{
		"row 99: the shard has 12 rows": {Shard: d.shards[0].path, Row: 99},
		"none.parquet":                  {Shard: "none.parquet"},
	} {
		if _, _, err := ReadImage(context.Background(), ref, Config{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadImage(%v): %v; want error with %q", ref, err, want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile(filepath.Dir(hfShards(t, 30, 1, nil)) + "/000.parquet")
	must(t, err)
	write(t, filepath.Join(dir, "noimage.parquet"), []struct {
		Text string `parquet:"text"`
	}{{"a"}}, 9)
	write(t, filepath.Join(dir, "none.parquet"), []hfRow{}, 9)
	for name, content := range map[string][]byte{"text.parquet": []byte("this is a text"), "cut.parquet": good[:len(good)/2], "empty.parquet": nil} {
		must(t, os.WriteFile(filepath.Join(dir, name), content, 0o666))
	}
	must(t, os.Mkdir(filepath.Join(dir, "folder.parquet"), 0o777))
	for _, test := range []struct {
		file, want string
		c          Config
	}{
		{"nothing*.parquet", "matches no file", Config{}},
		{"[", "syntax error in pattern", Config{}},
		{"text.parquet", "text.parquet: not a whole Parquet file", Config{}},
		{"cut.parquet", "cut.parquet: not a whole Parquet file", Config{}},
		{"empty.parquet", "empty.parquet: not a whole Parquet file", Config{}},
		{"folder.parquet", "not a regular file", Config{}},
		{"noimage.parquet", "no image column: have text; want image.bytes or jpg", Config{}},
		{"none.parquet", "without a row", Config{}},
		{"none.parquet", "no caption column: have", Config{Caption: "blip"}},
		{"none.parquet", `caption_choice "all"`, Config{CaptionChoice: "all"}},
	} {
		if _, err := Open(context.Background(), filepath.Join(dir, test.file), test.c, Need{Caption: true}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Open(%s): %v; want error with %q", test.file, err, test.want)
		}
	}
}

// TestDamage flips bytes of a shard: errors and replaced rows are welcome, a
// panic or a hang is not.
func TestDamage(t *testing.T) {
	good, err := os.ReadFile(filepath.Dir(hfShards(t, 30, 1, nil)) + "/000.parquet")
	must(t, err)
	path := filepath.Join(t.TempDir(), "x.parquet")
	rng := rand.New(rand.NewPCG(5, 6))
	for range 150 {
		bad := slices.Clone(good)
		for range 1 + rng.IntN(4) {
			bad[rng.IntN(len(bad))] ^= 1 << rng.IntN(8)
		}
		must(t, os.WriteFile(path, bad, 0o666))
		d, err := Open(context.Background(), path, Config{BadRowBudget: 1}, Need{Caption: true})
		if err != nil {
			continue
		}
		s := d.Stream(StreamConfig{Batch: 30, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t), Ledger: NewLedger(&bytes.Buffer{}, Config{BadRowBudget: 1})})
		if b, err := s.Next(context.Background()); err == nil {
			b.Release()
		}
		s.Close()
	}
}

// TestCancel checks that an ended context is told, and that Close leaves no goroutine.
func TestCancel(t *testing.T) {
	before := runtime.NumGoroutine()
	d, err := Open(context.Background(), hfShards(t, 60, 1, nil), Config{Decoders: 3}, Need{Caption: true})
	must(t, err)
	for range 20 {
		s := d.Stream(StreamConfig{Batch: 20, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t), Ledger: NewLedger(&bytes.Buffer{}, Config{})})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Next with an ended context: %v", err)
		}
		s.Close()
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, before %d", runtime.NumGoroutine(), before)
}

func TestFingerprint(t *testing.T) {
	one, two := hfShards(t, 30, 2, nil), hfShards(t, 30, 2, func(i int, r *hfRow) { r.Caption += "!" })
	var prints []map[string]string
	for _, p := range []string{one, one, two, one + "," + two} {
		d, err := Open(context.Background(), p, Config{}, Need{})
		must(t, err)
		f, err := d.Fingerprints(context.Background())
		must(t, err)
		prints = append(prints, f)
	}
	for i, want := range []string{"", "", "parquet has changed, or its place among the shards", "is new, had 2 shards and have 4"} {
		if got := ShardsDifference(prints[0], prints[i]); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("data %d: %q; want %q", i, got, want)
		}
	}
	if got := ShardsDifference(prints[3], prints[0]); !strings.Contains(got, "is missing, had 4 shards and have 2") {
		t.Errorf("less data: %q", got)
	}
}

func TestInspect(t *testing.T) {
	patterns := hfShards(t, 30, 2, nil)
	must(t, os.WriteFile(filepath.Join(filepath.Dir(patterns), "bad.parquet"), []byte("text"), 0o666))
	var out strings.Builder
	problems, err := Inspect(context.Background(), &out, patterns, Config{})
	if err != nil || problems != 1 {
		t.Errorf("%d problems, %v; want 1", problems, err)
	}
	for _, want := range []string{"image = image.bytes, captions = captions.list.element, caption = caption, label = label", "15 rows in 3 row groups", "png of 4 x 4", `"caption 15"`, "not a whole Parquet file", "3 shards, 30 rows, 1 with a problem"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("Inspect prints\n%s\nwant %q", out.String(), want)
		}
	}
}

func TestFormatRows(t *testing.T) {
	got := FormatRows([]RowRef{{"a", 1}, {"b", 2}, {"a", 3}})
	if want := "a: rows 1, 3; b: rows 2"; got != want {
		t.Errorf("FormatRows = %q, want %q", got, want)
	}
}

// TestShared reads the real shards in both layouts.
func TestShared(t *testing.T) {
	root := "../../shared/data"
	if _, err := os.Stat(root); err != nil {
		t.Skipf("needs the real shards: %v", err)
	}
	c := Config{Caption: "caption"}
	hf, _ := batches(t, filepath.Join(root, "cifar10/hf/train-*.parquet"), c, 19_990, 3)
	flat, _ := batches(t, filepath.Join(root, "cifar10/img2dataset/train/*.parquet"), c, 19_990, 3)
	for i := range hf {
		if !equal(hf[i], flat[i]) {
			t.Errorf("batch %d differs between the layouts", i)
		}
	}
	d, err := Open(context.Background(), filepath.Join(root, "tricky-images/hf/*.parquet"), Config{}, Need{Caption: true})
	must(t, err)
	ledger := NewLedger(&bytes.Buffer{}, Config{BadRowBudget: 1})
	s := d.Stream(StreamConfig{Batch: int(d.Len()), ImageSize: 8, Context: 8, Tokenizer: testTokenizer(t), Ledger: ledger})
	defer s.Close()
	b, err := s.Next(context.Background())
	must(t, err)
	b.Release()
	if bad := ledger.Bad(); bad < 30 || bad > 40 {
		t.Errorf("%d bad rows of the odd images; want the 30 that do not decode, and those without caption", bad)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
