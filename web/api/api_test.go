package api

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval/embeddings"
)

// fake embeds a text by its first byte and its length, and an image by the length of its
// file. It waits for hold, unless that is nil.
type fake struct{ hold chan bool }

func (fake) Dim() int                    { return 2 }
func (fake) CountTokens(text string) int { return len(text) }

func (f fake) EncodeTexts(ctx context.Context, texts ...string) ([][]float32, error) {
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	var rows [][]float32
	for _, t := range texts {
		if t == "fail" {
			return nil, errors.New("goclip: the model is closed")
		}
		rows = append(rows, []float32{float32(t[0]), float32(len(t))})
	}
	return rows, nil
}

func (fake) EncodeImages(_ context.Context, images ...any) ([][]float32, error) {
	var rows [][]float32
	for i, m := range images {
		file, err := io.ReadAll(m.(io.Reader))
		if err != nil || bytes.HasSuffix(file, []byte("torn")) {
			return nil, &goclip.ImageError{Image: i, Err: errors.New("torn")}
		}
		rows = append(rows, []float32{1, float32(len(file))})
	}
	return rows, nil
}

func testModel() Model {
	return Model{Name: "m", Encoder: fake{}, Items: &embeddings.Set{
		Width: 2, Images: []float32{1, 0, 0, 1, 0.6, 0.8}, Labels: []int{4, -1, 0},
		Rows:     []data.RowRef{{Shard: "a.parquet", Row: 7}, {Shard: "p/b.jpg"}, {Shard: "c.parquet", Row: 1}},
		Captions: []string{"east"}, ImageOf: []int{0}, Texts: []float32{1, 0},
		ColumnNames: []string{"key"}, Columns: [][]any{{"k0", nil, "k2"}},
	}}
}

func pngFile(t testing.TB) string {
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 3))))
	return b.String()
}

