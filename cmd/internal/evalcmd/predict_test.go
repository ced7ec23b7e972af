package evalcmd

import (
	"math"
	"strings"
	"testing"
)

func TestPredict(t *testing.T) {
	enter(t)
	p := parse[prediction](t, ok(t, predictArgs("--json", "a.png")...))
	if len(p.Labels) != 3 || p.Image != "a.png" {
		t.Fatalf("predict --json: %+v", p)
	}
	sum := 0.0
	for _, l := range p.Labels {
		sum += l.Probability
	}
	if math.Abs(sum-1) > 1e-5 || p.Labels[0].Probability < p.Labels[2].Probability {
		t.Errorf("probabilities %+v; want the most probable first, and 1 in all", p.Labels)
	}
	if out := ok(t, predictArgs("a.png", "a.png")...); strings.Count(out, "a.png") != 2 || !strings.Contains(out, "█") {
		t.Errorf("predict prints\n%s", out)
	}
}

// TestPredictGoesOn: an image that cannot be used is told, and the others are predicted.
func TestPredictGoesOn(t *testing.T) {
	enter(t)
	code, out, errs := call(predictArgs("a.png", "none.png", "recipe.yaml", "a.png")...)
	if code != 1 || strings.Count(out, "a.png") != 2 || !strings.Contains(errs, "none.png: no such file") ||
		!strings.Contains(errs, "recipe.yaml: preprocess: ") ||
		!strings.HasSuffix(errs, "eval: images that cannot be used: 2 of 4\n") {
		t.Errorf("exit code %d, printed\n%s\nand\n%s", code, out, errs)
	}
}

// TestForeign predicts with what another program wrote; a name that is not needed is
// an error.
func TestForeign(t *testing.T) {
	const folder = "../../../foreign/testdata/folders/open_clip"
	args := []string{"predict", "--json", "--labels", "cat,dog", folder + "/inputs/0.png", "--checkpoint"}
	whole := ok(t, append(args, folder)...)
	if p := parse[prediction](t, whole); len(p.Labels) != 2 {
		t.Errorf("predict --json: %+v; want two labels", p)
	}
	if file := ok(t, append(args, folder+"/open_clip_model.safetensors")...); file != whole {
		t.Errorf("with the file of weights: %s; want %s", file, whole)
	}
	code, _, errs := call(append(args, folder, "--model", "ViT-B-32")...)
	if code != 1 || !strings.Contains(errs, "is a folder; want a file of weights for the architecture ViT-B-32") {
		t.Errorf("with --model: exit code %d, %s", code, errs)
	}
}
