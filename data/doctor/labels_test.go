package doctor

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/goclip/goclip/data"
)

// TestClasses: captions that name classes are no error where labels say so, and how the
// classes are filled is told.
func TestClasses(t *testing.T) {
	t.Chdir(t.TempDir())
	c, _, _ := sick(t)
	for _, labeled := range []bool{true, false} {
		var rows []pairRow
		for i := range uint64(44) {
			r := row(asPNG(t, drawn(300+i, 40, 40)), "a photo of a cat")
			if i%22 == 0 {
				r.Caption = "a photo of a dog"
			}
			if labeled {
				r.Label = int64(len(r.Caption) + int(r.Caption[len(r.Caption)-1])) // another for each
			}
			rows = append(rows, r)
		}
		path := fmt.Sprintf("labeled-%t.parquet", labeled)
		write(t, path, rows...)
		s, err := data.OpenSurvey(t.Context(), path, data.Config{}, data.Need{Caption: true})
		must(t, err)
		x, err := Examine(t.Context(), c, s, nil)
		must(t, err)
		var text, page strings.Builder
		must(t, x.Report().Text(&text))
		must(t, x.Page(&page))
		for want, is := range map[string]bool{
			"labels: 2 classes, from 2 to 42 rows each\n":                     labeled,
			"classes are not balanced: 2 classes, from 2 to 42 rows each":     labeled,
			"note     captions repeat":                                        labeled,
			"train.positives: caption takes equal captions for no negatives;": labeled,
			"error    captions repeat":                                        !labeled,
		} {
			if strings.Contains(text.String(), want) != is {
				t.Errorf("labeled %t: %q is told: %t, want %t:\n%s", labeled, want, !is, is, text.String())
			}
		}
		if strings.Contains(page.String(), "<h2>Labels</h2>") != labeled {
			t.Errorf("labeled %t: the page has labels: %t", labeled, !labeled)
		}
	}
}

// TestColorsAlone: a picture of two colors of one brightness shows something, and is not
// the same as one of two others.
func TestColorsAlone(t *testing.T) {
	disk := func(ground, ink color.RGBA) []byte {
		m := image.NewRGBA(image.Rect(0, 0, 64, 64))
		for y := range 64 {
			for x := range 64 {
				c := ground
				if (x-32)*(x-32)+(y-32)*(y-32) < 300 {
					c = ink
				}
				m.SetRGBA(x, y, c)
			}
		}
		return asPNG(t, m)
	}
	a, clear := lookOf(t, disk(color.RGBA{140, 100, 100, 255}, color.RGBA{80, 130, 102, 255}))
	if !clear {
		t.Error("a disk that differs by color alone is blank")
	}
	pink, _ := lookOf(t, disk(color.RGBA{20, 40, 60, 255}, color.RGBA{255, 150, 200, 255}))
	yellow, _ := lookOf(t, disk(color.RGBA{20, 40, 60, 255}, color.RGBA{235, 215, 20, 255}))
	again, _ := lookOf(t, disk(color.RGBA{22, 41, 60, 255}, color.RGBA{252, 151, 203, 255}))
	if pink.near(&yellow) || !pink.near(&again) || a.near(&pink) {
		t.Errorf("a pink disk is near a yellow one: %t, itself: %t, another: %t; want only itself",
			pink.near(&yellow), pink.near(&again), a.near(&pink))
	}
}
