// Package live shows a run as a page, from nothing but the run's folder: while
// the run trains, and long after.
package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

// maxBadRows is the most bad rows that are shown.
const maxBadRows = 20

// freshTime is how long what was read of a folder counts as new.
const freshTime = 200 * time.Millisecond

// A Folder is a run's folder. It may be used by several goroutines.
type Folder struct {
	Dir string

	mu                    sync.Mutex
	read                  time.Time // when it was last looked at
	metrics, grid, ledger tail
	state                 State
	config                *configs.Run
	gauges                *train.Gauges
	pairs                 json.RawMessage // the first line of the grid's file
	snapshots             []json.RawMessage

	drawn   int // the version of drawing
	drawing string
}

// A State is what a folder holds of its run.
type State struct {
	Name    string `json:"name"`
	Step    int    `json:"step"`  // of the last line
	Steps   int    `json:"steps"` // of the whole run; 0 while it is not known
	Batch   int    `json:"batch"`
	Running bool   `json:"running"` // or killed before it could say that it ends

	Problem string `json:"problem,omitempty"` // of reading the folder

	// Written is when the last line of metrics came.
	Written time.Time `json:"written"`

	Lines  []train.Metrics    `json:"-"`
	Scores []train.Evaluation `json:"scores"`

	// Newest is the last of Lines, nil before there is one.
	Newest      *train.Metrics     `json:"newest"`
	Findings    []train.Finding    `json:"findings"`
	Bad         Ledger             `json:"bad_rows"`
	Checkpoints []checkpoint.Saved `json:"checkpoints"`
	Snapshots   int                `json:"snapshots"`

	config        *configs.Run // nil while there is none
	maxLogitScale float64
	warmup        int
	version       int // grows with what is new
}

// A Ledger sums up ledger.jsonl.
type Ledger struct {
	Count   int            `json:"count"`
	Reasons map[string]int `json:"reasons"`
	Last    []data.BadRow  `json:"last"` // the newest, last
}

// Open takes the folder of a run, which may not have begun.
func Open(dir string) *Folder {
	f := &Folder{Dir: dir, gauges: &train.Gauges{}, drawn: -1}
	f.metrics.path = filepath.Join(dir, run.MetricsFile)
	f.grid.path = filepath.Join(dir, run.GridFile)
	f.ledger.path = filepath.Join(dir, run.LedgerFile)
	f.state.Name = filepath.Base(dir)
	return f
}

// Check reports a folder that holds no run.
func (f *Folder) Check() error {
	if _, err := os.Stat(filepath.Join(f.Dir, run.ConfigFile)); err != nil {
		return fmt.Errorf("live: %s holds no run: %w", f.Dir, err)
	}
	return nil
}

// State reads what is new and returns all.
func (f *Folder) State() State {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.read) >= freshTime {
		f.refresh()
		f.read = time.Now()
	}
	s := f.state
	s.Bad.Reasons = maps.Clone(s.Bad.Reasons) // what else it holds is only added to
	return s
}

func (f *Folder) refresh() {
	s := &f.state
	was, problem := s.version, ""
	err := errors.Join(f.readConfig(), f.readMetrics(), f.readGrid(), f.readLedger(), f.readCheckpoints())
	if err != nil {
		problem = strings.Join(strings.Fields(err.Error()), " ")
	}
	if problem != s.Problem {
		s.Problem = problem
		s.version++
	}
	if s.version != was {
		s.diagnose()
	}
}

// Grid is the pairs of the grid, nil without one, and the snapshots from the
// given one on.
func (f *Folder) Grid(from int) (pairs json.RawMessage, snapshots []json.RawMessage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pairs, f.snapshots[min(max(0, from), len(f.snapshots)):]
}

// readConfig reads the config again when the run has written it again.
func (f *Folder) readConfig() error {
	s := &f.state
	_, err := os.Stat(filepath.Join(f.Dir, checkpoint.PIDFile))
	if running := err == nil; running != s.Running {
		s.Running = running
		s.version++
		f.config = nil
	}
	if f.config != nil {
		return nil
	}
	path := filepath.Join(f.Dir, run.ConfigFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	c, err := configs.LoadStarted(path, nil, nil)
	if err != nil {
		return err
	}
	f.config, s.config = c, c
	s.Steps, s.Batch, s.warmup, s.maxLogitScale = c.Train.Steps, c.Train.Batch, c.Optim.Warmup, c.Train.MaxLogitScale
	s.version++
	return nil
}

func (f *Folder) readMetrics() error {
	lines, again, err := f.metrics.more()
	s := &f.state
	if again {
		s.Lines, s.Scores, s.Newest, s.Step = nil, nil, nil, 0
		f.gauges = &train.Gauges{}
		s.version++
	}
	for _, text := range lines {
		var score train.Evaluation
		var m train.Metrics
		if json.Unmarshal(text, &score) != nil || json.Unmarshal(text, &m) != nil {
			continue // not a line of a run
		}
		if _, err := f.gauges.Write(text); err != nil {
			continue
		}
		if score.Set != "" {
			s.Scores = append(s.Scores, score)
		} else {
			s.Lines, s.Newest, s.Step = append(s.Lines, m), &m, m.Step
		}
		s.version++
	}
	if f.metrics.file != nil {
		s.Written = f.metrics.file.ModTime()
	}
	return err
}

func (f *Folder) readGrid() error {
	lines, again, err := f.grid.more()
	if again {
		f.pairs, f.snapshots = nil, nil
		f.state.version++
	}
	for _, line := range lines {
		switch {
		case !json.Valid(line):
			continue
		case f.pairs == nil:
			f.pairs = line
		default:
			f.snapshots = append(f.snapshots, line)
		}
		f.state.version++
	}
	f.state.Snapshots = len(f.snapshots)
	return err
}

func (f *Folder) readLedger() error {
	lines, again, err := f.ledger.more()
	bad := &f.state.Bad
	if again || bad.Reasons == nil {
		*bad = Ledger{Reasons: map[string]int{}}
	}
	for _, line := range lines {
		var row data.BadRow
		if json.Unmarshal(line, &row) != nil {
			continue
		}
		bad.Count++
		bad.Reasons[row.Reason]++
		bad.Last = append(bad.Last[max(0, len(bad.Last)-maxBadRows+1):], row)
		f.state.version++
	}
	return err
}

func (f *Folder) readCheckpoints() error {
	all, err := checkpoint.NewStore(f.Dir).List()
	if len(all) != len(f.state.Checkpoints) || len(all) > 0 && all[0] != f.state.Checkpoints[0] {
		f.state.Checkpoints = all
		f.state.version++
	}
	return err
}

// diagnose names what the lines and scores show.
func (s *State) diagnose() {
	h := train.History{Lines: s.Lines, Scores: s.Scores, Warmup: s.warmup, MaxLogitScale: s.maxLogitScale}
	if s.Newest != nil {
		h.Floor = s.Newest.Floor
	}
	s.Findings = train.Diagnose(h)
}
