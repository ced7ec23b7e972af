package page

import (
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// A Curve is a chart of numbers over steps. Zero is on its axis always, so that what is
// little looks little.
type Curve struct {
	Title string
	Lines []Line
	Marks []Mark

	// High is on the axis as well, such as 100 of a share in percent; 0 asks for no more
	// than the numbers need.
	High float64
}

// A Line is a line of a Curve; a Y that is not finite is a gap.
type Line struct {
	Name string
	X, Y []float64

	// Color is a number of one of Colors, and Dashed tells lines of one color apart.
	Color  int
	Dashed bool
}

// Colors is how many colors there are; a line of a larger Color has that of the rest.
const Colors = 8

// A Mark is a dashed line at a height.
type Mark struct {
	Name string
	Y    float64
}

// Sizes of a chart, in pixels.
const (
	chartW, chartH          = 420, 220
	chartLeft, chartRight   = 46, chartW - 14
	chartTop, chartBottom   = 26, chartH - 24
	chartTicksX, chartTicks = 5, 4 // about so many steps
)

// A plot is what the script of a chart needs: the place of the axes in pixels, their
// ranges, and all points.
type plot struct {
	Box   [4]float64 `json:"box"`   // left, right, top, bottom
	Range [4]float64 `json:"range"` // of x, of y
	Lines []points   `json:"lines"`
}

type points struct {
	Name string     `json:"name"`
	X    []float64  `json:"x"`
	Y    []*float64 `json:"y"` // null is a gap
}

// HTML draws a curve, with its legend and its last numbers below; without a finite
// number it is empty. The script of [Template]'s charts shows the numbers at the place
// that is pointed at, and makes the lines smooth where that is asked for.
func (c Curve) HTML() template.HTML {
	last, low, high, found := c.span()
	if !found {
		return ""
	}
	x, y := newAxis(0, last, chartTicksX), newAxis(min(0, low), max(0, high, c.High), chartTicks)
	x.high = max(1, last) // no room behind the last step
	d := drawing{
		x: func(v float64) float64 { return chartLeft + v/x.high*(chartRight-chartLeft) },
		y: func(v float64) float64 { return chartBottom - (v-y.low)/(y.high-y.low)*(chartBottom-chartTop) },
	}
	newest := c.newest()
	d.printf(`<div class="chart"><svg role="img" tabindex="0" viewBox="0 0 %d %d" width="%d" height="%d" `+
		`aria-label="%s" data-plot="%s">`, chartW, chartH, chartW, chartH,
		html.EscapeString(c.Title+" over steps 0 to "+number(last)+"; "+newest), html.EscapeString(c.plot(x, y)))
	d.printf(`<text x="%d" y="14" class="word">%s</text>`, chartLeft, html.EscapeString(c.Title))
	for _, v := range y.ticks() {
		d.printf(`<path class="axis" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, d.y(v), chartRight, chartLeft-6, d.y(v)+4, y.label(v))
	}
	for _, v := range x.ticks() {
		if v <= x.high*(1+1e-9) {
			d.printf(`<path class="axis" d="M%.1f %dv4"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`,
				d.x(v), chartBottom, d.x(v), chartH-6, x.label(v))
		}
	}
	for _, m := range c.Marks {
		d.mark(m)
	}
	for i, l := range c.Lines {
		d.line(i, l)
	}
	d.printf(`</svg>`)
	c.legend(&d)
	d.printf(`<p class="read">%s</p></div>`, html.EscapeString(newest))
	return template.HTML(d.String())
}

// legend names the lines, if there are several; on no line is there more than fits.
func (c Curve) legend(d *drawing) {
	if len(c.Lines) < 2 {
		return
	}
	d.printf(`<p class="legend">`)
	for _, l := range c.Lines {
		d.printf(`<span><svg viewBox="0 0 18 8" width="18" height="8" aria-hidden="true">`+
			`<path class="%s" d="M0 4h18"/></svg>%s</span> `, l.class(), html.EscapeString(l.Name))
	}
	d.printf(`</p>`)
}

// class is the look of a line.
func (l Line) class() string {
	class := fmt.Sprintf("curve c%d", min(l.Color, Colors-1))
	if l.Dashed {
		class += " dashed"
	}
	return class
}

// span is the largest x and the range of all numbers that are drawn.
func (c Curve) span() (last, low, high float64, found bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range c.Lines {
		for i, y := range l.Y[:min(len(l.Y), len(l.X))] {
			if finite(y) {
				last, low, high, found = max(last, l.X[i]), min(low, y), max(high, y), true
			}
		}
	}
	for _, m := range c.Marks {
		low, high = min(low, m.Y), max(high, m.Y)
	}
	return last, low, high, found
}

// newest are the last numbers in words.
func (c Curve) newest() string {
	step, parts := 0.0, []string(nil)
	for _, l := range c.Lines {
		for i := min(len(l.Y), len(l.X)) - 1; i >= 0; i-- {
			if finite(l.Y[i]) {
				step = max(step, l.X[i])
				break
			}
		}
	}
	for _, l := range c.Lines {
		for i := min(len(l.Y), len(l.X)) - 1; i >= 0; i-- {
			if finite(l.Y[i]) && l.X[i] == step {
				name := ""
				if len(c.Lines) > 1 {
					name = l.Name + " "
				}
				parts = append(parts, name+number(l.Y[i]))
				break
			}
		}
	}
	return fmt.Sprintf("step %.0f: %s", step, strings.Join(parts, ", "))
}

// number writes a number for people.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func (c Curve) plot(x, y axis) string {
	p := plot{
		Box:   [4]float64{chartLeft, chartRight, chartTop, chartBottom},
		Range: [4]float64{0, x.high, y.low, y.high}, Lines: make([]points, len(c.Lines)),
	}
	for i, l := range c.Lines {
		p.Lines[i] = points{Name: l.Name, X: []float64{}, Y: []*float64{}}
		for j, v := range l.Y[:min(len(l.Y), len(l.X))] {
			p.Lines[i].X = append(p.Lines[i].X, l.X[j])
			var point *float64
			if finite(v) {
				rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
				point = &rounded
			}
			p.Lines[i].Y = append(p.Lines[i].Y, point)
		}
	}
	text, _ := json.Marshal(p) // finite numbers and texts always can be
	return string(text)
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
func (d *drawing) line(i int, l Line) {
	d.printf(`<path class="%s" data-line="%d" d="`, l.class(), i)
	to, drawn, at := "M", 0, ""
	for j, v := range l.Y[:min(len(l.Y), len(l.X))] {
		if !finite(v) {
			to = "M"
			continue
		}
		d.printf("%s%.1f %.1f", to, d.x(l.X[j]), d.y(v))
		to = "L"
		drawn++
		at = fmt.Sprintf(`cx="%.1f" cy="%.1f"`, d.x(l.X[j]), d.y(v))
	}
	d.printf(`"/>`)
	if drawn == 1 {
		d.printf(`<circle class="%s" %s r="3"/>`, strings.Replace(l.class(), "curve", "point", 1), at)
	}
}

// mark draws a dashed line with its name below, or above where the text of the
// axis is below.
func (d *drawing) mark(m Mark) {
	text := d.y(m.Y) + 12
	if text > chartBottom {
		text = d.y(m.Y) - 4
	}
	d.printf(`<path class="mark" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s %.3g</text>`,
		chartLeft, d.y(m.Y), chartRight, chartRight-2, text, html.EscapeString(m.Name), m.Y)
}
