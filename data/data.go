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

	"golang.org/x/sync/errgroup"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/storage"
)

// Config says where the pairs are and how they are read.
type Config struct {
	// Train and Val are patterns of Parquet files, several with commas
	// between: shards/*.parquet, https://host/{00000..00099}.parquet,
	// s3://bucket/folder/*.parquet, gs:// and azblob:// as well (in a program
	// with module cloud, such as goclip-cloud). Val may be empty.
	Train string `yaml:"train"`
	Val   string `yaml:"val"`

	// Sources are sets of shards to mix, by weights of samples, in place of Train.
	Sources []Source `yaml:"sources"`

	// Image, Caption and Label name columns, nested ones with dots, such as
	// "image.bytes". Empty means those of the layouts of Hugging Face (image,
	// caption or captions, label) or img2dataset (jpg, png or webp, caption or
	// txt, status).
	Image   string `yaml:"image"`
	Caption string `yaml:"caption"`
	Label   string `yaml:"label"`

	// CaptionChoice is "first" or "random", where a row has several captions;
	// empty means first.
	CaptionChoice string `yaml:"caption_choice"`

	// Captions are columns of captions with weights, in place of Caption: of
	// those in which a row has one, training draws one anew for each sample.
	Captions []CaptionColumn `yaml:"captions"`

	// CleanCaptions takes tags, addresses of web pages and repeated spaces out
	// of captions. One of which nothing is left counts as none.
	CleanCaptions bool `yaml:"clean_captions"`

	// Where keeps the training rows for which it is true, such as
	// similarity > 0.28 and width >= 64 and not url = null. It has
	// = != < <= > >=, and, or, not, parentheses, numbers, 'text', true, false
	// and null; what compares with a null leaves the row out. A column whose name
	// is no word stands in `; double quotes are refused. Empty keeps all.
	Where string `yaml:"where"`

	// MinSize leaves out training images whose shorter side has fewer pixels,
	// MaxAspect those whose longer side is more than so many times the shorter
	// one; 0 leaves out none. The image itself tells, when it is its turn, and
	// the next of its window takes its place. A Where over columns of the same
	// costs less and changes the length of an epoch.
	MinSize   int     `yaml:"min_size"`
	MaxAspect float64 `yaml:"max_aspect"`

	// ShuffleWindow is the number of pairs that are shuffled among each other,
	// and whose encoded images are in memory at once; 0 means 8192. Use less
	// for large images.
	ShuffleWindow int `yaml:"shuffle_window"`

	// Decoders is the number of goroutines that decode; 0 means one a core.
	Decoders int `yaml:"decoders"`

	// BadRowBudget is the fraction of rows that may be unusable before a run
	// stops; 0 means 0.01, negative means none at all. Up to 1,000 rows count
	// as 1,000, so that one bad row of few does not end a run.
	BadRowBudget float64 `yaml:"bad_row_budget"`

	// StallSeconds is how long a batch may take before the run stops and says
	// what it waits for, such as a disk that does not answer; 0 means 600,
	// negative for ever.
	StallSeconds int `yaml:"stall_seconds"`

	// ReadAhead is how much of remote shards is read before training needs it,
	// such as 256MiB; empty means 64MiB. As much as a ShuffleWindow of encoded
	// images, and training never waits at the end of one.
	ReadAhead string `yaml:"read_ahead"`

	// Cache is a folder that keeps what was read of remote shards, up to
	// CacheSize, such as 200GiB; empty means 10GiB. An empty Cache keeps nothing.
	Cache     string `yaml:"cache"`
	CacheSize string `yaml:"cache_size"`

	Preprocess preprocess.Config `yaml:"preprocess"`
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case c.CaptionChoice != "" && c.CaptionChoice != "first" && c.CaptionChoice != "random":
		return fmt.Errorf("data: caption_choice %q; want first or random", c.CaptionChoice)
	case c.Train != "" && len(c.Sources) > 0:
		return fmt.Errorf("data: train %q and sources; want one of them", storage.Redact(c.Train))
	case len(c.Captions) > 0 && c.Caption != "":
		return fmt.Errorf("data: caption %q and captions; want one of them", c.Caption)
	case c.MinSize < 0:
		return fmt.Errorf("data: min_size %d is negative", c.MinSize)
	case c.MaxAspect != 0 && !(c.MaxAspect >= 1):
		return fmt.Errorf("data: max_aspect %g; want 1 or more, or 0 for any", c.MaxAspect)
	case c.ShuffleWindow < 0:
		return fmt.Errorf("data: shuffle_window %d is negative", c.ShuffleWindow)
	case c.Decoders < 0:
		return fmt.Errorf("data: decoders %d is negative", c.Decoders)
	case !(c.BadRowBudget <= 1):
		return fmt.Errorf("data: bad_row_budget %g; want a fraction", c.BadRowBudget)
	}
	if c.Where != "" {
		if _, err := parseWhere(c.Where); err != nil {
			return err
		}
	}
	if err := validateCaptions(c.Captions); err != nil {
		return err
	}
	if err := validateSources(c.Sources); err != nil {
		return err
	}
	if _, err := c.readAhead(); err != nil {
		return err
	}
	if _, err := c.cacheBytes(); err != nil {
		return err
	}
	return c.Preprocess.Validate()
}

