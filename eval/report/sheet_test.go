package report

import (
	"image/color"
	"strings"
	"testing"

	"github.com/goclip/goclip/data/preprocess"
)

// TestSheet draws pictures of three shapes and looks for them at their places.
func TestSheet(t *testing.T) {
	plain := func(w, h int, r uint8) *preprocess.Image {
		p := &preprocess.Image{W: w, H: h, Pix: make([]uint8, 3*w*h)}
		for i := 0; i < len(p.Pix); i += 3 {
			p.Pix[i] = r
		}
		return p
	}
	cells := []Cell{{plain(8, 8, 255), []string{"1  0.93", strings.Repeat("long ", 50)}}, {plain(400, 100, 128), nil}}
	for range 6 {
		cells = append(cells, Cell{plain(1, 300, 64), []string{"x"}})
	}
	m, err := Sheet("a red circle", cells)
	if err != nil {
		t.Fatal(err)
	}
	const step = sheetThumb + sheetMargin
	x, y := sheetMargin+sheetThumb/2, sheetMargin+2*sheetLine+sheetThumb/2
	for _, test := range []struct {
		x, y int
		want color.RGBA
	}{
		{x, y, color.RGBA{255, 0, 0, 255}},
		{x - 80, y + 80, color.RGBA{255, 0, 0, 255}},
		{x + step, y, color.RGBA{128, 0, 0, 255}},
		{x + step, y - 60, sheetPaper}, // above the wide one
		{x + step, y - sheetThumb/2, sheetEdge},
		{x + step - 1, y + sheetThumb + 2*sheetLine + sheetMargin, color.RGBA{64, 0, 0, 255}},
		// the eighth, in the second row
		{m.Bounds().Dx() - 2, y, sheetPaper},
	} {
		if got := m.RGBAAt(test.x, test.y); got != test.want {
			t.Errorf("pixel %d, %d is %v; want %v", test.x, test.y, got, test.want)
		}
	}
	ink := 0
	for dy := range 2 * sheetLine {
		for dx := range sheetMargin {
			if m.RGBAAt(sheetMargin+sheetThumb+dx, y+sheetThumb/2+dy) != sheetPaper {
				ink++
			}
		}
	}
	if ink > 0 {
		t.Errorf("%d pixels of a long line are between the pictures; want it cut", ink)
	}
	if m, err := Sheet("nothing", nil); err != nil || m.Bounds().Empty() {
		t.Errorf("Sheet of nothing: %v, %v", m.Bounds(), err)
	}
}
