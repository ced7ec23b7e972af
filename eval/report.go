package eval

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"io"
	"math"
	"slices"

	"github.com/goclip/goclip/web/page"
)

//go:embed report.html
var reportHTML string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"css":      page.CSS,
	"sortable": page.Sortable,
	"pct":      func(v float64) string { return fmt.Sprintf("%.1f", 100*v) },
	"bar":      func(v float64) template.CSS { return template.CSS(fmt.Sprintf("%.1f", 100*min(1, max(0, v)))) },
}).Parse(reportHTML))

// A Report is what Write makes one HTML file of. Parts that are empty are left out.
type Report struct {
	Title, Weights, Data, Written string

	ZeroShot    ZeroShot
	Calibration Calibration
	Confusion   [][]int
	Classes     []string
	Split       *Split
	Audit       string
	Unseen      map[string]bool // by class
	Templates   []TemplateScore
	Retrieval   *Retrieval

	Photos []Photo
	Pairs  []PairList
	Curves []template.HTML
	Maps   []Map

	Grid     template.HTML
	GridSize int
	GridText string
}

// A Photo is an image with its class and the most probable labels.
type Photo struct {
	Picture template.URL
	Truth   string
	Labels  []Label
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
}

// Write writes the report as one file that needs no other.
func (r *Report) Write(w io.Writer) error {
	picture, err := confusionPicture(r.Confusion)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := reportTemplate.Execute(&b, struct {
		*Report
		Chance5          float64
		Reliability      template.HTML
		ConfusionPicture template.URL
		Confusions       []Confused
	}{r, min(1, 5/float64(max(1, r.ZeroShot.Classes))), r.Calibration.SVG(), picture, Confusions(r.Classes, r.Confusion, 12)}); err != nil {
		return fmt.Errorf("eval: report: %w", err)
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("eval: report: %w", err)
	}
	return nil
}

// Confused says how many images of a class were called another, and which share
// of its images they are.
type Confused struct {
	Class, Called string
	N             int
	Share         float64
}

// Confusions lists the n most frequent confusions of a matrix.
func Confusions(classes []string, confusion [][]int, n int) []Confused {
	var all []Confused
	for i, row := range confusion {
		total := 0
		for _, k := range row {
			total += k
		}
		for j, k := range row {
			if i != j && k > 0 {
				all = append(all, Confused{classes[i], classes[j], k, float64(k) / float64(total)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Confused) int { return cmp.Or(b.N-a.N, cmp.Compare(b.Share, a.Share)) })
	return all[:min(n, len(all))]
}

// confusionPicture draws shares of rows from white to blue, a pixel a cell.
func confusionPicture(confusion [][]int) (template.URL, error) {
	n := max(1, len(confusion))
	m := image.NewRGBA(image.Rect(0, 0, n, n))
	for i, row := range confusion {
		total := 0
		for _, k := range row {
			total += k
		}
		for j, k := range row {
			share := math.Sqrt(float64(k) / float64(max(1, total))) // so that few are seen, too
			to := func(from, to float64) uint8 { return uint8(from + (to-from)*share) }
			m.SetRGBA(j, i, color.RGBA{to(255, 9), to(255, 60), to(255, 160), 255})
		}
	}
	url, err := page.DataURL(m)
	if err != nil {
		return "", fmt.Errorf("eval: report: %w", err)
	}
	return url, nil
}

// GridOf draws the cosines of n pairs, images (n, E) with texts (n, E), and says
// how many images are nearest to their own.
func (r *Report) GridOf(images, texts []float32, names, captions []string) {
	n := len(names)
	e := len(images) / n
	cosines := make([]float32, n*n)
	hits := 0
	for i := range n {
		best := 0
		for j := range n {
			var sum float32
			for d := range e {
				sum += images[i*e+d] * texts[j*e+d]
			}
			if cosines[i*n+j] = sum; sum > cosines[i*n+best] {
				best = j
			}
		}
		if best == i {
			hits++
		}
	}
	r.Grid, r.GridSize = gridSVG(cosines, names, captions), n
	r.GridText = fmt.Sprintf("%d of %d images are nearest to their own caption; guessing finds 1.", hits, n)
}
