package tokenizer

import (
	"strings"
	"sync"
)

// A wordCache keeps the ids of words that were seen. It may be used by several
// goroutines at once.
type wordCache struct {
	mu  sync.RWMutex
	ids map[string][]int32
}

// maxCachedWords bounds a cache: about 20 MB.
const maxCachedWords = 1 << 17

// longWord is the number of bytes from which a word is not kept.
const longWord = 128

// get returns the ids of word, which encode finds if they are not known. The
// caller does not change them.
func (c *wordCache) get(word string, encode func(string) []int32) []int32 {
	if len(word) >= longWord {
		return encode(word)
	}
	c.mu.RLock()
	ids, ok := c.ids[word]
	c.mu.RUnlock()
	if ok {
		return ids
	}
	ids = encode(word)
	c.mu.Lock()
	if c.ids == nil || len(c.ids) >= maxCachedWords {
		c.ids = map[string][]int32{}
	}
	c.ids[strings.Clone(word)] = ids
	c.mu.Unlock()
	return ids
}
