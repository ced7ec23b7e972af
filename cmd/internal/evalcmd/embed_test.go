package evalcmd

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/eval"
)

// TestEmbed holds that a command says of a file of embeddings what it says of
// the shards that they are of.
func TestEmbed(t *testing.T) {
	enter(t)
	fromShards := ok(t, "retrieval", "--checkpoint", "r", "--data", valData, "--json")
	for _, name := range []string{"e.parquet", "e.npy"} {
		out := filepath.Join(t.TempDir(), name)
		text := ok(t, "embed", "--checkpoint", "r", "--data", valData, "--captions", "--out", out)
		if !strings.Contains(text, "34 images and 34 captions, 8 numbers each") {
			t.Errorf("embed prints %q", text)
		}
		if got := ok(t, "retrieval", "--checkpoint", "r", "--embeddings", out, "--json"); got != fromShards {
			t.Errorf("retrieval of %s: %swant, as of the shards, %s", name, got, fromShards)
		}
	}
}

// embedded writes the embeddings of valData and returns the name of the file.
func embedded(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "e.parquet")
	e := parse[embedding](t, ok(t, "embed", "--checkpoint", "r", "--data", valData, "--captions", "--out", out,
		"--json"))
	if e.Images != 34 || e.Texts != 34 || e.Width != 8 || e.Out != out {
		t.Errorf("embed --json: %+v", e)
	}
	return out
}

func TestRetrieval(t *testing.T) {
	enter(t)
	if out := ok(t, "retrieval", "--embeddings", embedded(t)); !strings.Contains(out, "34 images, 34 captions") ||
		!strings.Contains(out, "chance") {
		t.Errorf("retrieval prints\n%s", out)
	}
	out := ok(t, "retrieval", "--checkpoint", "r", "--data", valData, "--format", "clip_benchmark")
	var line eval.BenchmarkResult
	err := json.Unmarshal([]byte(out), &line)
	if err != nil || line.Dataset != "val" || line.Task != "zeroshot_retrieval" ||
		line.Model != "goclip-ViT-16-32-w8-l1" ||
		!strings.HasSuffix(line.Pretrained, "model.safetensors") {
		t.Errorf("retrieval --format clip_benchmark: %v, %s", err, out)
	}
}

func TestProbe(t *testing.T) {
	enter(t)
	p := parse[eval.Probed](t, ok(t, "probe", "--checkpoint", "r", "--train", "world/train-*.parquet", "--data", valData,
		"--k", "3", "--json"))
	if p.Train != 60 || p.Test != 34 || p.C < 1e-6 || p.K != 3 {
		t.Errorf("probe --json: %+v", p)
	}
	e := embedded(t)
	out := ok(t, "probe", "--train-embeddings", e, "--embeddings", e, "--k", "1")
	if !strings.Contains(out, "1-NN            100.0 %") {
		t.Errorf("probe of the data that it was fitted to prints\n%s", out)
	}
}

func TestCompare(t *testing.T) {
	enter(t)
	args := []string{"compare", "r", "r/checkpoints/step-00000002", "--data", valData, "--classes", "world/classes.txt"}
	if out := ok(t, args...); !strings.Contains(out, "34 images, 144 classes") ||
		!strings.Contains(out, "the difference") {
		t.Errorf("compare prints\n%s", out)
	}
	if c := parse[eval.Comparison](t, ok(t, append(args, "--json")...)); c.N != 34 {
		t.Errorf("compare --json: %+v", c)
	}
}
