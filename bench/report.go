package bench

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/model/vm"
)

// A Report is what was measured. PeakRSSBytes counts the whole process, 0 where
// the system does not report it; the arena and the allocations belong to the
// training step.
type Report struct {
	Model     string `json:"model"`
	Batch     int    `json:"batch"`
	Threads   int    `json:"threads"`
	Precision string `json:"precision"`
	Level     string `json:"kernel_level"`

	Loss   string   `json:"loss"`
	Freeze []string `json:"freeze,omitempty"`
	Cached bool     `json:"cached,omitempty"`

	Train       Phase `json:"train"`
	EncodeImage Phase `json:"encode_image"`
	EncodeText  Phase `json:"encode_text"`

	PeakGFLOPS         float64 `json:"peak_gflops"` // of the precision's multiply-adds, on all threads
	PeakRSSBytes       int64   `json:"peak_rss_bytes"`
	ArenaBytes         int     `json:"arena_bytes"`
	AllocationsPerStep int     `json:"allocations_per_step"`
	FirstStepSeconds   float64 `json:"start_to_first_step_seconds"` // of the process to the end of that step
}

// A Phase is the speed of the training step or of a tower. GFLOPS, PeakFraction
// (GFLOPS over the report's PeakGFLOPS) and PairsPerSecond come from the fastest step.
type Phase struct {
	PairsPerSecond       float64     `json:"pairs_per_second"`
	MedianPairsPerSecond float64     `json:"median_pairs_per_second"`
	GFLOPS               float64     `json:"gflops"`
	PeakFraction         float64     `json:"peak_fraction"`
	ArenaBytes           int         `json:"arena_bytes"`
	AllocationsPerStep   int         `json:"allocations_per_step"`
	Ops                  []vm.OpTime `json:"ops"` // of one step
}

// Print writes r for people.
func (r *Report) Print(out io.Writer) error {
	const mib = 1 << 20
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%s, batch %d, %d threads, %s, %s with a peak of %.1f GFLOP/s in %s\n",
		r.Model, r.Batch, r.Threads, r.Precision, r.Level, r.PeakGFLOPS, r.Precision)
	if r.Cached || len(r.Freeze) > 0 || r.Loss != model.Softmax {
		fmt.Fprintf(out, "%s loss, frozen %v, cached %t\n", r.Loss, r.Freeze, r.Cached)
	}
	fmt.Fprintln(w, "\tpairs/s\tmedian\tGFLOP/s\tof peak\tarena MiB\tallocations\t")
	phases := []struct {
		name string
		Phase
	}{{"train", r.Train}, {"encode_image", r.EncodeImage}, {"encode_text", r.EncodeText}}
	for _, p := range phases {
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.1f\t%.1f %%\t%.1f\t%d\t\n", p.name, p.PairsPerSecond, p.MedianPairsPerSecond,
			p.GFLOPS, 100*p.PeakFraction, float64(p.ArenaBytes)/mib, p.AllocationsPerStep)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	rss := "unknown"
	if r.PeakRSSBytes > 0 {
		rss = fmt.Sprintf("%.0f MiB", float64(r.PeakRSSBytes)/mib)
	}
	fmt.Fprintf(out, "peak RSS %s, %.2f s from start to the first step\n", rss, r.FirstStepSeconds)
	for _, p := range phases {
		var sum float64
		for _, o := range p.Ops {
			sum += o.Seconds
		}
		fmt.Fprintf(out, "\n%s, one step by operation: %.1f ms\n", p.name, 1000*sum)
		fmt.Fprintln(w, "ms\tshare\tcalls\t  operation")
		for _, o := range p.Ops {
			fmt.Fprintf(w, "%.2f\t%.1f %%\t%d\t  %s\n", 1000*o.Seconds, 100*o.Seconds/sum, o.Calls, o.Op)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}
