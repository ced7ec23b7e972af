package eval

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/model"
)

// golden is testdata/golden.json, which golden.py made.
type golden struct {
	ImageOf    []int     `json:"image_of"`
	Labels     []int     `json:"labels"`
	TestLabels []int     `json:"test_labels"`
	Retrieval  Retrieval `json:"retrieval"`
	ZeroShot   struct {
		Top1         float64 `json:"top1"`
		Top5         float64 `json:"top5"`
		MeanPerClass float64 `json:"mean_per_class"`
		Confusion    [][]int `json:"confusion"`
		ECE          float64 `json:"ece"`
	} `json:"zeroshot"`
	Probe []struct {
		C        float64     `json:"c"`
		Weights  [][]float64 `json:"weights"`
		Bias     []float64   `json:"bias"`
		Accuracy float64     `json:"accuracy"`
	} `json:"probe"`
	KNN []struct {
		K         int   `json:"k"`
		Predicted []int `json:"predicted"`
	} `json:"knn"`

	e                                  int
	images, texts, testImages, classes []float32
}

func readGolden(t *testing.T) *golden {
	t.Helper()
	var g golden
	text, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]*[]float32{"images": &g.images, "texts": &g.texts, "test_images": &g.testImages,
		"classes": &g.classes} {
		if *x, g.e, err = embeddings.ReadNPY(filepath.Join("testdata", name+".npy")); err != nil {
			t.Fatal(err)
		}
	}
	return &g
}

func newPool(t *testing.T, threads int) *model.Pool {
	p := model.NewPool(threads)
	t.Cleanup(p.Close)
	return p
}