// post sends JSON, or a form of fields, name and value in turn.
func post(t testing.TB, h http.Handler, path string, body ...string) (status int, answer string) {
	t.Helper()
	var b bytes.Buffer
	kind := "application/json; charset=utf-8"
	if len(body) == 1 {
		b.WriteString(body[0])
	} else {
		form := multipart.NewWriter(&b)
		for i := 0; i < len(body); i += 2 {
			if body[i] == "image" {
				w, err := form.CreateFormFile("image", fmt.Sprintf("%d.png", i))
				must(t, err)
				_, err = io.WriteString(w, body[i+1])
				must(t, err)
				continue
			}
			must(t, form.WriteField(body[i], body[i+1]))
		}
		must(t, form.Close())
		kind = form.FormDataContentType()
	}
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestAnswers(t *testing.T) {
	h, file := Handler(testModel(), nil), pngFile(t)
	size := len(file)
	for _, test := range []struct {
		path string
		body []string
		want string
	}{
		{"/api/embed", []string{`{"texts": ["a", "bcd"]}`},
			`{"model":"m","dim":2,"texts":[[97,1],[98,3]],"images":[]}`},
		{"/api/embed", []string{"image", file, "text", "a", "image", file + "x"},
			fmt.Sprintf(`{"model":"m","dim":2,"texts":[[97,1]],"images":[[1,%d],[1,%d]]}`, size, size+1)},
		{"/v1/embeddings", []string{`{"input": "abc", "model": "m", "user": "u", "dimensions": 2}`},
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[97,3]}],"model":"m",` +
				`"usage":{"prompt_tokens":3,"total_tokens":3}}`},
		{"/api/search", []string{`{"texts": ["a"], "k": 2}`},
			`{"model":"m","texts":[[{"item":0,"cosine":97,"shard":"a.parquet","row":7,"label":4,"captions":["east"],` +
				`"columns":{"key":"k0"}},{"item":2,"cosine":59,"shard":"c.parquet","row":1,"label":0,` +
				`"columns":{"key":"k2"}}]],"images":[]}`},
		{"/api/search", []string{"image", file, "k", "1"},
			fmt.Sprintf(`{"model":"m","texts":[],"images":[[{"item":1,"cosine":%d,"shard":"p/b.jpg","row":0,"label":-1}]]}`,
				size)},
	} {
		status, got := post(t, h, test.path, test.body...)
		if d := cmp.Diff(test.want, got); status != 200 || d != "" {
			t.Errorf("%s: %d, (-want +got):\n%s", test.path, status, d)
		}
	}
	_, got := post(t, h, "/v1/embeddings", `{"input": ["abc", "d"], "encoding_format": "base64"}`)
	var a struct{ Data []struct{ Embedding []byte } }
	must(t, json.Unmarshal([]byte(got), &a))
	if v := math.Float32frombits(binary.LittleEndian.Uint32(a.Data[0].Embedding[4:])); len(a.Data) != 2 || v != 3 {
		t.Errorf("base64: %s holds %g; want 3", got, v)
	}
	if _, err := base64.StdEncoding.DecodeString(encode64([]float32{1})); err != nil {
		t.Error(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if want := `{"status":"ok","model":"m","dim":2,"images":3}`; strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("health: %s; want %s", w.Body, want)
	}
}

// TestRefusals sends what is wrong or too much, and wants its name.
func TestRefusals(t *testing.T) {
	m := testModel()
	h, file := Handler(m, nil), pngFile(t)
	m.Items = nil
	bare := Handler(m, nil)
	bomb := []byte(file)
	binary.BigEndian.PutUint32(bomb[16:], 60_000)
	binary.BigEndian.PutUint32(bomb[20:], 60_000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	many := []string{}
	for range MaxImages + 1 {
		many = append(many, "image", file)
	}
	for _, test := range []struct {
		h      http.Handler
		path   string
		body   []string
		status int
		code   string
		text   string
	}{
		{h, "/api/embed", []string{`{"texts": []}`}, 400, "nothing_to_embed", "no text and no image"},
		{h, "/api/embed", []string{`{"texts": ["a", ""]}`}, 400, "empty_text", "text 1 is empty"},
		{h, "/api/embed", []string{`{"text": ["a"]}`}, 400, "invalid_json", `unknown field \"text\"`},
		{h, "/api/embed", []string{`{"texts": ["a"], "k": 3}`}, 400, "unknown_field", "want texts and images alone"},
		{h, "/api/embed", []string{`{"texts": ["a"]} {}`}, 400, "invalid_json", "more behind"},
		{h, "/api/embed", []string{`{"texts": ["` + strings.Repeat("a", MaxText+1) + `"]}`}, 400, "text_too_long",
			"32769 bytes; want at most 32768"},
		{h, "/api/embed", []string{`{"texts": ["` + strings.Repeat(`a", "`, MaxTexts) + `b"]}`}, 400, "too_many_texts",
			"2049 texts; want at most 2048"},
		{h, "/api/embed", []string{`{"texts": ["` + strings.Repeat("a", MaxJSON) + `"]}`}, 413, "too_large",
			"more than 4194304 bytes"},
		{h, "/api/embed", []string{"image", file, "image", "no picture"}, 400, "bad_image",
			`image 1 \"2.png\": preprocess: image: unknown format`},
		{h, "/api/embed", []string{"image", file, "image", file + "torn"}, 400, "bad_image", `image 1 \"2.png\": torn`},
		{h, "/api/embed", []string{"image", string(bomb)}, 400, "bad_image", "60000 x 60000 pixels; want at most 25000000"},
		{h, "/api/embed", []string{"image", "\xff\xd8" + strings.Repeat("\xff\xda", 33)}, 400, "bad_image", "32 scans"},
		{h, "/api/embed", []string{"image", strings.Repeat("x", MaxImage+1)}, 400, "bad_image", "bytes; want at most"},
		{h, "/api/embed", many, 400, "too_many_images", "more than 64"},
		{h, "/api/embed", []string{"image", strings.Repeat("x", MaxUpload)}, 413, "too_large", "67108864 bytes"},
		{h, "/api/embed", []string{"path", "/etc/passwd"}, 400, "unknown_field", "want image, text or k"},
		{h, "/api/embed", []string{`{"texts": ["fail"]}`}, 500, "internal", "the model is closed"},
		{h, "/api/search", []string{`{"texts": ["a"], "k": -1}`}, 400, "invalid_k", "want 1 to 1000"},
		{h, "/api/search", []string{"image", file, "k", "many"}, 400, "invalid_k", "want a number"},
		{bare, "/api/search", []string{`{"texts": ["a"]}`}, 404, "no_index", "nothing to search"},
		{h, "/v1/embeddings", []string{`{"input": [1, 2]}`}, 400, "invalid_input", "tokens are none"},
		{h, "/v1/embeddings", []string{`{"input": []}`}, 400, "nothing_to_embed", "no input"},
		{h, "/v1/embeddings", []string{`{"input": "a", "model": "gpt"}`}, 404, "model_not_found", `want \"m\"`},
		{h, "/v1/embeddings", []string{`{"input": "a", "encoding_format": "int8"}`}, 400, "invalid_encoding_format", "int8"},
		{h, "/v1/embeddings", []string{`{"input": "a", "dimensions": 3}`}, 400, "invalid_dimensions", "want 2"},
		{h, "/v1/embeddings", []string{"text", "a"}, 415, "unsupported_media_type", "want application/json"},
	} {
		status, got := post(t, test.h, test.path, test.body...)
		var a struct{ Error Error }
		if err := json.Unmarshal([]byte(got), &a); err != nil || status != test.status || a.Error.Code != test.code ||
			!strings.Contains(got, test.text) || (status < 500) != (a.Error.Type == "invalid_request_error") {
			t.Errorf("%s %.80q: %d %.300s; want %d, %s, %s", test.path, test.body, status, got, test.status, test.code, test.text)
		}
		if !strings.Contains(string(openAPI), `"`+a.Error.Code+`"`) {
			t.Errorf("openapi.json does not know the code %s", a.Error.Code)
		}
	}
	for method, path := range map[string]string{"GET": "/api/embed", "POST": "/none", "PUT": "/healthz"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if w.Code != 404 && w.Code != 405 {
			t.Errorf("%s %s: %d", method, path, w.Code)
		}
	}
}

