package tokenizer

import "container/heap"

// mergeLong gives what merge gives. That looks at all pairs again after each
// merge, which takes seconds for a word of 100 kB: a caption in a script
// without spaces, or a row that is no caption at all. Here a queue holds the
// pairs by rank, then place, and neighbours are linked. A merge makes only
// pairs of a higher rank than its own, so that the order is the same.
func (t *Tokenizer) mergeLong(s []int32) []int32 {
	left, right := make([]int32, len(s)), make([]int32, len(s))
	for i := range s {
		left[i], right[i] = int32(i)-1, int32(i)+1
	}
	var queue placeQueue
	push := func(at int32) {
		if at < 0 || int(right[at]) == len(s) {
			return
		}
		if r, ok := t.rank[pair{s[at], s[right[at]]}]; ok {
			heap.Push(&queue, place{r, at})
		}
	}
	for i := range s {
		push(int32(i))
	}
	for len(queue) > 0 {
		best := heap.Pop(&queue).(place)
		i := best.at
		j := right[i]
		if int(j) == len(s) || t.merges[best.rank] != (pair{s[i], s[j]}) {
			continue // merged with another since
		}
		s[i], s[j] = firstMerge+best.rank, merged
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

// A place is where a pair of a rank begins.
type place struct{ rank, at int32 }

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
