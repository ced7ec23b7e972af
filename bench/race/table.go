package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// print writes a table in Markdown. Ratios are taken within a round, so that
// what slows the machine meanwhile slows both.
func (o *options) print(ctx context.Context, w io.Writer, all []result) error {
	version, err := output(ctx, o.python, "-c",
		"from importlib.metadata import version; print(version('open_clip_torch'))")
	if err != nil {
		version = []byte("of unknown version")
	}
	first := all[0]
	fmt.Fprintf(w, "%s, %d of %d threads, %s, %d rounds of %d steps, %s\n",
		processor(), o.threads, runtime.NumCPU(), runtime.GOOS, o.rounds, o.steps,
		time.Now().Format(time.DateOnly))
	fmt.Fprintf(w, "goclip: %s, kernels %s; peer: torch %s %s, open_clip %s\n\n",
		runtime.Version(), first.ours.Level, first.eager.Torch, first.eager.Capability,
		strings.TrimSpace(string(version)))
	fmt.Fprintln(w, "| model, batch, precision | phase | goclip pairs/s | of peak | torch eager | torch.compile "+
		"| ratio | lowest to highest | ratio of medians |")
	fmt.Fprintln(w, "|---|---|--:|--:|--:|--:|--:|--:|--:|")
	for _, e := range o.cases {
		rounds := slices.DeleteFunc(slices.Clone(all), func(r result) bool { return r.entry != e })
		for _, phase := range phases {
			row(w, e, phase, rounds)
		}
		over := func(f func(r result) float64) float64 { return median(rounds, f) }
		fmt.Fprintf(w, "| %s, %d, %s | peak RSS, MiB | %.0f | | %.0f | %s | %.2f | | |\n",
			e.model, e.batch, e.precision,
			over(func(r result) float64 { return float64(r.ours.PeakRSSBytes) / (1 << 20) }),
			over(func(r result) float64 { return r.eager.PeakRSSMiB }),
			compiled(rounds, func(p *peer) float64 { return p.PeakRSSMiB }), over(result.rss))
	}
	return nil
}

func row(w io.Writer, e entry, phase string, rounds []result) {
	ratio := func(r result) float64 {
		theirs, _ := r.peerSpeed(phase)
		return r.ourPhase(phase).PairsPerSecond / theirs
	}
	var ratios []float64
	for _, r := range rounds {
		ratios = append(ratios, ratio(r))
	}
	over := func(f func(r result) float64) float64 { return median(rounds, f) }
	fmt.Fprintf(w, "| %s, %d, %s | %s | %.2f | %.0f %% | %.2f | %s | **%.2f** | %.2f to %.2f | %.2f |\n",
		e.model, e.batch, e.precision, phase,
		over(func(r result) float64 { return r.ourPhase(phase).PairsPerSecond }),
		over(func(r result) float64 { return 100 * r.ourPhase(phase).PeakFraction }),
		over(func(r result) float64 { return r.eager.Results[phase].Best }),
		compiled(rounds, func(p *peer) float64 { return p.Results[phase].Best }),
		over(ratio), slices.Min(ratios), slices.Max(ratios),
		over(func(r result) float64 {
			_, theirs := r.peerSpeed(phase)
			return r.ourPhase(phase).MedianPairsPerSecond / theirs
		}))
}

// compiled is the median of f under torch.compile, if it was measured.
func compiled(rounds []result, f func(p *peer) float64) string {
	if rounds[0].compiled == nil {
		return ""
	}
	m := median(rounds, func(r result) float64 { return f(r.compiled) })
	if m == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", m)
}

// median returns the median of f over the rounds: of an even number, the mean of
// the two in the middle.
func median(rounds []result, f func(r result) float64) float64 {
	var x []float64
	for _, r := range rounds {
		x = append(x, f(r))
	}
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// processor is the model name of the machine's processor, where the system reports it.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
