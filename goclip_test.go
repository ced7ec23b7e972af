package goclip_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goclip/goclip"
	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/eval"
)

// config is a run of a second on a drawn world in dir.
func config(t testing.TB, dir string) *configs.Run {
	t.Helper()
	path := filepath.Join(dir, "recipe.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, `
world: {dir: %[1]s/world, draw: {seed: 1, size: 32, train: 60, val_seen: 20, val_unseen: 4}}
data: {train: "%[1]s/world/train-*.parquet"}
tokenizer: {vocab_size: 530}
model:
  embed_dim: 16
  image: {size: 32, patch: 16, width: 16, layers: 1, heads: 2}
  text: {context_length: 12, width: 16, layers: 1, heads: 2}
optim: {learning_rate: 1e-3, warmup: 1}
train: {steps: 3, batch: 20, log_every: 1}
`, filepath.ToSlash(dir)), 0o666); err != nil {
		t.Fatal(err)
	}
	c, err := configs.Load(path, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// trained is the folder of a run, and the folder of its world.
func trained(t testing.TB) (run, world string) {
	t.Helper()
	dir := t.TempDir()
	run = filepath.Join(dir, "run")
	r, err := goclip.Train(t.Context(), config(t, dir), run)
	if err != nil {
		t.Fatal(err)
	}
	if r.Step != 3 || !(r.LogitScale > 1) {
		t.Fatalf("Train = %+v; want step 3", r)
	}
	return run, filepath.Join(dir, "world")
}

func open(t testing.TB, path string, o ...goclip.Option) *goclip.Model {
	t.Helper()
	m, err := goclip.Open(path, o...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// TestTrainFrom starts a run from another's weights.
func TestTrainFrom(t *testing.T) {
	source, world := trained(t)
	c, err := configs.Load("finetune", []string{"model.from=" + source, "data.train=" + world + "/train-*.parquet",
		"train.steps=2", "train.batch=20", "optim.warmup=1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "tuned")
	if _, err := goclip.Train(t.Context(), c, dir); err != nil {
		t.Fatal(err)
	}
	embed := func(path string) []float32 {
		rows, err := open(t, path).EncodeTexts(t.Context(), "a red circle")
		if err != nil {
			t.Fatal(err)
		}
		return rows[0]
	}
	before, first := embed(source), embed(filepath.Join(dir, "checkpoints", "step-00000000"))
	after := embed(dir)
	if !slices.Equal(before, first) || slices.Equal(first, after) {
		t.Errorf("a text before %v, at step 0 %v, after %v; want the first two equal", before[:3], first[:3], after[:3])
	}
}

// picture is a square of one color.
func picture(r, g, b uint8) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for y := range 30 {
		for x := range 40 {
			m.Set(x, y, color.RGBA{r, g, b, 255})
		}
	}
	return m
}

// TestEncode holds that an image and its file have one unit embedding, and that
// neither threads nor what else is asked for changes it by more than rounding.
func TestEncode(t *testing.T) {
	run, _ := trained(t)
	m := open(t, run)
	var file bytes.Buffer
	if err := png.Encode(&file, picture(200, 10, 10)); err != nil {
		t.Fatal(err)
	}
	both, err := m.EncodeImages(t.Context(), picture(200, 10, 10), &file)
	if err != nil {
		t.Fatal(err)
	}
	if len(both) != 2 || len(both[0]) != m.Dim() || fmt.Sprint(both[0]) != fmt.Sprint(both[1]) {
		t.Errorf("an image and its file: %v; want two equal rows of %d", both, m.Dim())
	}
	var norm float64
	for _, v := range both[0] {
		norm += float64(v) * float64(v)
	}
	if math.Abs(norm-1) > 1e-5 {
		t.Errorf("squared norm %g; want 1", norm)
	}
	other := open(t, run, goclip.WithThreads(1), goclip.WithDevice("cpu"))
	var many []string
	for i := range 70 { // more than the largest batch
		many = append(many, fmt.Sprint("text ", i))
	}
	texts, err := other.EncodeTexts(t.Context(), many...)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 3, 69} {
		alone, err := m.EncodeTexts(t.Context(), many[i])
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range alone[0] {
			if math.Abs(float64(v-texts[i][j])) > 1e-6 {
				t.Errorf("text %d: alone %g, among others %g", i, v, texts[i][j])
			}
		}
	}
	if none, err := m.EncodeTexts(t.Context()); err != nil || len(none) != 0 {
		t.Errorf("no text: %v, %v; want none", none, err)
	}
}

// TestConcurrent has many callers at the same time: each gets what it would get
// alone.
func TestConcurrent(t *testing.T) {
	run, _ := trained(t)
	m := open(t, run)
	want := map[string]string{}
	for i := range 8 {
		text := fmt.Sprint("a photo of ", i)
		rows, err := m.EncodeTexts(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		want[text] = near(rows[0])
	}
	var wait sync.WaitGroup
	for i := range 64 {
		wait.Go(func() {
			text := fmt.Sprint("a photo of ", i%8)
			rows, err := m.EncodeTexts(t.Context(), text)
			if err != nil || near(rows[0]) != want[text] {
				t.Errorf("%q among others: %v, %v; want %v", text, rows, err, want[text])
			}
			if _, err := m.Classify(t.Context(), picture(uint8(i), 0, 0), []string{"cat", "dog"}); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}

// TestClose closes a model while others use it, who get results or an error.
func TestClose(t *testing.T) {
	run, _ := trained(t)
	m := open(t, run)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for {
				if _, err := m.Classify(t.Context(), picture(1, 2, 3), []string{"cat", "dog"}); err != nil {
					if !strings.Contains(err.Error(), "closed") {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	m.Close()
	wait.Wait()
	if s := m.LogitScale(); !(s > 1) {
		t.Errorf("logit scale of a closed model: %g", s)
	}
}

// near writes a row to four digits: batches of other sizes round differently.
func near(row []float32) string {
	var s strings.Builder
	for _, v := range row {
		fmt.Fprintf(&s, "%.4f ", v+0) // no -0.0000
	}
	return strings.ReplaceAll(s.String(), "-0.0000", "0.0000")
}

// TestClassify compares with softmax of the scaled cosines of the prompts.
func TestClassify(t *testing.T) {
	run, _ := trained(t)
	m := open(t, run)
	labels := []string{"red circle", "blue square", "green moon"}
	p, err := m.Classify(t.Context(), picture(1, 2, 3), labels)
	if err != nil {
		t.Fatal(err)
	}
	image, err := m.EncodeImages(t.Context(), picture(1, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	texts, err := m.EncodeTexts(t.Context(), eval.Prompts(labels, []string{eval.DefaultTemplate})...)
	if err != nil {
		t.Fatal(err)
	}
	var e [3]float64
	var sum float64
	for i, row := range texts {
		var cosine float64
		for j, v := range row {
			cosine += float64(v) * float64(image[0][j])
		}
		e[i] = math.Exp(m.LogitScale() * cosine)
		sum += e[i]
	}
	for i := range p {
		if want := e[i] / sum; math.Abs(p[i]-want) > 1e-4 {
			t.Errorf("p[%d] = %g, want %g within 1e-4", i, p[i], want)
		}
	}
}

// TestEvaluate measures on the world of the run, whose class list fits, and
// refuses one that is too short.
func TestEvaluate(t *testing.T) {
	run, world := trained(t)
	m := open(t, run)
	classes, err := eval.ReadClasses(filepath.Join(world, "classes.txt"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := goclip.Evaluate(t.Context(), m, filepath.Join(world, "val-seen-*.parquet"), classes)
	if err != nil || z.N != 20 || z.Classes != len(classes) {
		t.Errorf("Evaluate = %+v, %v; want 20 images", z, err)
	}
	if _, err := goclip.Evaluate(t.Context(), m, filepath.Join(world, "val-seen-*.parquet"), classes[:2]); err == nil {
		t.Error("two classes for labels of more: want error")
	}
}

// TestErrors holds what a caller can get wrong.
func TestErrors(t *testing.T) {
	run, _ := trained(t)
	m := open(t, run)
	for name, test := range map[string]struct {
		do   func() error
		want string
	}{
		"no model":     {func() error { _, err := goclip.Open("none"); return err }, "none"},
		"threads":      {func() error { _, err := goclip.Open(run, goclip.WithThreads(-1)); return err }, "-1 threads; want 0 or more"},
		"device":       {func() error { _, err := goclip.Open(run, goclip.WithDevice("cuda")); return err }, `device "cuda"; want cpu`},
		"a path":       {func() error { _, err := m.EncodeImages(t.Context(), "photo.jpg"); return err }, "image 0: have string; want image.Image or io.Reader"},
		"no image":     {func() error { _, err := m.EncodeImages(t.Context(), strings.NewReader("text")); return err }, "image 0: "},
		"no pixels":    {func() error { _, err := m.EncodeImages(t.Context(), image.NewRGBA(image.Rectangle{})); return err }, "want pixels"},
		"one label":    {func() error { _, err := m.Classify(t.Context(), picture(0, 0, 0), []string{"a"}); return err }, "1 labels; want two"},
		"same labels":  {func() error { _, err := m.Classify(t.Context(), picture(0, 0, 0), []string{"a", "a"}); return err }, `class "a" is both 0 and 1`},
		"template":     {func() error { _, err := m.Classify(t.Context(), picture(0, 0, 0), []string{"a", "b"}, "x"); return err }, "want {} once"},
		"no config":    {func() error { _, err := goclip.Train(t.Context(), nil, t.TempDir()); return err }, "no config to train"},
		"run in place": {func() error { _, err := goclip.Train(t.Context(), config(t, t.TempDir()), run); return err }, "holds a run already"},
	} {
		if err := test.do(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want %q", name, err, test.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.EncodeTexts(ctx, "a", "b"); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: %v", err)
	}
	m.Close()
	m.Close()
	if _, err := m.EncodeTexts(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed model: %v; want error", err)
	}
}

// TestNotFinite holds that weights which are not finite are noticed.
func TestNotFinite(t *testing.T) {
	run, _ := trained(t)
	folder := filepath.Join(run, "checkpoints", "step-00000003")
	f, err := checkpoint.OpenTensors(filepath.Join(folder, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	var all []checkpoint.Tensor
	for _, name := range f.Names() {
		shape, data, err := f.Float32s(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "visual.proj" {
			data[0] = float32(math.NaN())
		}
		all = append(all, checkpoint.Tensor{Name: name, Shape: shape, Data: data})
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := checkpoint.WriteTensors(&b, all, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "bad.safetensors")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	m := open(t, path)
	if _, err := m.EncodeImages(t.Context(), picture(9, 9, 9)); err == nil || !strings.Contains(err.Error(), "want finite") {
		t.Errorf("weights of NaN: %v; want error", err)
	}
}

// TestLog holds that a run logs where it is asked to, and nowhere else.
func TestLog(t *testing.T) {
	dir := t.TempDir()
	c := config(t, dir)
	var log bytes.Buffer
	if _, err := goclip.Train(t.Context(), c, filepath.Join(dir, "run"), goclip.WithLog(&log)); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "\nstep "); n != 3 {
		t.Errorf("%d lines of steps; want 3:\n%s", n, log.String())
	}
	if _, err := goclip.Train(t.Context(), c, filepath.Join(dir, "run"), goclip.WithResume(), goclip.WithLog(io.Discard)); err != nil {
		t.Errorf("a finished run, resumed: %v", err)
	}
}
