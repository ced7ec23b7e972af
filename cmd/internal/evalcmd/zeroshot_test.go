package evalcmd

import (
	"strings"
	"testing"

	"github.com/goclip/goclip/eval"
)

func TestZeroshot(t *testing.T) {
	enter(t)
	z := parse[eval.ZeroShot](t, ok(t, zeroshotArgs("--json")...))
	if z.N != 30 || z.Classes != 144 || z.Top5 < z.Top1 {
		t.Errorf("zeroshot --json: %+v", z)
	}
	out := ok(t, zeroshotArgs()...)
	for _, want := range []string{"30 images, 144 classes", "chance 0.7", "top-5", "images"} {
		if !strings.Contains(out, want) {
			t.Errorf("zeroshot prints\n%s\nwant %q", out, want)
		}
	}
}

func TestZeroshotDetails(t *testing.T) {
	enter(t)
	z := parse[zeroshot](t, ok(t, "zeroshot", "--checkpoint", "r", "--data", valData, "--classes", "world/classes.txt",
		"--train", "world/train-*.parquet", "--details", "--json"))
	if z.N != 34 || z.Captions != 60 || len(z.Confusion) != 144 || z.Calibration == nil || len(z.Templates) != 1 ||
		z.Split.Unseen == nil {
		t.Errorf("zeroshot --details --json: %+v", z)
	}
	if seen := z.Classes - len(z.NotNamed); seen < 20 || seen > 60 { // 60 captions name at most as many
		t.Errorf("%d classes are named by 60 captions", seen)
	}
	out := ok(t, zeroshotArgs("--details", "--train", "world/train-*.parquet")...)
	for _, want := range []string{"never seen", "ECE", "template, the best first"} {
		if !strings.Contains(out, want) {
			t.Errorf("zeroshot prints\n%s\nwant %q", out, want)
		}
	}
}
