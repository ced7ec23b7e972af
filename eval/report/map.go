package report

import (
	"context"
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// A Map shows images and names in the plane.
type Map struct {
	Title, Text string
	SVG         template.HTML
}

// A Dot is a picture on the map.
type Dot struct {
	Picture template.URL
	Name    string
}

// drawMaps draws images (N, E) and texts (M, E) twice: by their two principal
// components and by t-SNE. Both are moved to a mean of 0 first, since the images
// of a trained model lie apart from its texts (Liang et al., arXiv:2203.02053).
func drawMaps(ctx context.Context, images, texts []float32, e int, dots []Dot, names []string) ([]Map, error) {
	all := slices.Concat(centered(images, e), centered(texts, e))
	components, share, err := principal(all, e)
	if err != nil || components == nil {
		return nil, err
	}
	text := fmt.Sprintf("The two directions in which the embeddings differ most; they hold %.0f %% of the variance.",
		100*share)
	maps := []Map{{"Principal components", text, drawMap(components, dots, names)}}
	const fewest = 8 // which have neighbors to speak of
	if len(all)/e < fewest {
		return maps, nil
	}
	near, err := TSNE(ctx, all, e, components, 30)
	if err != nil {
		return nil, err
	}
	text = "Neighbors stay neighbors; distances between groups mean little."
	return append(maps, Map{"t-SNE", text, drawMap(near, dots, names)}), nil
}

// principal projects rows x (N, E), of mean 0, on their two principal components:
// at (N, 2). Share is the part of the variance that these hold. Where there is
// only one component, at is nil.
func principal(x []float64, e int) (at []float64, share float64, err error) {
	n := len(x) / e
	rows := mat.NewDense(n, e, x)
	var svd mat.SVD
	if !svd.Factorize(rows, mat.SVDThin) {
		return nil, 0, fmt.Errorf("report: map: no principal components of %d embeddings", n)
	}
	var v, projected mat.Dense
	svd.VTo(&v)
	if _, c := v.Dims(); c < 2 {
		return nil, 0, nil
	}
	projected.Mul(rows, v.Slice(0, e, 0, 2))
	var two, total float64
	for i, s := range svd.Values(nil) {
		if total += s * s; i < 2 {
			two += s * s
		}
	}
	return projected.RawMatrix().Data, two / max(1e-300, total), nil
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

// Sizes of a map, in pixels.
const (
	mapSide, mapMargin, mapThumb = 640.0, 34.0, 26.0
	mapLine, mapLetter           = 14.0, 6.8 // of a name
)

// drawMap draws pictures, then names, at places (N+M, 2).
func drawMap(at []float64, dots []Dot, names []string) template.HTML {
	left, right, low, high := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for i := 0; i < len(at); i += 2 {
		left, right = min(left, at[i]), max(right, at[i])
		low, high = min(low, at[i+1]), max(high, at[i+1])
	}
	scale := (mapSide - 2*mapMargin) / max(1e-12, right-left, high-low)
	height := (high-low)*scale + 2*mapMargin
	inset := (mapSide - (right-left)*scale) / 2
	place := func(i int) (x, y float64) {
		return inset + (at[2*i]-left)*scale, height - mapMargin - (at[2*i+1]-low)*scale
	}
	var s strings.Builder
	fmt.Fprintf(&s, `<svg role="img" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" `+
		`aria-label="Map of %d images and %d class names">`,
		mapSide, height, mapSide, height, len(dots), len(names))
	for i, d := range dots {
		x, y := place(i)
		fmt.Fprintf(&s, `<image href="%s" x="%.1f" y="%.1f" width="%.0f" height="%.0f"><title>%s</title></image>`,
			d.Picture, x-mapThumb/2, y-mapThumb/2, mapThumb, mapThumb, html.EscapeString(d.Name))
	}
	var taken []label
	for i, name := range names {
		x, y := place(len(dots) + i)
		l := beside(taken, label{x, y, mapLetter * float64(len([]rune(name)))}, height)
		taken = append(taken, l)
		if math.Abs(l.y-y) > mapLine {
			fmt.Fprintf(&s, `<path class="axis" d="M%.1f %.1fL%.1f %.1f"/>`, x, y, l.x, l.y-4)
		}
		fmt.Fprintf(&s, `<text class="word" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`,
			l.x, l.y, html.EscapeString(name))
	}
	s.WriteString("</svg>")
	return template.HTML(s.String())
}

// A label is a name on the map, around x, above y.
type label struct{ x, y, width float64 }

// beside moves a label up or down until it covers none of the others, and into
// the map.
func beside(others []label, l label, height float64) label {
	l.x = min(max(l.x, l.width/2), mapSide-l.width/2)
	at := l.y
	for i := range 40 {
		step := float64((i+1)/2) * mapLine
		if i%2 == 0 {
			step = -step
		}
		if l.y = at + step; l.y < mapLine || l.y > height-2 {
			continue
		}
		if !slices.ContainsFunc(others, func(o label) bool {
			return math.Abs(o.y-l.y) < mapLine-1 && math.Abs(o.x-l.x) < (o.width+l.width)/2
		}) {
			return l
		}
	}
	l.y = at
	return l
}
