// Package page holds what the HTML pages of goclip share: heads, style, charts,
// sortable tables, and pictures inside of the page, which need no network.
package page

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/png"

	"golang.org/x/image/draw"
)

//go:embed page.css
var css string

//go:embed sort.js
var sortable string

//go:embed chart.js
var charts string

//go:embed head.html
var heads string

// Template is a template for a page, to which the caller adds its own text. It
// has css, the style of all pages, and sortable, a script that sorts tables of
// class sort by a click on a heading, and charts, the script of a [Curve]. Two templates, executed with the title,
// begin a page: "head of a file" for a page that is one file, which may load
// nothing, "head of a server" for one whose style is at style.css. What follows
// ends the head.
func Template(name string) *template.Template {
	t := template.New(name).Funcs(template.FuncMap{"css": CSS,
		"sortable": func() template.JS { return template.JS(sortable) },
		"charts":   func() template.JS { return template.JS(charts) }})
	template.Must(t.New("heads").Parse(heads))
	return t
}

// Scripts are those of charts and of tables that are sorted, for a server.
func Scripts() string { return charts + sortable }

// CSS is the style of a page, with its colors as variables and a dark mode.
func CSS() template.CSS { return template.CSS(css) }

// DataURL is a picture as the address of an image inside of a page, in PNG.
func DataURL(m image.Image) (template.URL, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		return "", fmt.Errorf("page: %w", err)
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// Thumbnail is the DataURL of m in at most side pixels a side.
func Thumbnail(m image.Image, side int) (template.URL, error) { return DataURL(Shrink(m, side)) }

// Shrink is m in at most side pixels a side; one that is smaller stays as it is.
func Shrink(m image.Image, side int) image.Image {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	by := float64(side) / float64(max(w, h))
	if by >= 1 {
		return m
	}
	small := image.NewRGBA(image.Rect(0, 0, max(1, int(by*float64(w))), max(1, int(by*float64(h)))))
	draw.CatmullRom.Scale(small, small.Bounds(), m, m.Bounds(), draw.Src, nil)
	return small
}
