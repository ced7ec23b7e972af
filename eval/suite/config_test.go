package suite

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLoad holds the names, tasks and metrics that sets have where nothing is said.
func TestLoad(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, set := range []string{"wds/vtab/pets", "clones/wds_mscoco", "many"} {
		if err := os.MkdirAll(filepath.Join(set, "test"), 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(set, "test", "nshards.txt"), "1")
	}
	write(t, "clones/wds_mscoco/dataset_type.txt", "retrieval\n")
	write(t, "many/dataset_type.txt", "multilabel\n")
	write(t, "suite.yaml", `sets:
- data: wds/vtab/pets
- data: `+dir+`/wds/vtab/pets
  task: linear_probe
- data: clones/wds_mscoco/
- {data: many, name: voc2007_multilabel}
- {data: shards/val-*.parquet, classes: c.txt, metric: acc5}
- {data: shards/val-*.parquet, task: retrieval, name: val, metric: text_retrieval_recall@1}
`)
	c, err := Load("suite.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"wds/vtab/pets zeroshot mean_per_class_recall", "wds/vtab/pets linear_probe acc1",
		"wds/mscoco retrieval mean_recall@1", "voc2007_multilabel multilabel mean_average_precision",
		"val zeroshot acc5", "val retrieval text_retrieval_recall@1",
	} {
		if s := c.Sets[i]; s.Name+" "+s.Task+" "+s.Metric != want {
			t.Errorf("set %d: %s %s %s; want %s", i+1, s.Name, s.Task, s.Metric, want)
		}
	}
	for text, want := range map[string]string{
		"":                                                 "no sets",
		"sets: [{data: x, clases: c}]":                     "field clases not found",
		"sets: [{classes: c}]":                             "set 1: no data",
		"sets: [{data: x, task: multilabel}]":              "x: no classes",
		"sets: [{data: x, task: guess}]":                   `task "guess"; want one of zeroshot, multilabel, retrieval, linear_probe`,
		"sets: [{data: x, classes: c, metric: f1}]":        `metric "f1"; want one of acc1`,
		"sets: [{data: x, task: linear_probe}]":            "no train",
		"sets: [{data: x, task: multilabel, classes: c}]":  "no label",
		"sets: [{data: many}, {data: many}]":               "is there already",
		"sets: [{data: x, classes: c}, {data: x, task: 3}": "yaml",
	} {
		write(t, "bad.yaml", text)
		if _, err := Load("bad.yaml"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
