package evalcmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLabels(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "names.txt")
	if err := os.WriteFile(file, []byte("cat\nkite, the bird\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		flags labelFlags
		want  []string
		err   string
	}{
		{labelFlags{}, nil, ""},
		{labelFlags{labels: " cat ,dog"}, []string{"cat", "dog"}, ""},
		{labelFlags{labels: `cat, "kite, the bird","a ""b"" c"`}, []string{"cat", "kite, the bird", `a "b" c`}, ""},
		{labelFlags{labels: `cat,"kite`}, nil, "want a line of CSV"},
		{labelFlags{labels: "cat\ndog"}, nil, "want a line of CSV"},
		{labelFlags{labels: "cat"}, nil, "one label"},
		{labelFlags{labels: "cat,,dog"}, nil, "class 1 is empty"},
		{labelFlags{labels: file}, nil, "names.txt is a file; want --labels-file"},
		{labelFlags{labels: "cat," + file}, nil, "names.txt is a file; want --labels-file"},
		{labelFlags{file: file}, []string{"cat", "kite, the bird"}, ""},
		{labelFlags{file: file, labels: "a,b"}, nil, "have both"},
		{labelFlags{file: filepath.Join(dir, "none.txt")}, nil, "none.txt"},
	} {
		got, err := test.flags.read()
		if !slices.Equal(got, test.want) || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%+v: %q, %v; want %q, %q", test.flags, got, err, test.want, test.err)
		}
	}
}

// TestClassesOfShards holds that the names which shards carry are the default of every
// command, and that the same names given as a file make no difference.
func TestClassesOfShards(t *testing.T) {
	enter(t)
	args := []string{"zeroshot", "--checkpoint", "r", "--data", valData, "--json"}
	given := ok(t, append(args, "--classes", "world/classes.txt")...)
	if got := ok(t, args...); got != given {
		t.Errorf("without --classes (-want +got):\n%s", cmp.Diff(given, got))
	}
	names, err := os.ReadFile("world/classes.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(names)), "\n")
	lines[0], lines[1] = lines[1], lines[0]
	other := filepath.Join(t.TempDir(), "other.txt")
	if err := os.WriteFile(other, []byte(strings.Join(lines, "\n")), 0o666); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(append(args, "--classes", other)...); code != 1 ||
		!strings.Contains(errs, `label 0 is "red circle", not "red square"; the names are the same in another order`) {
		t.Errorf("another order: %d, %s", code, errs)
	}
	ok(t, append(args, "--classes", other, "--rename-classes")...)
	if out := ok(t, "predict", "--checkpoint", "r", "a.png"); !strings.Contains(out, "red circle") {
		t.Errorf("predict without labels: %s; want the classes of the run's shards", out)
	}
	if out := ok(t, "compare", "r", "r", "--data", valData); !strings.Contains(out, "144 classes") {
		t.Errorf("compare without --classes: %s", out)
	}
}
