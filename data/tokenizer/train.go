package tokenizer

import (
	"container/heap"
	"fmt"
	"iter"
	"slices"
)

// defaultSpecials are the names of start and end of text, as open_clip has them.
var defaultSpecials = [2]string{"<start_of_text>", "<end_of_text>"}

// MinVocabSize is the size of a vocabulary of bytes alone.
const MinVocabSize = firstMerge + 2

// Train makes a vocabulary of at most size tokens: the bytes, then, again and
// again, the pair of symbols that occurs most often in the captions, as long as
// one occurs twice. Of equally frequent pairs, the one of earlier symbols comes
// first, so that the result depends on the captions alone.
func Train(captions iter.Seq2[string, error], size int) (*Tokenizer, error) {
	if size < MinVocabSize {
		return nil, fmt.Errorf("tokenizer: vocabulary of %d; want at least %d, the bytes and the two ends", size, MinVocabSize)
	}
	counts := map[string]int{}
	for caption, err := range captions {
		if err != nil {
			return nil, fmt.Errorf("tokenizer: %w", err)
		}
		for word := range words(clean(caption), defaultSpecials) {
			counts[word]++
		}
	}
	if len(counts) == 0 {
		return nil, fmt.Errorf("tokenizer: no word in the captions")
	}
	return newTokenizer(learn(counts, size-MinVocabSize), defaultSpecials), nil
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
	where map[pair]map[int]bool // words that held the pair at some time
	queue pairQueue             // may hold counts that are no longer true
}

// learn returns up to n merges.
func learn(counts map[string]int, n int) (merges []pair) {
	c := corpus{count: map[pair]int{}, where: map[pair]map[int]bool{}}
	texts := make([]string, 0, len(counts))
	for word := range counts {
		texts = append(texts, word)
	}
	slices.Sort(texts)
	for _, word := range texts {
		c.words = append(c.words, wordCount{symbols(word), counts[word]})
		c.add(len(c.words)-1, 1)
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

// add counts the pairs of a word sign times.
func (c *corpus) add(word, sign int) {
	w := c.words[word]
	for i := range len(w.symbols) - 1 {
		p := pair{w.symbols[i], w.symbols[i+1]}
		c.count[p] += sign * w.n
		if sign > 0 {
			if c.where[p] == nil {
				c.where[p] = map[int]bool{}
			}
			c.where[p][word] = true
		}
	}
}

// merge joins p in every word that has it.
func (c *corpus) merge(p pair, id int32) {
	touched := map[pair]bool{}
	for word := range c.where[p] {
		c.add(word, -1)
		w := &c.words[word]
		w.symbols = join(w.symbols, p, id)
		c.add(word, 1)
		for i := range len(w.symbols) - 1 {
			touched[pair{w.symbols[i], w.symbols[i+1]}] = true
		}
	}
	delete(c.count, p)
	delete(c.where, p)
	for t := range touched {
		if t != p {
			heap.Push(&c.queue, pairCount{t, c.count[t]})
		}
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
