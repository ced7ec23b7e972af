package configs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/goclip/goclip/internal/bounded"
)

// FuzzLoad: a recipe that loads can be written and loaded again, and any other
// is an error.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(small + "eval: {sets: [{name: a, data: b}], classes: c}\noptim: {warmup: 010, beta2: .nan}\n"))
	f.Add([]byte("a: &a [*a]\nb: *a\n"))
	f.Add([]byte("train: &t {steps: 1}\ndata: *t\n? [x]\n: y\n"))
	path := filepath.Join(f.TempDir(), "run.yaml")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		var run *Run
		var err error
		bounded.Run(t, 4<<20+1000*uint64(len(text)), func() { run, err = Load(path, nil, nil) })
		if err != nil {
			return
		}
		resolved, err := run.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, resolved, 0o666); err != nil {
			t.Fatal(err)
		}
		again, err := Load(path, nil, nil)
		if err != nil {
			t.Fatalf("the resolved run: %v\n%s", err, resolved)
		}
		if d := Difference(run, again); d != "" {
			t.Errorf("the resolved run differs: %s", d)
		}
	})
}