// TestTime holds that a request which is not done in time says so, whether it waits for
// the model or for room.
func TestTime(t *testing.T) {
	m := testModel()
	m.Encoder = fake{make(chan bool)}
	s := newServer(m)
	s.time = 50 * time.Millisecond
	for range maxUploads {
		s.uploads <- struct{}{}
	}
	h := s.handler(http.NotFoundHandler())
	if status, got := post(t, h, "/api/embed", `{"texts": ["a"]}`); status != 503 || !strings.Contains(got, `"timeout"`) {
		t.Errorf("a model that does not answer: %d %s", status, got)
	}
	if status, got := post(t, h, "/api/embed", "image", pngFile(t)); status != 503 || !strings.Contains(got, `"busy"`) {
		t.Errorf("no room: %d %s", status, got)
	}
}

// TestTogether holds that callers who search at once each get their own answer, and that
// one who goes away takes nothing from the others.
func TestTogether(t *testing.T) {
	s := newServer(testModel()).index
	s.turn <- struct{}{} // a search is under way
	gone, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i := range 20 {
		ctx := t.Context()
		if i == 7 {
			ctx = gone
		}
		wg.Go(func() {
			row := []float32{float32(i), float32(20 - i)}
			found, err := s.find(ctx, [][]float32{row}, 1+i%3)
			if i == 7 {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("who went away: %v", err)
				}
				return
			}
			if err != nil || len(found) != 1 || len(found[0]) != 1+i%3 {
				t.Errorf("caller %d: %v, %v", i, found, err)
				return
			}
			best, at := float32(-1), 0
			for item, x := range [][2]float32{{1, 0}, {0, 1}, {0.6, 0.8}} {
				if c := row[0]*x[0] + row[1]*x[1]; c > best {
					best, at = c, item
				}
			}
			if found[0][0].Place != at {
				t.Errorf("caller %d: item %d; want %d", i, found[0][0].Place, at)
			}
		})
	}
	for waiting := 0; waiting < 20; {
		time.Sleep(time.Millisecond)
		s.mu.Lock()
		waiting = len(s.waiting)
		s.mu.Unlock()
	}
	cancel()
	<-s.turn
	wg.Wait()
}

// leaving are items whose caller goes away while they are read.
type leaving struct {
	embeddings.Items
	leave func()
}

func (l leaving) Block(lo, hi int) ([]float32, error) {
	l.leave()
	return l.Items.Block(lo, hi)
}

// TestLeaving holds that a search for all who wait does not end with the caller whose turn
// it is.
func TestLeaving(t *testing.T) {
	m := testModel()
	ctx, cancel := context.WithCancel(t.Context())
	m.Items = leaving{m.Items, cancel}
	if found, err := newServer(m).index.find(ctx, [][]float32{{1, 0}}, 1); err != nil || found[0][0].Place != 0 {
		t.Errorf("%v, %v; want the first item", found, err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
