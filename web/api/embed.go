package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/goclip/goclip"
	"github.com/goclip/goclip/data/preprocess"
)

// Embeddings are the answer of /api/embed: unit rows, in the order of the request.
type Embeddings struct {
	Model  string      `json:"model"`
	Dim    int         `json:"dim"`
	Texts  [][]float32 `json:"texts"`
	Images [][]float32 `json:"images"`
}

// inputs are what is to be embedded, and the number of images to find.
type inputs struct {
	Texts  []string `json:"texts"`
	K      int      `json:"k"`
	images []upload
}

// An upload is an image file of a form.
type upload struct {
	name string // for errors
	file []byte
}

// embed answers with embeddings.
func (s *server) embed(w http.ResponseWriter, r *http.Request) (any, error) {
	in, done, err := s.inputs(w, r)
	if err != nil {
		return nil, err
	}
	defer done()
	if in.K != 0 {
		return nil, refuse(http.StatusBadRequest, "unknown_field", "k; want texts and images alone")
	}
	texts, images, err := s.encode(r.Context(), in)
	return Embeddings{s.Name, s.Encoder.Dim(), texts, images}, err
}

// inputs reads a request in JSON or a form. Done gives the room of a form to the next.
func (s *server) inputs(w http.ResponseWriter, r *http.Request) (in inputs, done func(), err error) {
	done = func() {}
	if isJSON(r) {
		err = readJSON(w, r, &in)
	} else {
		select { // before anything is read
		case s.uploads <- struct{}{}:
			done = func() { <-s.uploads }
		case <-r.Context().Done():
			return in, done, refuse(http.StatusServiceUnavailable, "busy", "%d uploads at once already", maxUploads)
		}
		deadline := time.Now().Add(s.time)
		_ = http.NewResponseController(w).SetReadDeadline(deadline) // of the connection, which waited here
		r.Body = http.MaxBytesReader(w, r.Body, MaxUpload)
		err = in.read(r)
	}
	if err == nil {
		err = in.check()
	}
	if err != nil {
		done()
	}
	return in, done, err
}

// read reads a form.
func (in *inputs) read(r *http.Request) error {
	parts, err := r.MultipartReader()
	if err != nil {
		return refuse(http.StatusUnsupportedMediaType, "unsupported_media_type",
			"%v; want JSON, or a form, as curl -F image=@photo.jpg -F text='a cat' sends it", err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var value []byte
		if err == nil {
			value, err = io.ReadAll(part)
		}
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large), r.Context().Err() != nil:
			return err
		case err != nil:
			return refuse(http.StatusBadRequest, "invalid_form", "the form ends early: %v", err)
		}
		if err := in.set(part, value); err != nil {
			return err
		}
	}
}

func (in *inputs) set(part *multipart.Part, value []byte) error {
	switch name := part.FormName(); name {
	case "image":
		in.images = append(in.images, upload{part.FileName(), value})
	case "text":
		in.Texts = append(in.Texts, string(value))
	case "k":
		if err := json.Unmarshal(value, &in.K); err != nil {
			return refuse(http.StatusBadRequest, "invalid_k", "k %.20q; want a number", value)
		}
	default:
		return refuse(http.StatusBadRequest, "unknown_field", "field %.20q; want image, text or k", name)
	}
	if len(in.images) > MaxImages {
		return refuse(http.StatusBadRequest, "too_many_images", "more than %d images", MaxImages)
	}
	return nil
}

// check refuses what is too much, before any work.
func (in *inputs) check() error {
	if len(in.Texts)+len(in.images) == 0 {
		return refuse(http.StatusBadRequest, "nothing_to_embed", "no text and no image; want at least one")
	}
	for i, u := range in.images {
		if err := u.check(); err != nil {
			return refuse(http.StatusBadRequest, "bad_image", "image %d %.60q: %v", i, u.name, err)
		}
	}
	return checkTexts(in.Texts)
}

// maxScans bounds the scans of a JPEG, each of which takes as long as an image.
const maxScans = 32

// check looks at the header of a file.
func (u upload) check() error {
	if len(u.file) > MaxImage {
		return fmt.Errorf("has %d bytes; want at most %d", len(u.file), MaxImage)
	}
	if bytes.HasPrefix(u.file, []byte("\xff\xd8")) && bytes.Count(u.file, []byte("\xff\xda")) > maxScans {
		return fmt.Errorf("a JPEG of more than %d scans", maxScans)
	}
	_, width, height, err := preprocess.Size(u.file)
	if err == nil && width*height > MaxPixels {
		err = fmt.Errorf("has %d x %d pixels; want at most %d", width, height, MaxPixels)
	}
	return err
}

