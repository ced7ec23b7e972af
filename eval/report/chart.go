package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"

	"github.com/goclip/goclip/eval"
)

// reliability draws the reliability diagram.
func reliability(k eval.Calibration) template.HTML {
	const w, h = 320, 260
	var s strings.Builder
	fmt.Fprintf(&s, `<svg role="img" viewBox="0 0 %d %d" width="%d" height="%d" `+
		`aria-label="Reliability diagram, expected calibration error %.1f points">`, w, h, w, h, 100*k.ECE)
	x := func(p float64) float64 { return 40 + p*(w-50) }
	y := func(p float64) float64 { return h - 30 - p*(h-40) }
	for _, p := range []float64{0, 0.5, 1} {
		fmt.Fprintf(&s, `<path class="axis" d="M40 %.1fH%d"/><text x="34" y="%.1f" text-anchor="end">%.0f %%</text>`,
			y(p), w-10, y(p)+4, 100*p)
		fmt.Fprintf(&s, `<text x="%.1f" y="%d" text-anchor="middle">%.0f %%</text>`, x(p)-6*p, h-12, 100*p)
	}
	for i, b := range k.Bins {
		if b.N == 0 {
			continue
		}
		next := float64(i+1) / float64(len(k.Bins))
		fmt.Fprintf(&s, `<rect class="cell" x="%.1f" y="%.1f" width="%.1f" height="%.1f">`+
			`<title>%d images: %.0f %% sure, %.0f %% right</title></rect>`, x(b.Low)+1, y(b.Accuracy),
			x(next)-x(b.Low)-2, y(0)-y(b.Accuracy), b.N, 100*b.Confidence, 100*b.Accuracy)
	}
	fmt.Fprintf(&s, `<path class="mark" d="M%.1f %.1fL%.1f %.1f"/></svg>`, x(0), y(0), x(1), y(1))
	return template.HTML(s.String())
}

// gridSVG draws cosines (N, N) as cells, the largest brightest.
func gridSVG(cosines []float32, pairs []Pair) template.HTML {
	n := len(pairs)
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range cosines {
		low, high = min(low, v), max(high, v)
	}
	const cell = 22
	var s strings.Builder
	fmt.Fprintf(&s, `<svg role="img" viewBox="0 0 %d %d" aria-label="Grid of cosines between %.2f and %.2f">`,
		n*cell, n*cell, low, high)
	for i := range n {
		for j := range n {
			v := cosines[i*n+j]
			fmt.Fprintf(&s, `<rect class="cell" x="%d" y="%d" width="%d" height="%d" opacity="%.3f">`+
				`<title>image of “%s” with caption “%s”: %.3f</title></rect>`,
				j*cell, i*cell, cell-1, cell-1, shade(float64((v-low)/max(1e-9, high-low))),
				html.EscapeString(pairs[i].Caption), html.EscapeString(pairs[j].Caption), v)
		}
	}
	s.WriteString("</svg>")
	return template.HTML(s.String())
}

// shade is an opacity for a part of the range; squared, for the brightest to
// stand out.
func shade(part float64) float64 { return 0.03 + 0.97*part*part }
