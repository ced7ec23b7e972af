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
		{Config{Sets: []Set{{"a", "b"}}}, "sets without classes"},
		{Config{Templates: "t"}, "templates t without classes"},
	} {
		err := test.c.Validate()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("Validate(%+v) = %v; want %q", test.c, err, test.want)
		}
	}
}
