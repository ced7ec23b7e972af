package eval

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html"
	"html/template"
	"image"
	"image/color"
	"io"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/goclip/goclip/internal/page"
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
	Map    template.HTML

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

// A Dot is a picture on the map.
type Dot struct {
	Picture template.URL
	Name    string
}

// MapOf draws images (N, E) and texts (M, E) by their two principal components.
// Both are moved to a mean of 0 first, since the images of a trained model lie
// apart from its texts (Liang et al., arXiv:2203.02053).
func (r *Report) MapOf(images, texts []float32, e int, dots []Dot, names []string) error {
	all := slices.Concat(centered(images, e), centered(texts, e))
	x := mat.NewDense(len(all)/e, e, all)
	var svd mat.SVD
	if !svd.Factorize(x, mat.SVDThin) {
		return fmt.Errorf("eval: report: no principal components of %d embeddings", len(all)/e)
	}
	var v, at mat.Dense
	svd.VTo(&v)
	if _, c := v.Dims(); c < 2 {
		return nil // nothing to draw
	}
	at.Mul(x, v.Slice(0, e, 0, 2))
	const side, margin, thumb = 640.0, 40.0, 26.0
	var most float64
	for _, value := range at.RawMatrix().Data {
		most = max(most, math.Abs(value))
	}
	place := func(i int) (float64, float64) {
		half := side/2 - margin
		return side/2 + at.At(i, 0)/max(1e-12, most)*half, side/2 - at.At(i, 1)/max(1e-12, most)*half
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg role="img" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" aria-label="Map of %d images and %d class names">`, side, side, side, side, len(dots), len(names))
	for i, d := range dots {
		px, py := place(i)
		fmt.Fprintf(&s, `<image href="%s" x="%.1f" y="%.1f" width="%.0f" height="%.0f"><title>%s</title></image>`, d.Picture, px-thumb/2, py-thumb/2, thumb, thumb, html.EscapeString(d.Name))
	}
	for i, name := range names {
		px, py := place(len(dots) + i)
		fmt.Fprintf(&s, `<text class="word" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, px, py, html.EscapeString(name))
	}
	s.WriteString("</svg>")
	r.Map = template.HTML(s.String())
	return nil
}

// centered returns rows of e minus their mean.
func centered(x []float32, e int) []float64 {
	mean, n := make([]float64, e), float64(len(x)/e)
	for i, v := range x {
		mean[i%e] += float64(v) / n
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v) - mean[i%e]
	}
	return y
}
