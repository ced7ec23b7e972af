package foreign

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/model"
)

// shared is a folder of models that other programs wrote.
const shared = "../../shared/parity/foreign"

// expected is what the libraries that wrote a folder compute from it.
type expected struct {
	Context       int
	Images        []struct{ File string }
	Texts         []string
	TokenIDs      [][]int32   `json:"token_ids"`
	Score         string      // softmax or sigmoid
	ImageFeatures [][]float32 `json:"image_features"`
	TextFeatures  [][]float32 `json:"text_features"`
	Logits        [][]float64 `json:"logits_per_image"`
	Probabilities [][]float64
}

// folders lists the folders of models with what to expect of them: those here,
// those of ../shared, and any below FOREIGN_DIR.
func folders(t *testing.T) (dirs []string) {
	for _, root := range []string{"testdata/folders", shared, os.Getenv("FOREIGN_DIR")} {
		found, _ := filepath.Glob(filepath.Join(root, "*", "expected.json"))
		if len(found) == 0 && root == "testdata/folders" {
			t.Error("no folder in testdata/folders")
		}
		for _, path := range found {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	return dirs
}

// Every folder gives the ids, features and probabilities of its makers' library.
func TestFolders(t *testing.T) {
	for _, dir := range folders(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			m, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, m, dir)
			others, _ := filepath.Glob(filepath.Join(dir, "*.pt"))
			for _, path := range others {
				if m, err = Open(path); err != nil {
					t.Fatal(err)
				}
				compare(t, m, dir)
			}
		})
	}
}

// Pictures with transparency and palettes are prepared as the folder's makers do;
// only a tall one, which Pillow 13 resizes otherwise than 12, is not.
func TestHardPictures(t *testing.T) {
	paths, _ := filepath.Glob(shared + "/*/inputs/hard-*")
	if len(paths) == 0 {
		t.Skipf("no pictures in %s", shared)
	}
	for _, path := range paths {
		dir := filepath.Dir(filepath.Dir(path))
		m, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		size := m.Config.Image.Size
		have, p := make([]float32, 3*size*size), preprocess.NewProcessor(m.Preprocess, size)
		p.Eval(have, decode(t, p, path))
		n := differing(t, p, have, filepath.Join(dir, "pixels", filepath.Base(path)))
		if n > 0 && !strings.Contains(path, "tall") {
			t.Errorf("%s: %d values of pixels differ", path, n)
		}
	}
}

// compare loads m and computes what the folder expects.
func compare(t *testing.T, m *Model, dir string) {
	t.Helper()
	want := readExpected(t, dir)
	clip, err := Load(m.Weights, m.Config)
	if err != nil {
		t.Fatal(err)
	}
	text, err := clip.NewTextEncoder(model.EncoderConfig{Batch: len(want.Texts)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range want.Texts {
		ids := text.Tokens()[i*want.Context:][:want.Context]
		if m.Tokenizer.Tokenize(ids, s); !slices.Equal(ids, want.TokenIDs[i]) {
			t.Errorf("%q has the ids %d; want %d", s, ids, want.TokenIDs[i])
		}
	}
	image, err := clip.NewImageEncoder(model.EncoderConfig{Batch: len(want.Images)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	pixels := 3 * m.Config.Image.Size * m.Config.Image.Size
	p := preprocess.NewProcessor(m.Preprocess, m.Config.Image.Size)
	for i, file := range want.Images {
		p.Eval(image.Images()[i*pixels:][:pixels], decode(t, p, filepath.Join(dir, "inputs", file.File)))
		if n := differing(t, p, image.Images()[i*pixels:][:pixels], filepath.Join(dir, "pixels", file.File)); n > 0 {
			t.Errorf("%s: %d values of pixels differ", file.File, n)
		}
	}
	images, texts := run(t, image), run(t, text)
	byFeature := max(largest(images, want.ImageFeatures), largest(texts, want.TextFeatures))
	byProbability := 0.
	for i, row := range probabilities(clip, images, texts, len(want.Texts)) {
		for j, p := range row {
			byProbability = max(byProbability, math.Abs(p-want.Probabilities[i][j]))
		}
	}
	t.Logf("%s: features differ by up to %.1e, probabilities by up to %.1e", m.Format, byFeature, byProbability)
	if !(byFeature <= 1e-5 && byProbability <= 1e-4) {
		t.Errorf("features differ by %g, probabilities by %g; want 1e-5, 1e-4", byFeature, byProbability)
	}
	if score := m.Config.Loss == model.Sigmoid; score != (want.Score == "sigmoid") {
		t.Errorf("loss %q; want %q", m.Config.Loss, want.Score)
	}
}

func readExpected(t *testing.T, dir string) (e expected) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func decode(t *testing.T, p *preprocess.Processor, path string) *preprocess.Image {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// differing counts the values that are not those of the square at path, which the
// makers' library cut out.
func differing(t *testing.T, p *preprocess.Processor, have []float32, path string) (n int) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		return 0 // a folder has them only where they were kept
	}
	want := make([]float32, len(have))
	p.Eval(want, decode(t, p, path))
	for i, v := range have {
		if v != want[i] {
			n++
		}
	}
	return n
}

func run(t *testing.T, e *model.Encoder) []float32 {
	t.Helper()
	rows, err := e.Run()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func largest(have []float32, want [][]float32) (d float64) {
	for i, v := range slices.Concat(want...) {
		if difference := math.Abs(float64(have[i] - v)); !(difference <= d) {
			d = difference
		}
	}
	return d
}

// probabilities are those of each text for each image.
func probabilities(m *model.CLIP, images, texts []float32, n int) (all [][]float64) {
	dim := m.Config().EmbedDim
	for ; len(images) > 0; images = images[dim:] {
		row, sum := make([]float64, n), 0.
		for j := range row {
			for k, v := range images[:dim] {
				row[j] += float64(v) * float64(texts[j*dim+k])
			}
			row[j] = m.LogitScale()*row[j] + float64(m.LogitBias())
			sum += math.Exp(row[j])
		}
		for j, logit := range row {
			if row[j] = math.Exp(logit) / sum; m.Config().Loss == model.Sigmoid {
				row[j] = 1 / (1 + math.Exp(-logit))
			}
		}
		all = append(all, row)
	}
	return all
}
