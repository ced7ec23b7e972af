package data

import (
	"fmt"
	"runtime"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/data/where"
)

// Config says where the pairs are and how they are read.
type Config struct {
	// Train and Val are patterns of Parquet files, several with commas
	// between: shards/*.parquet, a folder of them, ~/more, https://host/{00000..00099}.parquet,
	// s3://bucket/folder/*.parquet, gs:// and azblob:// as well (in a program
	// with module cloud, such as goclip-cloud). Val may be empty.
	Train string `yaml:"train"`
	Val   string `yaml:"val"`

	// Sources are sets of shards to mix, by weights of samples, in place of Train.
	Sources []Source `yaml:"sources"`

	// Image, Caption and Label name columns, nested ones with dots, such as
	// "image.bytes". Empty means the columns of the layouts of Hugging Face (image,
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
	// MaxAspect images whose longer side is more than MaxAspect times the shorter
	// one; 0 leaves out none. The image itself is measured, when it is its turn, and
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

// SetDefaults fills in what is 0 or empty and means something else, but for
// Decoders, which depends on the machine.
func (c *Config) SetDefaults() {
	if c.CaptionChoice == "" {
		c.CaptionChoice = "first"
	}
	if c.ShuffleWindow == 0 {
		c.ShuffleWindow = 8192
	}
	if c.BadRowBudget == 0 {
		c.BadRowBudget = 0.01
	}
	if c.StallSeconds == 0 {
		c.StallSeconds = 600
	}
	if c.ReadAhead == "" {
		c.ReadAhead = "64MiB"
	}
	if c.CacheSize == "" {
		c.CacheSize = "10GiB"
	}
	c.Preprocess.SetDefaults()
}

// decoders is the number of goroutines that decode.
func (c Config) decoders() int {
	if c.Decoders == 0 {
		return runtime.GOMAXPROCS(0)
	}
	return c.Decoders
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
		if _, err := where.Parse(c.Where); err != nil {
			return fmt.Errorf("data: %w", err)
		}
	}
	if err := validateCaptions(c.Captions); err != nil {
		return err
	}
	if err := validateSources(c.Sources); err != nil {
		return err
	}
	if _, err := sizeOf("read_ahead", c.ReadAhead); err != nil {
		return err
	}
	if _, err := sizeOf("cache_size", c.CacheSize); err != nil {
		return err
	}
	return c.Preprocess.Validate()
}
