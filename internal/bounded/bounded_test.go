package bounded

import (
	"testing"
	"time"
)

// failures counts what Run finds.
type failures struct {
	testing.TB
	n int
}

func (f *failures) Helper()               {}
func (f *failures) Errorf(string, ...any) { f.n++ }

var sink []byte

func TestRun(t *testing.T) {
	for _, test := range []struct {
		name string
		want int
		f    func()
	}{
		{"little", 0, func() {}},
		{"memory", 1, func() { sink = make([]byte, 2<<20) }},
		{"time", 1, func() {
			for end := processor() + second + 50*time.Millisecond; processor() < end; {
			}
		}},
	} {
		f := &failures{TB: t}
		Run(f, 1<<20, test.f)
		if f.n != test.want {
			t.Errorf("%s: %d failures, want %d", test.name, f.n, test.want)
		}
	}
}
