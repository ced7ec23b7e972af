package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/internal/atomicfile"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train"
)

// tuned is a run that starts from another, with what differs.
const tuned = `
seed: 5
data: {train: "WORLD/train-*.parquet", val: "WORLD/val-seen-*.parquet"}
optim: {learning_rate: 1e-4, warmup: 1}
train: {steps: 6, batch: 20, log_every: 1}
eval: {classes: "WORLD/classes.txt", batch: 16}
`

// tunedRun is a run of that config in a new folder.
func tunedRun(t *testing.T, world, from string, sets ...string) *Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tuned.yaml")
	must(t, os.WriteFile(path, []byte(strings.ReplaceAll(tuned, "WORLD", world)), 0o666))
	c, err := configs.Load(path, append(sets, "model.from="+from), nil)
	must(t, err)
	return &Options{Config: c, Dir: filepath.Join(t.TempDir(), "tuned")}
}

// sourceRun trains what others start from.
func sourceRun(t *testing.T) (world, dir string) {
	t.Helper()
	world, dir = filepath.Join(t.TempDir(), "world"), filepath.Join(t.TempDir(), "source")
	o := testRun(t, world, dir, false)
	o.Config.Optim.EMADecay = 0.5
	must(t, begin(t.Context(), o))
	return world, dir
}

// features are the unit rows of images that differ and of a text.
func features(t *testing.T, m *Trained) (rows []float32) {
	t.Helper()
	images, err := m.Model.NewImageEncoder(encoderConfig, nil)
	must(t, err)
	for i := range images.Images() {
		images.Images()[i] = float32(math.Sin(float64(i)))
	}
	x, err := images.Run()
	must(t, err)
	rows = slices.Clone(x)
	texts, err := m.Model.NewTextEncoder(encoderConfig, nil)
	must(t, err)
	m.Tokenizer.Tokenize(texts.Tokens(), "A red circle_, un  café!")
	x, err = texts.Run()
	must(t, err)
	return append(rows, x...)
}

// TestFrom holds that a run starts with the weights, vocabulary and preprocessing of
// another, its average included; that it goes on, is exact, inspected and opened
// after that is deleted; and that its state says from what it started.
func TestFrom(t *testing.T) {
	world, dir := sourceRun(t)
	source, err := Open(dir)
	must(t, err)
	want := features(t, source)
	sum, err := source.Hash()
	must(t, err)
	if filepath.Base(source.Path) != EMAFile {
		t.Fatalf("opened %s; want the average", source.Path)
	}
	whole, o := tunedRun(t, world, dir), tunedRun(t, world, dir)
	whole.Config.Optim.EMADecay, o.Config.Optim.EMADecay = 0.9, 0.9
	must(t, begin(t.Context(), whole))
	first := filepath.Join(whole.Dir, "checkpoints", "step-00000000")
	for _, name := range []string{ModelFile, EMAFile} {
		m, err := Open(filepath.Join(first, name))
		must(t, err)
		if got := features(t, m); !slices.Equal(got, want) {
			t.Errorf("%s of step 0: features %v; want the source's, %v", name, got[:4], want[:4])
		}
	}

	s, err := start(t.Context(), *o)
	must(t, err)
	s.close() // before its first step
	must(t, os.RemoveAll(dir))
	c, differs, err := configs.LoadResume(filepath.Join(o.Dir, ConfigFile), "", []string{"model.from=" + dir}, nil)
	must(t, err)
	if differs != "" || c.Model.From != o.Config.Model.From {
		t.Errorf("differs %q, model.from %s; want the recorded %s", differs, c.Model.From, o.Config.Model.From)
	}
	o.Config, o.Resume = c, true
	must(t, begin(t.Context(), o))
	for _, name := range []string{ModelFile, EMAFile, OptimizerFile, StateFile, TokenizerFile} {
		a, err := hashFile(filepath.Join(whole.Dir, "checkpoints", "step-00000006", name))
		must(t, err)
		b, err := hashFile(filepath.Join(o.Dir, "checkpoints", "step-00000006", name))
		must(t, err)
		if a != b {
			t.Errorf("%s differs after a resume without the source", name)
		}
	}
	if _, err := Inspect(t.Context(), c, o.Dir, 2, nil); err != nil {
		t.Errorf("inspect without the source: %v", err)
	}
	again, err := configs.Load(filepath.Join(o.Dir, ConfigFile), []string{"model.from=" + first}, nil)
	must(t, err)
	if v, err := Verify(t.Context(), again, 2, 1, nil); err != nil || !v.Equal() {
		t.Errorf("verify from the checkpoint of step 0: %v, %v", v, err)
	}
	after, err := Open(o.Dir)
	must(t, err)
	if got := features(t, after); slices.Equal(got, want) {
		t.Error("the run learned nothing")
	}
	text, err := os.ReadFile(filepath.Join(o.Dir, "checkpoints", "step-00000006", StateFile))
	must(t, err)
	var saved state
	must(t, json.Unmarshal(text, &saved))
	if from := saved.Source; from == nil || from.SHA256 != sum || from.Path != source.Path || from.Format != "goclip" {
		t.Errorf("the state has the source %+v; want %s, %s", from, source.Path, sum)
	}
	if err := begin(t.Context(), &Options{Config: whole.Config, Dir: filepath.Join(t.TempDir(), "new")}); err == nil ||
		!strings.Contains(err.Error(), "model.from: ") || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a new run without its source: %v; want an error with model.from", err)
	}
}

