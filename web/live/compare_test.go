package live

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/run"
)

// TestRuns shows two runs together: their lines in one chart each, scores and the keys in
// which they differ in one table, and each run's own page below.
func TestRuns(t *testing.T) {
	a, b := newRun(t), newRun(t)
	a.step(10, 3)
	a.step(20, 2)
	b.step(10, 4)
	a.add(run.MetricsFile, `{"step":20,"set":"seen","top1":0.251,"n":100,"classes":10}`+"\n")
	b.add(run.MetricsFile, fmt.Sprintf(`{"step":10,"set":%q,"loss":2.5,"ln_n":4.6,"recall":0.125,"images":9,"captions":9}`+"\n", hostile))
	text, err := os.ReadFile(filepath.Join(b.dir, run.ConfigFile))
	must(t, err)
	b.write(run.ConfigFile, strings.Replace(string(text), "learning_rate: 1e-3", "learning_rate: 2e-3", 1))
	empty := Open(t.TempDir())
	runs := Runs{Open(a.dir), Open(b.dir), empty}
	c := runs.compare()
	if have := fmt.Sprint(c.Scores); have != "[seen: top-1 % "+hostile+": recall % "+hostile+": loss]" {
		t.Errorf("columns %s", have)
	}
	for i, want := range []string{"[25.1 – –]", "[– 12.5 2.500]", "[– – –]"} {
		if have := fmt.Sprint(c.Rows[i].Scores); have != want {
			t.Errorf("run %d: scores %s; want %s", i, have, want)
		}
	}
	at := -1
	for i, key := range c.Keys {
		if key == "optim.learning_rate" {
			at = i
		}
	}
	if at < 0 || c.Rows[0].Values[at] != "0.001" || c.Rows[1].Values[at] != "0.002" || c.Rows[2].Values[at] != "" {
		t.Errorf("differing keys %v with %v, %v, %v", c.Keys, c.Rows[0].Values, c.Rows[1].Values, c.Rows[2].Values)
	}
	if loss := string(c.Charts[0]); strings.Count(loss, "data-line=") != 2 || !strings.Contains(loss, "curve c1") {
		t.Errorf("the chart of the loss is %s; want two lines", loss)
	}

	s := httptest.NewServer(runs.Handler())
	defer s.Close()
	for path, want := range map[string]string{
		"/": "3 runs", "/api/part": "optim.<wbr>learning_<wbr>rate", "/page.js": "smoothCharts", "/compare.js": "refresh",
		"/style.css": "--accent", "/run/1/": "training, step 10 of 100", "/run/1/live.js": "fetchGrid", "/run/2/": "has not begun",
	} {
		answer, err := http.Get(s.URL + path)
		must(t, err)
		text, err := io.ReadAll(answer.Body)
		must(t, err)
		must(t, answer.Body.Close())
		if answer.StatusCode != http.StatusOK || !strings.Contains(string(text), want) || strings.Contains(string(text), hostile) {
			t.Errorf("%s: %d, %.300s; want %q", path, answer.StatusCode, text, want)
		}
	}
}

// TestNames: two folders of one name have what is above them.
func TestNames(t *testing.T) {
	if have := fmt.Sprint(Runs{Open("a/x"), Open("b/x"), Open("b/y")}.names()); have != "[a/x b/x y]" {
		t.Errorf("names %s", have)
	}
}
