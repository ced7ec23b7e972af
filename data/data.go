// Package data streams image-caption pairs from Parquet shards:
//
//	shards -> order -> rows of a window -> decode, augment, tokenize -> batches
//
// A shard is a file with one pair a row. The order is a function of the seed
// and the place in the run alone, so that any number of decoders gives the
// same batches and a run can continue anywhere. No shard is ever in memory as
// a whole: what is held are the encoded images of a window, and two batches.
package data

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/data/where"
)

// Need says which columns a use of the data cannot do without.
type Need struct {
	Caption, Label bool

	// Classes are the names in which labels that are text are looked up: the label is
	// the place of its name, from 0. Empty makes such labels an error.
	Classes []string

	classes map[string]int64 // made of them
}

// A Dataset is an open set of shards.
type Dataset struct {
	config Config
	need   Need
	store  *storage.Store
	shards []*shard
	rows   int64 // that are used
	remote bool  // whether a shard is
	start  int64 // row that Scan begins with

	footers *footers

	spans  []span // of the sources, at least one
	quotas []int64

	held []row // of a Dataset that Draw made: all its rows
}

// Open finds the shards that patterns match, in the order of their names, and
// reads their footers. No match, a file that is not Parquet, no rows, and
// columns that are missing are errors. It holds all rows: Where,
// MinSize, MaxAspect, Captions and Sources are for training.
func Open(ctx context.Context, patterns string, c Config, need Need) (*Dataset, error) {
	c.Where, c.MinSize, c.MaxAspect, c.Captions = "", 0, 0, nil
	return openSources(ctx, []Source{{Data: patterns, Weight: 1}}, c, need)
}

// OpenTrain opens what c has to train on: the rows of Train, or of all Sources,
// that Where keeps. If it keeps none of a source, that is an error.
func OpenTrain(ctx context.Context, c Config) (*Dataset, error) {
	sources := c.Sources
	if len(sources) == 0 {
		sources = []Source{{Data: c.Train, Weight: 1}}
	}
	return openSources(ctx, sources, c, Need{Caption: true})
}

func openSources(ctx context.Context, sources []Source, c Config, need Need) (*Dataset, error) {
	c.SetDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if len(need.Classes) > 0 {
		need.classes = make(map[string]int64, len(need.Classes))
	}
	for i, name := range need.Classes {
		need.classes[labelName(name)] = int64(i)
	}
	var keep *where.Condition // nil means all
	if c.Where != "" {
		keep, _ = where.Parse(c.Where) // which Validate has read
	}
	store, err := c.store(ctx)
	if err != nil {
		return nil, err
	}
	d := &Dataset{config: c, need: need, store: store, quotas: quotas(sources), footers: &footers{}}
	for i, source := range sources {
		first := d.rows
		if err := d.openSource(ctx, source.Data, keep); err != nil {
			return nil, err
		}
		// The windows of all sources are in memory together.
		window := newOrder(0, 1, c.ShuffleWindow).window * blockRows
		d.spans = append(d.spans, span{source.name(), first, d.rows - first, int(window * d.quotas[i] / mixBlock)})
	}
	return d, nil
}

