package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"github.com/goclip/goclip"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/eval"
)

// A prediction is the answer about an image.
type prediction struct {
	Labels []eval.Label `json:"labels"`          // most probable first
	Truth  string       `json:"truth,omitempty"` // of an image of the set
	Width  int          `json:"width"`
	Height int          `json:"height"`
}

// A question is what the form asks.
type question struct {
	image             []byte
	item              string // in place of an image
	labels, templates []string
}

// predict answers how probable labels are for an image.
func (s *server) predict(w http.ResponseWriter, r *http.Request) (any, error) {
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	default:
		return nil, refuse(http.StatusServiceUnavailable, "%d uploads at once already", maxUploads)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
	q, err := readForm(r)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the upload is larger than %d MB", maxUpload>>20)
	}
	if err != nil {
		return nil, err
	}
	if err := q.check(); err != nil {
		return nil, err
	}
	var p prediction
	err = s.alone(r.Context(), func() (err error) {
		p, err = s.answer(r.Context(), q)
		return err
	})
	return p, err
}

// readForm reads the parts of a form into memory, and no more of them than the
// body may have. The name of a file is of no interest.
func readForm(r *http.Request) (q question, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return q, refuse(http.StatusUnsupportedMediaType,
			"%v; want a form, as curl -F image=@photo.jpg -F labels=cat,dog sends it", err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return q, nil
		}
		var text []byte
		if err == nil {
			text, err = io.ReadAll(part)
		}
		if err != nil {
			var large *http.MaxBytesError
			if errors.As(err, &large) {
				return q, err
			}
			return q, refuse(http.StatusBadRequest, "the form ends early: %v", err)
		}
		if err := q.set(part, text); err != nil {
			return q, err
		}
	}
}

func (q *question) set(part *multipart.Part, text []byte) error {
	switch name := part.FormName(); name {
	case "image":
		q.image = text
	case "item":
		q.item = string(text)
	case "labels":
		q.labels = split(string(text), "\n,")
	case "templates":
		q.templates = split(string(text), "\n")
	default:
		return refuse(http.StatusBadRequest, "field %.20q; want image, item, labels or templates", name)
	}
	return nil
}

// split cuts a text at any of the characters, and leaves out what is empty.
func split(text, at string) (all []string) {
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(at, r) }) {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// check refuses what is too much or too little, and fills in the template.
func (q *question) check() error {
	no := func(format string, args ...any) error { return refuse(http.StatusBadRequest, format, args...) }
	if len(q.templates) == 0 {
		q.templates = []string{eval.DefaultTemplate}
	}
	switch {
	case (len(q.image) == 0) == (q.item == ""):
		return no("image of %d bytes, item %.20q; want one of them", len(q.image), q.item)
	case len(q.labels) == 0 || len(q.labels) > maxLabels:
		return no("%d labels; want 1 to %d", len(q.labels), maxLabels)
	case len(q.templates) > maxTemplates || len(q.templates)*len(q.labels) > maxPrompts:
		return no("%d templates for %d labels; want at most %d, and %d prompts", len(q.templates), len(q.labels),
			maxTemplates, maxPrompts)
	}
	for _, s := range append(q.labels[:len(q.labels):len(q.labels)], q.templates...) {
		if len(s) > maxTextBytes {
			return no("a label or template of %d bytes; want at most %d", len(s), maxTextBytes)
		}
	}
	for _, t := range q.templates {
		if strings.Count(t, "{}") != 1 {
			return no("template %.60q; want {} once, for the label", t)
		}
	}
	if err := eval.CheckClasses(q.labels); err != nil {
		return no("%v", err)
	}
	return nil
}

// answer asks the model.
func (s *server) answer(ctx context.Context, q question) (p prediction, err error) {
	if q.item != "" {
		item, ref, err := s.row(q.item)
		if err != nil {
			return p, err
		}
		if q.image, _, err = data.ReadImage(ctx, ref, s.Data); err != nil {
			return p, refuse(http.StatusNotFound, "%v", err)
		}
		p.Truth = s.class(item)
	}
	if bytes.HasPrefix(q.image, []byte("\xff\xd8")) && bytes.Count(q.image, []byte("\xff\xda")) > maxScans {
		return p, refuse(http.StatusBadRequest, "a JPEG of more than %d scans", maxScans)
	}
	rows, err := s.Encoder.EncodeImages(ctx, bytes.NewReader(q.image))
	var bad *goclip.ImageError
	if errors.As(err, &bad) {
		return p, refuse(http.StatusBadRequest, "%v", bad.Err)
	}
	if err != nil {
		return p, err
	}
	if key := fmt.Sprintf("%q %q", q.labels, q.templates); key != s.key {
		prompts, err := s.Encoder.EncodeTexts(ctx, eval.Prompts(q.labels, q.templates)...)
		if err != nil {
			return p, err
		}
		c, err := eval.NewClassifier(q.labels, slices.Concat(prompts...), len(q.templates))
		if err != nil {
			return p, err
		}
		s.key, s.classifier = key, c
	}
	p.Labels = s.classifier.Predict(rows[0], s.Logits)
	_, p.Width, p.Height, err = preprocess.Size(q.image)
	if s.Data.Preprocess.Orient && preprocess.Orientation(q.image) >= 5 { // a quarter turn
		p.Width, p.Height = p.Height, p.Width
	}
	return p, err
}
