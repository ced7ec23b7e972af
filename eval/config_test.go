package eval

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConfig(t *testing.T) {
	var c Config
	c.SetDefaults()
	if d := cmp.Diff(Config{Batch: 64}, c); d != "" {
		t.Errorf("defaults (-want +got):\n%s", d)
	}
	c.Batch = 7
	if c.SetDefaults(); c.Batch != 7 {
		t.Errorf("batch 7 becomes %d", c.Batch)
	}
	sets := func(all ...Set) Config { return Config{Classes: "c", Sets: all} }
	for _, test := range []struct {
		c    Config
		want string
	}{
		{Config{}, ""},
		{Config{Classes: "c", Templates: "t", Sets: []Set{{"a", "b"}}, Batch: 1}, ""},
		{Config{Batch: -1}, "eval: batch -1 is negative"},
		{sets(Set{"a", "b"}, Set{"", "b"}), `sets[1]: name "", data "b"; want both`},
		{sets(Set{"a", ""}), `sets[0]: name "a", data ""; want both`},
		{Config{Sets: []Set{{"a", "b"}}, MaxPairs: -1}, ""},
		{Config{Templates: "t"}, "templates t without classes"},
	} {
		err := test.c.Validate()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("Validate(%+v) = %v; want %q", test.c, err, test.want)
		}
	}
}

// TestPairs holds what eval.max_pairs comes to: for batches of 100, an image with its
// captions that costs a third of a pair's step.
func TestPairs(t *testing.T) {
	for _, test := range []struct {
		max, sets, every, want, most int
	}{
		{0, 1, 500, 450, 1000}, // 0.3 % of 50,000 pairs, three times as many images
		{0, 2, 500, 225, 1000},
		{0, 1, 5000, 1000, 1000},
		{0, 1, 1, 100, 1000}, // one batch
		{20, 1, 1, 20, 20},
		{5000, 2, 1, 5000, 5000},
		{-1, 1, 1000, 0, 0},
	} {
		c := Config{MaxPairs: test.max}
		if got := c.Pairs(test.sets, 100, test.every, 1, 3); got != test.want || c.MostPairs(100) != test.most {
			t.Errorf("max_pairs %d, %d sets, every %d steps: %d, at most %d; want %d, %d", test.max, test.sets,
				test.every, got, c.MostPairs(100), test.want, test.most)
		}
	}
}
