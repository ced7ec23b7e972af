package where

import (
	"testing"

	"pgregory.net/rapid"
)

func TestKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Bool(), 1, 300).Draw(t, "rows")
		k := NewKept(int64(len(rows)))
		var want []int64
		for i, keep := range rows {
			if keep {
				k.Add(int64(i))
				want = append(want, int64(i))
			}
		}
		k.Done()
		if k.Len() != int64(len(want)) {
			t.Fatalf("%d kept, want %d", k.Len(), len(want))
		}
		for place, row := range want {
			if got := k.Row(int64(place)); got != row || !k.Has(row) {
				t.Fatalf("row %d at place %d, want %d", got, place, row)
			}
		}
	})
}
