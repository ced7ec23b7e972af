package report

import (
	"cmp"
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"
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

// Sizes of a confusion matrix, in pixels. Beyond maxNamed classes their names would be
// smaller than anyone reads.
const (
	confusionSide = 760
	maxCell       = 26
	maxNamed      = 150
	nameShare     = 0.55 // of a font's size, that a letter is wide
	maxName       = 24   // letters
)

// confusionSVG draws each count's share of its row as a cell, with the names of classes
// beside the rows and above the columns. Cells of nothing are left out.
func confusionSVG(classes []string, confusion [][]int) template.HTML {
	n := len(confusion)
	cell := min(maxCell, confusionSide/float64(max(1, n)))
	font, letters := min(12, 0.9*cell), 0
	if n <= maxNamed {
		for _, name := range classes {
			letters = max(letters, min(maxName, len([]rune(name))))
		}
	}
	room := nameShare*font*float64(letters) + 6
	side := room + float64(n)*cell + 1
	var s strings.Builder
	fmt.Fprintf(&s, `<svg role="img" class="confusion" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" `+
		`style="font-size:%.1fpx" aria-label="Confusion of %d classes; the most frequent confusions are listed below.">`,
		side, side, side, side, font, n)
	fmt.Fprintf(&s, `<rect class="frame" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, room, room, side-room-1, side-room-1)
	for i, row := range confusion {
		total := 0
		for _, k := range row {
			total += k
		}
		if letters > 0 {
			name, at := html.EscapeString(clip(classes[i])), room+(float64(i)+0.75)*cell
			fmt.Fprintf(&s, `<text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, room-4, at, name)
			fmt.Fprintf(&s, `<text transform="translate(%.1f %.1f) rotate(-90)">%s</text>`, at, room-4, name)
		}
		for j, k := range row {
			if k == 0 {
				continue
			}
			share, class := float64(k)/float64(total), "cell"
			if i != j {
				class = "cell off"
			}
			fmt.Fprintf(&s, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" opacity="%.2f">`+
				`<title>%s called %s: %d of %d</title></rect>`, class, room+float64(j)*cell, room+float64(i)*cell, cell, cell,
				0.15+0.85*math.Sqrt(share), html.EscapeString(classes[i]), html.EscapeString(classes[j]), k, total)
		}
	}
	s.WriteString("</svg>")
	return template.HTML(s.String())
}

// clip is a name of at most maxName letters.
func clip(name string) string {
	if r := []rune(name); len(r) > maxName {
		return string(r[:maxName-1]) + "…"
	}
	return name
}
