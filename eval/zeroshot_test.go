package eval

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var close6 = cmpopts.EquateApprox(0, 1e-6)

// Three classes along the axes of a plane and between them, with two prompts each.
func testClassifier(t *testing.T) *Classifier {
	t.Helper()
	c, err := NewClassifier([]string{"east", "north", "west"}, []float32{
		0.8, 0.6, 0.8, -0.6, // mean (0.8, 0)
		0, 1, 0, 1,
		-1, 0, -1, 0,
	}, 2)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNewClassifier(t *testing.T) {
	want := []float32{1, 0, 0, 1, -1, 0}
	if d := cmp.Diff(want, testClassifier(t).Weights, close6); d != "" {
		t.Errorf("weights (-want +got):\n%s", d)
	}
	for _, test := range []struct {
		classes  []string
		prompts  []float32
		perClass int
		want     string
	}{
		{nil, nil, 1, "0 classes"},
		{[]string{"a", "b"}, []float32{1, 0, 1}, 1, "one row per prompt"},
		{[]string{"a"}, []float32{1, 0, -1, 0}, 2, `class "a"`},
		{[]string{"a"}, []float32{float32(math.Inf(1)), 0}, 1, "mean +Inf; want a direction"},
		{[]string{"a"}, []float32{float32(math.NaN()), 0}, 1, "mean NaN; want a direction"},
	} {
		if _, err := NewClassifier(test.classes, test.prompts, test.perClass); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("NewClassifier(%q, %v, %d) = %v; want error with %q", test.classes, test.prompts, test.perClass,
				err, test.want)
		}
	}
}

func TestScore(t *testing.T) {
	images := []float32{
		1, 0, // east, called east
		0.6, 0.8, // east, called north
		0, 1, // north, called north
		1, 0, // north: called east, then north
	}
	got, err := testClassifier(t).Score(images, []int{0, 0, 1, 1})
	if err != nil {
		t.Fatal(err)
	}
	low, high := Wilson(2, 4)
	want := ZeroShot{
		Top1: 0.5, Top5: 1, Low: low, High: high, N: 4, Classes: 3, MeanPerClass: 0.5,
		PerClass: []ClassScore{{"east", 2, 0.5, 1}, {"north", 2, 0.5, 1}},
	}
	if d := cmp.Diff(want, got, close6); d != "" {
		t.Errorf("Score (-want +got):\n%s", d)
	}
}

// TestTop5 has seven classes, in the order of their cosines, and an image of the
// fifth and of the sixth.
func TestTop5(t *testing.T) {
	classes, weights := make([]string, 7), make([]float32, 14)
	for i := range classes {
		sin, cos := math.Sincos(float64(i) / 7)
		classes[i], weights[2*i], weights[2*i+1] = string(rune('a'+i)), float32(cos), float32(sin)
	}
	c, err := NewClassifier(classes, weights, 1)
	if err != nil {
		t.Fatal(err)
	}
	z, err := c.Score([]float32{1, 0, 1, 0}, []int{4, 5})
	want := []ClassScore{{"e", 1, 0, 1}, {"f", 1, 0, 0}}
	if d := cmp.Diff(want, z.PerClass); err != nil || d != "" || z.Top1 != 0 || z.Top5 != 0.5 {
		t.Errorf("Score: top-1 %g, top-5 %g, %v, (-want +got):\n%s", z.Top1, z.Top5, err, d)
	}
}

func TestScoreErrors(t *testing.T) {
	c := testClassifier(t)
	for _, test := range []struct {
		images []float32
		labels []int
		want   string
	}{
		{nil, nil, "0 labels"},
		{[]float32{1, 0, 1}, []int{0, 1}, "one row per label"},
		{[]float32{1, 0}, []int{3}, "label 3; want 0 to 2"},
		{[]float32{1, 0}, []int{-1}, "label -1"},
	} {
		if _, err := c.Score(test.images, test.labels); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Score(%v, %v) = %v; want error with %q", test.images, test.labels, err, test.want)
		}
	}
}

func TestRankOf(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		cosines []float64
		label   int
		want    int
	}{
		{[]float64{3, 2, 1}, 0, 0},
		{[]float64{3, 2, 1}, 2, 2},
		{[]float64{1, 1, 1}, 0, 0}, // of equals, the first is nearest:
		{[]float64{1, 1, 1}, 2, 2}, // a model that knows nothing is not right about all
		{[]float64{nan, 1, nan}, 1, 0},
		{[]float64{nan, 1, nan}, 0, 3},
	} {
		if got := rankOf(test.cosines, test.label); got != test.want {
			t.Errorf("rankOf(%v, %d) = %d; want %d", test.cosines, test.label, got, test.want)
		}
	}
}

