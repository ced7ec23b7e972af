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

// A Line is a line of a Curve; a Y that is not finite is a gap.
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

// SVG draws a curve with its range, legend and marks; without a finite number it
// is empty.
func (c Curve) SVG() template.HTML {
	low, high := c.span()
	if len(c.X) == 0 || math.IsInf(low, 0) {
		return ""
	}
	if high == low {
		low, high = low-0.5, high+0.5
	}
	first, last := c.X[0], c.X[len(c.X)-1]
	d := drawing{
		x: func(v float64) float64 { return chartLeft + (v-first)/max(1e-9, last-first)*(chartW-chartLeft-10) },
		y: func(v float64) float64 { return chartH - chartDown - (v-low)/(high-low)*(chartH-chartDown-chartTop) },
	}
	var legend []string
	for _, l := range c.Lines {
		legend = append(legend, l.Name)
	}
	d.printf(`<svg role="img" viewBox="0 0 %d %d" width="%d" height="%d" aria-label="%s">`, chartW, chartH, chartW,
		chartH,
		html.EscapeString(fmt.Sprintf("%s over steps %.4g to %.4g, between %.4g and %.4g: %s",
			c.Title, first, last, low, high, strings.Join(legend, ", "))))
	d.printf(`<text x="%d" y="14" class="word">%s</text>`, chartLeft, html.EscapeString(c.Title))
	for i := range 4 {
		v := low + (high-low)*float64(i)/3
		d.printf(`<path class="axis" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%.3g</text>`,
			chartLeft, d.y(v), chartW-10, chartLeft-6, d.y(v)+4, v)
	}
	d.printf(`<text x="%d" y="%d">%.0f</text><text x="%d" y="%d" text-anchor="end">step %.0f</text>`,
		chartLeft, chartH-6, first, chartW-10, chartH-6, last)
	for i, l := range c.Lines {
		class := "curve"
		if i > 0 {
			class += " second"
		}
		d.line(class, c.X, l.Y)
		if len(c.Lines) > 1 {
			d.printf(`<path class="%s" d="M%d %dh18"/><text x="%d" y="%d">%s</text>`,
				class, chartLeft+34+128*i, chartH-10, chartLeft+56+128*i, chartH-6, html.EscapeString(short(l.Name)))
		}
	}
	for _, m := range c.Marks {
		d.mark(m)
	}
	d.printf("</svg>")
	return template.HTML(d.String())
}

// span is the range of all numbers that are drawn; infinite if there are none.
func (c Curve) span() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range c.Lines {
		for _, y := range l.Y {
			if finite(y) {
				low, high = min(low, y), max(high, y)
			}
		}
	}
	for _, m := range c.Marks {
		low, high = min(low, m.Y), max(high, m.Y)
	}
	return low, high
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// A drawing is an SVG with the places of numbers, in pixels.
type drawing struct {
	strings.Builder
	x, y func(float64) float64
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// line draws a line, with a gap at each number that is not finite. A line of
// one point would show nothing, so that is a dot.
func (d *drawing) line(class string, x, y []float64) {
	d.printf(`<path class="%s" d="`, class)
	to := "M"
	for j, v := range y[:min(len(y), len(x))] {
		if !finite(v) {
			to = "M"
			continue
		}
		d.printf("%s%.1f %.1f", to, d.x(x[j]), d.y(v))
		to = "L"
	}
	d.printf(`"/>`)
	if len(x) == 1 && len(y) > 0 && finite(y[0]) {
		d.printf(`<circle class="point%s" cx="%.1f" cy="%.1f" r="3"/>`, strings.TrimPrefix(class, "curve"), d.x(x[0]),
			d.y(y[0]))
	}
}

// mark draws a dashed line with its name below, or above where the text of the
// axis is below.
func (d *drawing) mark(m Mark) {
	text := d.y(m.Y) + 12
	if text > chartH-chartDown {
		text = d.y(m.Y) - 4
	}
	d.printf(`<path class="mark" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s %.3g</text>`,
		chartLeft, d.y(m.Y), chartW-10, chartW-12, text, html.EscapeString(m.Name), m.Y)
}

// short is a name that fits into a legend.
func short(name string) string {
	if r := []rune(name); len(r) > 16 {
		return string(r[:15]) + "…"
	}
	return name
}
