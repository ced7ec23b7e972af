// Package demo is a page on which a person tries a trained model: drop a photo
// and type labels to see how probable each is, type a text to see the images of
// a set that are nearest to it.
package demo

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"image/png"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/web/api"
	"github.com/goclip/goclip/web/page"
	"github.com/goclip/goclip/web/serve"
)

//go:embed demo.html
var demoHTML string

//go:embed demo.css
var demoCSS string

//go:embed demo.js
var demoJS string

var demoTemplate = template.Must(page.Template("demo").Parse(demoHTML))

// A Model is a trained model, and what belongs to it.
type Model struct {
	Name    string
	Encoder api.Encoder
	Logits  eval.Logits // how cosines become probabilities
	Size    int         // of its images, in pixels
	Data    data.Config
	Pool    *model.Pool // nil is the shared one

	// Set is what can be searched; nil means nothing.
	Set *embeddings.Set

	// Classes name the labels of Set. The page begins with them and Templates,
	// unless they are empty.
	Classes, Templates []string
}

// What a request may ask for. An upload, which is in memory as a whole, is
// bounded before it is read.
const (
	maxUpload    = 20 << 20 // bytes
	maxScans     = 32       // of a JPEG, each of which takes as long as an image
	maxLabels    = 1000
	maxTemplates = 100
	maxPrompts   = 4000
	maxTextBytes = 1000 // of a label, a template, a query
	maxFound     = 60
	firstFound   = 12 // where a request names no number
	workTime     = 30 * time.Second
	maxUploads   = 4  // at once
	maxWaiting   = 32 // requests for the model, beside the one that has it
	pictureSide  = 192
)

// A server answers with one model.
type server struct {
	Model
	uploads   chan struct{} // that are being read, or wait
	turn      chan struct{} // of the request that has the model
	waiting   atomic.Int32
	processor *preprocess.Processor

	// The classifier of the last request that had these labels and templates.
	key        string
	classifier *eval.Classifier
}

// Handler shows the model:
//
//	GET  /                 the page
//	POST /api/predict      a form with image (a file) or item (a number of the set), labels
//	                       and templates (a line each): the labels with their probabilities
//	GET  /api/search       ?text=a+red+circle&k=12: the nearest images; without a text, some
//	GET  /api/image/ITEM   a small PNG of an image of the set
func Handler(m Model) http.Handler {
	m.Data.Preprocess.MaxPixels = api.MaxPixels
	s := &server{Model: m, uploads: make(chan struct{}, maxUploads), turn: make(chan struct{}, 1),
		processor: preprocess.NewProcessor(m.Data.Preprocess, m.Size)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /demo.js", serve.File("text/javascript", demoJS))
	mux.HandleFunc("GET /style.css", serve.File("text/css", string(page.CSS())+demoCSS))
	mux.HandleFunc("POST /api/predict", answer(s.predict))
	mux.HandleFunc("GET /api/search", answer(s.search))
	mux.HandleFunc("GET /api/image/{item}", s.image)
	return mux
}

func (s *server) page(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	labels, templates := s.Classes, s.Templates
	if len(labels) == 0 {
		labels = []string{"cat", "dog", "car", "tree"}
	}
	if len(templates) == 0 {
		templates = []string{eval.DefaultTemplate}
	}
	err := demoTemplate.Execute(&b, map[string]any{
		"Name": s.Name, "Set": s.Set != nil, "MB": maxUpload >> 20,
		"Labels":    strings.Join(labels[:min(len(labels), maxLabels)], "\n"),
		"Templates": strings.Join(templates[:min(len(templates), maxTemplates)], "\n"),
	})
	if err != nil {
		serve.Error(w, http.StatusInternalServerError, err.Error())
		return
	}
	serve.File("text/html", b.String())(w, nil)
}

// A refusal is an error with its status.
type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) error {
	return refusal{status, "demo: " + fmt.Sprintf(format, args...)}
}

// answer makes a handler of a function whose result is the answer, as JSON.
func answer(f func(w http.ResponseWriter, r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), workTime)
		defer cancel()
		value, err := f(w, r.WithContext(ctx))
		var no refusal
		switch {
		case err == nil:
			serve.JSON(w, value)
		case errors.As(err, &no):
			serve.Error(w, no.status, no.text)
		case ctx.Err() != nil:
			serve.Error(w, http.StatusServiceUnavailable, fmt.Sprintf("demo: not done in %v", workTime))
		default:
			serve.Error(w, http.StatusInternalServerError, err.Error())
		}
	}
}

