package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/pack"
)

// Kinds of rows that Drop may leave out beside those that cannot be used.
const (
	Pictures = "pictures" // the picture of an earlier row
	Pairs    = "pairs"    // the picture and the captions of an earlier row
	Near     = "near"     // nearly the picture of an earlier row, or of val
	OfVal    = "overlap"  // a picture of val
	Blank    = "blank"    // shows next to nothing
)

// Kinds are all of them, and DefaultKinds those that leave nothing out of which
// a model could learn more than from the rest, or that would spoil val.
var (
	Kinds        = []string{Pictures, Pairs, Near, OfVal, Blank}
	DefaultKinds = []string{Pictures, OfVal}
)

// Dropped are rows of train to leave out.
type Dropped struct {
	Rows  map[string][]int64 // by shard, in ascending order
	Count int
	Why   []Count // each row once, for the first reason
}

// Drop lists the rows that cannot be used, and the rows of some kinds.
func (x *Examination) Drop(kinds []string) (d Dropped, err error) {
	for _, kind := range kinds {
		if !slices.Contains(Kinds, kind) {
			return d, fmt.Errorf("doctor: drop %q; want some of %s", kind, strings.Join(Kinds, ", "))
		}
	}
	d.Rows = map[string][]int64{}
	dropped := make([]bool, len(x.train.pictures))
	drop := func(why string, rows func(yield func(uint32))) {
		n := 0
		rows(func(row uint32) {
			if !dropped[row] {
				dropped[row] = true
				n++
			}
		})
		if d.Count += n; n > 0 {
			d.Why = append(d.Why, Count{why, n})
		}
	}
	drop("cannot be used", x.unusable)
	for _, kind := range kinds {
		drop(map[string]string{
			Pictures: "repeat a picture", Pairs: "repeat a picture and its captions",
			Near:  "are nearly a picture of an earlier row or of val",
			OfVal: "have a picture of val", Blank: "show next to nothing",
		}[kind], x.of(kind))
	}
	for row, is := range dropped {
		if is {
			ref := x.train.survey.Ref(int64(row))
			d.Rows[ref.Shard] = append(d.Rows[ref.Shard], ref.Row)
		}
	}
	return d, nil
}

// Cleaned says what Clean wrote.
type Cleaned struct {
	Dropped
	Shards int
}

// CheckClean refuses what Clean could not do, before all rows are examined: to copy
// shards that cannot be opened, and to write beside what is no part of an earlier
// Clean.
func CheckClean(folder string, train *data.Survey) error {
	if len(train.Broken) > 0 {
		return fmt.Errorf("%w; only whole shards are copied: leave it out", train.Broken[0])
	}
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("doctor: %w", err)
	}
	for _, e := range entries {
		if e.Name() == pack.RecordOf("train") {
			return nil
		}
	}
	if len(entries) > 0 {
		return fmt.Errorf("doctor: %s holds %s; want a new folder, or one that an earlier call did not finish",
			folder, entries[0].Name())
	}
	return nil
}

// Clean writes the shards of train into a folder, with all their columns, without
// the rows that cannot be used and the rows of some kinds. It goes on where an earlier
// call did not end. Progress, unless nil, is called with the rows done, and of all.
func (x *Examination) Clean(ctx context.Context, folder string, kinds []string,
	progress func(done, all int64)) (c Cleaned, err error) {
	if c.Dropped, err = x.Drop(kinds); err != nil {
		return c, err
	}
	survey := x.train.survey
	r, err := pack.Run(ctx, folder, pack.Config{
		Source: survey.Patterns, Format: "parquet", Split: "train", Image: survey.Config.Image,
		Caption: survey.Config.Caption,
		Drop:    c.Rows, Workers: x.config.Workers, Progress: progress,
	})
	c.Shards = r.Shards
	return c, err
}

func (x *Examination) unusable(yield func(uint32)) {
	for i := range x.train.pictures {
		if !x.train.pictures[i].is(usable) {
			yield(uint32(i))
		}
	}
}

// of visits the rows of a kind.
func (x *Examination) of(kind string) func(yield func(uint32)) {
	c := &x.copies
	return func(yield func(uint32)) {
		switch kind {
		case Pictures:
			for _, rows := range c.groups {
				for _, row := range rows[1:] {
					yield(row)
				}
			}
		case Pairs:
			for i, pair := range c.pairs {
				if pair {
					yield(uint32(i))
				}
			}
		case Near:
			for _, t := range c.near {
				x.sameFile(t.row, yield)
			}
			for _, t := range c.nearVal {
				x.sameFile(t.row, yield)
			}
		case OfVal:
			for _, t := range c.overlap {
				x.sameFile(t.original, yield)
			}
		case Blank:
			for _, row := range x.train.blank {
				yield(row)
			}
		}
	}
}

// sameFile visits all rows of the file whose first row is given.
func (x *Examination) sameFile(first uint32, yield func(uint32)) {
	at, found := slices.BinarySearchFunc(x.copies.groups, first,
		func(g []uint32, row uint32) int { return int(g[0]) - int(row) })
	if !found {
		yield(first)
		return
	}
	for _, row := range x.copies.groups[at] {
		yield(row)
	}
}
