package run

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/goclip/goclip/internal/bounded"
)

// FuzzState: a state that is read has numbers that fit each other, and is
// written and read as itself.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"step":20,"pairs":640,"seed":3,"batch":32,"rows":100,"shards":{"a.parquet":"ab"},"watch":{"norms":[1],"skipped":2}}`))
	f.Add([]byte(`{"step":-1,"pairs":-32,"batch":32,"rows":1}`))
	f.Add([]byte(`{"step":1e9,"pairs":9223372036854775807,"batch":0}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s state
		var err error
		bounded.Run(t, 1<<20+200*uint64(len(text)), func() { s, err = parseState(text) })
		if err != nil {
			return
		}
		if s.Pairs != int64(s.Step)*int64(s.Batch) {
			t.Errorf("step %d of %d pairs after %d", s.Step, s.Batch, s.Pairs)
		}
		written, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseState(written)
		if err != nil {
			t.Fatal(err)
		}
		if rewritten, err := json.Marshal(again); err != nil || !bytes.Equal(rewritten, written) {
			t.Errorf("read, written and read again: %s, %v; want %s", rewritten, err, written)
		}
	})
}
