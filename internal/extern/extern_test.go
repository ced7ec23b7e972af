package extern

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs a program in a folder and returns what it prints.
func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	c := exec.Command(program, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", c, err, out)
	}
	return string(out)
}

// TestPrograms trains ten steps by one program, and embeds an image by another.
func TestPrograms(t *testing.T) {
	programs, dir := t.TempDir(), t.TempDir()
	run(t, ".", "go", "build", "-o", programs+string(filepath.Separator), "./...")
	if out := run(t, dir, filepath.Join(programs, "train"), "run"); !strings.HasPrefix(out, "10 steps: ") {
		t.Errorf("train prints %q; want 10 steps", out)
	}

	photo := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for i := range 30 {
		photo.Set(i, i, color.RGBA{R: 255, A: 255})
	}
	f, err := os.Create(filepath.Join(dir, "photo.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, photo); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	out := run(t, dir, filepath.Join(programs, "embed"), "run", "photo.png")
	var sum float64
	row := strings.Fields(strings.Trim(out, "[]\n"))
	for _, text := range row {
		var v float64
		if _, err := fmt.Sscan(text, &v); err != nil {
			t.Fatalf("embed prints %q: %v", out, err)
		}
		sum += v * v
	}
	if len(row) != 64 || math.Abs(sum-1) > 1e-5 {
		t.Errorf("embed prints %d numbers of squared length %g; want 64, 1", len(row), sum)
	}
}
