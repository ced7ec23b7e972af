package data

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/goclip/goclip/data/preprocess"
)

// Examples are labelled images, prepared as evaluation sees them.
type Examples struct {
	Images []float32 // (N, 3, S, S)
	Labels []int
	Rows   []RowRef
}

// Scan visits all rows that have an image and a label, in the order of the
// shards, at most n at a time. Rows that cannot be used go to the ledger; past
// its budget Scan ends with an error. The memory of an Examples is used again.
func (d *Dataset) Scan(ctx context.Context, size, n int, ledger *Ledger, visit func(Examples) error) error {
	decoders := d.config.Decoders
	if decoders == 0 {
		decoders = runtime.GOMAXPROCS(0)
	}
	processors := make([]*preprocess.Processor, decoders)
	for i := range processors {
		processors[i] = preprocess.NewProcessor(d.config.Preprocess, size)
	}
	pixels := 3 * size * size
	images := make([]float32, n*pixels)
	reasons := make([]string, n)
	for lo := int64(0); lo < d.rows; lo += int64(n) {
		rows, err := d.read(ctx, lo, min(d.rows, lo+int64(n)), columns{image: true, label: true})
		if err != nil {
			return err
		}
		var wg sync.WaitGroup
		for worker, p := range processors {
			wg.Go(func() {
				for i := worker; i < len(rows); i += decoders {
					reasons[i] = example(p, images[i*pixels:][:pixels], &rows[i])
				}
			})
		}
		wg.Wait()
		var bad []badRow
		e := Examples{Images: images[:0]}
		for i, r := range rows {
			if reasons[i] != "" {
				bad = append(bad, badRow{r.ref, reasons[i]})
				continue
			}
			e.Images = append(e.Images, images[i*pixels:][:pixels]...) // moves down over bad rows
			e.Labels = append(e.Labels, int(r.label))
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
func example(p *preprocess.Processor, dst []float32, r *row) (reason string) {
	if reason := r.problem(); reason != "" {
		return reason
	}
	if r.label < 0 {
		return fmt.Sprintf("label %d", r.label)
	}
	err := guard(func() error {
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
