package train

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/goclip/goclip/internal/atomicfile"
)

// Gauges keeps the newest numbers of the lines of metrics.jsonl, and writes them
// in the text format of Prometheus. Each write is one line. It may be used by
// several goroutines.
type Gauges struct {
	// Path, if not empty, is a file that holds the text after each line, for the
	// textfile collector of Prometheus' node exporter.
	Path string

	mu     sync.Mutex
	order  []string // of names, as they first came
	series map[string][]gauge
}

// A gauge is a number with its labels.
type gauge struct {
	labels string
	value  float64
}

// Write takes a line's numbers as goclip_train_loss or goclip_eval_top1{set="SET"}.
func (g *Gauges) Write(line []byte) (int, error) {
	p, err := parsePoint(line)
	if err != nil {
		return 0, err
	}
	labels := ""
	if p.group == "eval" {
		labels = `{set="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(p.set) + `"}`
	}
	g.mu.Lock()
	g.set("goclip_"+p.group+"_step", labels, float64(p.step))
	for _, name := range p.names {
		g.set("goclip_"+p.group+"_"+name, labels, p.values[name])
	}
	g.mu.Unlock()
	if g.Path != "" {
		if err := g.save(); err != nil {
			return 0, err
		}
	}
	return len(line), nil
}

func (g *Gauges) set(name, labels string, value float64) {
	if g.series == nil {
		g.series = map[string][]gauge{}
	}
	all, known := g.series[name]
	if !known {
		g.order = append(g.order, name)
	}
	for i := range all {
		if all[i].labels == labels {
			all[i].value = value
			return
		}
	}
	g.series[name] = append(all, gauge{labels, value})
}

// WriteTo writes all gauges.
//
// Source: https://prometheus.io/docs/instrumenting/exposition_formats/.
func (g *Gauges) WriteTo(w io.Writer) (int64, error) {
	var s strings.Builder
	g.mu.Lock()
	for _, name := range g.order {
		fmt.Fprintf(&s, "# TYPE %s gauge\n", name)
		for _, v := range g.series[name] {
			fmt.Fprintf(&s, "%s%s %s\n", name, v.labels, strconv.FormatFloat(v.value, 'g', -1, 64))
		}
	}
	g.mu.Unlock()
	n, err := io.WriteString(w, s.String())
	return int64(n), err
}

// save replaces the file, which a reader never finds half written.
func (g *Gauges) save() error {
	f, err := atomicfile.Create(g.Path)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer f.Discard()
	if _, err = g.WriteTo(f); err == nil {
		err = f.Replace() // the next line of metrics writes it again
	}
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}
