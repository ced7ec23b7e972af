//go:build unix

package traincmd

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data/synth"
)

// TestSignal: SIGTERM saves a run, says how to go on with it, and its exit code
// is 0.
func TestSignal(t *testing.T) {
	if os.Getenv("TRAIN_TEST_SIGNAL") != "" {
		os.Exit(cli.Run(Command(), []string{"--config", "run.yaml", "--workdir", "run"}, os.Stderr))
	}
	dir := t.TempDir()
	if err := synth.Write(t.Context(), filepath.Join(dir, "world"), synth.Config{Seed: 1, Train: 20, ValSeen: 4, ValUnseen: 4}); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("TRAIN", "world/train-*.parquet", "EXTRA", "log_every: 1", "steps: 2,", "steps: 1_000_000,").Replace(recipe)
	if err := os.WriteFile(filepath.Join(dir, "run.yaml"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0], "-test.run=^TestSignal$")
	c.Dir, c.Stderr = dir, os.Stderr
	c.Env = append(os.Environ(), "TRAIN_TEST_SIGNAL=1")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines, last := bufio.NewScanner(out), ""
	var start time.Time
	for lines.Scan() {
		if last = lines.Text(); start.IsZero() && strings.HasPrefix(last, "step 3 ") {
			start = time.Now()
			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = c.Wait()
	if took := time.Since(start); err != nil || !strings.HasPrefix(last, "saved; continue with: ") || took > 10*time.Second {
		t.Errorf("SIGTERM: %v after %v, last line %q; want exit code 0 and how to continue", err, took, last)
	}
	saved, err := filepath.Glob(filepath.Join(dir, "run", "checkpoints", "step-*", "manifest.json"))
	if err != nil || len(saved) == 0 {
		t.Errorf("no checkpoint, %v", err)
	}
}
