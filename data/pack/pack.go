// Package pack writes pairs from files of other kinds into Parquet shards that
// package data reads fast: pages of 1 MiB, row groups of 1,000 rows, checksums,
// and no statistics of images, which would repeat them.
//
//	folder of classes, CSV, TSV, JSONL, tar, Parquet -> rows -> shards
package pack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/internal/prompt"
)

// Config says what is packed and how.
type Config struct {
	// Source is a folder with a folder for each class, or a pattern of files,
	// several with commas between. Parquet may also lie behind https, or in an
	// object store.
	Source string

	// Format is folder, csv, tsv, jsonl, tar or parquet; empty means what the
	// name of the first file says. A tar is one of WebDataset, and may be several
	// joined; one that was cut is an error. CSV and TSV begin with a line of
	// names. A row of TSV is a line: a field in double quotes is read as in CSV
	// where it ends on its line, and other quotes are kept.
	// In a folder, links are followed.
	Format string

	// Encoding is latin1 or windows-1252 for CSV, TSV, JSONL and the .txt of a folder
	// in it; empty means UTF-8.
	Encoding string

	// Split begins the names of the shards; empty means train.
	Split string

	// Val is the share of pictures that go to shards of the split val instead, from
	// 0 to 1, such as 0.1; 0 means none. The hash of a picture's bytes says which, so
	// that copies stay on one side.
	Val float64

	// CaptionsFrom says where the captions of a folder are: in a .txt beside each
	// image (txt), a CSV, TSV or JSONL in the folder (table), or in the names of the
	// folders (classes) or of the images (names). Empty means the first of these that
	// there is; names only where no image is in a folder of its own.
	CaptionsFrom string

	// Classes are the names of labels that are numbers, by number; labels that are
	// names are numbered by it. Empty numbers names in their order.
	Classes []string

	// Image and Caption name columns or keys; empty means the usual names,
	// such as image, path or filepath, and caption, text or title. Every other
	// column is kept under its own name.
	Image   string
	Caption string

	// Template is the caption of a class in a folder of classes, {} (or {c}, {0},
	// %s) being its name; empty means "a photo of a {}".
	Template string

	// ShortSide scales images whose shorter side is longer down to this many
	// pixels, as JPEG of Quality (1 to 100; 0 means 90); 0 keeps every file as
	// it is. An orientation in EXIF data is kept, not applied.
	ShortSide int
	Quality   int

	// ShardRows is the number of rows of a shard; 0 means 10,000.
	ShardRows int

	// SkipBad leaves out rows whose image cannot be read, and Skipped, unless nil,
	// is called with the reason of each; otherwise the first of them is an error.
	SkipBad bool
	Skipped func(err error)

	// Drop leaves out rows of Parquet: by the path of their file, the numbers of
	// rows from 0, in ascending order.
	Drop map[string][]int64

	// Workers is the number of goroutines that read and scale; 0 means one a core.
	Workers int

	// Progress, unless nil, is called with the number of rows done, and of all.
	Progress func(done, all int64)
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	switch {
	case c.Format != "" && !slices.Contains(formats, c.Format):
		return fmt.Errorf("pack: format %q; want one of %s", c.Format, strings.Join(formats, ", "))
	case c.Encoding != "" && encodings[c.Encoding] == nil:
		return fmt.Errorf("pack: encoding %q; want %s, or nothing for UTF-8", c.Encoding, encodingNames)
	case strings.ContainsAny(c.Split, `/\*?[,`):
		return fmt.Errorf("pack: split %q; want a name without / \\ * ? [ and commas", c.Split)
	case !(0 <= c.Val && c.Val < 1):
		return fmt.Errorf("pack: val %g; want a share from 0 to 1", c.Val)
	case c.Val > 0 && c.Split == valSplit:
		return fmt.Errorf("pack: split %s, and val %g of it; want one of them", c.Split, c.Val)
	case c.CaptionsFrom != "" && !slices.Contains(captionSources, c.CaptionsFrom):
		return fmt.Errorf("pack: captions from %q; want %s", c.CaptionsFrom, strings.Join(captionSources, ", "))
	case c.ShortSide < 0:
		return fmt.Errorf("pack: short side %d is negative", c.ShortSide)
	case c.Quality < 0 || c.Quality > 100:
		return fmt.Errorf("pack: quality %d; want 1 to 100", c.Quality)
	case c.Quality != 0 && c.ShortSide == 0:
		return fmt.Errorf("pack: quality %d without a short side: files are kept as they are", c.Quality)
	case c.ShardRows < 0:
		return fmt.Errorf("pack: %d rows a shard; want at least 1", c.ShardRows)
	case c.Workers < 0:
		return fmt.Errorf("pack: workers %d is negative", c.Workers)
	}
	if c.Template != "" {
		if err := prompt.Check(c.Template); err != nil {
			return fmt.Errorf("pack: template %w", err)
		}
	}
	return nil
}

