package run

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSinks checks that a run that is asked to writes its metrics, and its
// evaluations, for TensorBoard and Prometheus.
func TestSinks(t *testing.T) {
	dir := t.TempDir()
	r := testRun(t, filepath.Join(dir, "world"), filepath.Join(dir, "run"), false)
	r.Config.Train.Steps, r.Config.Train.TensorBoard, r.Config.Train.Prometheus = 5, true, true
	must(t, begin(t.Context(), r))
	text, err := os.ReadFile(filepath.Join(dir, "run", "metrics.prom"))
	must(t, err)
	for _, want := range []string{"goclip_train_step 5\n", "goclip_train_loss ", "goclip_eval_top1{set=\"validation\"} "} {
		if !strings.Contains(string(text), want) {
			t.Errorf("metrics.prom has no %q:\n%s", want, text)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "run", "tensorboard", "events.out.tfevents.*"))
	must(t, err)
	if len(files) != 1 {
		t.Fatalf("event files %q; want one", files)
	}
	events, err := os.ReadFile(files[0])
	must(t, err)
	if n := bytes.Count(events, []byte("train/loss")); n != 5 || !bytes.Contains(events, []byte("eval/validation/top1")) {
		t.Errorf("%d events of the loss; want 5, and those of the evaluation", n)
	}
	metrics, err := os.ReadFile(filepath.Join(dir, "run", MetricsFile))
	must(t, err)
	if n := strings.Count(string(metrics), "\n"); n != 6 {
		t.Errorf("%d lines of metrics; want 6", n)
	}
}
