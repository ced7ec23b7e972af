package report

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"html/template"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/web/page"
)

func TestConfusions(t *testing.T) {
	got := Confusions([]string{"a", "b", "c"}, [][]int{{5, 2, 0}, {1, 0, 3}, {2, 0, 8}}, 3)
	want := []Confused{{"b", "c", 3, 0.75}, {"a", "b", 2, 2. / 7}, {"c", "a", 2, 0.2}}
	if d := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); d != "" {
		t.Errorf("Confusions (-want +got):\n%s", d)
	}
}

// TestCharts checks that what is drawn is XML, whatever the names and numbers.
func TestCharts(t *testing.T) {
	hostile := `</svg><script>"'&`
	maps, err := drawMaps(t.Context(), []float32{1, 0, 0, 1, 0.6, 0.8}, []float32{1, 0}, 2,
		[]Dot{{"", hostile}, {"", "b"}, {"", "c"}}, []string{hostile})
	if err != nil {
		t.Fatal(err)
	}
	r := &Report{}
	r.setGrid([]float32{1, 0, 0, 1}, []float32{0.8, 0.6, 0, 1}, []Pair{{Caption: "c"}, {Caption: hostile}})
	if !r.GridPairs[0].Found || r.GridPairs[1].Cosine != 1 ||
		r.GridText != "2 of 2 images are nearest to their own caption; guessing finds 1." {
		t.Errorf("setGrid says %q of %+v", r.GridText, r.GridPairs)
	}
	for name, svg := range map[string]string{
		"ece": string(reliability(eval.Calibration{ECE: 0.1,
			Bins: []eval.Bin{{Low: 0, N: 3, Confidence: 0.4, Accuracy: 0.5}, {Low: 0.5}}})),
		"grid": string(r.Grid),
		"map":  string(maps[0].SVG),
	} {
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
}

// TestReportEscapes writes a report of classes with hostile names.
func TestReportEscapes(t *testing.T) {
	const hostile = `<img src=x onerror=alert(1)>`
	r := &Report{Title: hostile, Classes: []string{hostile, "b"}, Confusion: [][]int{{0, 2}, {0, 1}}, Audit: hostile,
		ZeroShot:  eval.ZeroShot{Classes: 2, N: 3, PerClass: []eval.ClassScore{{Class: hostile, N: 2, Top5: 1}}},
		Unseen:    map[string]bool{hostile: true},
		Photos:    []Photo{{"data:image/png;base64,", hostile, []eval.Label{{Class: hostile, Probability: 0.5}}, true}},
		Templates: []eval.TemplateScore{{Template: hostile, Top1: 1}}}
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "<small>chance 100.0</small>") { // of the first five among two
		t.Error("the chance of top-5 is not 100 %")
	}
	if strings.Contains(b.String(), "<img src=x") || strings.Count(b.String(), "&lt;img src=x") < 8 {
		t.Errorf("the report has hostile names as they are:\n%s", b.String())
	}
}

// TestReportInChromium opens a report, sorts its table by clicks, and expects
// nothing on the console. It needs Debian's chromium.
func TestReportInChromium(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil || testing.Short() {
		t.Skipf("no chromium, or -short: %v", err)
	}
	r := &Report{Title: "t", Classes: []string{"a", "b", "c"}, Confusion: [][]int{{1, 0, 0}, {0, 3, 0}, {0, 0, 2}},
		ZeroShot: eval.ZeroShot{Classes: 3, N: 6, PerClass: []eval.ClassScore{{Class: "a", N: 1, Top1: 0.5},
			{Class: "b", N: 3, Top1: 1}, {Class: "c", N: 2, Top1: 0.1}}},
		Curves: []template.HTML{page.Curve{Title: "loss",
			Lines: []page.Line{{Name: "loss", X: []float64{1, 2}, Y: []float64{4, 2}}}}.HTML()}}
	var page bytes.Buffer
	if err := r.Write(&page); err != nil {
		t.Fatal(err)
	}
	page.WriteString(`<script>document.querySelector("table.sort button").click();document.querySelector("table.sort th.n button").click()</script>`)
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, page.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
		"--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--user-data-dir="+t.TempDir(),
		"--dump-dom", "file://"+path)
	var log bytes.Buffer
	c.Stderr = &log
	dom, err := c.Output()
	if err != nil {
		t.Skipf("%s does not start: %v", browser, err)
	}
	if strings.Contains(log.String(), "CONSOLE") {
		t.Errorf("on the console:\n%s", log.String())
	}
	text := string(dom)
	b, cc, a := strings.Index(text, "<td>b</td>"), strings.Index(text, "<td>c</td>"), strings.Index(text, "<td>a</td>")
	if !strings.Contains(text, `aria-sort="descending"`) || b < 0 || b > cc || cc > a { // 3, 2 and 1 images
		t.Errorf("rows at %d %d %d; want b, c, a, by the number of images:\n%s", b, cc, a, text)
	}
	if !strings.Contains(text, `<path class="curve c0"`) {
		t.Error("no curve is drawn")
	}
}