// TestFromVerify holds that a run from weights is exact, and planned.
func TestFromVerify(t *testing.T) {
	world, dir := sourceRun(t)
	o := tunedRun(t, world, dir, "model.image.size=48", "model.text.context_length=16")
	v, err := Verify(t.Context(), o.Config, 4, 1, nil)
	must(t, err)
	if !v.Equal() {
		t.Errorf("stopped and resumed:\n%v", v)
	}
	p, err := MakePlan(t.Context(), o.Config, 1, nil)
	must(t, err)
	if p.Checkpoints != 2 {
		t.Errorf("the plan has %d checkpoints; want those of steps 0 and 6", p.Checkpoints)
	}
}

// TestFromTable holds what is logged of a run whose config differs from its source in
// all that can be carried out.
func TestFromTable(t *testing.T) {
	world, dir := sourceRun(t)
	o := tunedRun(t, world, dir, "model.image.size=64", "model.text.context_length=20", "model.embed_dim=24",
		"model.loss=sigmoid", "model.activation=quick_gelu", "tokenizer.path=clip", "data.preprocess.interpolation=bilinear")
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	must(t, err)
	defer log.Close()
	o.Log = train.NewConsole(log, 6)
	must(t, begin(t.Context(), o))
	text, err := os.ReadFile(log.Name())
	must(t, err)
	lines := strings.ReplaceAll(regexp.MustCompile(` +`).ReplaceAllString(string(text), " "), "\n ", "\n")
	for _, want := range []string{
		"starting from " + dir, "(goclip), SHA-256 ",
		"\ndata.preprocess.interpolation bilinear, where the source has bicubic\n",
		"\nmodel.embed_dim 24, where the source has 16\n",
		"\nmodel.image.activation quick_gelu, where the source has gelu\n",
		"\nmodel.loss sigmoid, where the source has softmax\n",
		"\nloaded logit_scale 1 1\n",
		"\nresized visual.positional_embedding 1 272 [5 16] to [17 16]\n",
		"\nresized positional_embedding 1 320 [12 16] to [20 16]\n",
		"\nnew visual.proj 1 384\n",
		"\nnew text_projection 1 384\n",
		"\nnew token_embedding 1 790528\n",
		"\nnew logit_bias 1 1\n",
		"\nloaded visual.transformer.resblocks.* 12 3280\n",
	} {
		if !strings.Contains(lines, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(lines, "tokenizer.vocab_size") {
		t.Errorf("the log has keys that play no part:\n%s", text)
	}
	m, err := Open(o.Dir)
	must(t, err)
	if c := m.Model.Config(); c.Text.VocabSize != 49408 || m.Model.LogitBias() > -2 || c.Image.Activation != "quick_gelu" {
		t.Errorf("the run has %+v, bias %g", c, m.Model.LogitBias())
	}
}

// TestFromForeign holds that runs start from what other programs wrote, with vocabulary,
// preprocessing and learned bias, and that these survive in the run.
func TestFromForeign(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	must(t, begin(t.Context(), testRun(t, world, filepath.Join(t.TempDir(), "w"), false)))
	for _, name := range []string{"open_clip", "open_clip-siglip", "open_clip-clipa", "transformers-clip", "transformers-siglip"} {
		path := filepath.Join(foreignFolders, name)
		source, err := Open(path)
		must(t, err)
		o := tunedRun(t, world, path, "data.preprocess.augment.flip=0.5")
		if got, want := o.Config.Model.LogitBias, source.Model.LogitBias(); got != want {
			t.Errorf("%s: model.logit_bias %g; want the learned %g", name, got, want)
		}
		must(t, begin(t.Context(), o))
		m, err := Open(filepath.Join(o.Dir, "checkpoints", "step-00000000"))
		must(t, err)
		if !slices.Equal(features(t, m), features(t, source)) {
			t.Errorf("%s: the features of step 0 differ", name)
		}
		want := source.Config.Data.Preprocess
		if want.Augment.Flip = 0.5; !equalYAML(t, m.Config.Data.Preprocess, want) {
			t.Errorf("%s: preprocessing %+v; want %+v", name, m.Config.Data.Preprocess, want)
		}
		same, err := equalTokenizers(m.Tokenizer, source.Tokenizer)
		if err != nil || !same {
			t.Errorf("%s: another tokenizer, %v", name, err)
		}
	}
}

// TestFromBias holds that another bias than the learned one is carried out.
func TestFromBias(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	must(t, begin(t.Context(), testRun(t, world, filepath.Join(t.TempDir(), "w"), false)))
	o := tunedRun(t, world, filepath.Join(foreignFolders, "open_clip-siglip"), "model.logit_bias=-7")
	must(t, begin(t.Context(), o))
	m, err := Open(filepath.Join(o.Dir, "checkpoints", "step-00000000"))
	must(t, err)
	if b := m.Model.LogitBias(); b != -7 {
		t.Errorf("the run starts with a bias of %g; want -7", b)
	}
}

// TestFromErrors holds what a run refuses to start from, by name and before its folder
// is made.
func TestFromErrors(t *testing.T) {
	world, dir := sourceRun(t)
	broken := filepath.Join(t.TempDir(), "broken")
	must(t, os.CopyFS(broken, os.DirFS(filepath.Join(dir, "checkpoints", "step-00000011"))))
	spoil(t, filepath.Join(broken, ModelFile))
	for _, test := range []struct{ from, set, want string }{
		{dir, "model.image.width=32", "run: model.image.width 32: model.from " + dir},
		{dir, "model.image.layers=2", "has 1, which its weights cannot become; want 1"},
		{dir, "model.text.heads=4", "model.text.heads 4"},
		{dir, "model.image.no_ln_pre=true", "model.image.no_ln_pre true"},
		{dir, "model.embed_dim=8,train.freeze=[visual.*]", "run: visual.proj is new, and frozen; want it to train"},
		{dir, "model.text.vocab_size=600", "model.text.vocab_size 600: model.from " + dir},
		{filepath.Join(broken, ModelFile), "seed=1", "visual.proj: element 0 is NaN; want finite numbers"},
	} {
		o := tunedRun(t, world, test.from, strings.Split(test.set, ",")...)
		err := begin(t.Context(), o)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s from %s: %v; want one line with %q", test.set, test.from, err, test.want)
		}
		if _, err := os.Stat(o.Dir); err == nil {
			t.Errorf("%s: %s was made", test.set, o.Dir)
		}
	}
}

var encoderConfig = model.EncoderConfig{Batch: 1}

func equalYAML(t *testing.T, a, b any) bool {
	t.Helper()
	x, err := yaml.Marshal(a)
	must(t, err)
	y, err := yaml.Marshal(b)
	must(t, err)
	return bytes.Equal(x, y)
}

// spoil makes the first number of a tensor no number.
func spoil(t *testing.T, path string) {
	t.Helper()
	file, err := checkpoint.OpenTensors(path)
	must(t, err)
	var all []checkpoint.Tensor
	for _, x := range file.Tensors() {
		shape, data, err := file.Float32s(x.Name)
		must(t, err)
		if x.Name == "visual.proj" {
			data[0] = float32(math.NaN())
		}
		all = append(all, checkpoint.Tensor{Name: x.Name, Shape: shape, Data: data})
	}
	must(t, file.Close())
	must(t, atomicfile.Write(path, func(w io.Writer) error { return checkpoint.WriteTensors(w, all, nil) }))
}
