package run

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/configs"
)

// ways are kinds of steps, each of which must be exact, and the levels of
// instructions at which they are verified.
var ways = []struct {
	name, levels string
	change       func(c *configs.Run)
}{
	{"whole batch", "amx avx2 portable", func(*configs.Run) {}},
	{"micro-batches of 4, blocks recomputed, averages, Muon, patch dropout", "avx512", func(c *configs.Run) {
		c.Train.MicroBatch, c.Train.Rematerialize, c.Optim.EMADecay = 4, "block", 0.9
		c.Optim.Muon.LearningRate, c.Model.Image.PatchDropout = 0.02, 0.5
	}},
	{"bf16", "avx512bf16", func(c *configs.Run) { c.Train.Precision = "bf16" }},
	{"bf16, micro-batches of 4", "amx", func(c *configs.Run) { c.Train.Precision, c.Train.MicroBatch = "bf16", 4 }},
}

// TestVerify holds that runs of the quickstart's model, stopped and resumed, are
// exact, and that neither threads nor decoders change a bit. Nine runs of
// the first way cover all pairs of threads, decoders and levels of instructions;
// the others run at one level each. A machine takes its best level for one that
// it lacks.
func TestVerify(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	levels := []string{"amx", "avx2", "portable", "avx512", "avx512bf16"}
	if level := os.Getenv("GOCLIP_KERNEL"); os.Getenv("RUN_TEST_VERIFY") != "" {
		for _, w := range ways {
			if slices.Contains(strings.Fields(w.levels), level) {
				verify(t, world, slices.Index(levels, level), w.name, w.change)
			}
		}
		return
	}
	for _, level := range levels {
		c := exec.Command(os.Args[0], "-test.run=^TestVerify$")
		c.Env = append(os.Environ(), "RUN_TEST_VERIFY=1", "GOCLIP_KERNEL="+level)
		if text, err := c.CombinedOutput(); err != nil {
			t.Errorf("with GOCLIP_KERNEL=%s: %v\n%s", level, err, text)
		}
	}
}

func verify(t *testing.T, world string, row int, way string, change func(*configs.Run)) {
	var want string
	for i, threads := range []int{1, 2, 4} {
		decoders := []int{1, 4, 16}[(i+row)%3]
		sets := []string{
			"world.dir=" + world, "world.draw.train=60", "world.draw.val_seen=2", "world.draw.val_unseen=2", "data.train=" + world + "/train-*.parquet",
			"tokenizer.vocab_size=530", "train.batch=6", "optim.warmup=2", fmt.Sprint("train.threads=", threads), fmt.Sprint("data.decoders=", decoders),
		}
		c, err := configs.Load("../configs/quickstart.yaml", sets, nil)
		must(t, err)
		change(c)
		v, err := Verify(t.Context(), c, 3, uint64(i), testRun(t, world, "", false).Log)
		must(t, err)
		if want == "" {
			want = fmt.Sprint(v.Parts)
		}
		if got := fmt.Sprint(v.Parts); !v.Equal() || len(v.Stopped) == 0 || got != want {
			t.Errorf("%s, %d threads, %d decoders:\n%v\nwant %s", way, threads, decoders, v, want)
		}
	}
}

// TestVerdict holds that what differs is named.
func TestVerdict(t *testing.T) {
	v := &Verdict{Steps: 3, Stopped: []int{1, 2}, Parts: []Part{{"weights", "a", "a"}, {"moments", "b", "c"}}}
	if v.Equal() || v.Difference() != "moments" || !strings.Contains(v.String(), "after step 1 2") || !strings.Contains(v.String(), "DIFFERENT: c") || !strings.HasSuffix(v.String(), "NOT exact") {
		t.Errorf("verdict %q", v)
	}
	r := testRun(t, "none", "", false)
	if _, err := Verify(t.Context(), r.Config, 12, 1, r.Log); err == nil || !strings.Contains(err.Error(), "12 steps to verify; want 1 to train.steps, 11") {
		t.Errorf("too many steps: %v", err)
	}
}
