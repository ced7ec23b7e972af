package evalcmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	enter(t)
	out := filepath.Join(t.TempDir(), "r.html")
	ok(t, "report", "--checkpoint", "r", "--embeddings", embedded(t), "--classes", "world/classes.txt", "--templates",
		"world/templates.txt",
		"--train", "world/train-*.parquet", "--out", out)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{"<h2>Photos", "<h2>Every image", "<h2>Nearest", "<h2>Training",
		"<h2>Images and names", "<h2>Calibration",
		"<h2>Prompts", "<h2>Classes", "<h2>Confusion", "never seen</small>", "60 training captions", "ln N",
		`aria-label="Grid of cosines`, "default-src 'none'", "</html>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report has no %s", want)
		}
	}
	// Nothing from elsewhere, and nothing that went wrong.
	for _, never := range []string{"http:", "https:", "//cdn", "NaN", "ZgotmplZ", "%!"} {
		if strings.Contains(page, never) {
			t.Errorf("the report has %q", never)
		}
	}
}

// TestReportOfCaptions holds that a report needs no classes, and says nothing of them then.
func TestReportOfCaptions(t *testing.T) {
	enter(t)
	out := filepath.Join(t.TempDir(), "r.html")
	ok(t, "report", "--checkpoint", "r", "--embeddings", embedded(t), "--train", "world/train-*.parquet", "--out", out)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{"five most probable captions", "caption of an image, R@1", "image of a caption, R@1",
		"loss of pairs not trained on", "<h2>Nearest", "<h2>Training", "<h2>Images and names"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report has no %s", want)
		}
	}
	for _, never := range []string{"zero-shot", "<h2>Calibration", "<h2>Classes", "<h2>Confusion", "NaN", "ZgotmplZ", "%!"} {
		if strings.Contains(page, never) {
			t.Errorf("the report has %q", never)
		}
	}
	if code, _, errs := call("report", "--checkpoint", "r", "--embeddings", embedded(t), "--templates", "x", "--out", out); code != 2 ||
		!strings.Contains(errs, "--templates without --classes") {
		t.Errorf("templates without classes: %d, %s", code, errs)
	}
}

// TestCurves holds that a floor is drawn where it is known.
func TestCurves(t *testing.T) {
	enter(t)
	for floor, want := range map[float64]bool{0: false, 0.5: true} { // no caption of the run occurs twice
		drawn, err := curves("r/metrics.jsonl", floor)
		if got := strings.Contains(fmt.Sprint(drawn), "the captions&#39; floor"); err != nil || got != want {
			t.Errorf("curves with a floor of %g: %v, %v; want the floor drawn: %v", floor, got, err, want)
		}
	}
}
