package configs

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDifference states which keys a run may change while it goes on.
func TestDifference(t *testing.T) {
	var may []string
	for _, key := range slices.Sorted(maps.Keys(fields.leaves)) {
		a, b := Default(), Default()
		a.Data.Train, b.Data.Train = "a.parquet", "a.parquet"
		change(fieldOf(reflect.ValueOf(&b).Elem(), key))
		switch d := Difference(&a, &b); {
		case d == "":
			may = append(may, key)
		case !strings.Contains(d, key+" was "):
			t.Errorf("another %s: %q", key, d)
		}
	}
	want := []string{
		"checkpoint.best", "checkpoint.every_minutes", "checkpoint.every_steps", "checkpoint.keep_every", "checkpoint.keep_last",
		"data.bad_row_budget", "data.cache", "data.cache_size",
		"data.decoders", "data.read_ahead", "data.stall_seconds", "data.train", "data.val",
		"eval.batch", "eval.classes", "eval.max_pairs", "eval.sets", "eval.templates", "tokenizer.path",
		"train.cache_dir", "train.cache_frozen", "train.cache_size", "train.eval_every", "train.log_every", "train.rematerialize", "train.threads", "world.dir",
		"world.draw.layout", "world.draw.seed", "world.draw.shard_rows", "world.draw.size",
		"world.draw.train", "world.draw.val_seen", "world.draw.val_unseen",
	}
	if d := cmp.Diff(want, may); d != "" {
		t.Errorf("keys that may change (-want +got):\n%s", d)
	}
}

// change gives a field a value that is no default.
func change(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("another")
	case reflect.Int:
		v.SetInt(12345)
	case reflect.Uint64:
		v.SetUint(12345)
	case reflect.Float64:
		v.SetFloat(0.12345)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	}
}

// TestChosenMemory holds that what a run has put in the place of train.memory is
// no difference from its recipe.
func TestChosenMemory(t *testing.T) {
	started := recipe(t, small)
	differs := func(add string) string {
		t.Helper()
		text := strings.Replace(small, "batch: 4", "batch: 4, "+add, 1)
		_, differs, err := LoadResume(started, recipe(t, text), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return differs
	}
	if got := differs("memory: 2GiB, rematerialize: auto"); got != "" {
		t.Errorf("the recipe differs: %s", got)
	}
	if got := differs("micro_batch: 2"); got != "train.micro_batch was 0, is 2" {
		t.Errorf("the recipe differs: %q; want train.micro_batch", got)
	}
}

// TestDifferingKeys: every key that is not the same everywhere, and no other; a key that
// is 0 is its default.
func TestDifferingKeys(t *testing.T) {
	a, b, c := Default(), Default(), Default()
	b.Optim.LearningRate, c.Train.Batch = 1, 7
	b.Optim.Epsilon = 0
	want := []Differing{
		{"optim.learning_rate", []string{fmt.Sprint(a.Optim.LearningRate), "1", fmt.Sprint(a.Optim.LearningRate)}},
		{"train.batch", []string{fmt.Sprint(a.Train.Batch), fmt.Sprint(a.Train.Batch), "7"}},
	}
	if have := DifferingKeys([]*Run{&a, &b, &c}); !reflect.DeepEqual(have, want) {
		t.Errorf("DifferingKeys = %v, want %v", have, want)
	}
	if have := DifferingKeys([]*Run{&a, nil}); len(have) == 0 || have[0].Values[1] != "" {
		t.Errorf("beside a run that is not there: %v; want all keys, empty there", have)
	}
}
