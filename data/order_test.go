package data

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestOrder holds that each row occurs once an epoch, whatever the sizes, and
// that a window is found from any position in it.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.Int64Range(1, 5000).Draw(t, "rows")
		size := rapid.IntRange(1, 6000).Draw(t, "window")
		epoch := rapid.Int64Range(0, 3).Draw(t, "epoch")
		o := newOrder(7, rows, size)
		seen := make([]bool, rows)
		for position := epoch * rows; position < (epoch+1)*rows; {
			w := o.at(position)
			probe := position + rapid.Int64Range(0, int64(len(w.order))-1).Draw(t, "probe")
			if again := newOrder(7, rows, size).at(probe); again.start != w.start || !slices.Equal(again.order, w.order) {
				t.Fatalf("the window of position %d differs from that of %d", probe, position)
			}
			var members []int64
			for _, part := range w.parts {
				for r := part[0]; r < part[1]; r++ {
					members = append(members, r)
				}
			}
			for _, i := range w.order {
				if seen[members[i]] {
					t.Fatalf("row %d comes twice", members[i])
				}
				seen[members[i]] = true
			}
			position += int64(len(w.order))
		}
		if i := slices.Index(seen, false); i >= 0 {
			t.Fatalf("row %d does not come", i)
		}
	})
}