// openSource adds the shards of a source.
func (d *Dataset) openSource(ctx context.Context, patterns string, keep *where.Condition) error {
	names, err := d.store.List(ctx, patterns)
	if err != nil {
		return fmt.Errorf("data: %w", err)
	}
	patterns = storage.Redact(patterns)
	for _, name := range names {
		d.remote = d.remote || name.Remote()
	}
	var total, used int64
	shards := make([]*shard, len(names))
	err = d.each(ctx, len(names), func(ctx context.Context, i int) (err error) {
		shards[i], err = openShard(ctx, d.store, d.footers, names[i], d.config, d.need)
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range shards {
		total += s.rows
	}
	if total == 0 {
		return fmt.Errorf("data: %s: %d shards without a row", patterns, len(names))
	}
	if keep != nil {
		err := d.each(ctx, len(shards), func(ctx context.Context, i int) error { return shards[i].filter(ctx, keep) })
		if err != nil {
			return err
		}
	}
	for _, s := range shards {
		s.first = d.rows + used
		used += s.length()
	}
	if used == 0 {
		return fmt.Errorf("data: where %q keeps none of the %d rows of %s", keep.String(), total, patterns)
	}
	d.shards = append(d.shards, shards...)
	d.rows += used
	return nil
}

// each calls do with 0 to n-1, several at a time, and returns the error of the
// first that has one.
func (d *Dataset) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	if d.remote {
		group.SetLimit(openAtOnce)
	}
	errs := make([]error, n)
	for i := range n {
		if within.Err() != nil {
			break
		}
		group.Go(func() error {
			errs[i] = do(within, i)
			return errs[i]
		})
	}
	err := group.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, e := range errs {
		if e != nil && !errors.Is(e, context.Canceled) {
			return e
		}
	}
	return err
}

// openAtOnce is the number of remote shards that are opened at a time: most of
// that is waiting.
const openAtOnce = 64

// FormatWhere says in one line what the condition keeps; it is empty where
// there is none.
func (d *Dataset) FormatWhere() string {
	if d.config.Where == "" {
		return ""
	}
	var rows int64
	read, groups := 0, 0
	for _, s := range d.shards {
		rows, read, groups = rows+s.rows, read+s.kept.GroupsRead(), groups+s.groups
	}
	return fmt.Sprintf("where %s keeps %d of %d rows; read %d of %d row groups to find them",
		d.config.Where, d.rows, rows, read, groups)
}

// Len is the number of rows that are used.
func (d *Dataset) Len() int64 { return d.rows }

// Augments says whether training sees an image otherwise each time.
func (d *Dataset) Augments() bool { return d.config.Preprocess.Augment.Active() }

// Shards is the number of files.
func (d *Dataset) Shards() int { return len(d.shards) }

// StreamBytes is about what a stream of batches takes: those that are decoded
// ahead, the rows of two windows, one of which is being read, and ReadAhead.
func (d *Dataset) StreamBytes(batch, imageSize, context int) int64 {
	var bytes int64
	for _, s := range d.shards {
		bytes += s.bytes
	}
	pair := 4 * int64(3*imageSize*imageSize+context)
	total := buffers*int64(batch)*pair + 2*bytes/d.rows*min(int64(d.config.ShuffleWindow), d.rows)
	if d.remote {
		ahead, _ := sizeOf("read_ahead", d.config.ReadAhead) // which Validate has read
		total += ahead + readsAtOnce*storage.FileBytes
	}
	return total
}

// Captions visits the captions that training may see by CaptionChoice,
// in the order of the shards.
func (d *Dataset) Captions(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for lo := int64(0); lo < d.rows; lo += blockRows {
			rows, err := d.read(ctx, lo, min(d.rows, lo+blockRows), columns{caption: true})
			if err != nil {
				yield("", err)
				return
			}
			for _, r := range rows {
				for _, c := range d.config.seen(&r) {
					if !yield(c, nil) {
						return
					}
				}
			}
		}
	}
}

// MaxLabel is the largest label and a row that has it; -1 if no row has one.
func (d *Dataset) MaxLabel(ctx context.Context) (label int64, at RowRef, err error) {
	label = -1
	for lo := int64(0); lo < d.rows; lo += blockRows {
		rows, err := d.read(ctx, lo, min(d.rows, lo+blockRows), columns{label: true})
		if err != nil {
			return -1, at, err
		}
		for _, r := range rows {
			if r.label > label {
				label, at = r.label, r.ref
			}
		}
	}
	return label, at, nil
}

// OneLabel says whether all rows that have a label have the same.
func (d *Dataset) OneLabel(ctx context.Context) (bool, error) {
	label := int64(-1)
	for lo := int64(0); lo < d.rows; lo += blockRows {
		rows, err := d.read(ctx, lo, min(d.rows, lo+blockRows), columns{label: true})
		if err != nil {
			return false, err
		}
		for _, r := range rows {
			if label < 0 {
				label = r.label
			}
			if r.label >= 0 && r.label != label {
				return false, nil
			}
		}
	}
	return label >= 0, nil
}

// read returns rows lo to hi of all shards together.
func (d *Dataset) read(ctx context.Context, lo, hi int64, want columns) (rows []row, err error) {
	if d.held != nil {
		return slices.Clone(d.held[lo:hi]), ctx.Err()
	}
	for _, s := range d.shards {
		from, to := max(lo, s.first), min(hi, s.first+s.length())
		if from >= to {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part, err := s.readKept(ctx, from-s.first, to-s.first, want)
		if err != nil {
			return nil, err
		}
		rows = append(rows, part...)
	}
	return rows, nil
}
