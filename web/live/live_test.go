package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

// hostile is a name that must not become a part of a page.
const hostile = `<script>alert("1")</script>`

// A testRun is a run's folder that a test writes.
type testRun struct {
	t   *testing.T
	dir string
}

func newRun(t *testing.T) testRun {
	r := testRun{t, t.TempDir()}
	r.write(run.ConfigFile, "data: {train: x}\nmodel:\n  embed_dim: 8\n  image: {size: 32, patch: 16, width: 8, layers: 1, heads: 1}\n  text: {context_length: 8, width: 8, layers: 1, heads: 1}\n"+
		"optim: {learning_rate: 1e-3, warmup: 5}\ntrain: {steps: 100, batch: 100}\n")
	r.write(checkpoint.PIDFile, "1\n")
	r.write(run.GridFile, fmt.Sprintf(`{"set":"validation","pairs":[{"caption":"a","picture":"data:image/png;base64,"},{"caption":%q,"picture":"x"}]}`+"\n", hostile))
	return r
}

func (r testRun) write(name, text string) {
	r.t.Helper()
	must(r.t, os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o666))
}

func (r testRun) add(name, line string) {
	r.t.Helper()
	f, err := os.OpenFile(filepath.Join(r.dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	must(r.t, err)
	defer f.Close()
	_, err = f.WriteString(line)
	must(r.t, err)
}

// step adds a line of training and a snapshot.
func (r testRun) step(step int, loss float64) {
	m := train.Metrics{Step: step, Epoch: float64(step) / 50, Loss: loss, LnN: math.Log(100),
		Floor: 0.5, LogitScale: 14, GradNorm: 1, PairsPerSecond: 100, WaitSeconds: 0.1}
	line, err := json.Marshal(m)
	must(r.t, err)
	r.add(run.MetricsFile, string(line)+"\n")
	r.add(run.GridFile, fmt.Sprintf(`{"step":%d,"logit_scale":14,"cosines":[[1,0],[0,1]]}`+"\n", step))
}

// state is what a folder shows now.
func (r testRun) state(f *Folder) State {
	f.mu.Lock()
	f.read = time.Time{} // nothing is too fresh for a test
	f.mu.Unlock()
	return f.State()
}

// TestFolder follows a run: before it begins, as lines come in parts, after it
// went back to a checkpoint, and at its end.
func TestFolder(t *testing.T) {
	empty := Open(t.TempDir())
	if s := empty.State(); s.status() != "has not begun" || s.Problem != "" || empty.Check() == nil {
		t.Errorf("an empty folder: %q, problem %q, Check %v", s.status(), s.Problem, empty.Check())
	}
	r := newRun(t)
	f := Open(r.dir)
	must(t, f.Check())
	if s := r.state(f); s.status() != "training, step 0 of 100" || s.Snapshots != 0 {
		t.Errorf("a run that begins: %+v", s)
	}
	r.step(10, 4.6)
	r.add(run.MetricsFile, `{"step":20,"lo`) // half a line
	s := r.state(f)
	if s.Step != 10 || len(s.Lines) != 1 || s.Snapshots != 1 {
		t.Errorf("after half a line: step %d, %d lines, %d snapshots; want 10, 1, 1", s.Step, len(s.Lines), s.Snapshots)
	}
	r.add(run.MetricsFile, `ss":4,"ln_n":4.6}`+"\n")
	r.add(run.MetricsFile, `{"step":20,"set":"seen","top1":0.25,"top1_low":0.2,"top1_high":0.3,"n":100,"classes":10}`+"\n")
	for i := range 30 {
		r.add(run.LedgerFile, fmt.Sprintf(`{"shard":"s","row":%d,"reason":"no caption"}`+"\n", i))
	}
	must(t, os.MkdirAll(filepath.Join(r.dir, "checkpoints", "step-00000020"), 0o777))
	r.write("checkpoints/step-00000020/manifest.json", "{}")
	was := s.version
	s = r.state(f)
	if s.Step != 20 || len(s.Scores) != 1 || s.Bad.Count != 30 || s.Bad.Reasons["no caption"] != 30 ||
		len(s.Bad.Last) != maxBadRows || s.Bad.Last[maxBadRows-1].Row != 29 {
		t.Errorf("after 20 steps: step %d, scores %v, bad rows %+v", s.Step, s.Scores, s.Bad)
	}
	if len(s.Checkpoints) != 1 || s.Checkpoints[0].Step != 20 || s.version == was || r.state(f).version != s.version {
		t.Errorf("checkpoints %v, version %d after %d, then %d", s.Checkpoints, s.version, was, r.state(f).version)
	}

	// A run that is continued writes its files anew, without what came after the checkpoint.
	must(t, os.Remove(filepath.Join(r.dir, run.MetricsFile)))
	must(t, os.Remove(filepath.Join(r.dir, run.GridFile)))
	r.write(run.GridFile, `{"set":"validation","pairs":[]}`+"\n")
	r.step(5, 4.7)
	if s := r.state(f); s.Step != 5 || len(s.Lines) != 1 || len(s.Scores) != 0 || s.Snapshots != 1 {
		t.Errorf("after going back: step %d, %d lines, %d scores, %d snapshots; want 5, 1, 0, 1",
			s.Step, len(s.Lines), len(s.Scores), s.Snapshots)
	}
	must(t, os.Remove(filepath.Join(r.dir, checkpoint.PIDFile)))
	if s := r.state(f); s.status() != "stopped after step 5 of 100" {
		t.Errorf("stopped: %q", s.status())
	}
	r.step(100, 1)
	if s := r.state(f); s.status() != "done, 100 steps" {
		t.Errorf("at the end: %q", s.status())
	}
	r.write(run.ConfigFile, "train: {stesp: 1}")
	r.write(checkpoint.PIDFile, "1\n")
	if s := r.state(f); !strings.Contains(s.Problem, "did you mean train.steps") {
		t.Errorf("a config that cannot be read: %q", s.Problem)
	}
}

// TestVerdict holds what is said of a run, and that its mood is honest: what has learned
// nothing is bad once it is not early any more, and most of all at its end.
func TestVerdict(t *testing.T) {
	line := func(step int, loss float64) train.Metrics {
		return train.Metrics{Step: step, Loss: loss, LnN: 4.6, Floor: 0.6}
	}
	scored := func(low float64) []train.Evaluation {
		return []train.Evaluation{{Accuracy: &train.Accuracy{Low: low, Classes: 10}}}
	}
	finding := []train.Finding{{Name: "collapse", Text: "x"}}
	for _, test := range []struct {
		s          State
		want, mood string
	}{
		{State{}, "has not come yet", "early"},
		{State{Lines: []train.Metrics{line(10, 2.6)}}, "It learns: the loss has come 50 % of the way from guessing, ln N 4.60, to the least that the captions allow, 0.60.", "good"},
		{State{Lines: []train.Metrics{line(10, 2.6)}, Step: 10, Steps: 10}, "It has learned", "good"},
		{State{Lines: []train.Metrics{line(10, 2.6)}, Step: 10, Steps: 10, Findings: finding}, "It has learned", "bad"},
		{State{Lines: []train.Metrics{line(10, 4.6)}, warmup: 50, Step: 10}, "still rising", "early"},
		{State{Lines: []train.Metrics{line(60, 4.6)}, warmup: 50, Step: 60, Steps: 1000}, "not learned much yet", "early"},
		{State{Lines: []train.Metrics{line(90, 4.5)}, Step: 90, Scores: scored(0.25)}, "It learns: the loss has come 2 %", "good"},
		{State{Lines: []train.Metrics{line(90, 4.5)}, Step: 90, Scores: scored(0.15)}, "not learned much yet", "bad"},
		{State{Lines: []train.Metrics{line(90, 4.7)}, warmup: 50, Step: 90}, "not learned much yet: the loss has come 0 %", "bad"},
		{State{Lines: []train.Metrics{line(90, 4.6)}, Step: 90, Steps: 90}, "It has not learned much: the loss has come 0 %", "bad"},
		{State{Lines: []train.Metrics{line(40, 4.6)}, Step: 40, Steps: 40, warmup: 50}, "It has not learned much:", "bad"},
		{State{Lines: []train.Metrics{line(90, 4.6)}, Step: 90, Findings: finding}, "not learned much yet", "bad"},
		{State{Lines: []train.Metrics{line(90, 2.6)}, Step: 90, Scores: []train.Evaluation{{Set: "val",
			PairScores: &train.PairScores{Loss: 4.5, LnN: 4.6}}}}, "It learns: the loss", "good"},
		{State{Lines: []train.Metrics{line(90, 4.5)}, Step: 90, Scores: []train.Evaluation{{Set: "val",
			PairScores: &train.PairScores{Loss: 4.5, LnN: 4.6, TextToImageR1: 0.2, Images: 100}}}}, "It learns: the loss has come 2 %", "good"},
	} {
		if n := len(test.s.Lines); n > 0 {
			test.s.Newest = &test.s.Lines[n-1]
		}
		if got, mood := test.s.verdict(); !strings.Contains(got, test.want) || mood != test.mood {
			t.Errorf("verdict %q, mood %s; want %q, %s", got, mood, test.want, test.mood)
		}
	}
}

// TestMemorizes holds that a run whose validation loss is no better than guessing is not
// said to learn, and is not good.
func TestMemorizes(t *testing.T) {
	s := State{Lines: []train.Metrics{{Step: 90, Loss: 2.6, LnN: 4.6}}, Step: 90, Steps: 90,
		Scores: []train.Evaluation{{Set: "val", PairScores: &train.PairScores{Loss: 5.1, LnN: 4.6}}}}
	s.Newest = &s.Lines[0]
	want := "by heart, and on val the loss 5.10 is no better than guessing, 4.60"
	if got, mood := s.verdict(); mood != "bad" || !strings.Contains(got, want) {
		t.Errorf("verdict %q, mood %s; want %q, bad", got, mood, want)
	}
}

// TestPairs shows what an evaluation of captions adds: tiles, and charts of each set.
func TestPairs(t *testing.T) {
	p := func(step int, set string, r1 float64) train.Evaluation {
		return train.Evaluation{Step: step, Set: set, PairScores: &train.PairScores{Loss: 3, LnN: 4, Batch: 50, Batches: 2,
			TextToImageR1: r1, ImageToTextR1: 0.25, Images: 100}}
	}
	scores := []train.Evaluation{p(10, "a", 0.125), p(10, "b", 0.5), p(20, "a", 0.375), p(20, "b", 0.625)}
	var titles []string
	for _, c := range Curves([]train.Metrics{{Step: 10}}, scores) {
		titles = append(titles, c.Title)
		if c.Title == "a: R@1, %" && (fmt.Sprint(c.Lines[0].X, c.Lines[0].Y, c.Marks) != "[10 20] [12.5 37.5] [{chance 1}]" || len(c.Lines) != 2) {
			t.Errorf("recall of a: %+v", c)
		}
		if c.Title == "validation loss" && (len(c.Lines) != 2 || c.Marks[0].Y != 4) {
			t.Errorf("validation loss: %+v", c)
		}
	}
	if !slices.Contains(titles, "b: R@1, %") || !slices.Contains(titles, "validation loss") {
		t.Errorf("charts %q", titles)
	}
	tiles := fmt.Sprint(State{Scores: scores}.tiles())
	for _, want := range []string{"{a: loss 3.000 guessing 4.000; 2 × 50 pairs}", "{b: image of a caption 62.5 % R@1; R@5 0.0, R@10 0.0; chance 1.0, 5.0, 10.0}"} {
		if !strings.Contains(tiles, want) {
			t.Errorf("tiles %s; want %s", tiles, want)
		}
	}
}

// TestCurves draws some of many lines, and always the first and the last.
func TestCurves(t *testing.T) {
	var lines []train.Metrics
	for i := range 3*maxPoints + 1 {
		lines = append(lines, train.Metrics{Step: 10 * (i + 1),
			LnN: math.Log(10), PairsPerSecond: 50, WaitSeconds: 0.5})
	}
	all := Curves(lines, nil)
	x := all[0].Lines[0].X
	if x[0] != 10 || len(x) > maxPoints+1 || len(x) < maxPoints/2 || x[len(x)-1] != float64(10*len(lines)) || !slices.IsSorted(x) {
		t.Errorf("%d points up to %g of %d lines", len(x), x[len(x)-1], len(lines))
	}
	// 10 steps of 10 pairs at 50 a second take 2 s, of which 0.5 were waited.
	if got := waiting(lines)[1]; math.Abs(got-25) > 1e-9 {
		t.Errorf("waited %g %% of the time, want 25", got)
	}
}

// TestHandler asks for all there is, as curl would.
func TestHandler(t *testing.T) {
	r := newRun(t)
	r.step(10, 3)
	r.add(run.MetricsFile, fmt.Sprintf(`{"step":10,"set":%q,"top1":0.25,"n":100,"classes":10}`+"\n", hostile))
	r.add(run.LedgerFile, fmt.Sprintf(`{"shard":"s","row":1,"reason":%q}`+"\n", hostile))
	for i := range 5 {
		r.step(20+10*i, 4.6) // at ln N again
	}
	s := httptest.NewServer(Open(r.dir).Handler())
	defer s.Close()
	get := func(path string, status int) string {
		t.Helper()
		a, err := http.Get(s.URL + path)
		must(t, err)
		defer a.Body.Close()
		text, err := io.ReadAll(a.Body)
		must(t, err)
		if a.StatusCode != status {
			t.Errorf("%s: %d %s; want %d", path, a.StatusCode, text, status)
		}
		return string(text)
	}
	page := get("/", 200)
	for _, want := range []string{"training, step 60 of 100", "verdict bad", "stuck at ln N",
		"&lt;script&gt;alert", "<svg role=\"img\"", "Numbers of step 60, scores of step 10", "ln N 4.605, floor 0.500"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(page, hostile) || strings.Contains(page, " style=") ||
		strings.Contains(page, "onclick") || strings.Count(page, "<script") != 2 {
		t.Error("the page holds a hostile name, a style or a script of its own, which its policy forbids")
	}
	var state State
	must(t, json.Unmarshal([]byte(get("/api/run", 200)), &state))
	if state.Step != 60 || state.Newest.Loss != 4.6 ||
		len(state.Findings) != 1 || state.Bad.Count != 1 || state.Snapshots != 6 {
		t.Errorf("api/run: %+v", state)
	}
	var metrics struct {
		Lines  []train.Metrics
		Scores []train.Evaluation
	}
	must(t, json.Unmarshal([]byte(get("/api/metrics", 200)), &metrics))
	if len(metrics.Lines) != 6 || len(metrics.Scores) != 1 || metrics.Scores[0].Set != hostile {
		t.Errorf("api/metrics: %d lines, scores %+v", len(metrics.Lines), metrics.Scores)
	}
	var grid struct {
		train.Grid
		Snapshots []train.Snapshot
	}
	must(t, json.Unmarshal([]byte(get("/api/grid?from=4", 200)), &grid))
	if len(grid.Pairs) != 2 || grid.Set != "validation" ||
		len(grid.Snapshots) != 2 || grid.Snapshots[0].Cosines[1][1] != 1 {
		t.Errorf("api/grid: %+v", grid)
	}
	get("/api/grid?from=-1", 400)
	get("/api/grid?from=x", 400)
	get("/api/none", 404)
	get("/../"+run.MetricsFile, 404)
	get("/live.js", 200)
	get("/style.css", 200)
	if a, err := http.Post(s.URL+"/api/run", "text/plain",
		nil); err != nil || a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST of api/run: %v, %v; want 405", a, err)
	}
	gauges := get("/metrics", 200) // which module web/shots reads by Prometheus' own parser
	for _, want := range []string{"goclip_train_step 60\n",
		"goclip_train_loss 4.6\n", "goclip_bad_rows 1\n", "goclip_running 1\n"} {
		if !strings.Contains(gauges, want) {
			t.Errorf("metrics: no %q in\n%s", want, gauges)
		}
	}
}

// TestEvents holds that two viewers get what is new, and the last lines when
// the server ends.
func TestEvents(t *testing.T) {
	r := newRun(t)
	r.step(10, 3)
	f := Open(r.dir)
	ctx, end := context.WithCancel(t.Context())
	s := httptest.NewUnstartedServer(f.Handler())
	s.Config.BaseContext = nil
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter,
		q *http.Request) {
		f.Handler().ServeHTTP(w, q.WithContext(ctx))
	})
	s.Start()
	defer s.Close()
	next := func(lines *bufio.Scanner) (e event) {
		t.Helper()
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				must(t, json.Unmarshal([]byte(text), &e))
				return e
			}
		}
		t.Fatalf("the events end: %v", lines.Err())
		return e
	}
	var viewers []*bufio.Scanner
	for range 2 {
		a, err := http.Get(s.URL + "/api/events")
		must(t, err)
		defer a.Body.Close()
		lines := bufio.NewScanner(a.Body)
		lines.Buffer(nil, 1<<20)
		viewers = append(viewers, lines)
		if e := next(lines); e.Status != "training, step 10 of 100" || e.Snapshots != 1 ||
			!strings.Contains(e.Top, "It learns") || !strings.Contains(e.Rest, "<svg") {
			t.Errorf("first event: %q, %d snapshots", e.Status, e.Snapshots)
		}
	}
	r.step(20, 2)
	for _, v := range viewers {
		for e := next(v); e.Status != "training, step 20 of 100" || e.Snapshots != 2; e = next(v) { // lines may come one by one
		}
	}
	r.step(30, 2)
	end()
	var last string
	for viewers[0].Scan() {
		if text := viewers[0].Text(); strings.HasPrefix(text, "data: ") {
			last = text
		}
	}
	if !strings.Contains(last, "step 30 of 100") {
		t.Errorf("the last event is %.80q; want the event of step 30", last)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkPoll is what a viewer costs each second: nothing new, and a line and
// a snapshot more.
func BenchmarkPoll(b *testing.B) {
	t := &testing.T{}
	r := testRun{t, b.TempDir()}
	for i := range 1000 {
		r.step(i+1, 3)
	}
	f := Open(r.dir)
	b.Run("quiet", func(b *testing.B) {
		for b.Loop() {
			r.state(f)
		}
	})
	b.Run("news", func(b *testing.B) {
		for b.Loop() {
			if _, err := r.state(f).event(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
