package data

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// writeClassed writes a shard with labels 0 and 1, and what the datasets library says of
// its columns; "" is nothing.
func writeClassed(t *testing.T, path, features string) string {
	t.Helper()
	type row struct {
		PNG   []byte `parquet:"png"`
		Label int64  `parquet:"label"`
	}
	var options []parquet.WriterOption
	if features != "" {
		options = append(options, parquet.KeyValueMetadata("huggingface", features))
	}
	if err := parquet.WriteFile(path, []row{{[]byte("a"), 0}, {[]byte("b"), 1}}, options...); err != nil {
		t.Fatal(err)
	}
	return path
}

func classed(names ...string) string {
	return fmt.Sprintf(`{"info":{"features":{"label":{"_type":"ClassLabel","names":["%s"]}}}}`,
		strings.Join(names, `","`))
}

func TestClassNames(t *testing.T) {
	for i, test := range []struct {
		shards []string // what they say
		list   []string // that is given
		rename bool
		want   []string
		err    string
	}{
		{shards: []string{classed("cat", "dog"), classed("cat", "dog")}, want: []string{"cat", "dog"}},
		{shards: []string{classed("cat", "dog"), classed("dog", "cat")}, err: "same in another order"},
		{shards: []string{classed("cat", "dog"), ""}},
		{shards: []string{""}, list: []string{"cat", "dog"}},
		{shards: []string{`{"info":{"features":{"label":{"_type":"Value","dtype":"int64"}}}}`}},
		{shards: []string{`{"info":{"features":{"label":[{"_type":"Value"}]}}}`}},
		{shards: []string{"{"}, err: "metadata huggingface"},
		{shards: []string{classed("hot_dog", "cat")}, list: []string{"Hot dog", "cat"}, want: []string{"hot_dog", "cat"}},
		{shards: []string{classed("cat", "dog")}, list: []string{"cat", "dog", "ship"}, rename: true,
			err: "have 2 (cat, dog), not 3 (cat, dog, ship)"},
		{shards: []string{classed("cat", "dog")}, list: []string{"cat", "hound"}, err: `label 1 is "dog", not "hound"`},
		{shards: []string{classed("cat", "dog")}, list: []string{"cat", "hound"}, rename: true, want: []string{"cat", "dog"}},
	} {
		dir := t.TempDir()
		for j, s := range test.shards {
			writeClassed(t, filepath.Join(dir, fmt.Sprintf("%d.parquet", j)), s)
		}
		patterns := filepath.Join(dir, "*.parquet")
		d, err := Open(t.Context(), patterns, Config{}, Need{Label: true, Classes: test.list, RenameClasses: test.rename})
		var got []string
		if err == nil {
			got, err = d.ClassNames()
		}
		if !slices.Equal(got, test.want) || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%d: %q, %v; want %q, %q", i, got, err, test.want, test.err)
		}
	}
}

// TestInspectClasses holds that the description of a shard names its classes.
func TestInspectClasses(t *testing.T) {
	path := writeClassed(t, filepath.Join(t.TempDir(), "a.parquet"), classed("cat", "dog"))
	for info, err := range Inspect(t.Context(), path, Config{}) {
		if err != nil || !slices.Equal(info.Classes, []string{"cat", "dog"}) {
			t.Errorf("classes %q, %v; want cat and dog", info.Classes, err)
		}
	}
}

// TestClassNamesShared reads the names of real shards.
func TestClassNamesShared(t *testing.T) {
	patterns, err := filepath.Glob("../../shared/data/cifar10/hf/val-*.parquet")
	if err != nil || len(patterns) == 0 {
		t.Skip("../../shared is not here")
	}
	names, err := ClassNames(t.Context(), patterns[0], Config{})
	if err != nil || len(names) != 10 || names[9] != "truck" {
		t.Errorf("%q, %v; want CIFAR-10's", names, err)
	}
}
