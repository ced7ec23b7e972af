package evalcmd

import (
	"archive/tar"
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
)

// A sample is a row of the world.
type sample struct {
	Image   []byte `parquet:"image"`
	Caption string `parquet:"caption"`
	Label   int64  `parquet:"label"`
	Many    []int64
}

// samples reads the rows of valData.
func samples(t *testing.T) (all []sample) {
	t.Helper()
	d, err := data.Open(t.Context(), valData, data.Config{}, data.Need{Label: true, Caption: true})
	if err != nil {
		t.Fatal(err)
	}
	err = d.Scan(t.Context(), 8, 64, nil, func(e data.Examples) error {
		for i, r := range e.Rows {
			file, captions, err := data.ReadImage(t.Context(), r, data.Config{})
			if err != nil {
				return err
			}
			all = append(all, sample{file, captions[0], int64(e.Labels[i]), []int64{int64(e.Labels[i]), 0}})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wds writes a folder in the layout of CLIP_benchmark, with two tar files.
func wds(t *testing.T, dir, kind string, all []sample) {
	t.Helper()
	split := filepath.Join(dir, "test")
	if err := os.MkdirAll(split, 0o777); err != nil {
		t.Fatal(err)
	}
	for file := range 2 {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		member := func(name string, content []byte) {
			if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
		}
		for i, s := range all[file*len(all)/2 : (file+1)*len(all)/2] {
			member(fmt.Sprintf("s%05d.png", i), s.Image)
			if kind == "retrieval" {
				member(fmt.Sprintf("s%05d.txt", i), []byte(s.Caption))
			} else {
				member(fmt.Sprintf("s%05d.cls", i), fmt.Append(nil, s.Label))
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(split, fmt.Sprint(file, ".tar")), b.String())
	}
	write(t, filepath.Join(split, "nshards.txt"), "2\n")
	write(t, filepath.Join(dir, "dataset_type.txt"), kind)
	for from, to := range map[string]string{"classes.txt": "classnames.txt",
		"templates.txt": "zeroshot_classification_templates.txt"} {
		text, err := os.ReadFile(filepath.Join("world", from))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, to), strings.ReplaceAll(string(text), "{}", "{c}"))
	}
}

// TestSuite holds that a suite says of the layout of CLIP_benchmark and of Parquet what
// the commands say of the same images, and how results are compared.
func TestSuite(t *testing.T) {
	enter(t)
	dir, all := t.TempDir(), samples(t)
	wds(t, filepath.Join(dir, "wds", "world"), "classification", all)
	wds(t, filepath.Join(dir, "wds", "captions"), "retrieval", all)
	many := filepath.Join(dir, "many.parquet")
	if err := parquet.WriteFile(many, all); err != nil {
		t.Fatal(err)
	}
	config, results := filepath.Join(dir, "suite.yaml"), filepath.Join(dir, "results.jsonl")
	write(t, config, fmt.Sprintf(`sets:
- {data: %[1]s/wds/world}
- {data: %[1]s/wds/captions}
- {data: world/val-*.parquet, templates: world/templates.txt, metric: mean_per_class_recall}
- {data: world/val-*.parquet, train: world/train-*.parquet, task: linear_probe}
- {data: %[2]s, classes: world/classes.txt, label: Many, task: multilabel}
`, dir, many))
	out := ok(t, "suite", "--checkpoint", "r", config, "--json", "--out", results)
	var lines []suiteLine
	for line := range strings.Lines(out) {
		lines = append(lines, parse[suiteLine](t, line))
	}
	z := parse[zeroshot](t, ok(t, "zeroshot", "--checkpoint", "r", "--data", valData, "--classes", "world/classes.txt",
		"--templates", "world/templates.txt", "--json"))
	r := parse[eval.Retrieval](t, ok(t, "retrieval", "--checkpoint", "r", "--data", valData, "--json"))
	p := parse[eval.Probed](t, ok(t, "probe", "--checkpoint", "r", "--train", "world/train-*.parquet", "--data", valData,
		"--json"))
	for i, want := range []struct {
		dataset, task, metric string
		score                 float64
	}{
		{"wds/world", "zeroshot_classification", "acc1", z.Top1},
		{"wds/captions", "zeroshot_retrieval", "mean_recall@1", (r.ImageToText.R1 + r.TextToImage.R1) / 2},
		{"val", "zeroshot_classification", "mean_per_class_recall", z.MeanPerClass},
		{"val", "linear_probe", "acc1", p.Top1},
		{"many", "zeroshot_classification", "mean_average_precision", lines[4].Metrics["mean_average_precision"]},
	} {
		l := lines[i]
		if l.Dataset != want.dataset || l.Task != want.task || l.Metric != want.metric || math.Abs(l.Score-want.score) > 1e-6 ||
			l.Images != 34 || l.Model != "goclip-ViT-16-32-w8-l1" || l.Score <= 0 && i == 4 {
			t.Errorf("set %d: %+v; want %+v", i+1, l, want)
		}
	}
	text := ok(t, "suite", "--checkpoint", "r", config, "--against", results)
	if strings.Count(text, "+0.0") != 6 || !strings.Contains(text, "mean of 5") {
		t.Errorf("a model against itself:\n%s", text)
	}
	write(t, results, `{"dataset": "wds/world", "task": "zeroshot_classification", "metrics": {"acc5": null}}`)
	code, _, errs := call("suite", "--checkpoint", "r", config, "--against", results)
	if code != 1 || !strings.Contains(errs, "wds/world has no acc1") {
		t.Errorf("results without the metric: exit code %d, %s", code, errs)
	}
}
