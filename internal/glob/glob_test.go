package glob

import "testing"

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"visual.*", "visual.transformer.resblocks.0.ln_1.weight", true},
		{"visual.*", "transformer.resblocks.0.ln_1.weight", false},
		{"transformer.*", "visual.transformer.resblocks.0.ln_1.weight", false},
		{"*.resblocks.[01].*", "visual.transformer.resblocks.1.ln_1.weight", true},
		{"*.resblocks.?.*", "visual.transformer.resblocks.11.ln_1.weight", false},
		{"visual.proj", "visual.proj", true},
		{"visual.pro", "visual.proj", false},
	} {
		if got := Valid(test.pattern) && Match(test.pattern, test.name); got != test.want {
			t.Errorf("%s on %s: %t, want %t", test.pattern, test.name, got, test.want)
		}
	}
	for _, pattern := range []string{"", "[a"} {
		if Valid(pattern) {
			t.Errorf("%q is a pattern; want not", pattern)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"logit_scale", "visual.proj", "visual.ln_post.bias", "ln_final.bias"}
	for pattern, want := range map[string]string{
		"vision.*": "visual.proj", "*.ln_last.bias": "visual.ln_post.bias", "ln_finale*": "ln_final.bias",
	} {
		if got := Nearest(pattern, names); got != want {
			t.Errorf("nearest to %s is %q, want %q", pattern, got, want)
		}
	}
	if got := Nearest("a", nil); got != "" {
		t.Errorf("nearest of none is %q", got)
	}
}
