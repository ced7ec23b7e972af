package run

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
)

// TestVerify holds that runs stopped and resumed are exact, and that neither
// threads nor decoders change a bit, for a step of the whole batch and one of
// micro-batches with blocks computed again, for products of float32 and of
// bfloat16, at every level of instructions.
func TestVerify(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	if os.Getenv("RUN_TEST_VERIFY") != "" {
		verify(t, world, "f32", 7, 2)
		verify(t, world, "bf16", 0, 2)
		return
	}
	verify(t, world, "f32", 0, 1, 2, 4)
	verify(t, world, "f32", 7, 1, 4)
	verify(t, world, "bf16", 0, 1, 2, 4)
	verify(t, world, "bf16", 7, 1, 4)
	for _, level := range []string{"portable", "avx2", "avx512", "avx512bf16"} {
		if level == kernel.Active().String() {
			continue
		}
		c := exec.Command(os.Args[0], "-test.run=^TestVerify$")
		c.Env = append(os.Environ(), "RUN_TEST_VERIFY=1", "GOCLIP_KERNEL="+level)
		if text, err := c.CombinedOutput(); err != nil && !strings.Contains(string(text), "GOCLIP_KERNEL") {
			t.Errorf("with GOCLIP_KERNEL=%s: %v\n%s", level, err, text)
		}
	}
}

func verify(t *testing.T, world, precision string, micro int, all ...int) {
	var first *Verdict
	for i, threads := range all {
		r := testRun(t, world, "", false)
		r.Config.Train.Precision = precision
		r.Config.Train.Threads, r.Config.Data.Decoders = threads, []int{16, 1, 4}[i]
		if r.Config.Train.MicroBatch = micro; micro > 0 {
			r.Config.Train.Rematerialize = "block"
		}
		v, err := Verify(context.Background(), r.Config, 4, uint64(i), r.Log)
		must(t, err)
		if !v.Equal() || len(v.Parts) != 5 || len(v.Stopped) == 0 {
			t.Errorf("%s, %d threads, %d decoders:\n%v", precision, threads, r.Config.Data.Decoders, v)
		}
		if first == nil {
			first = v
		}
		if got, want := fmt.Sprint(v.Parts), fmt.Sprint(first.Parts); got != want {
			t.Errorf("%s, %d threads, %d decoders, micro-batches of %d: %s; want %s", precision, threads, r.Config.Data.Decoders, micro, got, want)
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
	if _, err := Verify(context.Background(), r.Config, 12, 1, r.Log); err == nil || !strings.Contains(err.Error(), "12 steps to verify; want 1 to train.steps, 11") {
		t.Errorf("too many steps: %v", err)
	}
}
