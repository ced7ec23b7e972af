package run

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/train"
)

// captioned is a row without a label.
type captioned struct {
	PNG     []byte `parquet:"png"`
	Caption string `parquet:"caption"`
}

// writeCaptioned writes n pictures, the first of which is number first, with captions.
func writeCaptioned(t *testing.T, path string, first, n int, caption func(i int) string) string {
	t.Helper()
	var rows []captioned
	for i := range n {
		m := image.NewNRGBA(image.Rect(0, 0, 8, 8))
		for p := range 64 {
			m.Set(p%8, p/8, color.NRGBA{uint8(first + i), uint8(3 * p), 9, 255})
		}
		var b bytes.Buffer
		must(t, png.Encode(&b, m))
		rows = append(rows, captioned{b.Bytes(), caption(first + i)})
	}
	must(t, parquet.WriteFile(path, rows))
	return path
}

// trainLog trains a run that is changed first, and returns what it says.
func trainLog(t *testing.T, workdir string, resume bool, change func(*configs.Run)) (string, error) {
	t.Helper()
	r := testRun(t, filepath.Join(t.TempDir(), "world"), workdir, resume)
	change(r.Config)
	var log bytes.Buffer
	r.Log = train.NewConsole(&log, r.Config.Train.Steps)
	err := begin(t.Context(), r)
	return log.String(), err
}

// TestCaptions holds that a run on captions alone is evaluated, which changes no bit of its
// weights, that its best checkpoint stays, and that a run that goes on has the same one.
func TestCaptions(t *testing.T) {
	dir := t.TempDir()
	name := func(i int) string { return fmt.Sprintf("thing number %d", i) }
	trainFile := writeCaptioned(t, filepath.Join(dir, "train.parquet"), 0, 60, name)
	valFile := writeCaptioned(t, filepath.Join(dir, "val.parquet"), 100, 30, name)
	run := func(workdir string, resume bool, change func(*configs.Run)) string {
		log, err := trainLog(t, filepath.Join(dir, workdir), resume, func(c *configs.Run) {
			c.World.Dir, c.Data.Train, c.Data.Val = "", trainFile, valFile
			change(c)
		})
		must(t, err)
		return log
	}
	none := run("none", false, func(c *configs.Run) { c.Eval.Classes, c.Eval.MaxPairs = "", -1 })
	if strings.Contains(none, "set validation") || strings.Contains(none, "warning") {
		t.Errorf("without an evaluation the log has one, or a warning:\n%s", none)
	}
	world := filepath.Join(dir, "classes.txt")
	must(t, os.WriteFile(world, []byte("a\nb\n"), 0o666))
	best := func(c *configs.Run) {
		c.Eval.Classes, c.Train.Prometheus = world, true
		c.Checkpoint = checkpoint.Config{EverySteps: 4, Best: "val.recall", KeepLast: 1}
	}
	log := run("best", false, best)
	for _, want := range []string{"set validation has no labels: its captions are evaluated",
		"loss and recall of 20 images with 1.0 captions each", "step 5  validation: loss ", "step 5 has the best val.recall so far"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %q:\n%s", want, log)
		}
	}
	final := func(workdir, file string) string {
		sum, err := hashFile(filepath.Join(dir, workdir, "checkpoints", "step-00000011", file))
		must(t, err)
		return sum
	}
	if final("none", ModelFile) != final("best", ModelFile) || final("none", OptimizerFile) != final("best", OptimizerFile) {
		t.Error("an evaluation of captions changes what is learned")
	}
	prom, err := os.ReadFile(filepath.Join(dir, "best", prometheusFile))
	must(t, err)
	for _, want := range []string{"loss", "recall", "image_to_text_r1", "text_to_image_r10"} {
		if !strings.Contains(string(prom), "goclip_eval_"+want+`{set="validation"} `) {
			t.Errorf("metrics.prom has no %s of validation", want)
		}
	}

	store := checkpoint.NewStore(filepath.Join(dir, "best"))
	saved, err := store.List()
	must(t, err)
	s, err := readState(&checkpoint.Checkpoint{Dir: store.Path(11), Step: 11})
	must(t, err)
	if s.Best == nil || s.Best.By != "val.recall" || !(s.Best.Score > 0) || s.Best.Step != 5 || len(saved) != 2 || saved[1].Step != 5 {
		t.Fatalf("best %+v, checkpoints %+v; want the best and the last", s.Best, saved)
	}
	was := final("best", StateFile)
	must(t, os.RemoveAll(store.Path(11)))
	run("best", true, best)
	if final("best", StateFile) != was {
		t.Error("continued from before its end, the run has another state")
	}
}

