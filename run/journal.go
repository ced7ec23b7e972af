package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/data"
)

// Files of a run's folder that grow with it, beside its checkpoints.
const (
	metricsFile = "metrics.jsonl"
	ledgerFile  = "ledger.jsonl"
)

// openMetrics opens metrics.jsonl to go on after a step: lines of later steps,
// which a resumed run writes again, are dropped.
func openMetrics(path string, step int) (*os.File, error) {
	old, err := upTo(path, step)
	if err != nil {
		return nil, err
	}
	return rewrite(path, old)
}

// upTo is the whole lines of a file that are not of steps after the given one.
// Without a file there are none.
func upTo(path string, step int) ([]byte, error) {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("run: %w", err)
	}
	var keep []byte
	for text := range bytes.Lines(old) {
		var line struct{ Step int }
		if json.Unmarshal(text, &line) == nil && line.Step <= step {
			keep = append(append(keep, bytes.TrimSuffix(text, []byte("\n"))...), '\n')
		}
	}
	return keep, nil
}

// rewrite puts text in the place of a file and opens it to go on.
func rewrite(path string, text []byte) (*os.File, error) {
	if err := os.WriteFile(path+".tmp", text, 0o666); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	return os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o666)
}

// openLedger opens ledger.jsonl to go on with. A run that starts again may have
// other shards now, and begins it again.
func (r *Run) openLedger(goesOn bool) (err error) {
	path, old := filepath.Join(r.Workdir, ledgerFile), []byte(nil)
	if goesOn {
		if old, err = os.ReadFile(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("run: %w", err)
		}
	}
	old = old[:bytes.LastIndexByte(old, '\n')+1] // without a line that a crash cut off
	if r.ledger, err = rewrite(path, old); err != nil {
		return err
	}
	r.bad = data.NewLedger(r.ledger, r.Config.Data)
	r.bad.Resume(old, r.state.Pairs)
	return nil
}
