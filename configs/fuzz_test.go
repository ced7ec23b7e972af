package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// TestHostileFiles: what no recipe is, is an error in little time and memory.
func TestHostileFiles(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+", ", 9), ", "))
	}
	for want, text := range map[string]string{
		"have more than 1048576 bytes": strings.Repeat("#", maxFile+1),
		"is unknown":                   "? \"" + strings.Repeat("x", maxFile/2) + "\"\n: 1",
		"a is unknown":                 bomb,
		"eval.sets":                    small + "eval: {sets: " + bomb[strings.Index(bomb, "["):strings.Index(bomb, "\n")] + "}",
		"run.yaml":                     strings.Repeat("[", maxFile/2),
	} {
		path := recipe(t, text)
		bounded.Run(t, 256<<20, func() {
			if _, err := Load(path, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Load of %.40q...: %.200v; want error with %q", text, err, want)
			}
		})
	}
}
