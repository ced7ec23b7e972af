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
			if again := newOrder(7, rows, size).at(probe); again.start != w.start ||
				!slices.Equal(again.order, w.order) {
				t.Fatalf("position %d has another window than position %d", probe, position)
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

// TestGoldenOrder holds the draws that runs of earlier versions made: a change ends
// the promise that a run which goes on takes the same steps.
func TestGoldenOrder(t *testing.T) {
	o := newOrder(1, 5000, 1024)
	for _, test := range []struct {
		position int64
		want     []int64 // the window's start, its length, and its first six rows
	}{
		{17_777, []int64{17048, 1024, 3562, 3502, 1789, 1680, 3413, 1897}},
		{0, []int64{0, 904, 4143, 4826, 4516, 4657, 4169, 4728}}, // back again
		{4999, []int64{3976, 1024, 1990, 2060, 2469, 1996, 1774, 1887}},
		{5000, []int64{5000, 1024, 856, 882, 4198, 4199, 708, 827}},
	} {
		w := o.at(test.position)
		rows := w.rows()
		got := []int64{w.start, int64(len(w.order))}
		for _, i := range w.order[:6] {
			got = append(got, rows[i])
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("window of position %d: %d, want %d", test.position, got, test.want)
		}
	}
	m := newMixture(1, quotas([]Source{{Weight: 5}, {Weight: 3}, {Weight: 2}}))
	var got []int64
	for _, position := range []int64{0, 1, 2, 3, 4, 20_000, 20_001} {
		source, place := m.at(position)
		got = append(got, int64(source), place)
	}
	if want := []int64{2, 0, 0, 0, 2, 1, 0, 1, 0, 2, 0, 10049, 0, 10050}; !slices.Equal(got, want) {
		t.Errorf("sources and places %d, want %d", got, want)
	}
	for purpose, want := range map[uint64]uint64{
		purposeBlocks: 8052695754338515072, purposeRows: 13160300424836219591, purposeCaption: 16871366242205636093,
		purposeAugment:       10763834532097088484,
		purposeCaptionColumn: 5217313753643934229, purposeMix: 6842419971256509153,
	} {
		if got := keyed(7, purpose, 2, 3).Uint64(); got != want {
			t.Errorf("first draw of purpose %d: %d, want %d", purpose, got, want)
		}
	}
}
