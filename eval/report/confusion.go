package report

import (
	"cmp"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/goclip/goclip/web/page"
)

// Confused says how many images of a class were given another, and what share of
// the class's images they are.
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

// confusionPicture draws each count's share of its row, from white to blue, a
// pixel a cell.
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
		return "", fmt.Errorf("report: %w", err)
	}
	return url, nil
}
