package bench

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestReaders runs readers.py, which opens what `data pack` writes with the other
// readers of Parquet.
func TestReaders(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("needs python3")
	}
	if text, err := exec.Command(python, "-c",
		"import datasets, duckdb, numpy, PIL, polars, pyarrow").CombinedOutput(); err != nil {
		t.Skipf("needs datasets, duckdb, numpy, pillow, polars and pyarrow for %s: %s", python, text)
	}
	dir := t.TempDir()
	goclip := filepath.Join(dir, "goclip")
	for _, command := range [][]string{
		{"go", "build", "-o", goclip, "../cmd/goclip"},
		{python, "readers.py", goclip, filepath.Join(dir, "files")},
	} {
		if text, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, text)
		}
	}
}
