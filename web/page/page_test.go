package page

import (
	"encoding/xml"
	"errors"
	"image"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
)

// TestCurve draws names that are hostile, gaps, and lines of one point.
func TestCurve(t *testing.T) {
	const hostile = `<script>alert("1")</script>`
	for name, c := range map[string]Curve{
		"curve": {hostile, []float64{1, 2, 3}, []Line{{hostile, []float64{1, math.NaN(), 3}}, {"b", []float64{2}}},
			[]Mark{{hostile, 4}}},
		"flat": {"a", []float64{5}, []Line{{"a", []float64{7}}}, nil},
	} {
		svg := string(c.SVG())
		for d := xml.NewDecoder(strings.NewReader(svg)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v in\n%s", name, err, svg)
				break
			}
		}
		if strings.Contains(svg, "<script") || strings.Contains(svg, "NaN") || !strings.HasPrefix(svg, "<svg") {
			t.Errorf("%s: %s", name, svg)
		}
	}
	if svg := (Curve{"one", []float64{5}, []Line{{"a", []float64{7}}, {"b", nil}},
		nil}).SVG(); strings.Count(string(svg), "<circle") != 1 {
		t.Errorf("a curve of one point: %s; want a dot", svg)
	}
	gap := Curve{"gap", []float64{1, 2, 3, 4}, []Line{{"a", []float64{1, math.NaN(), 3, 4}}}, nil}.SVG()
	if path := regexp.MustCompile(`class="curve" d="([^"]*)"`).FindStringSubmatch(string(gap)); path == nil ||
		strings.Count(path[1], "M") != 2 || strings.Count(path[1], "L") != 1 {
		t.Errorf("a curve with a gap: %s; want a point and a line", gap)
	}
	if svg := (Curve{"empty", nil, []Line{{"a", nil}}, nil}).SVG(); svg != "" {
		t.Errorf("a curve of nothing: %s", svg)
	}
}

func TestThumbnail(t *testing.T) {
	small, err := Thumbnail(image.NewGray(image.Rect(0, 0, 300, 1)), 30)
	if err != nil || !strings.HasPrefix(string(small), "data:image/png;base64,") {
		t.Errorf("Thumbnail = %.40s, %v", small, err)
	}
}
