package run

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPlan holds that a plan counts on the longest caption that there is, where
// the context has room for more, and that it writes no workdir.
func TestPlan(t *testing.T) {
	r := testRun(t, filepath.Join(t.TempDir(), "world"), filepath.Join(t.TempDir(), "run"), false)
	r.Config.Model.Text.ContextLength = 64
	p, err := MakePlan(t.Context(), r.Config, 1, r.Log)
	must(t, err)
	in, err := openInputs(t.Context(), r.Config, false, r.Log)
	must(t, err)
	parts, err := build(t.Context(), r.Config, in, nil)
	must(t, err)
	longest := 0
	for caption, err := range in.train.Captions(t.Context()) {
		must(t, err)
		longest = max(longest, len(parts.tokenizer.Encode(caption))+2) // both ends
	}
	if p.Longest != longest || longest > 40 {
		t.Errorf("longest caption of %d tokens; want %d, less than the context", p.Longest, longest)
	}
	whole, _, err := parts.model.Measure(p.Step, 64)
	must(t, err)
	if p.Arena >= whole.ArenaBytes || p.Memory.Activations != int64(p.Arena) {
		t.Errorf("arena of %d bytes, %d in memory; want less than %d, that of texts of 64 tokens", p.Arena, p.Memory.Activations, whole.ArenaBytes)
	}
	if text := p.String(); !strings.Contains(text, "20 pairs, captions of up to ") || p.PairsPerSecond <= 0 || p.Checkpoint != 12*int64(p.Parameters) {
		t.Errorf("plan %+v:\n%s", p, text)
	}
	if found, _ := filepath.Glob(r.Dir); len(found) > 0 {
		t.Errorf("%s was made", r.Dir)
	}
}
