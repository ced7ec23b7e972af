// Package suite measures a model on many data sets, whose results make one table.
package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Config says what is measured.
type Config struct {
	Sets []Set `yaml:"sets"`
}

// A Set is a data set and a task on it.
type Set struct {
	// Data is a folder in the layout of CLIP_benchmark, or patterns of Parquet files.
	Data string `yaml:"data"`

	// Name is the data set's in results; empty means the end of Data, from wds/ on of
	// such a folder.
	Name string `yaml:"name"`

	// Task is zeroshot, multilabel, retrieval or linear_probe; empty means what a folder of
	// CLIP_benchmark says of itself, and zeroshot of Parquet files.
	Task string `yaml:"task"`

	// Split is a folder of CLIP_benchmark's layout to measure on; empty means test.
	Split string `yaml:"split"`

	// Train is what a linear probe is fitted to: a split of that layout, where empty means
	// train, or patterns of Parquet files.
	Train string `yaml:"train"`

	// Classes and Templates are files as of zero-shot evaluation, in place of those of the
	// layout. Of Parquet files that carry no names of classes, zero-shot accuracy needs
	// Classes; multi-label accuracy always does.
	Classes   string `yaml:"classes"`
	Templates string `yaml:"templates"`

	// RenameClasses takes Classes for other words for the classes whose names Parquet
	// files carry, one for one. Otherwise names that differ are an error.
	RenameClasses bool `yaml:"rename_classes"`

	// Label is the column of labels; empty means the usual ones. For multilabel it is a
	// list of the numbers of classes in each row.
	Label string `yaml:"label"`

	// Metric is the one that counts; empty means that of the task, and mean_per_class_recall
	// for the sets where DataComp counts it.
	Metric string `yaml:"metric"`
}

// Tasks are those that there are.
var Tasks = []string{"zeroshot", "multilabel", "retrieval", "linear_probe"}

// BenchmarkTasks are CLIP_benchmark's names of the tasks.
var BenchmarkTasks = map[string]string{"zeroshot": "zeroshot_classification", "multilabel": "zeroshot_classification",
	"retrieval": "zeroshot_retrieval", "linear_probe": "linear_probe"}

// metrics are those that may count, of each task; the first is the usual one.
var metrics = map[string][]string{
	"zeroshot":     {"acc1", "mean_per_class_recall", "acc5"},
	"multilabel":   {"mean_average_precision"},
	"retrieval":    {"mean_recall@1", "image_retrieval_recall@1", "text_retrieval_recall@1", "image_retrieval_recall@5", "text_retrieval_recall@5"},
	"linear_probe": {"acc1", "mean_per_class_recall", "acc5"},
}

// perClass are the sets of which DataComp counts the mean recall of the classes.
//
// Source: https://github.com/mlfoundations/datacomp, tasklist.yml.
var perClass = []string{"vtab/caltech101", "fgvc_aircraft", "vtab/flowers", "vtab/pets"}

// Load reads a file of a suite. Unknown keys, and values that cannot work, are errors.
func Load(name string) (Config, error) {
	var c Config
	text, err := os.ReadFile(name)
	if err != nil {
		return c, fmt.Errorf("suite: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("suite: %s: %w", name, err)
	}
	if len(c.Sets) == 0 {
		return c, fmt.Errorf("suite: %s: no sets; want a list of them, each with data", name)
	}
	seen := map[string]bool{}
	for i := range c.Sets {
		s := &c.Sets[i]
		if err := s.settle(); err != nil {
			return c, fmt.Errorf("suite: %s: set %d: %w", name, i+1, err)
		}
		key := s.Name + " " + BenchmarkTasks[s.Task]
		if seen[key] {
			return c, fmt.Errorf("suite: %s: set %d: %s is there already; want another name", name, i+1, key)
		}
		seen[key] = true
	}
	return c, nil
}

// IsWDS says whether the data are in the layout of CLIP_benchmark.
func (s Set) IsWDS() bool {
	_, err := os.Stat(filepath.Join(s.Data, s.Split, "nshards.txt"))
	return err == nil
}

// settle fills in what is empty, and checks the rest.
func (s *Set) settle() error {
	if s.Data == "" {
		return errors.New("no data; want a folder or patterns of Parquet files")
	}
	if s.Split == "" {
		s.Split = "test"
	}
	if s.Name == "" {
		s.Name = s.nameOf()
	}
	if s.Task == "" {
		s.Task = "zeroshot"
		if s.IsWDS() {
			s.Task = typeOf(s.Data)
		}
	}
	known, ok := metrics[s.Task]
	if !ok {
		return fmt.Errorf("%s: task %q; want one of %s", s.Name, s.Task, strings.Join(Tasks, ", "))
	}
	if s.Metric == "" {
		s.Metric = known[0]
		if s.Task == "zeroshot" && slices.Contains(perClass, strings.TrimPrefix(s.Name, "wds/")) {
			s.Metric = "mean_per_class_recall"
		}
	}
	if !slices.Contains(known, s.Metric) {
		return fmt.Errorf("%s: metric %q; want one of %s", s.Name, s.Metric, strings.Join(known, ", "))
	}
	if s.IsWDS() {
		return nil
	}
	switch {
	case s.Task == "multilabel" && s.Classes == "":
		return fmt.Errorf("%s: no classes; want the file of their names, or a folder with %s/nshards.txt and classnames.txt",
			s.Name, s.Split)
	case s.Task == "multilabel" && s.Label == "":
		return fmt.Errorf("%s: no label; want the column of lists of classes", s.Name)
	case s.Task == "linear_probe" && s.Train == "":
		return fmt.Errorf("%s: no train; want patterns of Parquet files", s.Name)
	}
	return nil
}

// typeOf is the task of a folder in CLIP_benchmark's layout.
func typeOf(dir string) string {
	text, _ := os.ReadFile(filepath.Join(dir, "dataset_type.txt")) // the reader of the data says what is wrong with it
	switch kind := strings.ToLower(strings.TrimSpace(string(text))); kind {
	case "retrieval", "multilabel":
		return kind
	}
	return "zeroshot"
}

// nameOf makes a name of the data's: data/wds/vtab/pets is wds/vtab/pets, and
// shards/val-*.parquet is val.
func (s *Set) nameOf() string {
	clean := path.Clean(filepath.ToSlash(s.Data))
	if s.IsWDS() {
		if i := strings.LastIndex("/"+clean, "/wds/"); i >= 0 {
			return clean[i:]
		}
		return "wds/" + strings.TrimPrefix(path.Base(clean), "wds_")
	}
	name := path.Base(clean)
	name = strings.TrimSuffix(name, path.Ext(name))
	return strings.Trim(strings.NewReplacer("*", "", "?", "", "[", "", "]", "", ",", "").Replace(name), "-_. ")
}
