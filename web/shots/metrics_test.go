package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/goclip/goclip/web/live"
)

// TestMetrics reads the page's /metrics by the parser that Prometheus itself has.
func TestMetrics(t *testing.T) {
	const hostile = `never "seen" \ <b>`
	dir := t.TempDir()
	for name, text := range map[string]string{
		"config.yaml": recipe,
		"metrics.jsonl": `{"step":20,"loss":4.6,"ln_n":4.6}
{"step":20,"set":"never \"seen\" \\ <b>","top1":0.25,"n":100,"classes":10}
`,
		"ledger.jsonl": `{"shard":"s","row":1,"reason":"no caption"}` + "\n",
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	s := httptest.NewServer(live.Open(dir).Handler())
	defer s.Close()
	a, err := http.Get(s.URL + "/metrics")
	must(t, err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	must(t, err)

	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	for name, want := range map[string]float64{
		"goclip_train_step": 20, "goclip_train_loss": 4.6, "goclip_eval_top1": 0.25, "goclip_bad_rows": 1,
	} {
		f := families[name]
		if f == nil || len(f.Metric) != 1 || f.Metric[0].GetGauge().GetValue() != want {
			t.Errorf("%s: %v; want %g", name, f, want)
		}
	}
	scores := families["goclip_eval_top1"].GetMetric()
	if len(scores) != 1 || len(scores[0].Label) != 1 || scores[0].Label[0].GetValue() != hostile {
		t.Errorf("goclip_eval_top1: %v; want one with the label %q", scores, hostile)
	}
}
