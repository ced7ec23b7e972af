package train

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sinkLines are two lines of training with one of an evaluation between.
var sinkLines = []string{
	`{"step":10,"epoch":0.5,"loss":4.25,"logit_scale":14.5}`,
	`{"step":10,"set":"never \"seen\"","top1":0.5,"n":100}`,
	`{"step":300,"epoch":15,"loss":0.125,"logit_scale":20}`,
}

// scalars is what sinkLines say in TensorBoard's words.
var scalars = []string{
	"10 train/epoch 0.5", "10 train/logit_scale 14.5", "10 train/loss 4.25",
	`10 eval/never "seen"/n 100`, `10 eval/never "seen"/top1 0.5`,
	"300 train/epoch 15", "300 train/logit_scale 20", "300 train/loss 0.125",
}

func writeEvents(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	e, err := NewEventWriter(&b, 0, func() time.Time { return time.Unix(1700000000, 5e8) })
	must(t, err)
	for _, line := range sinkLines {
		if n, err := e.Write([]byte(line + "\n")); err != nil || n != len(line)+1 {
			t.Fatalf("Write = %d, %v", n, err)
		}
	}
	return b.Bytes()
}

// TestEventWriter reads the file by a reader of its own, which knows the bytes
// of the format and shares no code with the writer.
func TestEventWriter(t *testing.T) {
	file := writeEvents(t)
	unmask := func(b []byte) uint32 {
		v := binary.LittleEndian.Uint32(b) - 0xa282ead8
		return v>>17 | v<<15
	}
	check := func(what string, sum, of []byte) {
		if got, want := unmask(sum), crc32.Checksum(of, crc32.MakeTable(crc32.Castagnoli)); got != want {
			t.Errorf("checksum of %s %x; want %x", what, got, want)
		}
	}
	var got []string
	for i := 0; len(file) > 0; i++ {
		n := binary.LittleEndian.Uint64(file)
		check("a length", file[8:], file[:8])
		event := file[12 : 12+n]
		check("an event", file[12+n:], event)
		file = file[16+n:]
		// Field 1, a double; field 2, a number of up to two bytes here.
		if event[0] != 0x09 || math.Float64frombits(binary.LittleEndian.Uint64(event[1:])) != 1700000000.5 ||
			event[9] != 0x10 {
			t.Fatalf("event %d begins with % x", i, event[:10])
		}
		step, event := int(event[10]&127), event[10:]
		if event[0] > 127 {
			step, event = step+int(event[1])<<7, event[1:]
		}
		event = event[1:]
		switch i {
		case 0:
			if string(event) != "\x1a\x0dbrain.Event:2" {
				t.Errorf("first event % x", event)
			}
			continue
		case 1:
			if string(event) != "\x3a\x02\x08\x01" || step != 1 {
				t.Errorf("second event, of step %d, % x; want the start of a session", step, event)
			}
			continue
		}
		summary := event[2:] // field 5, less than 128 bytes
		if event[0] != 0x2a || int(event[1]) != len(summary) {
			t.Fatalf("event %d: % x; want a summary", i, event)
		}
		for len(summary) > 0 {
			value := summary[2 : 2+summary[1]]
			summary = summary[2+summary[1]:]
			tag := value[2 : 2+value[1]]
			number := math.Float32frombits(binary.LittleEndian.Uint32(value[3+len(tag):]))
			got = append(got, fmt.Sprintf("%d %s %g", step, tag, number))
		}
	}
	if d := cmp.Diff(scalars, got); d != "" {
		t.Errorf("scalars (-want +got):\n%s", d)
	}
}

// TestEventsInTensorBoard reads the file by TensorBoard's own loader, where
// python3 has it (pip install tensorboard).
func TestEventsInTensorBoard(t *testing.T) {
	dir := t.TempDir()
	e, f, err := CreateEvents(dir, 0)
	must(t, err)
	for _, line := range sinkLines {
		_, err := e.Write([]byte(line))
		must(t, err)
	}
	must(t, f.Close())
	got := python(t, "tensorboard", `
import sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
a = EventAccumulator(sys.argv[1]).Reload()
for tag in a.Tags()["scalars"]:
    for s in a.Scalars(tag):
        print(s.step, tag, f"{s.value:g}")`, dir)
	if len(got) != len(scalars) {
		t.Errorf("TensorBoard reads %q; want %q", got, scalars)
	}
	for _, want := range scalars {
		if !strings.Contains("\n"+strings.Join(got, "\n")+"\n", "\n"+want+"\n") {
			t.Errorf("TensorBoard reads %q; want %q among it", got, want)
		}
	}
}

// python runs a script and returns its lines, or skips the test without the module.
func python(t *testing.T, module, script string, args ...string) []string {
	t.Helper()
	path := os.Getenv("PYTHON")
	if path == "" {
		path = "python3"
	}
	if err := exec.Command(path, "-c", "import "+module).Run(); err != nil {
		t.Skipf("%s has no %s: %v", path, module, err)
	}
	out, err := exec.Command(path, append([]string{"-c", script}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

const gaugeText = `# TYPE goclip_train_step gauge
goclip_train_step 300
# TYPE goclip_train_epoch gauge
goclip_train_epoch 15
# TYPE goclip_train_logit_scale gauge
goclip_train_logit_scale 20
# TYPE goclip_train_loss gauge
goclip_train_loss 0.125
# TYPE goclip_eval_step gauge
goclip_eval_step{set="never \"seen\""} 10
# TYPE goclip_eval_n gauge
goclip_eval_n{set="never \"seen\""} 100
# TYPE goclip_eval_top1 gauge
goclip_eval_top1{set="never \"seen\""} 0.5
`

func TestGauges(t *testing.T) {
	g := Gauges{Path: filepath.Join(t.TempDir(), "metrics.prom")}
	for _, line := range sinkLines {
		_, err := g.Write([]byte(line))
		must(t, err)
	}
	got, err := os.ReadFile(g.Path)
	if d := cmp.Diff(gaugeText, string(got)); err != nil || d != "" {
		t.Errorf("metrics.prom: %v, (-want +got):\n%s", err, d)
	}
	_, err = g.Write([]byte(`{"step":400,"set":"two","top1":1}`))
	must(t, err)
	var b bytes.Buffer
	if n, err := g.WriteTo(&b); err != nil || n != int64(b.Len()) || !strings.Contains(b.String(),
		"goclip_eval_top1{set=\"never \\\"seen\\\"\"} 0.5\ngoclip_eval_top1{set=\"two\"} 1\n") {
		t.Errorf("WriteTo = %d, %v:\n%s", n, err, b.String())
	}
	if _, err := g.Write([]byte("no JSON")); err == nil {
		t.Error("Write of no JSON: no error")
	}
	g.Path = filepath.Join(t.TempDir(), "none", "metrics.prom")
	if _, err := g.Write([]byte(sinkLines[0])); err == nil {
		t.Error("Write into a folder that is not there: no error")
	}
}

// TestGaugesInPrometheus reads the text by the parser of Prometheus' own client,
// where python3 has it (pip install prometheus-client).
func TestGaugesInPrometheus(t *testing.T) {
	got := python(t, "prometheus_client", `
import sys
from prometheus_client.parser import text_string_to_metric_families as parse
for family in parse(sys.argv[1]):
    for s in family.samples:
        print(family.type, s.name, s.labels.get("set", ""), s.value)`, gaugeText)
	if len(got) != 7 || got[0] != "gauge goclip_train_step  300.0" ||
		got[6] != `gauge goclip_eval_top1 never "seen" 0.5` {
		t.Errorf("the client reads %q", got)
	}
}
