package demo

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goclip/goclip"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/synth"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/web/api"
)

// untrained is a model that knows nothing, with 30 images to search.
func untrained(t *testing.T) Model {
	t.Helper()
	dir := t.TempDir()
	must(t, synth.Write(t.Context(), dir, synth.Config{Seed: 1, Size: 32, Train: 30, ValSeen: 1, ValUnseen: 1}))
	d, err := data.Open(t.Context(), filepath.Join(dir, "train-*.parquet"), data.Config{},
		data.Need{Label: true, Caption: true})
	must(t, err)
	tokens, err := tokenizer.Train(d.Captions(t.Context()), 530)
	must(t, err)
	c := model.Config{EmbedDim: 8, Activation: "gelu"}
	c.Image.Size, c.Image.Patch, c.Image.Width, c.Image.Layers, c.Image.Heads = 32, 16, 8, 1, 1
	c.Text.ContextLength, c.Text.VocabSize, c.Text.Width, c.Text.Layers, c.Text.Heads = 10, tokens.Size(), 8, 1, 1
	m, err := model.New(c, 1)
	must(t, err)
	pool := model.NewPool(2)
	t.Cleanup(pool.Close)
	e, err := eval.NewEmbedder(m, tokens, 1, pool)
	must(t, err)
	encoder, err := goclip.FromTrained(&run.Trained{Config: &configs.Run{Model: c}, Model: m, Tokenizer: tokens},
		goclip.WithThreads(2), goclip.WithMaxPixels(api.MaxPixels))
	must(t, err)
	t.Cleanup(encoder.Close)
	set, err := e.Embed(t.Context(), d, true, data.NewLedger(io.Discard, data.Config{}))
	must(t, err)
	classes, err := eval.ReadClasses(filepath.Join(dir, "classes.txt"))
	must(t, err)
	return Model{Name: hostile, Encoder: encoder, Logits: eval.Logits{Scale: 14},
		Size: 32, Pool: pool, Set: set, Classes: classes}
}

// hostile is a name that must not become a part of a page.
const hostile = `<img src=x onerror=alert(1)>`

func serveModel(t *testing.T) *httptest.Server {
	s := httptest.NewServer(Handler(untrained(t)))
	t.Cleanup(s.Close)
	return s
}

// pngOf is a picture whose header claims w x h pixels.
func pngOf(t testing.TB, w, h uint32) []byte {
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30))))
	file := b.Bytes()
	if w > 0 {
		binary.BigEndian.PutUint32(file[16:], w)
		binary.BigEndian.PutUint32(file[20:], h)
		binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	}
	return file
}

// ask posts a form of fields, name and value in turn; image is a file.
func ask(t testing.TB, url string, fields ...string) (status int, text string) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		if fields[i] != "image" {
			must(t, form.WriteField(fields[i], fields[i+1]))
			continue
		}
		w, err := form.CreateFormFile("image", "../../../etc/passwd")
		must(t, err)
		_, err = io.WriteString(w, fields[i+1])
		must(t, err)
	}
	must(t, form.Close())
	a, err := http.Post(url+"/api/predict", form.FormDataContentType(), &b)
	if err != nil { // the server may close before it has read all
		return 0, err.Error()
	}
	defer a.Body.Close()
	answer, err := io.ReadAll(a.Body)
	must(t, err)
	return a.StatusCode, string(answer)
}

func get(t testing.TB, url string) (status int, text string) {
	a, err := http.Get(url)
	must(t, err)
	defer a.Body.Close()
	answer, err := io.ReadAll(a.Body)
	must(t, err)
	return a.StatusCode, string(answer)
}

func TestPredict(t *testing.T) {
	s := serveModel(t)
	var p prediction
	status, text := ask(t, s.URL, "image", string(pngOf(t, 0, 0)), "labels", "red circle, blue star\n"+hostile+"\n\n",
		"templates", "a {}\nthe {}")
	must(t, json.Unmarshal([]byte(text), &p))
	sum := 0.0
	for _, l := range p.Labels {
		sum += l.Probability
	}
	if status != 200 || len(p.Labels) != 3 || math.Abs(sum-1) > 1e-9 ||
		p.Labels[0].Probability < p.Labels[2].Probability || p.Width != 40 || p.Height != 30 || p.Truth != "" {
		t.Errorf("%d %s", status, text)
	}
	if strings.Contains(text, "<") {
		t.Errorf("the answer holds HTML: %s", text)
	}
	_, again := ask(t, s.URL, "image", string(pngOf(t, 0, 0)), "labels", "red circle, blue star\n"+hostile,
		"templates", "a {}\nthe {}")
	if again != text {
		t.Errorf("asked again: %s; want %s", again, text)
	}
	status, text = ask(t, s.URL, "item", "7", "labels", "red circle")
	must(t, json.Unmarshal([]byte(text), &p))
	if status != 200 || p.Truth == "" || p.Labels[0].Probability != 1 {
		t.Errorf("an image of the set: %d %s; want its class, too", status, text)
	}
}

