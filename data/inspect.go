package data

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/goclip/goclip/data/preprocess"
)

// Inspect prints each shard that patterns match as it is understood: rows, row
// groups, columns, a caption and the size of an image, and what is wrong with
// it. It returns the number of shards that have a problem.
func Inspect(ctx context.Context, w io.Writer, patterns string, c Config) (problems int, err error) {
	store, err := c.store()
	if err != nil {
		return 0, err
	}
	names, err := store.List(ctx, patterns)
	if err != nil {
		return 0, fmt.Errorf("data: %w", err)
	}
	var rows int64
	for _, name := range names {
		s, err := openShard(ctx, store, name, c, Need{})
		if ctx.Err() != nil {
			return problems, ctx.Err()
		}
		if err != nil {
			problems++
			fmt.Fprintf(w, "%v\n  problem: %v\n", name, err)
			continue
		}
		rows += s.rows
		fmt.Fprintf(w, "%v\n  %s\n", name, s.layout)
		if err := s.describe(ctx, w); err != nil {
			problems++
			fmt.Fprintf(w, "  problem: %v\n", err)
		}
	}
	fmt.Fprintf(w, "%d shards, %d rows, %d with a problem\n", len(names), rows, problems)
	return problems, nil
}

// describe prints the footer and the first row that has an image.
func (s *shard) describe(ctx context.Context, w io.Writer) error {
	f, p, err := openFile(ctx, s.store, s.name, &s.version)
	if err != nil {
		return err
	}
	defer f.Close()
	codec := "-"
	if groups := p.Metadata().RowGroups; len(groups) > 0 && s.image >= 0 {
		codec = strings.ToLower(groups[0].Columns[s.image].MetaData.Codec.String())
	}
	fmt.Fprintf(w, "  %d rows in %d row groups, %d bytes, images %s\n", s.rows, len(p.RowGroups()), p.Size(), codec)
	if s.rows == 0 {
		return fmt.Errorf("data: %s: no rows", s.path)
	}
	rows, err := s.read(ctx, 0, min(s.rows, 16), columns{image: true, caption: true, label: true})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.problem() != "" {
			continue
		}
		size := "an image that no decoder knows"
		if format, w, h, err := preprocess.Size(r.image); err == nil {
			size = fmt.Sprintf("%s of %d x %d", format, w, h)
		}
		fmt.Fprintf(w, "  row %d: %s, %d bytes, label %d, %q\n", r.ref.Row, size, len(r.image), r.label, r.captions)
		return nil
	}
	return fmt.Errorf("data: %s: none of the first %d rows has an image", s.path, len(rows))
}
