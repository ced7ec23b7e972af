package data

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/internal/guard"
)

// Examples are images, prepared as evaluation sees them, with what belongs to them.
type Examples struct {
	Images   []float32 // (N, 3, S, S)
	Labels   []int     // -1 where there is none
	Captions [][]string
	Rows     []RowRef

	// Next is the row, of all that are scanned, that comes next.
	Next int64
}

// Scan visits all rows that have an image and what the dataset was opened to
// need, in the order of the shards, at most n at a time, as images of size x size
// pixels. Rows that cannot be used go to the ledger; past its budget Scan ends with
// an error. A nil ledger counts and writes nothing. The memory of an Examples is
// used again.
func (d *Dataset) Scan(ctx context.Context, size, n int, ledger *Ledger, visit func(Examples) error) error {
	if ledger == nil {
		ledger = NewLedger(nil, d.config)
	}
	processors := make([]*preprocess.Processor, d.config.decoders())
	for i := range processors {
		processors[i] = preprocess.NewProcessor(d.config.Preprocess, size)
	}
	pixels := 3 * size * size
	images := make([]float32, n*pixels)
	reasons := make([]string, n)
	for lo := d.start; lo < d.rows; lo += int64(n) {
		rows, err := d.read(ctx, lo, min(d.rows, lo+int64(n)),
			columns{image: true, label: true, caption: d.need.Caption})
		if err != nil {
			return err
		}
		var wg sync.WaitGroup
		for worker, p := range processors {
			wg.Go(func() {
				for i := worker; i < len(rows); i += len(processors) {
					reasons[i] = example(p, images[i*pixels:][:pixels], &rows[i], d.need)
				}
			})
		}
		wg.Wait()
		var bad []badRow
		e := Examples{Images: images[:0], Next: lo + int64(len(rows))}
		for i, r := range rows {
			if reasons[i] != "" {
				bad = append(bad, badRow{r.ref, reasons[i]})
				continue
			}
			e.Images = append(e.Images, images[i*pixels:][:pixels]...) // moves down over bad rows
			e.Labels = append(e.Labels, max(-1, int(r.label)))
			e.Captions = append(e.Captions, r.captions)
			e.Rows = append(e.Rows, r.ref)
		}
		if err := ledger.add(len(rows), bad); err != nil {
			return err
		}
		if len(e.Labels) > 0 {
			if err := visit(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// example decodes a row for evaluation, or says why it cannot be used.
func example(p *preprocess.Processor, dst []float32, r *row, need Need) (reason string) {
	if reason := r.problem(); reason != "" {
		return reason
	}
	r.captions = slices.DeleteFunc(r.captions, func(c string) bool { return strings.TrimSpace(c) == "" })
	if need.Caption && len(r.captions) == 0 {
		return "no caption"
	}
	if reason := notText(r.captions); need.Caption && reason != "" {
		return reason
	}
	if need.Label && r.unknown != "" {
		return fmt.Sprintf("label %q is none of the %d classes", r.unknown, len(need.classes))
	}
	if need.Label && r.label < 0 {
		return fmt.Sprintf("label %d", r.label)
	}
	err := guard.Call(func() error {
		m, err := p.Decode(r.image)
		if err == nil {
			p.Eval(dst, m)
		}
		return err
	})
	if err != nil {
		return err.Error()
	}
	return ""
}

// ReadImage returns the image file of one row, and its captions.
func ReadImage(ctx context.Context, ref RowRef, c Config) (file []byte, captions []string, err error) {
	c.SetDefaults()
	if IsPicture(ref.Shard) && !strings.Contains(ref.Shard, "://") {
		file, err = readPicture(ref.Shard)
		return file, nil, err
	}
	store, err := c.store(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := openShard(ctx, store, &footers{}, storage.NameOf(ref.Shard), c, Need{})
	if err != nil {
		return nil, nil, err
	}
	if ref.Row < 0 || ref.Row >= s.rows {
		return nil, nil, fmt.Errorf("data: %v: the shard has %d rows", ref, s.rows)
	}
	rows, err := s.read(ctx, ref.Row, ref.Row+1, columns{image: true, caption: true})
	if err != nil {
		return nil, nil, err
	}
	if reason := rows[0].problem(); reason != "" {
		return nil, nil, fmt.Errorf("data: %v: %s", ref, reason)
	}
	return rows[0].image, rows[0].captions, nil
}
