package guard

import (
	"errors"
	"testing"
)

func TestCall(t *testing.T) {
	broken := errors.New("broken")
	if err := Call(func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("Call = %v, want %v", err, broken)
	}
	const want = "damaged: runtime error: index out of range [3] with length 0"
	if err := Call(func() error { _ = []int{}[len("abc")]; return nil }); err == nil || err.Error() != want {
		t.Errorf("Call of what panics = %v, want %q", err, want)
	}
}
