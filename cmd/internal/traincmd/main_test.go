package traincmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data/synth"
)

const recipe = `
data: {train: "TRAIN"}
tokenizer: {vocab_size: 530}
model:
  embed_dim: 8
  image: {size: 32, patch: 16, width: 8, layers: 1, heads: 1}
  text: {context_length: 8, width: 8, layers: 1, heads: 1}
optim: {learning_rate: 1e-3, warmup: 1}
train: {steps: 2, batch: 4, EXTRA}
`

// TestExit holds exit codes and the one line of an error.
// Of several processes, each would train by itself in one folder.
func TestLaunched(t *testing.T) {
	t.Setenv("OMPI_COMM_WORLD_SIZE", "2")
	var errs strings.Builder
	if code := cli.Run(Command(), []string{"--config", "quickstart"}, &errs); code != 1 ||
		!strings.Contains(errs.String(), "mpirun of Open MPI has started 2 processes; want one") {
		t.Errorf("%d, %s; want an error that says how many", code, errs.String())
	}
}

func TestExit(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := synth.Write(t.Context(), "world", synth.Config{Seed: 1, Train: 20, ValSeen: 4, ValUnseen: 4}); err != nil {
		t.Fatal(err)
	}
	shards, err := filepath.Glob("world/train-*.parquet")
	if err != nil || len(shards) != 1 {
		t.Fatal(shards, err)
	}
	good, err := os.ReadFile(shards[0])
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	write("cut.parquet", string(good[:len(good)-100]))
	write("text.parquet", "not a shard")
	config := func(name, train, extra string) string {
		return write(name, strings.NewReplacer("TRAIN", train, "EXTRA", extra).Replace(recipe))
	}
	ok := config("ok.yaml", "world/train-*.parquet", "log_every: 1")
	tune := func(args ...string) []string {
		return append([]string{"--config", "finetune", "--set", "data.train=world/train-*.parquet", "--set", "train.steps=2",
			"--set", "train.batch=4", "--set", "optim.warmup=1"}, args...)
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--config", ok}, 0, ""},
		{[]string{"--config", ok}, 1, "run: runs/ok holds a run already; want to resume it (--resume), or another folder (--workdir)"},
		{[]string{"--config", ok, "--resume"}, 0, ""},
		{[]string{"--workdir", "runs/ok", "--resume"}, 0, ""},
		{[]string{"inspect", "--workdir", "runs/ok", "--step", "2", "--json"}, 0, ""},
		{[]string{"inspect", "--workdir", "runs/ok", "--step", "3"}, 1, "run: step 3; want 1 to 2, the steps of runs/ok"},
		{[]string{"inspect", "--step", "2"}, 2, "--workdir is missing"},
		{[]string{"--config", ok, "--resume", "--extend", "steps=3"}, 0, ""},
		{[]string{"--config", ok, "--resume", "--extend", "steps=3"}, 1, "run: --extend steps=3: runs/ok has 3 steps; want more"},
		{[]string{"--config", ok, "--resume", "--extend", "steps=5,rewarm"}, 0, ""},
		{[]string{"--config", ok, "--resume", "--extend", "steps=6,rewarm"}, 1, "optim.warmup 1 is not less than the 1 of train.steps after optim.rewarmed_from"},
		{[]string{"--config", ok, "--resume", "--extend", "steps=4,warm"}, 2, "want steps=N, the new number of steps, or steps=N,rewarm"},
		{[]string{"--config", ok, "--resume", "--extend", "epochs=3"}, 2, "--extend epochs=3; want steps=N"},
		{[]string{"--config", ok, "--extend", "steps=3"}, 2, "--extend without --resume"},
		{[]string{"plan", "--config", ok, "--steps", "1"}, 0, ""},
		{[]string{"plan"}, 2, "--config is missing"},
		{tune("--workdir", "runs/tuned", "--set", "model.from=runs/ok"), 0, ""},
		{tune("--workdir", "runs/tuned", "--set", "model.from=runs/ok", "--resume"), 0, ""},
		{tune("--workdir", "runs/tuned", "--set", "model.from=runs/no", "--resume"), 1, "was started with another config: model.from was "},
		{tune("--workdir", "w"), 1, "configs: model has no sizes, and model.from is empty; want weights to start from"},
		{tune("--workdir", "w", "--set", "model.from=runs/no"), 1, "configs: model.from: configs: stat runs/no: no such file"},
		{tune("--workdir", "w", "--set", "model.from=runs/ok", "--set", "model.text.width=16"), 1, "run: model.text.width 16: model.from "},
		{[]string{"config", "finetune"}, 0, ""},
		{[]string{"config", "finetune", "--set", "model.from=runs/ok"}, 0, ""},
		{[]string{"verify", "--config", ok, "--steps", "2", "--seed", "1"}, 0, ""},
		{[]string{"verify", "--config", ok, "--steps", "3"}, 1, "run: 3 steps to verify; want 1 to train.steps, 2"},
		{[]string{"--config", "none.yaml"}, 1, "configs: open none.yaml: no such file or directory"},
		{[]string{"--config", config("typo.yaml", "x", "lgo_every: 1")}, 1, "typo.yaml:9: train.lgo_every is unknown; did you mean train.log_every"},
		{[]string{"--config", config("glob.yaml", "nothing-*.parquet", "")}, 1, `data: pattern "nothing-*.parquet" matches no file`},
		{[]string{"--config", config("cut.yaml", "cut.parquet", "")}, 1, "data: cut.parquet: not a whole Parquet file"},
		{[]string{"--config", config("text.yaml", "text.parquet", "")}, 1, "data: text.parquet: not a whole Parquet file"},
		{[]string{"--config", ok, "--workdir", "w", "--set", "train.batch=1"}, 1, "train: batch 1; want at least 2"},
		{[]string{"--config", ok, "--workdir", "w", "--set", "optim.warmup=2"}, 1, "warmup 2 is not less than"},
		{[]string{"--config", ok, "--workdir", "w", "--set", "optim.wramup=2"}, 1, "optim.wramup is unknown; did you mean optim.warmup"},
		{[]string{"--config", "quikstart"}, 1, "did you mean quickstart?"},
		{[]string{"plan", "--config", "cifar10"}, 1, "configs: data.train is empty"},
		{[]string{"config"}, 0, ""},
		{[]string{"config", "vit-b-32", "--set", "optim.warmup=5"}, 0, ""},
		{[]string{"config", "vit-b-33"}, 1, "did you mean vit-b-32?"},
		{[]string{"config", "--set", "optim.lr=5"}, 1, "did you mean optim.learning_rate?"},
		{[]string{"config", "cifar10", "quickstart"}, 2, "accepts at most 1 arg(s), received 2"},
		{[]string{}, 2, "--config is missing"},
		{[]string{"--confg", "x"}, 2, "unknown flag: --confg; did you mean --config?"},
		{[]string{"configs/x.yaml"}, 2, "did you mean --config configs/x.yaml?"},
		{[]string{"config", "--set", "train.batch_size=5"}, 1, "did you mean train.batch?"},
		{[]string{"--config", ok, "--workdir", "w", "--page", "0.0.0.0:80"}, 1, "can be reached from other machines"},
		{[]string{"extra"}, 2, "unknown command"},
		{[]string{"bench", "--model", "huge"}, 2, `bench: model "huge"; want b32, small, tiny`},
		{[]string{"bench", "--precision", "f64"}, 2, "bench: precision \"f64\"; want f32 or bf16"},
	} {
		var stderr strings.Builder
		code := cli.Run(Command(), test.args, &stderr)
		if code != test.code || !strings.Contains(stderr.String(), test.want) || strings.Count(stderr.String(), "\n") != min(1, test.code) {
			t.Errorf("train %q: exit code %d, stderr %q; want %d, one line with %q", test.args, code, stderr.String(), test.code, test.want)
		}
		if _, err := os.Stat("w"); err == nil {
			t.Fatalf("train %q wrote its workdir", test.args)
		}
	}
}
