package eval

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// A Curve is a chart of numbers over steps.
type Curve struct {
	Title string
	X     []float64
	Lines []Line
	Marks []Mark
}

// A Line is one of a chart; a NaN is a gap.
type Line struct {
	Name string
	Y    []float64
}

// A Mark is a dashed line at a height.
type Mark struct {
	Name string
	Y    float64
}

// Sizes of a chart, in pixels.
const (
	chartW, chartH       = 420, 220
	chartLeft, chartDown = 60, 24
	chartTop             = 26
)

// SVG draws a curve with its range, legend and marks.
func (c Curve) SVG() template.HTML {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range c.Lines {
		for _, y := range l.Y {
			if !math.IsNaN(y) && !math.IsInf(y, 0) {
				low, high = min(low, y), max(high, y)
			}
		}
	}
	for _, m := range c.Marks {
		low, high = min(low, m.Y), max(high, m.Y)
	}
	if len(c.X) == 0 || math.IsInf(low, 0) {
		return ""
	}
	if high == low {
		low, high = low-0.5, high+0.5
	}
	first, last := c.X[0], c.X[len(c.X)-1]
	x := func(v float64) float64 {
		return chartLeft + (v-first)/max(1e-9, last-first)*(chartW-chartLeft-10)
	}
	y := func(v float64) float64 { return chartH - chartDown - (v-low)/(high-low)*(chartH-chartDown-chartTop) }
	var s strings.Builder
	var legend []string
	for _, l := range c.Lines {
		legend = append(legend, l.Name)
	}
	fmt.Fprintf(&s, `<svg role="img" viewBox="0 0 %d %d" width="%d" height="%d" aria-label="%s">`, chartW, chartH, chartW, chartH,
		html.EscapeString(fmt.Sprintf("%s over steps %.4g to %.4g, between %.4g and %.4g: %s", c.Title, first, last, low, high, strings.Join(legend, ", "))))
	fmt.Fprintf(&s, `<text x="%d" y="14" class="word">%s</text>`, chartLeft, html.EscapeString(c.Title))
	for i := range 4 {
		v := low + (high-low)*float64(i)/3
		fmt.Fprintf(&s, `<path class="axis" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%.3g</text>`, chartLeft, y(v), chartW-10, chartLeft-6, y(v)+4, v)
	}
	fmt.Fprintf(&s, `<text x="%d" y="%d">%.0f</text><text x="%d" y="%d" text-anchor="end">step %.0f</text>`, chartLeft, chartH-6, first, chartW-10, chartH-6, last)
	for i, l := range c.Lines {
		class := "curve"
		if i > 0 {
			class += " second"
		}
		fmt.Fprintf(&s, `<path class="%s" d="`, class)
		move := true
		for j, v := range l.Y[:min(len(l.Y), len(c.X))] {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				move = true
				continue
			}
			to := "L"
			if move {
				to, move = "M", false
			}
			fmt.Fprintf(&s, "%s%.1f %.1f", to, x(c.X[j]), y(v))
		}
		s.WriteString(`"/>`)
		if len(c.Lines) > 1 {
			fmt.Fprintf(&s, `<path class="%s" d="M%d %dh18"/><text x="%d" y="%d">%s</text>`, class, chartLeft+34+128*i, chartH-10, chartLeft+56+128*i, chartH-6, html.EscapeString(short(l.Name)))
		}
	}
	for _, m := range c.Marks {
		fmt.Fprintf(&s, `<path class="mark" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s %.3g</text>`, chartLeft, y(m.Y), chartW-10, chartW-12, y(m.Y)+12, html.EscapeString(m.Name), m.Y)
	}
	s.WriteString("</svg>")
	return template.HTML(s.String())
}

// SVG draws the reliability diagram.
func (k Calibration) SVG() template.HTML {
	const w, h = 320, 260
	var s strings.Builder
	fmt.Fprintf(&s, `<svg role="img" viewBox="0 0 %d %d" width="%d" height="%d" aria-label="Reliability diagram, expected calibration error %.1f points">`, w, h, w, h, 100*k.ECE)
	x := func(p float64) float64 { return 40 + p*(w-50) }
	y := func(p float64) float64 { return h - 30 - p*(h-40) }
	for _, p := range []float64{0, 0.5, 1} {
		fmt.Fprintf(&s, `<path class="axis" d="M40 %.1fH%d"/><text x="34" y="%.1f" text-anchor="end">%.0f %%</text><text x="%.1f" y="%d" text-anchor="middle">%.0f %%</text>`, y(p), w-10, y(p)+4, 100*p, x(p)-6*p, h-12, 100*p)
	}
	for i, b := range k.Bins {
		if b.N == 0 {
			continue
		}
		next := float64(i+1) / float64(len(k.Bins))
		fmt.Fprintf(&s, `<rect class="cell" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%d images: %.0f %% sure, %.0f %% right</title></rect>`,
			x(b.Low)+1, y(b.Accuracy), x(next)-x(b.Low)-2, y(0)-y(b.Accuracy), b.N, 100*b.Confidence, 100*b.Accuracy)
	}
	fmt.Fprintf(&s, `<path class="mark" d="M%.1f %.1fL%.1f %.1f"/></svg>`, x(0), y(0), x(1), y(1))
	return template.HTML(s.String())
}

// gridSVG draws cosines (N, N) with the brightest at 1.
func gridSVG(cosines []float32, rows, columns []string) template.HTML {
	n := len(rows)
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range cosines {
		low, high = min(low, v), max(high, v)
	}
	const cell = 22
	var s strings.Builder
	fmt.Fprintf(&s, `<svg role="img" viewBox="0 0 %d %d" width="%d" height="%d" aria-label="Grid of cosines between %.2f and %.2f">`, n*cell, n*cell, n*cell, n*cell, low, high)
	for i := range n {
		for j := range n {
			v := cosines[i*n+j]
			fmt.Fprintf(&s, `<rect class="cell" x="%d" y="%d" width="%d" height="%d" opacity="%.3f"><title>%s / %s: %.3f</title></rect>`, j*cell, i*cell, cell-1, cell-1,
				shade(float64((v-low)/max(1e-9, high-low))), html.EscapeString(rows[i]), html.EscapeString(columns[j]), v)
		}
	}
	s.WriteString("</svg>")
	return template.HTML(s.String())
}

// shade is an opacity for a part of the range; squared, for the brightest to
// stand out.
func shade(part float64) float64 { return 0.03 + 0.97*part*part }

// short is a name that fits into a legend.
func short(name string) string {
	if r := []rune(name); len(r) > 16 {
		return string(r[:15]) + "…"
	}
	return name
}
