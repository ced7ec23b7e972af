package evalcmd

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/web/api"
)

// TestServed holds that a server finds what search finds, in memory and in a file, that a
// bad picture does not end it, and that its page is there.
func TestServed(t *testing.T) {
	enter(t)
	dir := photos(t, 6)
	out := filepath.Join(t.TempDir(), "e.npy")
	if code, _, errs := call("embed", "--checkpoint", "r", "--data", dir, "--out", out); code != 1 {
		t.Fatal(errs)
	}
	_, text, _ := call("search", "--checkpoint", "r", "--data", dir, "--text", "a red circle", "--k", "6", "--json")
	var want []string
	for line := range strings.Lines(text) {
		want = append(want, parse[found](t, line).Shard)
	}
	for name, from := range map[string]source{
		"a folder": {modelPath: modelPath{checkpoint: "r"}, shards: dir},
		"a file":   {modelPath: modelPath{checkpoint: "r"}, embeddings: out},
	} {
		m, err := from.served(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer m.close()
		if name == "a file" { // as if it were large
			if m.file, err = embeddings.OpenNPY(out); err != nil {
				t.Fatal(err)
			}
			m.api.Items = m.file
		}
		h := m.handler()
		r := httptest.NewRequest(http.MethodPost, "/api/search", strings.NewReader(`{"texts": ["a red circle"], "k": 6}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var a api.Found
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 {
			t.Fatalf("%s: %d %s", name, w.Code, w.Body)
		}
		var got []string
		for _, f := range a.Texts[0] {
			got = append(got, f.Shard)
			if f.Columns["path"] != any(f.Shard) && name == "a file" {
				t.Errorf("%s: %+v; want its path", name, f)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-search +serve):\n%s", name, d)
		}
		w = httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != 200 || !strings.Contains(w.Body.String(), "<html") {
			t.Errorf("the page: %d %.80s", w.Code, w.Body)
		}
		if (m.with.left() != nil) != (name == "a folder") {
			t.Errorf("%s: left out: %v", name, m.with.left())
		}
	}
}
