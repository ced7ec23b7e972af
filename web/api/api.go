// Package api is a trained model as a service: embeddings of texts and images, and the
// images nearest to them, over HTTP with JSON.
//
//	POST /api/embed       texts as JSON, or images and texts as a form
//	POST /api/search      the nearest images of an index
//	POST /v1/embeddings   texts, in the form of OpenAI
//	GET  /healthz         whether it answers, and for what
//	GET  /openapi.json    all of this for programs
//
// What callers ask for at the same time is computed together.
package api

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"

	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/model"
)

//go:embed openapi.json
var openAPI []byte

// An Encoder embeds texts and image files, as goclip.Model does; its methods may be called
// at once.
type Encoder interface {
	EncodeTexts(ctx context.Context, texts ...string) ([][]float32, error)
	EncodeImages(ctx context.Context, images ...any) ([][]float32, error) // readers of files
	CountTokens(text string) int
	Dim() int
}

// A Model is what is served.
type Model struct {
	Name    string // that requests may name
	Encoder Encoder
	Pool    *model.Pool // of the search; nil is the shared one

	// Items are what can be searched; nil means nothing.
	Items embeddings.Items
}

// What a request may ask for.
const (
	MaxPixels = 25_000_000 // of an image, looked up before it is decoded
	MaxUpload = 64 << 20   // bytes of a form
	MaxImage  = 20 << 20   // bytes of an image file
	MaxJSON   = 4 << 20    // bytes of a request in JSON
	MaxImages = 64
	MaxTexts  = 2048
	MaxText   = 32 << 10 // bytes
	MaxFound  = 1000

	firstFound = 10 // where a request names no number
	maxUploads = 8  // forms that are in memory at once
	workTime   = 30 * time.Second
)

// A server answers with one model.
type server struct {
	Model
	uploads chan struct{} // of the forms in memory
	index   *searcher     // nil where there is nothing to search
	time    time.Duration
}

// Handler serves the model, and rest what else is asked for; nil is nothing.
func Handler(m Model, rest http.Handler) http.Handler {
	if rest == nil {
		rest = http.NotFoundHandler()
	}
	return newServer(m).handler(rest)
}

func newServer(m Model) *server {
	s := &server{Model: m, uploads: make(chan struct{}, maxUploads), time: workTime}
	if m.Items != nil {
		s.index = &searcher{items: m.Items, pool: m.Pool, turn: make(chan struct{}, 1)}
	}
	return s
}

// routes are the patterns of what Handler answers.
func (s *server) routes() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"POST /api/embed":     s.answer(s.embed),
		"POST /api/search":    s.answer(s.search),
		"POST /v1/embeddings": s.answer(s.openAI),
		"GET /healthz":        s.answer(s.health),
		"GET /openapi.json": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(openAPI) // a client that has gone
		},
	}
}

func (s *server) handler(rest http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", rest)
	for pattern, f := range s.routes() {
		mux.HandleFunc(pattern, f)
	}
	return mux
}

// A Health says what is served.
type Health struct {
	Status string `json:"status"` // ok
	Model  string `json:"model"`
	Dim    int    `json:"dim"`    // elements of an embedding
	Images int    `json:"images"` // that can be searched
}

func (s *server) health(http.ResponseWriter, *http.Request) (any, error) {
	h := Health{Status: "ok", Model: s.Name, Dim: s.Encoder.Dim()}
	if s.Items != nil {
		h.Images = s.Items.Len()
	}
	return h, nil
}

// An Error is what the answer to a wrong request holds, as {"error": {...}}.
type Error struct {
	Message string `json:"message"`
	Type    string `json:"type"` // invalid_request_error or server_error, as OpenAI has them
	Code    string `json:"code"` // the name of the error
}

// A refusal is an error with its status and name.
type refusal struct {
	status     int
	code, text string
}

func (r refusal) Error() string { return r.text }

func refuse(status int, code, format string, args ...any) error {
	return refusal{status, code, "api: " + fmt.Sprintf(format, args...)}
}

// answer makes a handler of a function whose result is the answer, as JSON.
func (s *server) answer(f func(w http.ResponseWriter, r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.time)
		defer cancel()
		value, err := f(w, r.WithContext(ctx))
		w.Header().Set("Content-Type", "application/json")
		if err == nil {
			_ = json.NewEncoder(w).Encode(value) // a client that has gone
			return
		}
		var no refusal
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &no):
		case errors.As(err, &large):
			no = refusal{http.StatusRequestEntityTooLarge, "too_large",
				fmt.Sprintf("api: a request of more than %d bytes", large.Limit)}
		case ctx.Err() != nil:
			no = refusal{http.StatusServiceUnavailable, "timeout", fmt.Sprintf("api: not done in %v", s.time)}
		default:
			no = refusal{http.StatusInternalServerError, "internal", err.Error()}
		}
		if no.status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		kind := "invalid_request_error"
		if no.status >= http.StatusInternalServerError {
			kind = "server_error"
		}
		w.WriteHeader(no.status)
		_ = json.NewEncoder(w).Encode(map[string]Error{"error": {no.text, kind, no.code}})
	}
}

// isJSON says whether a request claims to be JSON.
func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

// readJSON reads a request, in which every key must be known.
func readJSON(w http.ResponseWriter, r *http.Request, to any) error {
	if !isJSON(r) {
		return refuse(http.StatusUnsupportedMediaType, "unsupported_media_type",
			"Content-Type %.60q; want application/json", r.Header.Get("Content-Type"))
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, MaxJSON))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil && d.More() {
		err = errors.New("more behind the object")
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return err
	case err != nil && r.Context().Err() == nil:
		return refuse(http.StatusBadRequest, "invalid_json", "%v", err)
	}
	return err
}

// checkTexts refuses what is too much, and what is empty.
func checkTexts(texts []string) error {
	if len(texts) > MaxTexts {
		return refuse(http.StatusBadRequest, "too_many_texts", "%d texts; want at most %d", len(texts), MaxTexts)
	}
	for i, t := range texts {
		switch {
		case t == "":
			return refuse(http.StatusBadRequest, "empty_text", "text %d is empty", i)
		case len(t) > MaxText:
			return refuse(http.StatusBadRequest, "text_too_long", "text %d has %d bytes; want at most %d", i, len(t), MaxText)
		}
	}
	return nil
}
