package run

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/train"
)

// readGrid reads a run's grid.jsonl.
func readGrid(t *testing.T, workdir string) (p train.Grid, all []train.Snapshot) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(workdir, GridFile))
	must(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	must(t, json.Unmarshal([]byte(lines[0]), &p))
	for _, line := range lines[1:] {
		var s train.Snapshot
		must(t, json.Unmarshal([]byte(line), &s))
		all = append(all, s)
	}
	return p, all
}

// TestGrid holds that a grid changes no bit of what is learned, that its pairs
// differ and come from the validation set, and that a run continued writes the
// same snapshots as one never stopped.
func TestGrid(t *testing.T) {
	dir := t.TempDir()
	world := filepath.Join(dir, "world")
	train := func(workdir string, pairs, until int, resume bool) {
		t.Helper()
		r := testRun(t, world, filepath.Join(dir, workdir), resume)
		r.Config.Train.GridPairs = pairs
		s, err := start(t.Context(), *r)
		must(t, err)
		defer s.close()
		if until > 0 {
			s.trainer.Steps = until
		}
		must(t, s.trainer.Run(t.Context()))
	}
	train("without", -1, 0, false)
	train("with", 12, 0, false)
	if got, want := hashes(t, filepath.Join(dir, "with")), hashes(t, filepath.Join(dir, "without")); got != want {
		t.Errorf("with a grid:\n%s\nwithout:\n%s", got, want)
	}
	if _, err := os.Stat(filepath.Join(dir, "without", GridFile)); err == nil {
		t.Error("a run without a grid has its file")
	}
	p, all := readGrid(t, filepath.Join(dir, "with"))
	captions := map[string]bool{}
	for _, pair := range p.Pairs {
		captions[pair.Caption] = true
		if !strings.Contains(pair.Shard, "val-seen") || !strings.HasPrefix(pair.Picture, "data:image/png;base64,") {
			t.Errorf("pair of %s, picture %.30s; want a PNG of the validation set", pair.Shard, pair.Picture)
		}
	}
	if len(p.Pairs) != 12 || len(captions) != 12 || p.Set != "validation" {
		t.Errorf("%d pairs of set %q with %d captions; want 12 different ones of validation", len(p.Pairs), p.Set, len(captions))
	}
	if len(all) != 2 || all[0].Step != 0 || all[1].Step != 11 {
		t.Fatalf("%d snapshots; want those of the start and the end", len(all))
	}
	for i, row := range all[1].Cosines {
		for j, v := range row {
			if len(row) != 12 || !(math.Abs(float64(v)) <= 1) {
				t.Fatalf("cosine (%d, %d) is %g, in a row of %d", i, j, v, len(row))
			}
		}
	}

	// Stopped after step 5: a snapshot of step 5, which is saved.
	train("stopped", 12, 5, false)
	train("stopped", 12, 0, true)
	want, _ := os.ReadFile(filepath.Join(dir, "with", GridFile))
	got, _ := os.ReadFile(filepath.Join(dir, "stopped", GridFile))
	lines := strings.SplitAfter(string(got), "\n")
	if len(lines) != 5 || lines[0]+lines[1]+lines[3] != string(want) {
		t.Errorf("stopped and continued: %d lines; want those of a run never stopped, and one of step 5", len(lines)-1)
	}
}
