package prompt

import "testing"

func TestFill(t *testing.T) {
	for _, template := range []string{"a {} here", "a {c} here", "a {0} here", "a %s here"} {
		if err := Check(template); err != nil {
			t.Errorf("Check(%q) = %v", template, err)
		}
		if got := Fill(template, "{} %s"); got != "a {} %s here" {
			t.Errorf("Fill(%q) = %q; want the name in place, as it is", template, got)
		}
	}
	for _, template := range []string{"", "a photo", "{} and {}", "{} and {c}", "%s %s", "{1}"} {
		if Check(template) == nil {
			t.Errorf("Check(%q) = nil; want an error", template)
		}
	}
}
