package evalcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

const recipe = `
world: {dir: world, draw: {train: 60, val_seen: 30, val_unseen: 4}}
data: {train: "world/train-*.parquet"}
tokenizer: {vocab_size: 530}
model:
  embed_dim: 8
  image: {size: 32, patch: 16, width: 8, layers: 1, heads: 1}
  text: {context_length: 10, width: 8, layers: 1, heads: 1}
train: {steps: 3, batch: 20}
checkpoint: {every_steps: 2}
`

// workplace is a folder for all tests, which TestMain makes.
var workplace string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "evalcmd")
	if err != nil {
		panic(err)
	}
	workplace = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// prepare fills the workplace, once.
var prepare = sync.OnceValue(func() error {
	if err := os.WriteFile("recipe.yaml", []byte(recipe), 0o666); err != nil {
		return err
	}
	c, err := configs.Load("recipe.yaml", nil, nil)
	if err != nil {
		return err
	}
	log, err := os.Create("log")
	if err != nil {
		return err
	}
	defer log.Close()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		return err
	}
	if err := os.WriteFile("a.png", picture.Bytes(), 0o666); err != nil {
		return err
	}
	_, err = run.Train(context.Background(), run.Options{Config: c, Dir: "r", Log: train.NewConsole(log, 3)})
	return err
})

// enter goes to the workplace: a trained run in r, its data in world, a picture
// in a.png, and a file of embeddings with captions in e.parquet. A test writes
// elsewhere.
func enter(t *testing.T) {
	t.Helper()
	t.Chdir(workplace)
	if err := prepare(); err != nil {
		t.Fatal(err)
	}
}

// call runs the command and returns what it printed.
func call(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	c := Command()
	c.SetOut(&out)
	code = cli.Run(c, args, &errs)
	return code, out.String(), errs.String()
}

// ok runs the command and returns what it printed; an error ends the test.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := call(args...)
	if code != 0 {
		t.Fatalf("eval %q: exit code %d, %s", args, code, errs)
	}
	return out
}

// parse reads a line of JSON.
func parse[T any](t *testing.T, line string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &v); err != nil || strings.Count(line, "\n") != 1 {
		t.Fatalf("%v; want one line of JSON in\n%s", err, line)
	}
	return v
}

// zeroshotArgs call zeroshot on the classes of training.
func zeroshotArgs(more ...string) []string {
	return append([]string{"zeroshot", "--checkpoint", "r", "--data", "world/val-seen-*.parquet",
		"--classes", "world/classes.txt", "--templates", "world/templates.txt"}, more...)
}

// predictArgs call predict with three labels.
func predictArgs(more ...string) []string {
	return append([]string{"predict", "--checkpoint", "r", "--labels", "red circle, blue star,cross"}, more...)
}

// valData are all images of the world that training never saw.
const valData = "world/val-*.parquet"

// TestDamaged holds that a damaged checkpoint is passed over, unless it is
// asked for by name.
func TestDamaged(t *testing.T) {
	enter(t)
	dir := filepath.Join(t.TempDir(), "r")
	if err := os.CopyFS(dir, os.DirFS("r")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "checkpoints", "step-00000003", "model.safetensors")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-1] ^= 1
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	if out := ok(t, predictArgs("--checkpoint", dir, "a.png")...); !strings.Contains(out, "a.png") {
		t.Errorf("a damaged newest checkpoint: %q; want a prediction by the one before it", out)
	}
	code, _, errs := call(predictArgs("--checkpoint", filepath.Dir(path), "a.png")...)
	if code != 1 || !strings.Contains(errs, "model.safetensors is damaged") {
		t.Errorf("a damaged checkpoint by name: exit code %d, %q", code, errs)
	}
}
