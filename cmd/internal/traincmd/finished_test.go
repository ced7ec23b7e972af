package traincmd

import (
	"os"
	"strings"
	"testing"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data/synth"
)

// TestFinished: a finished run that is resumed has nothing to do, and shows the scores
// that it ended with.
func TestFinished(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := synth.Write(t.Context(), "world", synth.Config{Seed: 1, Train: 20, ValSeen: 4, ValUnseen: 4}); err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("TRAIN\"", "world/train-*.parquet\", val: \"world/val-*.parquet\"", "EXTRA", "eval_every: 2").Replace(recipe)
	if err := os.WriteFile("run.yaml", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	said := func(args ...string) string {
		var out strings.Builder
		c := Command()
		c.SetOut(&out)
		if code := cli.Run(c, append([]string{"--config", "run.yaml"}, args...), &out); code != 0 {
			t.Fatal(code, out.String())
		}
		return out.String()
	}
	first, again := said(), said("--resume")
	_, scores, ok := strings.Cut(again, "rewarm\n")
	if !ok || !strings.Contains(again, "nothing to do: runs/run has been trained to its end, step 2") ||
		!strings.Contains(scores, "validation: loss ") || !strings.HasSuffix(first, scores) {
		t.Errorf("the run ends with\n%s\nand resumed says\n%s", first, again)
	}
}
