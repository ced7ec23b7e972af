package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJudge holds what a soak passes and what it names.
func TestJudge(t *testing.T) {
	const steps = 2000
	run := func(at func(step int) sample) error {
		var all []sample
		for step := steps / 40; step <= steps; step += 10 {
			s := at(step)
			s.step = step
			all = append(all, s)
		}
		return judge(all, steps)
	}
	for _, test := range []struct {
		name, want string
		at         func(step int) sample
	}{
		{"steady, but for one look", "", func(step int) sample {
			s := sample{rss: 100_000 + step, goroutines: 7, files: 12}
			if step == steps {
				s.goroutines, s.files = 9, 15 // a save under way
			}
			return s
		}},
		{"memory that grows", "resident memory changed by 3.", func(step int) sample {
			return sample{rss: 100_000 + 2*step, goroutines: 7, files: 12}
		}},
		{"a goroutine more", "soak: 7 goroutines after step 100, 8 after step 2000", func(step int) sample {
			return sample{rss: 1000, goroutines: 7 + step/1500, files: 12}
		}},
		{"a file more", "soak: 12 open files after step 100, 13 after step 2000", func(step int) sample {
			return sample{rss: 1000, goroutines: 7, files: 12 + step/1500}
		}},
	} {
		err := run(test.at)
		if test.want == "" && err != nil || test.want != "" &&
			(err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v; want %q", test.name, err, test.want)
		}
	}
}

// TestTail holds that only the end of a file is read.
func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	if got := tail(path); got != "" {
		t.Errorf("tail of no file: %q", got)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("a", 5000)+"end"), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := tail(path); len(got) != 1000 || !strings.HasSuffix(got, "aend") {
		t.Errorf("tail is %d bytes that end with %q", len(got), got[max(0, len(got)-5):])
	}
}
