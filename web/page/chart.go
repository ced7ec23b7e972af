package page

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
		if len(c.X) == 1 && len(l.Y) > 0 && !math.IsNaN(l.Y[0]) { // a line of one point shows nothing
			fmt.Fprintf(&s, `<circle class="point%s" cx="%.1f" cy="%.1f" r="3"/>`, strings.TrimPrefix(class, "curve"), x(c.X[0]), y(l.Y[0]))
		}
		if len(c.Lines) > 1 {
			fmt.Fprintf(&s, `<path class="%s" d="M%d %dh18"/><text x="%d" y="%d">%s</text>`, class, chartLeft+34+128*i, chartH-10, chartLeft+56+128*i, chartH-6, html.EscapeString(short(l.Name)))
		}
	}
	for _, m := range c.Marks {
		text := y(m.Y) + 12
		if text > chartH-chartDown { // the axis has its own there
			text = y(m.Y) - 4
		}
		fmt.Fprintf(&s, `<path class="mark" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s %.3g</text>`, chartLeft, y(m.Y), chartW-10, chartW-12, text, html.EscapeString(m.Name), m.Y)
	}
	s.WriteString("</svg>")
	return template.HTML(s.String())
}

// short is a name that fits into a legend.
func short(name string) string {
	if r := []rune(name); len(r) > 16 {
		return string(r[:15]) + "…"
	}
	return name
}
