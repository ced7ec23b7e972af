package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/internal/atomicfile"
	"github.com/goclip/goclip/train"
)

// Files of a run's folder, which grow with it, beside its checkpoints.
const (
	MetricsFile    = "metrics.jsonl"
	LedgerFile     = "ledger.jsonl" // of rows that cannot be used
	GridFile       = "grid.jsonl"
	prometheusFile = "metrics.prom"
	eventsDir      = "tensorboard"
	inspectDir     = "inspect" // of bad steps
)

// A folder is the folder of a run, of which this process is the only user.
type folder struct {
	dir     string
	store   *checkpoint.Store
	metrics *os.File
	lines   io.Writer // metrics, and what else takes its lines
	ledger  *os.File
	bad     *data.Ledger // writes to ledger
	closers []func() error
}

// check refuses a folder that holds a run, unless it is to be continued.
func check(dir string, resume bool) error {
	_, err := os.Stat(filepath.Join(dir, ConfigFile))
	exists := err == nil
	switch {
	case exists && !resume:
		return fmt.Errorf("run: %s holds a run already; want to resume it (--resume), or another folder (--workdir)", dir)
	case !exists && resume:
		return fmt.Errorf("run: %s holds no run to resume", dir)
	}
	return nil
}

// enter makes or takes the folder.
func enter(dir string, resume bool) (*folder, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	unlock, err := checkpoint.Lock(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{dir: dir, store: checkpoint.NewStore(dir), closers: []func() error{unlock}}
	if err := check(dir, resume); err != nil { // another process may have begun one meanwhile
		f.close()
		return nil, err
	}
	return f, nil
}

// close closes the files and gives the folder free. What was to be kept is
// written already.
func (f *folder) close() {
	for i := len(f.closers) - 1; i >= 0; i-- {
		_ = f.closers[i]() // the lock ends with the process anyway
	}
}

// open writes the config and opens the other files to go on after the run's state.
func (f *folder) open(c *configs.Run, s state, goesOn bool) (err error) {
	text, err := c.YAML()
	if err != nil {
		return err
	}
	if err := atomicfile.Write(f.path(ConfigFile), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	kept, err := upTo(f.path(MetricsFile), s.Step)
	if err != nil {
		return err
	}
	if f.metrics, err = f.rewrite(MetricsFile, kept); err != nil {
		return err
	}
	if err := f.openLedger(c.Data, s, goesOn); err != nil {
		return err
	}
	all := []io.Writer{f.metrics}
	if c.Train.TensorBoard {
		events, file, err := train.CreateEvents(f.path(eventsDir), s.Step)
		if err != nil {
			return err
		}
		all, f.closers = append(all, events), append(f.closers, file.Close)
	}
	if c.Train.Prometheus {
		all = append(all, &train.Gauges{Path: f.path(prometheusFile)})
	}
	f.lines = io.MultiWriter(all...)
	return nil
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// rewrite puts text in the place of a file and opens it to go on.
func (f *folder) rewrite(name string, text []byte) (*os.File, error) {
	path := f.path(name)
	if err := atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}); err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	f.closers = append(f.closers, file.Close)
	return file, nil
}

// upTo is the whole lines of a file that are not of steps after the given one,
// which a resumed run writes again. Without a file there are none.
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

// openLedger opens the ledger to go on with. A run that starts again may have
// other shards now, and begins it again.
func (f *folder) openLedger(c data.Config, s state, goesOn bool) (err error) {
	var old []byte
	if goesOn {
		if old, err = os.ReadFile(f.path(LedgerFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("run: %w", err)
		}
	}
	old = old[:bytes.LastIndexByte(old, '\n')+1] // without a line that a crash cut off
	if f.ledger, err = f.rewrite(LedgerFile, old); err != nil {
		return err
	}
	f.bad = data.NewLedger(f.ledger, c)
	f.bad.Resume(old, s.Pairs)
	return nil
}

// keepInspection writes what is known of a bad step.
func (f *folder) keepInspection(n *train.Inspection, log *train.Console) error {
	if err := os.MkdirAll(f.path(inspectDir), 0o777); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	path := filepath.Join(f.path(inspectDir), checkpoint.StepName(n.Step)+".json")
	if err := atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", " ")
		return e.Encode(n)
	}); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	log.Printf("step %d is bad: its batch is in %s", n.Step, path)
	return nil
}