// TestStartChecks holds what is refused or warned of before a run begins, by name.
func TestStartChecks(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, first, n int, caption func(i int) string) string {
		return writeCaptioned(t, filepath.Join(dir, name), first, n, caption)
	}
	numbered := func(i int) string { return fmt.Sprintf("thing number %d", i) }
	some := file("train.parquet", 0, 60, numbered)
	overlapping := file("val.parquet", 50, 20, numbered)
	two := file("two.parquet", 0, 60, func(i int) string { return fmt.Sprint("kind ", i/50) })
	same := file("same.parquet", 0, 60, func(int) string { return "a thing" })
	for name, test := range map[string]struct {
		change func(c *configs.Run)
		want   string // in the log, or in the error if it begins with run: or configs:
	}{
		"val is train": {func(c *configs.Run) { c.Data.Val = some },
			"warning: set validation is training data: shard " + some + " is one of data.train"},
		"overlap": {func(c *configs.Run) { c.Data.Val = overlapping },
			"warning: set validation overlaps training data: 10 of 20 pictures, 10 of them with a caption, are in data.train, such as " + overlapping},
		"one caption": {func(c *configs.Run) { c.Data.Train = same },
			"run: data.train: one class only: all 60 captions are the same"},
		"two captions":       {func(c *configs.Run) { c.Data.Train = two }, "warning: nothing but repeated captions: captions repeat (2 distinct ones)"},
		"few val pairs":      {func(c *configs.Run) { c.Eval.MaxPairs = 10 }, "set validation has fewer pairs than train.batch 20"},
		"best of no labels":  {func(c *configs.Run) { c.Checkpoint.Best = "val.top1" }, "run: checkpoint.best val.top1: no evaluation has it: have 1 sets"},
		"best of nothing":    {func(c *configs.Run) { c.Checkpoint.Best, c.Data.Val = "val.loss", "" }, "run: checkpoint.best val.loss: no evaluation has it: have 0 sets"},
		"best of one":        {func(c *configs.Run) { c.Checkpoint.Best, c.Train.EvalEvery = "val.loss", 0 }, "configs: checkpoint.best val.loss without train.eval_every"},
		"repeated in val":    {func(c *configs.Run) { c.Data.Val = two }, "captions repeat, which cannot be told apart: no model has a mean recall above "},
		"labels, no classes": {func(c *configs.Run) { c.Data.Val, c.Data.Caption = labeledOnly(t, dir), "" }, "run: set validation has labels and no captions; want the names"},
	} {
		workdir := filepath.Join(t.TempDir(), "run")
		log, err := trainLog(t, workdir, false, func(c *configs.Run) {
			c.World.Dir, c.Data.Train, c.Data.Val, c.Eval.Classes = "", some, overlapping, ""
			c.Train.Steps, c.Optim.Warmup = 2, 0
			test.change(c)
		})
		if strings.HasPrefix(test.want, "run:") || strings.HasPrefix(test.want, "configs:") {
			if _, none := os.Stat(filepath.Join(workdir, ConfigFile)); err == nil || !strings.Contains(err.Error(), test.want) || none == nil {
				t.Errorf("%s: %v, a folder of the run %v; want %q and none", name, err, none == nil, test.want)
			}
			continue
		}
		if err != nil || !strings.Contains(log, test.want) {
			t.Errorf("%s: %v; want %q in\n%s", name, err, test.want, log)
		}
	}
}

// labeledOnly writes a shard with labels and no captions.
func labeledOnly(t *testing.T, dir string) string {
	type row struct {
		PNG   []byte `parquet:"png"`
		Label int64  `parquet:"label"`
	}
	path := filepath.Join(dir, "labels.parquet")
	must(t, parquet.WriteFile(path, []row{{[]byte("x"), 0}}))
	return path
}
