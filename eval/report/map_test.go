package report

import (
	"math"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestCentered(t *testing.T) {
	want := []float64{-2, 1, 0, -1, 2, 0}
	if d := cmp.Diff(want, centered([]float32{1, 7, 3, 5, 5, 6}, 2)); d != "" {
		t.Errorf("centered (-want +got):\n%s", d)
	}
}

// TestPrincipal has three directions at right angles with variances 16, 4, and 1.
func TestPrincipal(t *testing.T) {
	x := []float64{4, 0, 0, -4, 0, 0, 0, 2, 0, 0, -2, 0, 0, 0, 1, 0, 0, -1}
	at, share, err := principal(x, 3)
	if err != nil || math.Abs(share-20./21) > 1e-12 {
		t.Errorf("share %g, %v; want 20/21", share, err)
	}
	for i, v := range at {
		at[i] = math.Abs(v) // a direction has no sign
	}
	want := []float64{4, 0, 4, 0, 0, 2, 0, 2, 0, 0, 0, 0}
	if d := cmp.Diff(want, at, cmpopts.EquateApprox(0, 1e-12)); d != "" {
		t.Errorf("principal (-want +got):\n%s", d)
	}
	if at, _, err := principal([]float64{1, 2, -3}, 1); at != nil || err != nil {
		t.Errorf("principal of one direction: %v, %v; want nothing", at, err)
	}
}

// TestDrawMap holds that right is right, and up is up.
func TestDrawMap(t *testing.T) {
	svg := drawMap([]float64{0, 0, 2, 1}, []Dot{{"", "low"}, {"", "high"}}, nil)
	var at []float64
	for _, m := range regexp.MustCompile(`<image href="" x="([0-9.]+)" y="([0-9.]+)"`).FindAllStringSubmatch(string(svg), -1) {
		for _, text := range m[1:] {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, v)
		}
	}
	const half = mapThumb / 2
	want := []float64{mapMargin - half, (mapSide-2*mapMargin)/2 + mapMargin - half, mapSide - mapMargin - half,
		mapMargin - half}
	if d := cmp.Diff(want, at, cmpopts.EquateApprox(0, 0.1)); d != "" {
		t.Errorf("places of pictures (-want +got):\n%s", d)
	}
}
