// Command soak trains the quickstart's model in small batches for many steps, with
// 100 saves and 40 evaluations, and checks that a run of days would not grow:
//
//	go run ./bench/soak -steps 20000
//
// Resident memory at the end is within 3 % of what it was after a twentieth of the
// steps, each the median of the samples around them; the numbers of goroutines and
// open files stay the same. It reads /proc, and so runs on Linux alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/run"
	"github.com/goclip/goclip/train"
)

// logEvery is how many steps are between two samples at least.
const logEvery = 20

func main() {
	steps := flag.Int("steps", 20_000, "of the run")
	config := flag.String("config", "configs/quickstart.yaml", "the recipe")
	batch := flag.Int("batch", 8, "pairs in a step")
	flag.Parse()
	if err := soak(*config, *steps, *batch); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A sample is what the process held at a step.
type sample struct{ step, rss, goroutines, files int }

func soak(config string, steps, batch int) error {
	debug.SetGCPercent(20) // as cmd/train does
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // in the temporary folder
	sets := []string{
		fmt.Sprintf("train.steps=%d", steps), fmt.Sprintf("train.batch=%d", batch), "train.threads=1",
		fmt.Sprintf("train.log_every=%d", logEvery), fmt.Sprintf("train.eval_every=%d", steps/40),
		fmt.Sprintf("checkpoint.every_steps=%d", steps/100), "checkpoint.keep_last=2",
		"world.draw.train=6000", "world.draw.val_seen=200", "world.draw.val_unseen=200",
	}
	c, err := configs.Load(config, sets, nil)
	if err != nil {
		return err
	}
	if err := os.Chdir(dir); err != nil { // the recipe's world is drawn here
		return err
	}
	log, err := os.Create("log")
	if err != nil {
		return err
	}
	defer log.Close()
	done := make(chan error, 1)
	go func() {
		_, err := run.Train(context.Background(), run.Options{Config: c, Dir: "run", Log: train.NewConsole(log, steps)})
		done <- err
	}()
	samples := make([]sample, 0, 2*steps/logEvery)
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case err := <-done:
			if err != nil {
				return err
			}
			return judge(samples, steps)
		case <-tick.C:
		}
		s, err := look()
		if err != nil {
			return err
		}
		if s.step >= steps/40 && (len(samples) == 0 || s.step > samples[len(samples)-1].step) {
			samples = append(samples, s)
		}
	}
}

// look takes a sample. Its step is the newest in the metrics.
func look() (s sample, err error) {
	for line := range strings.Lines(tail(filepath.Join("run", run.MetricsFile))) {
		if _, rest, ok := strings.Cut(line, `"step":`); ok {
			_, _ = fmt.Sscanf(rest, "%d", &s.step) // a line that is being written has none
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return s, err
	}
	if _, rest, ok := strings.Cut(string(status), "VmRSS:"); ok {
		_, err = fmt.Sscanf(rest, "%d", &s.rss)
	}
	files, err2 := os.ReadDir("/proc/self/fd")
	if err == nil {
		err = err2
	}
	s.files, s.goroutines = len(files), runtime.NumGoroutine()
	return s, err
}

// tail is the end of a file, or nothing before there is one: to read all of a
// file that grows would take memory that grows.
func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	text := make([]byte, min(info.Size(), 1000))
	n, _ := f.ReadAt(text, info.Size()-int64(len(text))) // what comes is enough
	return string(text[:n])
}

// judge compares the end of a run with what came after a tenth of it.
func judge(samples []sample, steps int) error {
	at := func(step int, get func(sample) int) int {
		var all []int
		for _, s := range samples {
			if s.step >= step-steps/40 && s.step <= step+steps/40 {
				all = append(all, get(s))
			}
		}
		if len(all) == 0 {
			return 0
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	fmt.Println("step  resident kB  goroutines  open files")
	early := steps / 20
	for step := early; step <= steps; step += (steps - early) / 10 {
		fmt.Printf("%6d  %d  %d  %d\n", step, at(step, func(s sample) int { return s.rss }),
			at(step, func(s sample) int { return s.goroutines }), at(step, func(s sample) int { return s.files }))
	}
	for what, get := range map[string]func(sample) int{
		"goroutines": func(s sample) int { return s.goroutines },
		"open files": func(s sample) int { return s.files },
	} {
		if first, last := at(early, get), at(steps, get); first != last {
			return fmt.Errorf("soak: %d %s after step %d, %d after step %d", first, what, early, last, steps)
		}
	}
	rss := func(s sample) int { return s.rss }
	first, last := at(early, rss), at(steps, rss)
	growth := float64(last)/float64(first) - 1
	fmt.Printf("resident memory: %+.1f %% from step %d to step %d, %d samples\n",
		100*growth, early, steps, len(samples))
	if !(math.Abs(growth) <= 0.03) {
		return fmt.Errorf("soak: resident memory changed by %.1f %%; want at most 3 %%", 100*growth)
	}
	return nil
}
