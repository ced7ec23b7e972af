// Package report shows people what a model has learned: as one HTML page with
// numbers, charts, maps and pictures, and as a contact sheet of images.
package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/web/page"
)

//go:embed report.html
var reportHTML string

var reportTemplate = template.Must(page.Template("report").Funcs(template.FuncMap{
	"pct": func(v float64) string { return fmt.Sprintf("%.1f", 100*v) },
	"bar": func(v float64) template.CSS { return template.CSS(fmt.Sprintf("%.1f", 100*min(1, max(0, v)))) },
}).Parse(reportHTML))

// A Report is the content of a page. Parts that are empty are left out.
type Report struct {
	Title, Weights, Data, Written string

	ZeroShot    eval.ZeroShot
	Calibration eval.Calibration
	Confusion   [][]int
	Classes     []string
	Split       *eval.Split
	Audit       string
	Unseen      map[string]bool // by class
	Templates   []eval.TemplateScore
	Retrieval   *eval.Retrieval

	// Ceiling is the recall that captions which repeat allow, and Loss the training loss
	// on the pairs; nil where captions allow all, and where the loss is not known.
	Ceiling *eval.Retrieval
	Loss    *eval.PairLoss

	Photos []Photo
	Pairs  []PairList
	Maps   []Map

	// Grid has a row for the image, and a column for the caption, of each of GridPairs.
	Grid      template.HTML
	GridPairs []Pair
	GridText  string

	// Floor is the least training loss that the captions allow; 0 where it is
	// not known. It is for who draws the Curves of training.
	Floor  float64
	Curves []template.HTML
}

// A Photo is an image with its class and the most probable labels; without classes, the
// nearest of its own captions and the nearest of all.
type Photo struct {
	Picture template.URL
	Truth   string
	Labels  []eval.Label
	Right   bool
}

// A PairList is a heading with images, captions and their cosines.
type PairList struct {
	Title string
	Pairs []Pair
}

// A Pair is an image with a caption.
type Pair struct {
	Picture template.URL
	Caption string
	Cosine  float32
	Found   bool // of a grid: no other caption of it is nearer to the image
}

// Write writes the report as one file that needs no other.
func (r *Report) Write(w io.Writer) error {
	var b bytes.Buffer
	if err := reportTemplate.Execute(&b, struct {
		*Report
		Chance5         float64
		Reliability     template.HTML
		ConfusionMatrix template.HTML
		Confusions      []Confused
		Named           bool // the rows of the matrix
	}{r, min(1, 5/float64(max(1, r.ZeroShot.Classes))), reliability(r.Calibration),
		confusionSVG(r.Classes, r.Confusion),
		Confusions(r.Classes, r.Confusion, 12), len(r.Classes) <= maxNamed}); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
