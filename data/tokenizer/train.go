package tokenizer

import (
	"container/heap"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// defaultSpecials are the names of start and end of text, as open_clip has them.
var defaultSpecials = [2]string{"<start_of_text>", "<end_of_text>"}

// MinVocabSize is the size of a vocabulary of bytes alone.
const MinVocabSize = firstMerge + 2

// maxTrainedWord is the number of bytes of the longest word that Train counts:
// a merge in a word costs time by its length.
const maxTrainedWord = 1024

// Train makes a vocabulary of at most size tokens: the bytes, then, again and
// again, the pair of symbols that occurs most often in the captions, as long as
// one occurs twice. Of equally frequent pairs, the one of earlier symbols comes
// first, so that the result depends on the captions alone, not on their order.
// A word of more than 1024 bytes is taken for data gone astray, and not counted.
func Train(captions iter.Seq2[string, error], size int) (*Tokenizer, error) {
	if size < MinVocabSize {
		return nil, fmt.Errorf("tokenizer: vocabulary of %d; want at least %d, the bytes and the two ends",
			size, MinVocabSize)
	}
	counts := map[string]int{}
	for caption, err := range captions {
		if err != nil {
			return nil, fmt.Errorf("tokenizer: %w", err)
		}
		for word := range words(CleanLower.apply(caption), defaultSpecials) {
			if len(word) <= maxTrainedWord && !slices.Contains(defaultSpecials[:], word) {
				counts[word]++
			}
		}
	}
	if len(counts) == 0 {
		return nil, fmt.Errorf("tokenizer: no word in the captions")
	}
	return newCLIP(learn(counts, size-MinVocabSize), defaultSpecials), nil
}

// A wordCount is a word as symbols, and how often it occurs.
type wordCount struct {
	symbols []int32
	n       int
}

// A corpus keeps the counts of all pairs while words are merged.
type corpus struct {
	words []wordCount
	count map[pair]int
	where map[pair][]int32 // words that held the pair at some time
	queue pairQueue        // may hold counts that are no longer true: too large ones
}

// learn returns up to n merges.
func learn(counts map[string]int, n int) (merges []pair) {
	c := corpus{count: map[pair]int{}, where: map[pair][]int32{}}
	for i, text := range slices.Sorted(maps.Keys(counts)) {
		w := wordCount{symbols(text), counts[text]}
		c.words = append(c.words, w)
		c.add(w.symbols, w.n)
		for p := range pairs(w.symbols) {
			c.found(p, int32(i))
		}
	}
	for p, n := range c.count {
		c.queue = append(c.queue, pairCount{p, n})
	}
	heap.Init(&c.queue)
	for len(merges) < n && len(c.queue) > 0 {
		best := heap.Pop(&c.queue).(pairCount)
		if now := c.count[best.pair]; now != best.n { // it has lost some since
			if now > 0 {
				heap.Push(&c.queue, pairCount{best.pair, now})
			}
			continue
		}
		if best.n < 2 {
			break
		}
		c.merge(best.pair, firstMerge+int32(len(merges)))
		merges = append(merges, best.pair)
	}
	return merges
}

// pairs are the neighbors in s, from the left.
func pairs(s []int32) iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for i := 1; i < len(s); i++ {
			if !yield(pair{s[i-1], s[i]}) {
				return
			}
		}
	}
}

// add counts each pair of s n times more.
func (c *corpus) add(s []int32, n int) {
	for p := range pairs(s) {
		if c.count[p] += n; c.count[p] == 0 {
			delete(c.count, p)
		}
	}
}

// found notes that a word holds p, and reports whether it is the first to.
func (c *corpus) found(p pair, word int32) (first bool) {
	in := c.where[p]
	if len(in) == 0 || in[len(in)-1] != word {
		c.where[p] = append(in, word)
	}
	return len(in) == 0
}

// merge joins p to the new symbol id in every word that has it. Only pairs with
// the new symbol gain by it, so only they join the queue.
func (c *corpus) merge(p pair, id int32) {
	var created []pair
	for _, word := range c.where[p] {
		w := &c.words[word]
		c.add(w.symbols, -w.n)
		w.symbols = join(w.symbols, p, id)
		c.add(w.symbols, w.n)
		for q := range pairs(w.symbols) {
			if (q.left == id || q.right == id) && c.found(q, word) {
				created = append(created, q)
			}
		}
	}
	delete(c.where, p)
	for _, q := range created {
		heap.Push(&c.queue, pairCount{q, c.count[q]})
	}
}

type pairCount struct {
	pair
	n int
}

// A pairQueue is a heap: the most frequent first, then the earliest symbols.
type pairQueue []pairCount

func (q pairQueue) Len() int      { return len(q) }
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(pairCount)) }

func (q *pairQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

func (q pairQueue) Less(i, j int) bool {
	switch a, b := q[i], q[j]; {
	case a.n != b.n:
		return a.n > b.n
	case a.left != b.left:
		return a.left < b.left
	default:
		return a.right < b.right
	}
}

// join replaces each occurrence of p in s, from the left, in place.
func join(s []int32, p pair, id int32) []int32 {
	out := s[:0]
	for i := 0; i < len(s); i++ {
		if i+1 < len(s) && s[i] == p.left && s[i+1] == p.right {
			out = append(out, id)
			i++
			continue
		}
		out = append(out, s[i])
	}
	return out
}
