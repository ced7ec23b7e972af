package tokenizer

import "container/heap"

// A pair of neighboring symbols.
type pair struct{ left, right int32 }

// A merge is what a pair becomes: the symbol id. The lowest rank is merged first.
type merge struct{ rank, id int32 }

// mergeQueue joins the pair of the lowest rank, the leftmost first, until there
// is none. A queue holds the pairs by rank, then place, and neighbors are
// linked, so that a word of 100 kB takes no longer per symbol than a short one.
// It overwrites s.
func mergeQueue(s []int32, merges map[pair]merge) []int32 {
	left, right := make([]int32, len(s)), make([]int32, len(s))
	for i := range s {
		left[i], right[i] = int32(i)-1, int32(i)+1
	}
	var queue placeQueue
	push := func(at int32) {
		if at < 0 || int(right[at]) == len(s) {
			return
		}
		if m, ok := merges[pair{s[at], s[right[at]]}]; ok {
			heap.Push(&queue, place{m, at})
		}
	}
	for i := range s {
		push(int32(i))
	}
	for len(queue) > 0 {
		best := heap.Pop(&queue).(place)
		i := best.at
		j := right[i]
		if int(j) == len(s) {
			continue // merged with another since, as below
		}
		if m, ok := merges[pair{s[i], s[j]}]; !ok || m != best.merge {
			continue
		}
		s[i], s[j] = best.id, merged
		if right[i] = right[j]; int(right[i]) < len(s) {
			left[right[i]] = i
		}
		push(left[i])
		push(i)
	}
	out := s[:0]
	for _, id := range s {
		if id != merged {
			out = append(out, id)
		}
	}
	return out
}

// merged marks a symbol that has become part of the one on its left.
const merged = -1

// A place is where a pair begins, and what it becomes.
type place struct {
	merge
	at int32
}

// A placeQueue is a heap: the lowest rank first, then the leftmost.
type placeQueue []place

func (q placeQueue) Len() int      { return len(q) }
func (q placeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *placeQueue) Push(x any)   { *q = append(*q, x.(place)) }

func (q *placeQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

func (q placeQueue) Less(i, j int) bool {
	return q[i].rank < q[j].rank || q[i].rank == q[j].rank && q[i].at < q[j].at
}
