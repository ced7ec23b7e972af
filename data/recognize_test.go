package data

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/data/preprocess"
)

// twenty writes a row twenty times, and returns the pattern.
func twenty[R any](t *testing.T, row R) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.parquet")
	write(t, path, slices.Repeat([]R{row}, 20), 10)
	return path
}

type textRow struct {
	Image   []byte `parquet:"image"`
	Caption string `parquet:"caption"`
	Label   string `parquet:"label"`
}

// TestNoLabels: a column of labels that is not read is no problem, but said.
func TestNoLabels(t *testing.T) {
	png := pixel(t, 1)
	number := func(label float64) string {
		return twenty(t, struct {
			Image   []byte  `parquet:"image"`
			Caption string  `parquet:"caption"`
			Label   float64 `parquet:"label"`
		}{png, "a", label})
	}
	for want, path := range map[string]string{
		"label column label: holds text; want whole numbers from 0, or a list of classes": twenty(t,
			textRow{png, "a", "cat"}),
		"label column label: holds DOUBLE; want whole numbers from 0": number(1.5),
	} {
		for s, err := range Inspect(t.Context(), path, Config{}) {
			must(t, err)
			if s.Problem != nil || s.NoLabels == nil || !strings.Contains(s.NoLabels.Error(), want) {
				t.Errorf("problem %v, labels %v; want only %q", s.Problem, s.NoLabels, want)
			}
		}
	}
}

// TestUnfit: shards that cannot be trained on have a problem that says what was found.
func TestUnfit(t *testing.T) {
	png := pixel(t, 1)
	text := func(image, caption string) string { return twenty(t, textRow{[]byte(image), caption, "1"}) }
	for want, path := range map[string]string{
		"looks like base64":                       text("iVBORw0KGgoAAAANSUhEUgAAAAQ=", "a"),
		"looks like a data URL with base64":       text("data:image/png;base64,iVBORw0K", "a"),
		`looks like the path "images/1.jpg"`:      text("images/1.jpg", "a"),
		`looks like the address "https://a/b?c"`:  text("https://a/b?c", "a"),
		"looks like a web page":                   text("<!DOCTYPE html><html>", "a"),
		"none of the first 16 rows has a caption": text(string(png), " "),
		"none of the first 16 rows has an image":  text("", "a"),
		"no caption column: have jpg; want": twenty(t, struct {
			JPG []byte `parquet:"jpg"`
		}{png}),
		"caption column txt: holds INT(64,true); want text": twenty(t, struct {
			JPG []byte `parquet:"jpg"`
			TXT int64  `parquet:"txt"`
		}{png, 1}),
	} {
		for s, err := range Inspect(t.Context(), path, Config{}) {
			must(t, err)
			if s.Problem == nil || !strings.Contains(s.Problem.Error(), want) {
				t.Errorf("problem %v; want %q", s.Problem, want)
			}
		}
	}
	labels := twenty(t, struct {
		JPG   []byte `parquet:"jpg"`
		Label int32  `parquet:"label"`
	}{png, 1})
	for s, err := range Inspect(t.Context(), labels, Config{}) {
		if must(t, err); s.Problem != nil {
			t.Errorf("labels without captions: problem %v; want none, for they can be evaluated on", s.Problem)
		}
	}
}

// TestCaptionLists: a column of lists is found by the name of a caption column.
func TestCaptionLists(t *testing.T) {
	type plain struct {
		JPG  []byte   `parquet:"jpg"`
		Text []string `parquet:"text"`
	}
	type list struct {
		JPG     []byte   `parquet:"jpg"`
		Caption []string `parquet:"caption,list"`
	}
	for path, layout := range map[string]string{
		twenty(t, plain{pixel(t, 1), []string{"a", "b"}}): "image = jpg, caption = text",
		twenty(t, list{pixel(t, 1), []string{"a", "b"}}):  "image = jpg, caption = caption.list.element",
	} {
		d, err := Open(t.Context(), path, Config{}, Need{Caption: true})
		must(t, err)
		rows, err := d.read(t.Context(), 3, 4, columns{caption: true})
		must(t, err)
		if got := d.shards[0].layout; got != layout || !slices.Equal(rows[0].captions, []string{"a", "b"}) {
			t.Errorf("layout %s, captions %q; want %s, a and b", got, rows[0].captions, layout)
		}
	}
}

// TestTextLabels: the names of classes are looked up; whatever else is no whole number
// is an error of Open that says what was found.
func TestTextLabels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	write(t, path, []textRow{{pixel(t, 0), "a", "dog"}, {pixel(t, 1), "b", " cafe\u0301"}, {pixel(t, 2), "c", "cow"}}, 3)
	d, err := Open(t.Context(), path, Config{BadRowBudget: 1}, Need{Label: true, Classes: []string{"caf\u00e9", "dog"}})
	must(t, err)
	var ledger strings.Builder
	must(t, d.Scan(t.Context(), 4, 3, NewLedger(&ledger, d.config), func(e Examples) error {
		if !slices.Equal(e.Labels, []int{1, 0}) {
			t.Errorf("labels %v; want 1 0", e.Labels)
		}
		return nil
	}))
	if want := `label \"cow\" is none of the 2 classes`; !strings.Contains(ledger.String(), want) {
		t.Errorf("ledger %s; want %s", &ledger, want)
	}
	for want, path := range map[string]string{
		"label column label: holds text; want whole numbers from 0, or a list of classes": path,
		"label column label: holds DOUBLE; want whole numbers": twenty(t, struct {
			JPG   []byte  `parquet:"jpg"`
			Label float64 `parquet:"label"`
		}{pixel(t, 1), 1}),
		"label column label: holds lists": twenty(t, struct {
			JPG   []byte  `parquet:"jpg"`
			Label []int64 `parquet:"label"`
		}{pixel(t, 1), []int64{1}}),
	} {
		if _, err := Open(t.Context(), path, Config{}, Need{Label: true}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want error with %q", err, want)
		}
		if _, err := Open(t.Context(), path, Config{}, Need{}); err != nil {
			t.Errorf("%v; want none where labels are of no use", err)
		}
	}
}

// TestNotUTF8: a caption that is not UTF-8 makes a bad row, in training and evaluation.
func TestNotUTF8(t *testing.T) {
	const want = `caption "caf\xe9" is not UTF-8`
	path := twenty(t, textRow{pixel(t, 1), "caf\xe9", "1"})
	d, err := Open(t.Context(), path, Config{BadRowBudget: 1}, Need{Caption: true})
	must(t, err)
	rows, err := d.read(t.Context(), 0, 1, columns{image: true, caption: true})
	must(t, err)
	s := &Stream{d: d}
	if _, reason := s.caption(&rows[0], 0); reason != want {
		t.Errorf("training: reason %q; want %q", reason, want)
	}
	p := preprocess.NewProcessor(d.config.Preprocess, 4)
	if reason := example(p, make([]float32, 3*4*4), &rows[0], d.need); reason != want {
		t.Errorf("evaluation: reason %q; want %q", reason, want)
	}
}
