package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestConfusionSVG: every class is named by its row and column, what is right and what is
// wrong have other looks in any mode, and cells of nothing are left out.
func TestConfusionSVG(t *testing.T) {
	const hostile = `<img src=x onerror=alert(1)>`
	svg := string(confusionSVG([]string{"cat", "dog", hostile}, [][]int{{3, 1, 0}, {0, 2, 0}, {0, 0, 0}}))
	for want, n := range map[string]int{">cat</text>": 2, ">dog</text>": 2, "&lt;img src=x": 2, `class="cell"`: 2,
		`class="cell off"`: 1, "cat called dog: 1 of 4": 1, "#": 0, "rgb": 0, "<img": 0} {
		if have := strings.Count(svg, want); have != n {
			t.Errorf("%q occurs %d times, want %d: %s", want, have, n, svg)
		}
	}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
	many := make([]string, maxNamed+1)
	for i := range many {
		many[i] = fmt.Sprintf("class %d", i)
	}
	if svg := string(confusionSVG(many, make([][]int, len(many)))); strings.Contains(svg, "<text") {
		t.Error("more classes than can be read are named")
	}
}
