package evalcmd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/eval/embeddings"
)

// An embedJob is what goes into a file of embeddings.
type embedJob struct {
	data, out string
	captions  bool
	columns   []string // beside the usual ones
}

// usualColumns are kept wherever the shards have them.
var usualColumns = []string{"key", "url", "path"}

// pictureColumns are those of pictures, by which a file of embeddings knows what changed.
var pictureColumns = []string{"path", "size", "mtime"}

// An embedding is what embed prints.
type embedding struct {
	Out    string `json:"out"`
	Images int    `json:"images"`
	Texts  int    `json:"texts"`
	Width  int    `json:"width"`
	Kept   int    `json:"kept,omitempty"` // images of the file that was there
	Bad    int    `json:"bad,omitempty"`  // rows that cannot be used
}

// embedTo writes the file of a job, which goes on where it was stopped. Of pictures, it
// keeps what the file has already.
func (s *session) embedTo(ctx context.Context, j embedJob) (e embedding, err error) {
	weights, err := s.Hash()
	if err != nil {
		return e, err
	}
	d, err := s.openData(ctx, j.data, data.Need{Caption: j.captions})
	if err != nil {
		return e, err
	}
	switch d := d.(type) {
	case *data.Pictures:
		if len(j.columns) > 0 {
			return e, fmt.Errorf("eval: columns %s: pictures have path, size and mtime, which are kept; want shards",
				strings.Join(j.columns, ", "))
		}
		e, err = s.embedPictures(ctx, j, d, weights)
	case *data.Dataset:
		e, err = s.embedShards(ctx, j, d, weights)
	}
	e.Out, e.Width, s.bad = j.out, s.Config.Model.EmbedDim, s.bad+e.Bad
	return e, err
}

// embedShards embeds shards, with the columns that are kept.
func (s *session) embedShards(ctx context.Context, j embedJob, d *data.Dataset, weights string) (e embedding, err error) {
	var columns []string
	for _, name := range usualColumns {
		has, err := d.HasColumn(ctx, name)
		if err != nil {
			return e, err
		}
		if has {
			columns = append(columns, name)
		}
	}
	for _, name := range j.columns {
		if !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	prints, err := d.Fingerprints(ctx)
	if err != nil {
		return e, err
	}
	of := fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%s %v %q %v", weights, j.captions, columns, prints)))
	p, err := embeddings.OpenParts(j.out, of)
	if err != nil {
		return e, err
	}
	read := func(rows []data.RowRef) ([][]any, error) { return d.Values(ctx, columns, rows) }
	return s.fill(ctx, j, p, d.From(p.Next()), weights, columns, read, nil)
}

// embedPictures embeds pictures but for those that the file has.
func (s *session) embedPictures(ctx context.Context, j embedJob, d *data.Pictures, weights string) (e embedding,
	err error) {
	files := make(map[string]data.Picture, len(d.Files))
	for _, f := range d.Files {
		files[f.Path] = f
	}
	kept, err := unchanged(j.out, weights, files)
	if err != nil {
		return e, err
	}
	here := make(map[string]bool, len(kept))
	for _, path := range kept {
		here[path] = true
	}
	d.Files = slices.DeleteFunc(d.Files, func(f data.Picture) bool { return here[f.Path] })
	hash := sha256.New()
	for _, f := range d.Files {
		fmt.Fprintf(hash, "%q %d %v\n", f.Path, f.Size, f.ModTime)
	}
	p, err := embeddings.OpenParts(j.out, fmt.Sprintf("%s %x", weights, hash.Sum(nil)))
	if err != nil {
		return e, err
	}
	read := func(rows []data.RowRef) ([][]any, error) {
		values := make([][]any, len(pictureColumns))
		for _, r := range rows {
			f := files[r.Shard]
			for c, v := range []any{f.Path, f.Size, stamp(f.ModTime)} {
				values[c] = append(values[c], v)
			}
		}
		return values, nil
	}
	return s.fill(ctx, j, p, d.From(p.Next()), weights, pictureColumns, read, kept)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// unchanged says which images of a file, by their place, are as they were; none if there
// is no file, or of other weights.
func unchanged(out, weights string, files map[string]data.Picture) (map[int]string, error) {
	if !strings.HasSuffix(out, ".parquet") {
		return nil, nil
	}
	old, err := embeddings.ReadNames(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if old.Weights != weights {
		return nil, nil
	}
	if !slices.Equal(old.ColumnNames, pictureColumns) {
		return nil, fmt.Errorf("eval: %s holds no embeddings of pictures, but columns %s; want another file", out,
			strings.Join(old.ColumnNames, ", "))
	}
	kept := map[int]string{}
	for i, r := range old.Rows {
		f, here := files[r.Shard]
		if here && old.Columns[1][i] == any(f.Size) && old.Columns[2][i] == any(stamp(f.ModTime)) {
			kept[i] = r.Shard
		}
	}
	return kept, nil
}

// fill embeds a source to its end, and writes the file. Read gives the columns of rows;
// kept are the images of the file that is there.
func (s *session) fill(ctx context.Context, j embedJob, p *embeddings.Parts, d eval.Source, weights string,
	columns []string, read func([]data.RowRef) ([][]any, error), kept map[int]string) (e embedding, err error) {
	ledger, before := s.ledger(true), p.Bad()
	err = s.EmbedEach(ctx, d, j.captions, ledger, func(part *embeddings.Set, next int64) error {
		values, err := read(part.Rows)
		if err != nil {
			return err
		}
		part.Weights, part.ColumnNames, part.Columns = weights, columns, values
		return p.Add(part, next, before+ledger.Bad())
	})
	e.Images, e.Texts, e.Kept, e.Bad = p.Images()+len(kept), p.Captions(), len(kept), before+ledger.Bad()
	if err != nil {
		return e, errors.Join(err, p.Flush())
	}
	if e.Images == 0 {
		return e, fmt.Errorf("eval: %s: none of the rows can be used", storage.Redact(j.data))
	}
	if kept == nil {
		return e, p.Finish(nil)
	}
	return e, p.Finish(func(i int) bool { return kept[i] != "" })
}