// Need says which columns a use of the data cannot do without.
type Need struct{ Caption, Label bool }

// A Dataset is an open set of shards.
type Dataset struct {
	config Config
	need   Need
	store  *storage.Store
	shards []*shard
	rows   int64 // that are used
	remote bool  // whether a shard is

	spans  []span // of the sources, at least one
	quotas []int64
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
	if err := c.Validate(); err != nil {
		return nil, err
	}
	var where *condition
	if c.Where != "" {
		var err error
		if where, err = parseWhere(c.Where); err != nil {
			return nil, err
		}
	}
	store, err := c.store()
	if err != nil {
		return nil, err
	}
	d := &Dataset{config: c, need: need, store: store, quotas: quotas(sources)}
	for i, source := range sources {
		first := d.rows
		if err := d.openSource(ctx, source.Data, where); err != nil {
			return nil, err
		}
		// The windows of all sources are in memory together.
		window := newOrder(0, 1, c.ShuffleWindow).window * blockRows
		d.spans = append(d.spans, span{source.name(), first, d.rows - first, int(window * d.quotas[i] / mixBlock)})
	}
	return d, nil
}

// openSource adds the shards of a source.
func (d *Dataset) openSource(ctx context.Context, patterns string, where *condition) error {
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
		shards[i], err = openShard(ctx, d.store, names[i], d.config, d.need)
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
	if where != nil {
		err := d.each(ctx, len(shards), func(ctx context.Context, i int) error { return shards[i].filter(ctx, where) })
		if err != nil {
			return err
		}
	}
	for _, s := range shards {
		s.first = d.rows + used
		used += s.length()
	}
	if used == 0 {
		return fmt.Errorf("data: where %q keeps none of the %d rows of %s", where.text, total, patterns)
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
		rows, read, groups = rows+s.rows, read+s.filterRead, groups+s.groups
	}
	return fmt.Sprintf("where %s keeps %d of %d rows; read %d of %d row groups to find them", d.config.Where, d.rows, rows, read, groups)
}

// Len is the number of rows that are used.
func (d *Dataset) Len() int64 { return d.rows }

// Shards is the number of files.
func (d *Dataset) Shards() int { return len(d.shards) }

// StreamBytes is about what a stream of batches takes: those that are decoded
// ahead, the rows of two windows, one of which is being read, and ReadAhead.
func (d *Dataset) StreamBytes(batch, imageSize, context int) int64 {
	var bytes int64
	for _, s := range d.shards {
		bytes += s.bytes
	}
	window := int64(d.config.ShuffleWindow)
	if window == 0 {
		window = defaultWindow
	}
	pair := 4 * int64(3*imageSize*imageSize+context)
	total := buffers*int64(batch)*pair + 2*bytes/d.rows*min(window, d.rows)
	if d.remote {
		ahead, _ := d.config.readAhead() // which Validate has read
		total += ahead + readsAtOnce*storage.FileBytes
	}
	return total
}

// Captions visits the captions that training may see, those of CaptionChoice,
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

// read returns rows lo to hi of all shards together.
func (d *Dataset) read(ctx context.Context, lo, hi int64, want columns) (rows []row, err error) {
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