// valSplit is the split of Config.Val.
const valSplit = "val"

var formats = []string{"folder", "csv", "tsv", "jsonl", "tar", "parquet"}

// SetDefaults fills in what is 0 or empty and means something else.
func (c *Config) SetDefaults() {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&c.ShardRows, 10_000)
	set(&c.Workers, runtime.GOMAXPROCS(0))
	if c.ShortSide > 0 {
		set(&c.Quality, 90)
	}
	if c.Split == "" {
		c.Split = "train"
	}
	if c.Template == "" {
		c.Template = "a photo of a {}"
	}
}

// Result says what Run wrote.
type Result struct {
	Shards, Kept int // of all, and of those the shards that were there already
	Rows         int64
	Skipped      int64
	Dropped      int64

	// Val is of the rows in shards of the split val; nil without Config.Val. The
	// others are not counted there.
	Val *Result

	// Captions says where the captions were found, where that is not plain.
	Captions string

	// Ignored counts the files in a folder that are not read, by their
	// extension in lower case, such as .avif; "" counts the files without one.
	Ignored map[string]int64
}

// Run packs into shards folder/SPLIT-00000-of-00012.parquet, and classes.txt
// where labels have names. The bytes are a function of the source and the
// config, whatever the number of workers. A shard has its name once it is
// whole, so that Run, where an earlier one did not end, goes on with the first
// shard that is missing. A folder with other shards of that split is an error.
func Run(ctx context.Context, folder string, c Config) (r Result, err error) {
	if err := c.Validate(); err != nil {
		return r, err
	}
	c.SetDefaults()
	src, err := open(ctx, &c)
	if err != nil {
		return r, err
	}
	defer src.close()
	if c.Val == 0 {
		r, err = c.pack(ctx, folder, src)
	} else {
		r, err = c.packSplit(ctx, folder, src)
	}
	if l, ok := src.(*list); ok {
		r.Ignored, r.Captions = l.ignored, l.captionsFrom
		r.Skipped += l.skipped
	}
	return r, err
}

// packSplit packs both sides of Val.
func (c Config) packSplit(ctx context.Context, folder string, src source) (r Result, err error) {
	if src.rows() == 0 {
		return r, fmt.Errorf("pack: %s: no rows", c.Source)
	}
	train, val, err := splitOff(ctx, src, c)
	if err != nil {
		return r, err
	}
	if r, err = c.pack(ctx, folder, train); err != nil {
		return r, err
	}
	c.Split = valSplit
	held, err := c.pack(ctx, folder, val)
	r.Val = &held
	return r, err
}

