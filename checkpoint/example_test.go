package checkpoint_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint"
)

// A store keeps the newest checkpoints of a run, each whole or not there.
func ExampleStore() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	store := checkpoint.NewStore(dir)
	weights := []checkpoint.Tensor{{Name: "logit_scale", Data: []float32{2.66}}}
	for _, step := range []int{100, 200, 300} {
		err := store.Save(step, []checkpoint.File{{Name: "model.safetensors", Write: func(w io.Writer) error {
			return checkpoint.WriteTensors(w, weights, nil)
		}}})
		if err == nil {
			err = store.Prune(step, checkpoint.Config{KeepLast: 2})
		}
		if err != nil {
			panic(err)
		}
	}
	all, err := store.List()
	if err != nil {
		panic(err)
	}
	for _, c := range all {
		fmt.Println(filepath.Base(store.Path(c.Step)))
	}
	newest, err := store.Latest()
	if err != nil {
		panic(err)
	}
	f, err := checkpoint.OpenTensors(newest.Path("model.safetensors"))
	if err != nil {
		panic(err)
	}
	defer f.Close()
	_, values, err := f.Float32s("logit_scale")
	fmt.Println(newest.Step, f.Names(), values, err)
	// Output:
	// step-00000300
	// step-00000200
	// 300 [logit_scale] [2.66] <nil>
}
