package data

import (
	"context"
	"sync"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/internal/guard"
)

// A fileRow is an image file that stands for a row, with what belongs to it.
type fileRow struct {
	ref      RowRef
	load     func() ([]byte, error) // may be called beside others
	label    int                    // -1 where there is none
	captions []string
	problem  string // why it cannot be used whatever the file, or ""
}

// scanFiles is [Dataset.Scan] of files, of which next gives one after the other, until it
// says that there is none. First is the number of files before.
func scanFiles(ctx context.Context, c Config, size, n int, ledger *Ledger, first int64,
	next func() (row fileRow, more bool, err error), visit func(Examples) error) error {
	if ledger == nil {
		ledger = NewLedger(nil, c)
	}
	processors := make([]*preprocess.Processor, c.decoders())
	for i := range processors {
		processors[i] = preprocess.NewProcessor(c.Preprocess, size)
	}
	pixels := 3 * size * size
	images, reasons := make([]float32, n*pixels), make([]string, n)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows := make([]fileRow, 0, n)
		for len(rows) < n {
			row, more, err := next()
			if err != nil {
				return err
			}
			if !more {
				break
			}
			rows = append(rows, row)
		}
		if len(rows) == 0 {
			return nil
		}
		var wg sync.WaitGroup
		for worker, p := range processors {
			wg.Go(func() {
				for i := worker; i < len(rows); i += len(processors) {
					reasons[i] = rows[i].example(p, images[i*pixels:][:pixels])
				}
			})
		}
		wg.Wait()
		first += int64(len(rows))
		e := Examples{Images: images[:0], Next: first}
		var bad []badRow
		for i, r := range rows {
			if reasons[i] != "" {
				bad = append(bad, badRow{r.ref, reasons[i]})
				continue
			}
			e.Images = append(e.Images, images[i*pixels:][:pixels]...) // moves down over bad ones
			e.Labels, e.Captions, e.Rows = append(e.Labels, r.label), append(e.Captions, r.captions), append(e.Rows, r.ref)
		}
		if err := ledger.add(len(rows), bad); err != nil {
			return err
		}
		if len(e.Rows) > 0 {
			if err := visit(e); err != nil {
				return err
			}
		}
	}
}

// example decodes a file for evaluation, or says why it cannot be used.
func (r fileRow) example(p *preprocess.Processor, dst []float32) (reason string) {
	if r.problem != "" {
		return r.problem
	}
	file, err := r.load()
	if err == nil {
		err = guard.Call(func() error {
			m, err := p.Decode(file)
			if err == nil {
				p.Eval(dst, m)
			}
			return err
		})
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
