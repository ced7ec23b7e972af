package report

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"

	scale "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/goclip/goclip/data/preprocess"
)

// A Cell is a picture on a contact sheet, with a few lines of text below.
type Cell struct {
	Picture *preprocess.Image
	Lines   []string
}

// Sizes on a contact sheet, in pixels.
const (
	sheetThumb  = 176
	sheetMargin = 16
	sheetLine   = 17
	sheetFont   = 13
	sheetRow    = 6 // cells in a row, at most
)

var (
	sheetPaper = color.RGBA{255, 255, 255, 255}
	sheetInk   = color.RGBA{32, 33, 36, 255}
	sheetFaint = color.RGBA{112, 117, 122, 255}
	sheetEdge  = color.RGBA{218, 220, 224, 255}
)

// Sheet draws cells in rows below a title. Text that is too long for its place
// ends in "…".
func Sheet(title string, cells []Cell) (*image.RGBA, error) {
	face, err := sheetFace(sheetFont)
	if err != nil {
		return nil, err
	}
	large, err := sheetFace(sheetFont + 5)
	if err != nil {
		return nil, err
	}
	lines := 0
	for _, c := range cells {
		lines = max(lines, len(c.Lines))
	}
	across := max(1, min(sheetRow, len(cells)))
	down := (len(cells) + across - 1) / across
	top := sheetMargin + 2*sheetLine
	height := sheetThumb + lines*sheetLine + sheetMargin
	width := max(2, across)*(sheetThumb+sheetMargin) + sheetMargin // a title needs some room
	m := image.NewRGBA(image.Rect(0, 0, width, top+down*height+sheetMargin/2))
	draw.Draw(m, m.Bounds(), image.NewUniform(sheetPaper), image.Point{}, draw.Src)
	sheetText(m, large, sheetInk, sheetMargin, sheetMargin+sheetLine, width-2*sheetMargin, title)
	for i, c := range cells {
		x, y := sheetMargin+i%across*(sheetThumb+sheetMargin), top+i/across*height
		thumbnail(m, image.Rect(x, y, x+sheetThumb, y+sheetThumb), c.Picture)
		for j, line := range c.Lines {
			ink := sheetInk
			if j > 0 {
				ink = sheetFaint
			}
			sheetText(m, face, ink, x, y+sheetThumb+(j+1)*sheetLine-2, sheetThumb, line)
		}
	}
	return m, nil
}

func sheetFace(size float64) (font.Face, error) {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("report: font: %w", err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("report: font: %w", err)
	}
	return face, nil
}

// thumbnail draws a picture in the middle of a frame, as large as fits.
func thumbnail(m *image.RGBA, frame image.Rectangle, p *preprocess.Image) {
	draw.Draw(m, frame, image.NewUniform(sheetEdge), image.Point{}, draw.Src)
	frame = frame.Inset(1)
	draw.Draw(m, frame, image.NewUniform(sheetPaper), image.Point{}, draw.Src)
	by := min(float64(frame.Dx())/float64(p.W), float64(frame.Dy())/float64(p.H))
	w, h := max(1, int(math.Round(by*float64(p.W)))), max(1, int(math.Round(by*float64(p.H))))
	at := image.Pt(frame.Min.X+(frame.Dx()-w)/2, frame.Min.Y+(frame.Dy()-h)/2)
	var kernel scale.Interpolator = scale.CatmullRom
	if by >= 3 {
		kernel = scale.NearestNeighbor // pixels of a tiny picture stay what they are
	}
	picture := p.RGBA()
	kernel.Scale(m, image.Rect(at.X, at.Y, at.X+w, at.Y+h), picture, picture.Bounds(), scale.Src, nil)
}

// sheetText writes a line of at most width pixels, on a base line.
func sheetText(m *image.RGBA, face font.Face, ink color.Color, x, y, width int, text string) {
	runes := []rune(text)
	for n := len(runes); font.MeasureString(face, text).Ceil() > width && n > 0; n-- {
		text = string(runes[:n-1]) + "…"
	}
	d := font.Drawer{Dst: m, Src: image.NewUniform(ink), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(text)
}
