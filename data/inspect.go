package data

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/goclip/goclip/data/preprocess"
)

// A ShardInfo is a shard as it is understood.
type ShardInfo struct {
	Name   string // path or address
	Layout string // the columns that are used, such as image = jpg, caption = txt
	Rows   int64
	Groups int    // row groups
	Bytes  int64  // of the file
	Codec  string // of the images, such as uncompressed; - where there is no row group

	// Classes are the names of the labels that the shard carries; nil without.
	Classes []string

	// NoLabels is why a column of labels is not read without more being said, such as
	// that it has text; nil where it is, or where there is none.
	NoLabels error

	// Example is the first row that has an image; nil where none of the first 16 has.
	Example *ExampleRow

	// Problem is what is wrong with the shard, or nil. What could not be found out
	// is then 0.
	Problem error
}

// An ExampleRow is a row of a shard that is described.
type ExampleRow struct {
	Row      int64
	Format   string // of the image, such as jpeg; empty where no decoder knows it
	W, H     int    // pixels
	Bytes    int    // of the image
	Label    int64  // -1 where there is none
	Captions []string
}

// Inspect describes each shard that patterns match, in the order of their names. A
// shard that cannot be read is no error, but has a Problem.
func Inspect(ctx context.Context, patterns string, c Config) iter.Seq2[ShardInfo, error] {
	return func(yield func(ShardInfo, error) bool) {
		c.SetDefaults()
		store, err := c.store(ctx)
		if err != nil {
			yield(ShardInfo{}, err)
			return
		}
		names, err := store.List(ctx, patterns)
		if err != nil {
			yield(ShardInfo{}, fmt.Errorf("data: %w", err))
			return
		}
		for _, name := range names {
			info := ShardInfo{Name: name.String()}
			s, err := openShard(ctx, store, &footers{}, name, c, Need{})
			if err == nil {
				err = s.describe(ctx, &info)
			}
			if ctx.Err() != nil {
				yield(ShardInfo{}, ctx.Err())
				return
			}
			if info.Problem = err; !yield(info, nil) {
				return
			}
		}
	}
}

// describe reads the footer and the first row that has an image.
func (s *shard) describe(ctx context.Context, info *ShardInfo) error {
	info.Layout, info.Rows, info.Groups, info.Codec = s.layout, s.rows, s.groups, "-"
	info.Classes = s.names
	f, p, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	info.Bytes = p.Size()
	if label, err := wanted(p, "label", "", labelColumns); err == nil {
		info.NoLabels = cmp.Or(s.noLabel, labelOfText(label))
	}
	if groups := p.Metadata().RowGroups; len(groups) > 0 {
		info.Codec = strings.ToLower(groups[0].Columns[s.image].MetaData.Codec.String())
	}
	if s.rows == 0 {
		return fmt.Errorf("data: %s: no rows", s.path)
	}
	rows, err := s.read(ctx, 0, min(s.rows, 16), columns{image: true, caption: true, label: true})
	if err != nil {
		return err
	}
	return s.describeRows(rows, info)
}

// describeRows takes an example of the first rows, and says what keeps all of them
// from use.
func (s *shard) describeRows(rows []row, info *ShardInfo) error {
	decodable, captions := false, false
	var unknown error
	for _, r := range rows {
		captions = captions || slices.ContainsFunc(r.captions, func(c string) bool { return strings.TrimSpace(c) != "" })
		if r.problem() != "" {
			continue
		}
		e := &ExampleRow{Row: r.ref.Row, Bytes: len(r.image), Label: r.label, Captions: r.captions}
		format, w, h, err := preprocess.Size(r.image)
		if err == nil {
			e.Format, e.W, e.H, decodable = format, w, h, true
		} else if unknown == nil {
			unknown = fmt.Errorf("row %d: %w", r.ref.Row, err)
		}
		if info.Example == nil {
			info.Example = e
		}
	}
	switch {
	case info.Example == nil:
		return fmt.Errorf("data: %s: none of the first %d rows has an image", s.path, len(rows))
	case !decodable:
		return fmt.Errorf("data: %s: none of the first %d images can be decoded: %w", s.path, len(rows), unknown)
	case s.noCaption != nil && s.label < 0:
		return fmt.Errorf("data: %s: %w", s.path, s.noCaption)
	case s.noCaption == nil && !captions:
		return fmt.Errorf("data: %s: none of the first %d rows has a caption", s.path, len(rows))
	}
	return nil
}
