package nearest

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	for _, test := range []struct{ name, candidates, want string }{
		{"confg", "config workdir set", "config"},
		{"wrokdir", "config workdir set", "workdir"},
		{"optim.wramup", "optim.warmup optim.beta1", "optim.warmup"},
		{"elephant", "config workdir set", ""},
		{strings.Repeat("x", 101), strings.Repeat("x", 100), ""},
	} {
		if have := Of(test.name, strings.Fields(test.candidates)); have != test.want {
			t.Errorf("Of(%q, %s) = %q, want %q", test.name, test.candidates, have, test.want)
		}
	}
}
