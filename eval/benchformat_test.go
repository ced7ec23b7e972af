package eval

import (
	"bytes"
	"testing"
)

func TestBenchmarkResult(t *testing.T) {
	for _, test := range []struct {
		of   interface{ Benchmark() (string, Metrics) }
		want string
	}{
		{ZeroShot{Top1: 0.5, Top5: 1, MeanPerClass: 0.25, Classes: 4},
			`{"dataset":"d","model":"m","pretrained":"p","task":"zeroshot_classification","metrics":{"acc1":0.5,"acc5":null,"mean_per_class_recall":0.25},"language":"en"}`},
		{ZeroShot{Top1: 0.5, Top5: 1, MeanPerClass: 0.25, Classes: 5},
			`{"dataset":"d","model":"m","pretrained":"p","task":"zeroshot_classification","metrics":{"acc1":0.5,"acc5":1,"mean_per_class_recall":0.25},"language":"en"}`},
		{Retrieval{ImageToText: Recall{R1: 0.1, R5: 0.2, R10: 0.3}, TextToImage: Recall{R1: 0.4, R5: 0.5, R10: 0.6}},
			`{"dataset":"d","model":"m","pretrained":"p","task":"zeroshot_retrieval","metrics":{"image_retrieval_recall@1":0.4,"image_retrieval_recall@10":0.6,"image_retrieval_recall@5":0.5,` +
				`"text_retrieval_recall@1":0.1,"text_retrieval_recall@10":0.3,"text_retrieval_recall@5":0.2},"language":"en"}`},
	} {
		var b bytes.Buffer
		task, metrics := test.of.Benchmark()
		r := BenchmarkResult{Dataset: "d", Model: "m", Pretrained: "p", Task: task, Metrics: metrics}
		if err := r.Write(&b); err != nil || b.String() != test.want+"\n" {
			t.Errorf("Write: %v\n%swant\n%s", err, b.String(), test.want)
		}
	}
}
