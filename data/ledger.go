package data

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
)

// A Ledger keeps account of rows that cannot be used: a line of JSON for each,
// once, and the counts.
type Ledger struct {
	mu     sync.Mutex
	w      io.Writer
	config Config
	seen   int64            // rows used or not
	bad    map[RowRef]bool  // those that cannot be used
	shards map[string]int64 // bad rows by shard
}

// NewLedger has the budget of c and writes its lines to w, unless that is nil.
func NewLedger(w io.Writer, c Config) *Ledger {
	c.SetDefaults()
	if w == nil {
		w = io.Discard
	}
	return &Ledger{w: w, config: c, bad: map[RowRef]bool{}, shards: map[string]int64{}}
}

// Resume takes the lines that a run has written before, and the number of rows that
// it has used: none is written or counted again. A line that is not whole is left out.
func (l *Ledger) Resume(lines []byte, rows int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = rows
	for line := range bytes.Lines(lines) {
		var b BadRow
		if json.Unmarshal(line, &b) != nil || l.bad[RowRef{b.Shard, b.Row}] {
			continue
		}
		l.bad[RowRef{b.Shard, b.Row}] = true
		l.shards[b.Shard]++
	}
}

// A BadRow is a line of a ledger: a row that cannot be used, and why.
type BadRow struct {
	Shard  string `json:"shard"`
	Row    int64  `json:"row"` // in the shard
	Reason string `json:"reason"`
}

// ExceedsBudget says whether bad rows among seen rows are past the budget of c, which
// has its defaults.
func (c Config) ExceedsBudget(bad int, seen int64) bool {
	return float64(bad) > max(0, c.BadRowBudget)*float64(max(seen, 1000))
}

// A badRow is a row and why it cannot be used.
type badRow struct {
	ref    RowRef
	reason string
}

// add accounts for rows that were read, the bad ones among them. Past the budget it
// returns an error that names the worst shard.
func (l *Ledger) add(rows int, bad []badRow) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen += int64(rows)
	for _, b := range bad {
		if l.bad[b.ref] {
			continue
		}
		l.bad[b.ref] = true
		l.shards[b.ref.Shard]++
		line, err := json.Marshal(BadRow{b.ref.Shard, b.ref.Row, b.reason})
		if err != nil {
			return err
		}
		if _, err := l.w.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("data: ledger: %w", err)
		}
		if l.config.ExceedsBudget(len(l.bad), l.seen) {
			shard, n := l.worst()
			return fmt.Errorf("data: %d of %d rows cannot be used, more than the budget of %g; "+
				"%s has %d of them, such as row %d: %s",
				len(l.bad), l.seen, max(0, l.config.BadRowBudget), shard, n, b.ref.Row, b.reason)
		}
	}
	return nil
}

// worst is the shard with the most bad rows.
func (l *Ledger) worst() (shard string, n int64) {
	for _, name := range slices.Sorted(maps.Keys(l.shards)) {
		if l.shards[name] > n {
			shard, n = name, l.shards[name]
		}
	}
	return shard, n
}

// Bad is the number of rows found that cannot be used.
func (l *Ledger) Bad() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.bad)
}
