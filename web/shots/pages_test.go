package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/goclip/goclip"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
	"github.com/goclip/goclip/web/demo"
	"github.com/goclip/goclip/web/live"
	"github.com/goclip/goclip/web/serve"
)

// recipe is a run that would go on for minutes: a step of it is a millisecond.
const recipe = `
world: {dir: world, draw: {seed: 1, size: 32, train: 100, val_seen: 30, val_unseen: 4}}
data: {train: "world/train-*.parquet"}
tokenizer: {vocab_size: 530}
model:
  embed_dim: 16
  image: {size: 32, patch: 16, width: 16, layers: 1, heads: 1}
  text: {context_length: 10, width: 16, layers: 1, heads: 1}
optim: {learning_rate: 1e-3, warmup: 2}
train: {steps: 40000, batch: 20, log_every: 20, eval_every: 60, threads: 1}
eval: {classes: world/classes.txt, sets: [{name: seen, data: "world/val-seen-*.parquet"}]}
checkpoint: {every_steps: 50, keep_last: 2}
`

// A visit is a tab, and what went wrong in it.
type visit struct {
	context.Context
	t   *testing.T
	url string

	mu       sync.Mutex
	problems []string
}

// open starts a tab of a browser, the first of which starts the browser.
func open(t *testing.T, in context.Context, url string) *visit {
	t.Helper()
	v := &visit{t: t, url: url}
	listen := chromedp.WithListener(v.listen)
	var cancel context.CancelFunc
	if chromedp.FromContext(in) == nil {
		v.Context, cancel = browser(in, listen)
	} else {
		v.Context, cancel = chromedp.NewContext(in, listen)
	}
	t.Cleanup(cancel)
	v.do(chromedp.EmulateViewport(1100, 900), chromedp.Navigate(url))
	return v
}

// listen notes errors on the console, and requests to anywhere but the server.
func (v *visit) listen(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			problem = fmt.Sprintf("console: %s", e.Type)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" {
			problem = "log: " + e.Entry.Text + " " + e.Entry.URL
		}
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if own, _ := url.Parse(v.url); err != nil || u.Host != own.Host && u.Scheme != "data" && u.Scheme != "blob" {
			problem = "a request to " + e.Request.URL
		}
	}
	if problem != "" {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.problems = append(v.problems, problem)
	}
}

func (v *visit) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v, steps...); err != nil {
		v.t.Fatal(err)
	}
}

func get[T any](v *visit, expression string) T {
	v.t.Helper()
	value, err := chromedp.Run(v, chromedp.Evaluate[T](expression))
	if err != nil {
		v.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// check reports what went wrong so far.
func (v *visit) check() {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.problems {
		v.t.Error(p)
	}
}

// chromium skips a test where there is none.
func chromium(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if _, err := exec.LookPath(name); err == nil {
			ctx, cancel := context.WithTimeout(context.Background(), maxTime)
			t.Cleanup(cancel)
			return ctx
		}
	}
	t.Skip("no chromium in PATH: on Debian, apt-get install chromium")
	return nil
}

// trained begins the run of the recipe, in a folder of its own.
func trained(t *testing.T) (stop func()) {
	t.Helper()
	t.Chdir(t.TempDir())
	must(t, os.WriteFile("recipe.yaml", []byte(recipe), 0o666))
	c, err := configs.Load("recipe.yaml", nil, nil)
	must(t, err)
	lines, err := os.Create("log")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := run.Train(ctx, run.Options{Config: c, Dir: "r", Log: train.NewConsole(lines, c.Train.Steps)})
		done <- err
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, train.ErrInterrupted) {
			t.Errorf("training ends with %v; want it interrupted", err)
		}
		lines.Close()
	})
	t.Cleanup(stop)
	return stop
}

const gridStep = `Number(document.querySelector("#grid").dataset.step)`

