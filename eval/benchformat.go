package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// A BenchmarkResult is a line in the form of CLIP_benchmark, whose tools gather
// such lines of many models and data sets into a table.
//
// Source: https://github.com/LAION-AI/CLIP_benchmark, clip_benchmark/cli.py.
type BenchmarkResult struct {
	Dataset    string  `json:"dataset"`
	Model      string  `json:"model"`
	Pretrained string  `json:"pretrained"`
	Task       string  `json:"task"`
	Metrics    Metrics `json:"metrics"`
	Language   string  `json:"language"`
}

// Metrics are numbers by CLIP_benchmark's names. One that is not finite is
// written as null.
type Metrics map[string]float64

// MarshalJSON writes the metrics in the order of their names.
func (m Metrics) MarshalJSON() ([]byte, error) {
	numbers := make(map[string]any, len(m))
	for name, v := range m {
		numbers[name] = nil
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			numbers[name] = v
		}
	}
	return json.Marshal(numbers)
}

// UnmarshalJSON reads metrics, of which null is not a number.
func (m *Metrics) UnmarshalJSON(text []byte) error {
	var numbers map[string]*float64
	if err := json.Unmarshal(text, &numbers); err != nil {
		return err
	}
	*m = Metrics{}
	for name, v := range numbers {
		(*m)[name] = math.NaN()
		if v != nil {
			(*m)[name] = *v
		}
	}
	return nil
}

// ReadBenchmark reads results as Write and CLIP_benchmark write them, one after the other.
func ReadBenchmark(r io.Reader) (all []BenchmarkResult, err error) {
	for d := json.NewDecoder(r); ; {
		var one BenchmarkResult
		if err := d.Decode(&one); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("eval: result %d: %w", len(all)+1, err)
		}
		all = append(all, one)
	}
}

// Write writes the result as one line.
func (r BenchmarkResult) Write(w io.Writer) error {
	if r.Language == "" {
		r.Language = "en"
	}
	if err := json.NewEncoder(w).Encode(r); err != nil {
		return fmt.Errorf("eval: %w", err)
	}
	return nil
}

// Benchmark names the task of z and its metrics. Top-5 of less than 5 classes
// is no number there.
func (z ZeroShot) Benchmark() (task string, m Metrics) {
	m = Metrics{"acc1": z.Top1, "acc5": z.Top5, "mean_per_class_recall": z.MeanPerClass}
	if z.Classes < 5 {
		m["acc5"] = math.NaN()
	}
	return "zeroshot_classification", m
}

// Benchmark names the task of r and its metrics. Image retrieval there is the
// search for an image by a text.
func (r Retrieval) Benchmark() (task string, m Metrics) {
	return "zeroshot_retrieval", Metrics{
		"image_retrieval_recall@1": r.TextToImage.R1, "text_retrieval_recall@1": r.ImageToText.R1,
		"image_retrieval_recall@5": r.TextToImage.R5, "text_retrieval_recall@5": r.ImageToText.R5,
		"image_retrieval_recall@10": r.TextToImage.R10, "text_retrieval_recall@10": r.ImageToText.R10,
	}
}
