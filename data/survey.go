package data

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sort"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data/parquetfile"
)

// A Survey reads every row of shards once, in their order, whatever is wrong
// with them: what cannot be read is reported, and the rest is read.
type Survey struct {
	// Patterns, Config and Need are what the survey was opened with; Config has its
	// defaults.
	Patterns string
	Config   Config
	Need     Need

	// Broken says of each shard that cannot be opened, why.
	Broken []error

	shards  []*shard
	rows    int64
	footers footers
}

// A Row is one pair as its shard has it. Problem says why the row cannot be
// used whatever its image holds, or is empty.
type Row struct {
	RowRef
	Group    int // the row group
	Image    []byte
	Captions []string // that training may see
	Label    int64    // -1 without one
	Problem  string
}

// OpenSurvey finds the shards that patterns match and reads their footers. It
// holds all rows, as Open does. No match, and no shard that can be opened, are
// errors.
func OpenSurvey(ctx context.Context, patterns string, c Config, need Need) (*Survey, error) {
	c.SetDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	store, err := c.store(ctx)
	if err != nil {
		return nil, err
	}
	names, err := store.List(ctx, patterns)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	s := &Survey{Patterns: patterns, Config: c, Need: need}
	for _, name := range names {
		opened, err := openShard(ctx, store, &s.footers, name, c, need)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			s.Broken = append(s.Broken, err)
			continue
		}
		opened.first = s.rows
		s.rows += opened.rows
		s.shards = append(s.shards, opened)
	}
	if len(s.shards) == 0 {
		return nil, s.Broken[0]
	}
	return s, nil
}

// Len is the number of rows.
func (s *Survey) Len() int64 { return s.rows }

// Shards is the number of shards that can be opened.
func (s *Survey) Shards() int { return len(s.shards) }

// Ref is the row at a place, from 0, among the rows of all shards.
func (s *Survey) Ref(place int64) RowRef {
	i := sort.Search(len(s.shards), func(i int) bool { return s.shards[i].first > place }) - 1
	return RowRef{s.shards[i].path, place - s.shards[i].first}
}

// At reads the row at a place again.
func (s *Survey) At(ctx context.Context, place int64) (Row, error) {
	i := sort.Search(len(s.shards), func(i int) bool { return s.shards[i].first > place }) - 1
	at := place - s.shards[i].first
	rows, err := s.shards[i].read(ctx, at, at+1, columns{image: true, caption: true, label: true})
	if err != nil {
		return Row{}, err
	}
	return s.row(&rows[0], true), nil
}

// row is r for others to see.
func (s *Survey) row(r *row, image bool) Row {
	out := Row{RowRef: r.ref, Group: r.group, Image: r.image, Captions: s.Config.seen(r), Label: r.label}
	if out.Problem = r.problem(); !image && r.image == nil && r.excess == "" && out.Problem == "no image" {
		out.Problem = ""
	}
	return out
}

// A piece of a survey ends with surveyRows rows, or surveyBytes bytes of images.
const (
	surveyRows  = 32
	surveyBytes = 16 << 20
)

// Rows visits all rows in order, some at a time, without their images unless
// they are wanted. Rows of a row group from one on that is damaged have that as
// their Problem. It ends with an error only when ctx does, or when a shard is
// not there any more as it was.
func (s *Survey) Rows(ctx context.Context, images bool) iter.Seq2[[]Row, error] {
	return func(yield func([]Row, error) bool) {
		for _, sh := range s.shards {
			more := true
			err := s.visit(ctx, sh, images, func(rows []Row) bool {
				more = yield(rows, nil)
				return more
			})
			if err != nil {
				yield(nil, err)
				return
			}
			if !more {
				return
			}
		}
	}
}

// visit yields the rows of a shard.
func (s *Survey) visit(ctx context.Context, sh *shard, images bool, yield func([]Row) bool) error {
	f, p, err := sh.open(ctx)
	if err != nil {
		return err
	}
	defer f.Close()
	first := int64(0)
	for i, group := range p.RowGroups() {
		g := groupReader{shard: sh, group: i, first: first, rows: group.NumRows()}
		more, err := s.visitGroup(ctx, p, &g, images, yield)
		g.close()
		if !more || err != nil {
			return err
		}
		first += g.rows
	}
	return nil
}

// visitGroup yields the rows of a row group, and says whether more are wanted.
func (s *Survey) visitGroup(ctx context.Context, p *parquetfile.File, g *groupReader, images bool,
	yield func([]Row) bool) (more bool, err error) {
	damage := g.open(p, images)
	for g.next < g.rows {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		var rows []row
		if damage == nil {
			rows, damage = g.read()
		}
		if damage != nil {
			rows = g.blank()
		}
		out := make([]Row, len(rows))
		for i := range rows {
			if out[i] = s.row(&rows[i], images); damage != nil {
				out[i].Problem = "cannot be read: " + damage.Error()
			}
		}
		if g.next += int64(len(rows)); !yield(out) {
			return false, nil
		}
	}
	return true, nil
}

// A groupReader reads the rows of a row group one after the other.
type groupReader struct {
	shard *shard
	group int
	first int64 // row of the shard
	rows  int64
	next  int64 // row of the group
	uses  []columnUse
}

// A columnUse is a column that is being read, and what its values are for.
type columnUse struct {
	name   string
	values *parquetfile.Cursor
	set    func(*row, parquet.Value)
}

// open begins to read the columns of the row group, the image first.
func (g *groupReader) open(p *parquetfile.File, images bool) error {
	s, image := g.shard, g.shard.image
	if !images {
		image = -1
	}
	use := func(name string, column int, set func(*row, parquet.Value)) error {
		if column < 0 {
			return nil
		}
		values, err := p.Rows(g.group, column)
		if err != nil {
			return fmt.Errorf("column %s: %w", name, err)
		}
		g.uses = append(g.uses, columnUse{name, values, set})
		return nil
	}
	err := errors.Join(use("image", image, (*row).setImage), use("caption", s.caption, (*row).addCaption),
		use("captions", s.captions, (*row).addCaption),
		use("label", s.label, func(r *row, v parquet.Value) { r.setLabel(v, s.classes) }),
		use("status", s.status, func(r *row, v parquet.Value) { r.status = brief(text(v)) }))
	for i, column := range s.weighted {
		err = errors.Join(err, use("captions", column, func(r *row, v parquet.Value) { r.addWeighted(i, v) }))
	}
	return err
}

func (g *groupReader) close() {
	for _, u := range g.uses {
		u.values.Close()
	}
}

// blank returns the next rows without their values.
func (g *groupReader) blank() []row {
	rows := make([]row, min(surveyRows, g.rows-g.next))
	for i := range rows {
		rows[i] = row{ref: RowRef{g.shard.path, g.first + g.next + int64(i)}, group: g.group, label: -1}
	}
	return rows
}

// read returns the next rows.
func (g *groupReader) read() ([]row, error) {
	rows := g.blank()
	for _, u := range g.uses {
		bytes := 0
		for i := range rows {
			err := u.values.Next(func(v parquet.Value) error {
				if bytes += len(text(v)); bytes > parquetfile.MaxPageBytes && u.name != "image" {
					return fmt.Errorf("%d rows hold more than %d bytes", i+1, parquetfile.MaxPageBytes)
				}
				u.set(&rows[i], v)
				return nil
			})
			if err != nil {
				return nil, fmt.Errorf("column %s: row %d: %w", u.name, rows[i].ref.Row, err)
			}
			if bytes > surveyBytes && u.name == "image" {
				rows = rows[:i+1]
				break
			}
		}
	}
	return rows, nil
}
