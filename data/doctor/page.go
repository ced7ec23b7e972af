package doctor

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"

	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/internal/atomicfile"
	"github.com/goclip/goclip/web/page"
)

//go:embed doctor.html
var pageHTML string

var pageTemplate = template.Must(page.Template("doctor").Funcs(template.FuncMap{
	"number":  Number,
	"many":    many,
	"percent": percent,
	"pct":     func(v float64) string { return fmt.Sprintf("%.1f", 100*v) },
	"width": func(n, of int) template.CSS {
		return template.CSS(fmt.Sprintf("%.2f", 100*float64(n)/float64(max(1, of))))
	},
	"part": func(v, of float64) template.CSS { return template.CSS(fmt.Sprintf("%.2f", 100*v/max(1e-9, of))) },
	"most": func(counts []Count) (most int) {
		for _, c := range counts {
			most = max(most, c.N)
		}
		return most
	},
	"megabytes": func(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) },
	"first":     func(n int, all []Bad) []Bad { return all[:min(n, len(all))] },
	"shown":     func(all []Place) []Place { return all[:min(maxGroup, len(all))] },
	"more":      func(n, shown int) int { return max(0, n-shown) },
	"groups":    func(all []Group) []Group { return all[:min(maxShown, len(all))] },
	"twins":     func(all []Twin) []Twin { return all[:min(maxShown, len(all))] },
}).Parse(pageHTML))

// Page writes the report as one HTML file that needs no other.
func (x *Examination) Page(w io.Writer) error {
	shards := struct {
		*Report
		TrainShards, ValShards string
	}{Report: x.report, TrainShards: storage.Redact(x.train.survey.Patterns)}
	if x.val != nil {
		shards.ValShards = storage.Redact(x.val.survey.Patterns)
	}
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, shards)
	if err == nil {
		_, err = b.WriteTo(w)
	}
	if err != nil {
		return fmt.Errorf("doctor: page: %w", err)
	}
	return nil
}

// WritePage writes the page into a file that is there as a whole or not at all; a
// device or a pipe is written to.
func (x *Examination) WritePage(path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
		if err != nil {
			return fmt.Errorf("doctor: %w", err)
		}
		return errors.Join(x.Page(f), f.Close())
	}
	if err := atomicfile.Write(path, x.Page); err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	return nil
}