// TestLivePage follows a run that trains: its charts, its grid, the slider, a
// reload, a second viewer, the end of the server; and opens it again afterwards.
func TestLivePage(t *testing.T) {
	in := chromium(t)
	stop := trained(t)
	s, err := serve.Listen("127.0.0.1:0", false)
	must(t, err)
	end := s.Start(t.Context(), live.Open("r").Handler())
	defer end()

	v := open(t, in, s.URL)
	v.do(until(`document.querySelectorAll(".charts svg .curve").length >= 8`),
		until(`!document.querySelector("#pairs").hidden && `+gridStep+` > 0`))
	first := get[float64](v, gridStep)
	v.do(until(gridStep + fmt.Sprint(" > ", first))) // the grid follows the run
	if n := get[int](v, `new Set(document.querySelector("#grid").getContext("2d").getImageData(0, 0, 24, 24).data).size`); n < 10 {
		t.Errorf("the grid has %d different values; want a picture", n)
	}
	if text := get[string](v, `document.querySelector("#grid-text").textContent`); !strings.Contains(text,
		"of 24 images are nearest to their own caption") {
		t.Errorf("below the grid stands %q", text)
	}
	if n := get[int](v, `document.querySelectorAll("#hardest img[alt]").length`); n != 6 {
		t.Errorf("%d hardest pairs; want 6", n)
	}

	// The slider goes back by keyboard, and stays there while the run goes on.
	v.do(chromedp.Focus(chromedp.CSS("#at")), chromedp.KeyEvent(kb.Home), until(gridStep+" === 0"))
	count := get[int](v, "snapshots.length")
	v.do(until(fmt.Sprint("snapshots.length > ", count)))
	if step := get[float64](v, gridStep); step != 0 {
		t.Errorf("the slider was moved to step 0, the grid shows %g", step)
	}
	v.do(chromedp.Focus(chromedp.CSS("#grid")), chromedp.KeyEvent(kb.ArrowDown))
	if text := get[string](v, `document.querySelector("#cell").textContent`); !strings.Contains(text, "cosine") {
		t.Errorf("a cell chosen by a key shows %q", text)
	}

	second := open(t, v, s.URL)
	second.do(until(gridStep + " > 0"))
	v.do(chromedp.Reload(), until(gridStep+" > 0"),
		until(`document.querySelectorAll(".charts svg .curve").length >= 8`))
	v.check()
	second.check()

	stop()
	end()
	v.do(until(`document.querySelector("#link").className === "link off"`)) // and says so

	s, err = serve.Listen("127.0.0.1:0", false)
	must(t, err)
	defer s.Start(t.Context(), live.Open("r").Handler())()
	last := get[int](v, "snapshots.length")
	again := open(t, v, s.URL)
	again.do(until(fmt.Sprint("snapshots.length >= ", last)),
		until(`document.querySelector("#status").textContent.startsWith("stopped after step")`))
	again.do(chromedp.EmulateViewport(400, 800))
	if wide := get[int](again, "document.documentElement.scrollWidth"); wide > 400 {
		t.Errorf("on a phone of 400 pixels the page is %d wide", wide)
	}
	again.check()
}

// TestDemoPage uploads a photo, types labels that are hostile, searches, and asks
// about an image that was found.
func TestDemoPage(t *testing.T) {
	in := chromium(t)
	stop := trained(t)
	for in.Err() == nil { // until there is a checkpoint
		if all, _ := filepath.Glob("r/checkpoints/step-*/manifest.json"); len(all) > 0 {
			break
		}
		time.Sleep(pollTime)
	}
	stop()
	trained, err := run.Open("r")
	must(t, err)
	pool := kernel.NewPool(1)
	defer pool.Close()
	m := demo.Model{Name: "r", Logits: eval.LogitsOf(trained.Model), Size: 32, Data: trained.Config.Data, Pool: pool}
	encoder, err := goclip.FromTrained(trained)
	must(t, err)
	defer encoder.Close()
	m.Encoder = encoder
	embedder, err := eval.NewEmbedder(trained.Model, trained.Tokenizer, 1, pool)
	must(t, err)
	d, err := data.Open(t.Context(), "world/val-seen-*.parquet", m.Data, data.Need{Label: true, Caption: true})
	must(t, err)
	m.Set, err = embedder.Embed(t.Context(), d, true, data.NewLedger(io.Discard, m.Data))
	must(t, err)
	m.Classes, err = eval.ReadClasses("world/classes.txt")
	must(t, err)
	s, err := serve.Listen("127.0.0.1:0", false)
	must(t, err)
	defer s.Start(t.Context(), demo.Handler(m))()
	photo := filepath.Join(t.TempDir(), "photo.png")
	writePNG(t, photo)

	v := open(t, in, s.URL)
	v.do(chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{photo}),
		until(`document.querySelectorAll("#bars .label").length === 10`))
	if text := get[string](v, `document.querySelector("#result").textContent`); !strings.Contains(text,
		"The photo has 50 x 40 pixels.") {
		t.Errorf("of the photo the page says %q", text)
	}
	v.do(chromedp.SetValue(chromedp.CSS("#labels"), "<img src=x onerror=alert(1)>\nred circle"),
		chromedp.Focus(chromedp.CSS("#labels")), chromedp.KeyEvent("\n"),
		until(`document.querySelectorAll("#bars .label").length === 2`))
	if text := get[string](v, `document.querySelector("#bars").textContent`); !strings.Contains(text,
		"<img src=x onerror=alert(1)>") || get[int](v, `document.querySelectorAll("#bars img").length`) != 0 {
		t.Errorf("a hostile label is shown as %q", text)
	}
	v.do(chromedp.SendKeys(chromedp.CSS("#text"), "a red circle\n"),
		until(`document.querySelectorAll("#found .cosine").length === 12`),
		until(`[...document.images].every(i => i.complete && i.naturalWidth > 0 || i.hidden)`))
	v.do(chromedp.SetValue(chromedp.CSS("#labels"), strings.Join(m.Classes, "\n")),
		chromedp.Click(chromedp.CSS("#found button")),
		until(`/right|it is/.test(document.querySelector("#result").textContent)`))
	v.do(chromedp.EmulateViewport(400, 800))
	if wide := get[int](v, "document.documentElement.scrollWidth"); wide > 400 {
		t.Errorf("on a phone of 400 pixels the page is %d wide", wide)
	}
	v.check()
}

func writePNG(t *testing.T, path string) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 50, 40))
	for i := range 40 {
		m.Set(i, i, color.RGBA{255, 0, 0, 255})
	}
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	must(t, png.Encode(f, m))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
