package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStale holds that the generated files are those of the comments and
// defaults as they are.
func TestStale(t *testing.T) {
	root := filepath.Join("..", "..")
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 {
		t.Errorf("%d files, want 2", len(files))
	}
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s is stale; run: go generate ./configs\n%s", path, d)
		}
	}
}

func TestSentence(t *testing.T) {
	for _, test := range []struct{ comment, name, want string }{
		{"Steps is the number of updates.", "Steps", "The number of updates."},
		{"Sources are sets.", "Sources", "Sets."},
		{"ClipNorm bounds the norm.", "ClipNorm", "Bounds the norm."},
		{"Train and Val are patterns.", "Train", "Train and Val are patterns."},
		{"patterns, as data.val", "Data", "patterns, as data.val"},
	} {
		if got := sentence(test.comment, test.name); got != test.want {
			t.Errorf("sentence(%q, %q) = %q, want %q", test.comment, test.name, got, test.want)
		}
	}
	d := doc{
		"Memory bounds it; MicroBatch is as in [EMA] and\n[MicroBatch].\n\nElse none.\n",
		map[string]string{"MicroBatch": "micro_batch"},
	}
	want := "Memory bounds it; <micro_batch> is as in EMA and <micro_batch>.\nElse none."
	if got := d.plain(func(k string) string { return "<" + k + ">" }); got != want {
		t.Errorf("plain = %q, want %q", got, want)
	}
}