// pack packs the rows of a source into shards of one split.
func (c Config) pack(ctx context.Context, folder string, src source) (r Result, err error) {
	rows := src.rows()
	if rows == 0 {
		return r, fmt.Errorf("pack: %s: no rows", c.Source)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return r, fmt.Errorf("pack: %w", err)
	}
	if err := claim(folder, c, src); err != nil {
		return r, err
	}
	if err := removeParts(folder, c.Split); err != nil {
		return r, err
	}
	r.Shards = int((rows + int64(c.ShardRows) - 1) / int64(c.ShardRows))
	p := &packer{Config: c, src: src, folder: folder, shards: r.Shards, chunks: make(chan chunk, 1)}
	var missing []int
	for i := range r.Shards {
		_, err := os.Stat(p.path(i))
		switch {
		case err == nil:
			r.Kept++
			p.done += p.end(i) - p.start(i)
		case errors.Is(err, os.ErrNotExist):
			missing = append(missing, i)
		default:
			return r, fmt.Errorf("pack: %w", err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var failed error
	go func() {
		failed = p.prepare(ctx, missing)
		close(p.chunks)
	}()
	err = p.write()
	cancel()
	for range p.chunks { // until prepare has ended
	}
	if err == nil || errors.Is(err, errCut) {
		err = failed
	}
	r.Rows, r.Skipped, r.Dropped = p.written, p.skipped, p.dropped
	return r, err
}

// A source is an ordered list of rows, of one schema.
type source interface {
	rows() int64
	schema() *parquet.Schema
	imageColumn() []string
	classNames() []string // of labels, for classes.txt
	metadata() map[string]string

	// identity differs where the source differs.
	identity() string

	// read returns rows lo to hi.
	read(lo, hi int64) ([]record, error)

	close()
}

// A record is a row whose image may not have been read yet.
type record struct {
	where string                 // file and line, for errors
	row   parquet.Row            // nil where it is to be dropped
	load  func() ([]byte, error) // nil where the row has the image
}

// open opens the source and settles its format.
func open(ctx context.Context, c *Config) (source, error) {
	if c.Format == "" {
		format, err := formatOf(c.Source)
		if err != nil {
			return nil, err
		}
		c.Format = format
	}
	if len(c.Drop) > 0 && c.Format != "parquet" {
		return nil, fmt.Errorf("pack: rows to drop of %s; want Parquet", c.Format)
	}
	if c.Encoding != "" && (c.Format == "parquet" || c.Format == "tar") {
		return nil, fmt.Errorf("pack: encoding %s of %s; want none, as its text is UTF-8", c.Encoding, c.Format)
	}
	if c.Format == "folder" {
		return openFolder(*c)
	}
	if c.Format == "parquet" {
		return openParquet(ctx, *c)
	}
	if strings.Contains(c.Source, "://") {
		return nil, fmt.Errorf("pack: %s: is %s; want files on disk, or Parquet", storage.Redact(c.Source), c.Format)
	}
	paths, err := storage.Glob(c.Source)
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	switch c.Format {
	case "tar":
		return openTars(*c, paths)
	case "jsonl":
		return openLists(*c, paths, readJSONL)
	default:
		return openLists(*c, paths, readCSV)
	}
}

// formatOf finds the format of a source by its name.
func formatOf(source string) (string, error) {
	if info, err := os.Stat(source); err == nil && info.IsDir() {
		return "folder", nil
	}
	source = storage.Redact(source)
	switch ext := strings.ToLower(filepath.Ext(source)); ext {
	case ".csv", ".tsv", ".jsonl", ".tar", ".parquet":
		return ext[1:], nil
	case ".ndjson":
		return "jsonl", nil
	case ".gz", ".tgz", ".zst", ".bz2":
		return "", fmt.Errorf("pack: %s: is compressed, and so cannot be read at any place; decompress it first", source)
	}
	if _, err := os.Stat(source); err != nil && !strings.ContainsAny(source, "*?[,") {
		return "", fmt.Errorf("pack: %w", err)
	}
	return "", fmt.Errorf("pack: %s: its name does not say its format; want one of %s", source,
		strings.Join(formats, ", "))
}
