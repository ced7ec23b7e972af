package data

import (
	"bytes"
	"context"
	"image"
	"math"
	"slices"
	"strings"
	"testing"
)

// canvas is a gray PNG of w x h pixels.
func canvas(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, pixels.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))))
	return b.Bytes()
}

// TestSizes leaves out small and long images, and no bad row is counted.
func TestSizes(t *testing.T) {
	c := Config{MinSize: 6}
	c.Train = scored(t, 100, 1, func(i int, r *scoredRow) {
		if i%10 != 0 {
			r.PNG = canvas(t, 6, 12+i%3)
		}
	})
	for _, b := range trainBatches(t, c, 0, 10) {
		for _, r := range b.Rows {
			if r.Row%10 == 0 {
				t.Errorf("%v has 4 pixels a side", r)
			}
		}
	}
	c.MaxAspect = 13. / 6
	for _, b := range trainBatches(t, c, 0, 10) {
		for _, r := range b.Rows {
			if r.Row%3 == 2 {
				t.Errorf("%v is longer than 13 / 6", r)
			}
		}
	}
}

// TestCaptionColumns draws columns of captions by their weights.
func TestCaptionColumns(t *testing.T) {
	c := Config{Captions: []CaptionColumn{{"txt", 2}, {"blip", 1}, {"alts", 1}}, CaptionChoice: "random",
		CleanCaptions: true}
	c.Train = scored(t, 1000, 2, func(i int, r *scoredRow) {
		r.Txt, r.Blip, r.Alts = "<b>txt</b>  one", "blip www.example.org/a", []string{"alt one", "alt two"}
		if i < 10 {
			r.Txt, r.Blip = "", " "
		}
	})
	counts := map[string]int{}
	want := trainBatches(t, c, 0, 100)
	for _, b := range want {
		for i, caption := range b.Captions {
			counts[caption]++
			if strings.HasSuffix(b.Rows[i].Shard, "000.parquet") &&
				b.Rows[i].Row < 10 && !strings.HasPrefix(caption, "alt") {
				t.Errorf("%v has the caption %q", b.Rows[i], caption)
			}
		}
	}
	for caption, share := range map[string]float64{"txt one": 0.5, "blip": 0.25, "alt one": 0.125, "alt two": 0.125} {
		// Four standard deviations.
		if n := counts[caption]; math.Abs(float64(n)-1000*share) > 4*math.Sqrt(1000*share*(1-share)) {
			t.Errorf("%q is drawn %d times of 1000; want about %g", caption, n, 1000*share)
		}
	}
	if len(counts) != 4 {
		t.Errorf("captions %v", counts)
	}
	if again := trainBatches(t, c, 500, 1); !equal(again[0], want[50]) {
		t.Error("batch 50 differs when the stream starts there")
	}
	c.Captions[1].Column = "llava"
	if _, err := OpenTrain(context.Background(), c); err == nil ||
		!strings.Contains(err.Error(), "000.parquet: no column llava of captions: have ") {
		t.Errorf("a column that is missing: %v", err)
	}
	if _, err := Open(context.Background(), c.Train, c, Need{Caption: true}); err != nil {
		t.Errorf("Open wants the columns of training: %v", err)
	}
}

func TestCleanCaption(t *testing.T) {
	for caption, want := range map[string]string{
		"a  dog\n<br/>on <a href='x'>grass</a>": "a dog on grass",
		"see https://a.example/b?c=1 for more":  "see for more",
		"1 < 2 > 0, e.g. this.":                 "1 < 2 > 0, e.g. this.",
		" <p></p> ":                             "",
	} {
		if got := CleanCaption(caption); got != want {
			t.Errorf("CleanCaption(%q) = %q, want %q", caption, got, want)
		}
	}
}

// TestCaptions checks that a vocabulary is trained on what training may see: a
// row that lists more captions than the one that is used adds nothing.
func TestCaptions(t *testing.T) {
	pattern := hfShards(t, 20, 2, func(i int, r *hfRow) {
		if i == 3 {
			r.Caption, r.Captions = " ", []string{"", "third"}
		}
	})
	for choice, want := range map[string]int{"": 20, "first": 20, "random": 39} {
		d, err := Open(context.Background(), pattern, Config{CaptionChoice: choice}, Need{Caption: true})
		must(t, err)
		var got []string
		for c, err := range d.Captions(context.Background()) {
			must(t, err)
			got = append(got, c)
		}
		if len(got) != want || !slices.Contains(got, "third") ||
			slices.Contains(got, "other 5") != (choice == "random") {
			t.Errorf("caption_choice %q: %d captions %q; want %d", choice, len(got), got, want)
		}
	}
}
