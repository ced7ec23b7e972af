package doctor

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"

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

// Page writes the report as one HTML file that needs no other. Train and val say
// where the shards are.
func (r *Report) Page(w io.Writer, train, val string) error {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, struct {
		*Report
		TrainShards, ValShards string
	}{r, train, val}); err != nil {
		return fmt.Errorf("doctor: page: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("doctor: page: %w", err)
	}
	return nil
}