// TestRefusals sends what is hostile, too large, or wrong.
func TestRefusals(t *testing.T) {
	s := serveModel(t)
	good := string(pngOf(t, 0, 0))
	many := strings.Builder{}
	for i := range maxLabels + 1 {
		fmt.Fprintf(&many, "label %d\n", i)
	}
	for _, test := range []struct {
		name   string
		fields []string
		status int
		want   string
	}{
		{"a bomb", []string{"image", string(pngOf(t, 60_000, 60_000)), "labels", "a"}, 400,
			"60000 x 60000 pixels; want at most 25000000"},
		{"a JPEG of many scans", []string{"image", "\xff\xd8" + strings.Repeat("\xff\xda", maxScans+1), "labels", "a"},
			400, "more than 32 scans"},
		{"not an image", []string{"image", "<html>", "labels", "a"}, 400, "unknown format"},
		{"half an image", []string{"image", good[:60], "labels", "a"}, 400, "preprocess: "},
		{"an empty file", []string{"image", "", "labels", "a"}, 400, "want one of them"},
		{"two images", []string{"image", good, "item", "1", "labels", "a"}, 400, "want one of them"},
		{"no label", []string{"image", good, "labels", " ,\n"}, 400, "0 labels"},
		{"many labels", []string{"image", good, "labels", many.String()}, 400, "1001 labels; want 1 to 1000"},
		{"a label twice", []string{"image", good, "labels", "a,a"}, 400, `\"a\" is both 0 and 1`},
		{"a long label", []string{"image", good, "labels", strings.Repeat("a", maxTextBytes+1)}, 400, "of 1001 bytes"},
		{"a template without a place", []string{"image", good, "labels", "a", "templates", "photo"}, 400,
			"want {} once"},
		{"many templates", []string{"image", good, "labels", "a", "templates", strings.Repeat("{}\n", maxTemplates+1)},
			400, "101 templates"},
		{"another field", []string{"image", good, "labels", "a", "path", "/etc/passwd"}, 400,
			"want image, item, labels or templates"},
		{"a path for an item", []string{"item", "../../etc/passwd", "labels", "a"}, 404, "want 0 to 29"},
		{"an item that is not there", []string{"item", "30", "labels", "a"}, 404, "want 0 to 29"},
		{"too many bytes", []string{"image", strings.Repeat("x", maxUpload), "labels", "a"}, 413, "larger than 20 MB"},
	} {
		status, text := ask(t, s.URL, test.fields...)
		if status == 0 && test.status == 413 {
			continue // closed before all was sent
		}
		if status != test.status || !strings.Contains(text, test.want) || !strings.Contains(text, `{"error":`) {
			t.Errorf("%s: %d %s; want %d with %q", test.name, status, text, test.status, test.want)
		}
	}
	for path, want := range map[string]int{
		"/api/image/0": 200, "/api/image/-1": 404, "/api/image/30": 404, "/api/image/..%2f..%2fetc%2fpasswd": 404,
		"/api/image/0/x":         404,
		"/api/search?text=a&k=0": 400, "/api/search?text=a&k=61": 400,
		"/api/search?text=" + strings.Repeat("a", maxTextBytes+1): 400,
		"/api/predict": 405, "/demo.html": 404, "/": 200, "/demo.js": 200, "/style.css": 200,
	} {
		if status, text := get(t, s.URL+path); status != want {
			t.Errorf("GET %s: %d %.100s; want %d", path, status, text, want)
		}
	}
	a, err := http.Post(s.URL+"/api/predict", "application/json", strings.NewReader(`{"image":"/etc/passwd"}`))
	must(t, err)
	a.Body.Close()
	if a.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("JSON instead of a form: %d; want 415", a.StatusCode)
	}
}

func TestSearch(t *testing.T) {
	s := serveModel(t)
	var all []found
	status, text := get(t, s.URL+"/api/search?text=a+red+circle&k=5")
	must(t, json.Unmarshal([]byte(text), &all))
	if status != 200 || len(all) != 5 || *all[0].Cosine < *all[4].Cosine || len(all[0].Captions) == 0 ||
		all[0].Class == "" {
		t.Errorf("search: %d %s", status, text)
	}
	all = nil
	_, text = get(t, s.URL+"/api/search")
	must(t, json.Unmarshal([]byte(text), &all))
	if len(all) != firstFound || all[0].Item != 0 || all[1].Item <= 0 || all[0].Cosine != nil {
		t.Errorf("without a text: %s; want some images of the set", text)
	}
	status, text = get(t, s.URL+"/api/image/3")
	if m, err := png.Decode(strings.NewReader(text)); status != 200 || err != nil || m.Bounds().Dx() != 32 {
		t.Errorf("an image: %d, %v", status, err)
	}
	if _, text := get(t, s.URL+"/"); strings.Contains(text, hostile) || !strings.Contains(text, "&lt;img") ||
		strings.Contains(text, " style=") || strings.Count(text, "<script") != 1 {
		t.Error("the page holds a hostile name, a style or a script of its own, which its policy forbids")
	}

	m := untrained(t)
	m.Set = nil
	w := httptest.NewRecorder()
	Handler(m).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/search?text=a", nil))
	if w.Code != 404 || !strings.Contains(w.Body.String(), "there is no set to search") {
		t.Errorf("without a set: %d %s", w.Code, w.Body)
	}
}

// TestBounds holds that requests for the model come one by one, wait in a line
// that has an end, and give up in time.
func TestBounds(t *testing.T) {
	s := &server{Model: Model{}, turn: make(chan struct{}, 1), uploads: make(chan struct{}, maxUploads)}
	s.turn <- struct{}{} // someone has the model, and keeps it
	var wg sync.WaitGroup
	refused := make(chan error, 2*maxWaiting)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for range 2 * maxWaiting {
		wg.Go(func() { refused <- s.alone(ctx, func() error { t.Error("ran beside another"); return nil }) })
	}
	wg.Wait()
	close(refused)
	busy := 0
	for err := range refused {
		if strings.Contains(err.Error(), "wait already") {
			busy++
		}
	}
	if busy != maxWaiting-1 {
		t.Errorf("%d of %d refused at once; want all but the %d that may wait", busy, 2*maxWaiting, maxWaiting+1)
	}
	<-s.turn
	if err := s.alone(t.Context(), func() error { panic("bad") }); err == nil ||
		!strings.Contains(err.Error(), "damaged: bad") {
		t.Errorf("a panic: %v", err)
	}
	if err := s.alone(t.Context(), func() error { return nil }); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
