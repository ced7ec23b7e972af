package page

import (
	"encoding/xml"
	"errors"
	"image"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestCurve draws names that are hostile, gaps, and lines of one point.
func TestCurve(t *testing.T) {
	const hostile = `<script>alert("1")</script>`
	for name, c := range map[string]Curve{
		"curve": {Title: hostile, Lines: []Line{
			{Name: hostile, X: []float64{1, 2, 3}, Y: []float64{1, math.NaN(), 3}},
			{Name: "b", X: []float64{1, 2}, Y: []float64{2}, Color: 99, Dashed: true}}, Marks: []Mark{{hostile, 4}}},
		"flat": {Title: "a", Lines: []Line{{Name: "a", X: []float64{5}, Y: []float64{7}}}},
	} {
		chart := string(c.HTML())
		for d := xml.NewDecoder(strings.NewReader(chart)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v in\n%s", name, err, chart)
				break
			}
		}
		if strings.Contains(chart, "<script") || strings.Contains(chart, "NaN") || !strings.HasPrefix(chart, `<div class="chart"><svg`) {
			t.Errorf("%s: %s", name, chart)
		}
	}
	one := Curve{Title: "one", Lines: []Line{{Name: "a", X: []float64{5}, Y: []float64{7}}, {Name: "b"}}}.HTML()
	if strings.Count(string(one), "<circle") != 1 {
		t.Errorf("a curve of one point: %s; want a dot", one)
	}
	gap := Curve{Title: "gap", Lines: []Line{{Name: "a", X: []float64{1, 2, 3, 4}, Y: []float64{1, math.NaN(), 3, 4}}}}.HTML()
	if path := regexp.MustCompile(`class="curve c0" data-line="0" d="([^"]*)"`).FindStringSubmatch(string(gap)); path == nil ||
		strings.Count(path[1], "M") != 2 || strings.Count(path[1], "L") != 1 {
		t.Errorf("a curve with a gap: %s; want a point and a line", gap)
	}
	for _, c := range []Curve{{Title: "empty"}, {Lines: []Line{{Name: "a"}}}, {Lines: []Line{{X: []float64{1}, Y: []float64{math.NaN()}}}}} {
		if chart := c.HTML(); chart != "" {
			t.Errorf("a curve of nothing: %s", chart)
		}
	}
}

// TestCurveIsHonest: zero is on the axis, so that waiting 0.3 % of the time is at its
// bottom, and every name is whole in the legend.
func TestCurveIsHonest(t *testing.T) {
	name := "validation of a set that has a very long name"
	chart := string(Curve{Title: "waiting", High: 100, Lines: []Line{
		{Name: name, X: []float64{10, 1000}, Y: []float64{0.3, 0.2}},
		{Name: "b", X: []float64{10, 1000}, Y: []float64{50, 50.4}, Color: 1}}}.HTML())
	paths := regexp.MustCompile(`data-line="\d" d="M([\d.]+) ([\d.]+)L[\d.]+ ([\d.]+)"`).FindAllStringSubmatch(chart, -1)
	if len(paths) != 2 {
		t.Fatalf("%d lines in %s; want 2", len(paths), chart)
	}
	at := func(line, part int) float64 { v, _ := strconv.ParseFloat(paths[line][part], 64); return v }
	if y := at(0, 2); y < chartBottom-1 || y > chartBottom {
		t.Errorf("0.3 %% is drawn at %g; want at the bottom, %d", y, chartBottom)
	}
	if rise := at(1, 2) - at(1, 3); rise < 0 || rise > 1.1 {
		t.Errorf("from 50 to 50.4 the line rises by %g pixels; want next to none", rise)
	}
	if x := at(0, 1); x < chartLeft+3 || x > chartLeft+5 {
		t.Errorf("step 10 of 1000 is drawn at %g; want near the left end, %d", x, chartLeft)
	}
	for _, want := range []string{name + "</span>", ">50</text>", ">100</text>", ">600</text>", "step 1000: " + name + " 0.2, b 50.4"} {
		if !strings.Contains(chart, want) {
			t.Errorf("the chart has no %q: %s", want, chart)
		}
	}
}

func TestAxis(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		want      string
	}{
		{0, 5.6, "0 2 4 6"},
		{0, 100, "0 50 100"},
		{-0.07, 1, "-0.5 0.0 0.5 1.0"},
		{0, 700, "0 200 400 600 800"},
		{0, 2e-3, "0.0000 0.0005 0.0010 0.0015 0.0020"},
		{0, 3e-5, "0 1e-05 2e-05 3e-05"},
		{0, 32000, "0 10k 20k 30k 40k"},
		{0, 2.4e6, "0 1M 2M 3M"},
		{3, 3, "3.0 3.5 4.0"},
	} {
		a := newAxis(test.low, test.high, chartTicks)
		var have []string
		for _, v := range a.ticks() {
			have = append(have, a.label(v))
		}
		if text := strings.Join(have, " "); text != test.want {
			t.Errorf("from %g to %g: %s; want %s", test.low, test.high, text, test.want)
		}
	}
}

func TestThumbnail(t *testing.T) {
	small, err := Thumbnail(image.NewGray(image.Rect(0, 0, 300, 1)), 30)
	if err != nil || !strings.HasPrefix(string(small), "data:image/png;base64,") {
		t.Errorf("Thumbnail = %.40s, %v", small, err)
	}
}