// encode embeds inputs.
func (s *server) encode(ctx context.Context, in inputs) (texts, images [][]float32, err error) {
	texts, images = [][]float32{}, [][]float32{}
	if len(in.Texts) > 0 {
		if texts, err = s.Encoder.EncodeTexts(ctx, in.Texts...); err != nil {
			return nil, nil, err
		}
	}
	if len(in.images) == 0 {
		return texts, images, nil
	}
	files := make([]any, len(in.images))
	for i, u := range in.images {
		files[i] = bytes.NewReader(u.file)
	}
	images, err = s.Encoder.EncodeImages(ctx, files...)
	var bad *goclip.ImageError
	if errors.As(err, &bad) {
		return nil, nil, refuse(http.StatusBadRequest, "bad_image", "image %d %.60q: %v", bad.Image,
			in.images[bad.Image].name, bad.Err)
	}
	return texts, images, err
}

// An openAIRequest is the body of /v1/embeddings. User, and the dimension of the model, are
// accepted and change nothing.
type openAIRequest struct {
	Input      json.RawMessage `json:"input"`
	Model      string          `json:"model"`
	Format     string          `json:"encoding_format"`
	Dimensions int             `json:"dimensions"`
	User       string          `json:"user"`
}

// OpenAI is the answer of /v1/embeddings.
type OpenAI struct {
	Object string            `json:"object"` // list
	Data   []OpenAIEmbedding `json:"data"`
	Model  string            `json:"model"`
	Usage  struct {
		Prompt int `json:"prompt_tokens"`
		Total  int `json:"total_tokens"`
	} `json:"usage"`
}

// An OpenAIEmbedding is the embedding of one text.
type OpenAIEmbedding struct {
	Object string `json:"object"` // embedding
	Index  int    `json:"index"`

	// Embedding is []float32, or of encoding_format base64 their little-endian bytes.
	Embedding any `json:"embedding"`
}

// openAI answers as OpenAI's embeddings do.
func (s *server) openAI(w http.ResponseWriter, r *http.Request) (any, error) {
	var q openAIRequest
	if err := readJSON(w, r, &q); err != nil {
		return nil, err
	}
	texts, err := q.texts()
	if err != nil {
		return nil, err
	}
	switch {
	case q.Model != "" && q.Model != s.Name:
		return nil, refuse(http.StatusNotFound, "model_not_found", "model %.60q; want %q", q.Model, s.Name)
	case q.Format != "" && q.Format != "float" && q.Format != "base64":
		return nil, refuse(http.StatusBadRequest, "invalid_encoding_format", "encoding_format %.20q; want float or base64",
			q.Format)
	case q.Dimensions != 0 && q.Dimensions != s.Encoder.Dim():
		return nil, refuse(http.StatusBadRequest, "invalid_dimensions", "dimensions %d; want %d, which the model has",
			q.Dimensions, s.Encoder.Dim())
	}
	rows, err := s.Encoder.EncodeTexts(r.Context(), texts...)
	if err != nil {
		return nil, err
	}
	a := OpenAI{Object: "list", Data: []OpenAIEmbedding{}, Model: s.Name}
	for i, row := range rows {
		e := OpenAIEmbedding{Object: "embedding", Index: i, Embedding: row}
		if q.Format == "base64" {
			e.Embedding = encode64(row)
		}
		a.Data = append(a.Data, e)
		a.Usage.Prompt += s.Encoder.CountTokens(texts[i])
	}
	a.Usage.Total = a.Usage.Prompt
	return a, nil
}

// texts are the input: a text, or a list of them.
func (q openAIRequest) texts() ([]string, error) {
	var texts []string
	var one string
	if json.Unmarshal(q.Input, &one) == nil {
		texts = []string{one}
	} else if json.Unmarshal(q.Input, &texts) != nil {
		return nil, refuse(http.StatusBadRequest, "invalid_input", "input; want a text or a list of texts, tokens are none")
	}
	if len(texts) == 0 {
		return nil, refuse(http.StatusBadRequest, "nothing_to_embed", "no input; want a text or a list of texts")
	}
	return texts, checkTexts(texts)
}

// encode64 writes numbers as their little-endian bytes in base64.
func encode64(row []float32) string {
	var b []byte
	for _, v := range row {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return base64.StdEncoding.EncodeToString(b)
}