// alone runs f when no other request has the model. It refuses a request if too
// many wait already, and damage that makes a decoder panic.
func (s *server) alone(ctx context.Context, f func() error) (err error) {
	if s.waiting.Add(1) > maxWaiting+1 {
		s.waiting.Add(-1)
		return refuse(http.StatusServiceUnavailable, "%d requests wait already; want them one after the other",
			maxWaiting)
	}
	defer s.waiting.Add(-1)
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() {
		if r := recover(); r != nil {
			err = refuse(http.StatusBadRequest, "damaged: %v", r)
		}
	}()
	return f()
}

// A found image is one of the set.
type found struct {
	Item     int      `json:"item"`
	Cosine   *float32 `json:"cosine,omitempty"`
	Captions []string `json:"captions,omitempty"`
	Class    string   `json:"class,omitempty"`
}

// search finds the images nearest to a text, or some evenly apart for none.
func (s *server) search(_ http.ResponseWriter, r *http.Request) (any, error) {
	if s.Set == nil {
		return nil, refuse(http.StatusNotFound, "there is no set to search")
	}
	k := firstFound
	if text := r.FormValue("k"); text != "" {
		var err error
		if k, err = strconv.Atoi(text); err != nil || k < 1 || k > maxFound {
			return nil, refuse(http.StatusBadRequest, "k %.20q; want 1 to %d", text, maxFound)
		}
	}
	text := strings.TrimSpace(r.FormValue("text"))
	if len(text) > maxTextBytes {
		return nil, refuse(http.StatusBadRequest, "a text of %d bytes; want at most %d", len(text), maxTextBytes)
	}
	all := []found{}
	if n := len(s.Set.Rows); text == "" {
		for i := range min(k, n) {
			all = append(all, s.found(r.Context(), i*n/min(k, n), nil))
		}
		return all, r.Context().Err()
	}
	err := s.alone(r.Context(), func() error {
		query, err := s.Encoder.EncodeTexts(r.Context(), text)
		if err != nil {
			return err
		}
		matches, err := eval.Nearest(r.Context(), s.Pool, query[0], s.Set.Images, s.Set.Width, k)
		if err != nil {
			return err
		}
		for _, m := range matches[0] {
			all = append(all, s.found(r.Context(), m.Item, &m.Cosine))
		}
		return nil
	})
	return all, err
}

func (s *server) found(ctx context.Context, item int, cosine *float32) found {
	f := found{Item: item, Cosine: cosine, Class: s.class(item)}
	if len(s.Set.Captions) == 0 {
		if _, captions, err := data.ReadImage(ctx, s.Set.Rows[item], s.Data); err == nil {
			f.Captions = captions
		}
		return f
	}
	first, _ := slices.BinarySearch(s.Set.ImageOf, item) // captions follow the order of the images
	for j := first; j < len(s.Set.ImageOf) && s.Set.ImageOf[j] == item; j++ {
		f.Captions = append(f.Captions, s.Set.Captions[j])
	}
	return f
}

// class is the name of an item's label, or "".
func (s *server) class(item int) string {
	if label := s.Set.Labels[item]; label >= 0 && label < len(s.Classes) {
		return s.Classes[label]
	}
	return ""
}

// row is the item that a request names by its number, the only name there is.
func (s *server) row(text string) (item int, ref data.RowRef, err error) {
	if s.Set == nil {
		return 0, ref, refuse(http.StatusNotFound, "there is no set of images")
	}
	item, err = strconv.Atoi(text)
	if err != nil || item < 0 || item >= len(s.Set.Rows) {
		return 0, ref, refuse(http.StatusNotFound, "item %.20q; want 0 to %d", text, len(s.Set.Rows)-1)
	}
	return item, s.Set.Rows[item], nil
}

// image answers with a picture of an item.
func (s *server) image(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), workTime)
	defer cancel()
	var b bytes.Buffer
	_, ref, err := s.row(r.PathValue("item"))
	if err == nil {
		err = s.alone(ctx, func() error { return s.picture(ctx, &b, ref) })
	}
	var no refusal
	switch {
	case errors.As(err, &no):
		serve.Error(w, no.status, no.text)
	case err != nil:
		serve.Error(w, http.StatusNotFound, err.Error())
	default:
		w.Header().Set("Content-Type", "image/png")
		_, _ = b.WriteTo(w)
	}
}

func (s *server) picture(ctx context.Context, b *bytes.Buffer, ref data.RowRef) error {
	file, _, err := data.ReadImage(ctx, ref, s.Data)
	if err != nil {
		return err
	}
	m, err := s.processor.Decode(file)
	if err != nil {
		return err
	}
	return png.Encode(b, page.Shrink(m.RGBA(), pictureSide))
}