// Values of statsmodels' proportion_confint(method="wilson").
func TestWilson(t *testing.T) {
	for _, test := range []struct {
		hits, n   int
		low, high float64
	}{
		{8, 10, 0.4901625, 0.9433178},
		{0, 10, 0, 0.2775328},
		{10, 10, 0.7224672, 1},
		{0, 0, 0, 1},
	} {
		low, high := Wilson(test.hits, test.n)
		if math.Abs(low-test.low) > 1e-6 || math.Abs(high-test.high) > 1e-6 {
			t.Errorf("Wilson(%d, %d) = %.7f, %.7f; want %.7f, %.7f", test.hits, test.n, low, high, test.low, test.high)
		}
	}
}

func TestPredict(t *testing.T) {
	got := testClassifier(t).Predict([]float32{0, 1}, Logits{Scale: math.Log(2)})
	want := []Label{{"north", 0.5}, {"east", 0.25}, {"west", 0.25}} // 2^1, 2^0, 2^0 over 4
	if d := cmp.Diff(want, got, close6); d != "" {
		t.Errorf("Predict (-want +got):\n%s", d)
	}
}

// With a sigmoid, each label is a question of its own: 1/(1+exp(-(cosine ln 3 - ln 2))).
func TestPredictSigmoid(t *testing.T) {
	l := Logits{Scale: math.Log(3), Bias: -math.Log(2), Sigmoid: true}
	got := testClassifier(t).Predict([]float32{0, 1}, l)
	want := []Label{{"north", 3. / 5}, {"east", 1. / 3}, {"west", 1. / 3}}
	if d := cmp.Diff(want, got, close6); d != "" {
		t.Errorf("Predict (-want +got):\n%s", d)
	}
	k, err := testClassifier(t).Calibrate([]float32{0, 1}, []int{0}, l)
	if err != nil {
		t.Fatal(err)
	}
	if b := k.Bins[8]; b.N != 1 || math.Abs(b.Confidence-3./5) > 1e-6 { // of 15, that above 8/15
		t.Errorf("Calibrate: %+v; want one image of confidence 3/5", k.Bins)
	}
}

func TestPrompts(t *testing.T) {
	got := Prompts([]string{"cat", "{}"}, []string{"a {}", "{}."})
	want := []string{"a cat", "cat.", "a {}", "{}."}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Prompts (-want +got):\n%s", d)
	}
}

func TestLists(t *testing.T) {
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "list.txt")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	got, err := ReadClasses(file("\ufeffcat\r\nsea lion \ncafe\u0301\n\n"))
	if d := cmp.Diff([]string{"cat", "sea lion", "caf\u00e9"}, got); err != nil || d != "" {
		t.Errorf("ReadClasses: %v, (-want +got):\n%s", err, d)
	}
	got, err = ReadClasses(file("[\"cat\",\n \"7 up\"]\n"))
	if d := cmp.Diff([]string{"cat", "7 up"}, got); err != nil || d != "" {
		t.Errorf("ReadClasses of JSON: %v, (-want +got):\n%s", err, d)
	}
	for _, test := range []struct {
		read func(string) ([]string, error)
		text string
		want string
	}{
		{ReadClasses, "", "no class"},
		{ReadClasses, "cat\ndog\ncat\n", `"cat" is both 0 and 2`},
		{ReadClasses, "cat\n\ndog\n", "class 1 is empty"},
		{ReadClasses, "caf\u00e9\ncafe\u0301\n", `"café" is both 0 and 1`},
		{ReadClasses, "\xff\xfe", "not UTF-8"},
		{ReadClasses, "# names\ncat\ndog\n", `line 1: "# names" begins with #`},
		{ReadClasses, "0 cat\n1 dog\n", `each line begins with its number, as in "0 cat"`},
		{ReadClasses, "1,cat\n2,dog\n", "each line begins with its number"},
		{ReadClasses, `{"0": "cat", "1": "dog"}`, "is no JSON list of names"},
		{ReadClasses, `["cat", 1]`, "is no JSON list of names"},
		{ReadClasses, `["cat", "cat"]`, `"cat" is both 0 and 1`},
		{ReadTemplates, "", "no template"},
		{ReadTemplates, "a {}\na photo\n", "template 2: \"a photo\""},
		{ReadTemplates, "{} and {}\n", "{} once"},
	} {
		if _, err := test.read(file(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("reading %q: %v; want error with %q", test.text, err, test.want)
		}
	}
	if got, err := ReadTemplates(""); err != nil || len(got) != 1 || got[0] != "a photo of a {}" {
		t.Errorf("ReadTemplates of no file: %q, %v; want the default", got, err)
	}
	large := file("")
	if err := os.Truncate(large, maxListBytes+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadClasses(large); err == nil || !strings.Contains(err.Error(), "has 16777217 bytes; want") {
		t.Errorf("ReadClasses of a large file: %v", err)
	}
	if _, err := ReadClasses(filepath.Join(t.TempDir(), "none.txt")); err == nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadClasses of no file: %v", err)
	}
}
