package tokenizer

import (
	"bytes"
	_ "embed"
	"sync"
)

// CLIP is the name by which Load gives CLIP's own vocabulary. A file or folder
// of that name does not hide it: write ./clip for one.
const CLIP = "clip"

// clipFile is openai/CLIP's, under the license beside it.
//
//go:embed vocab/bpe_simple_vocab_16e6.txt.gz
var clipFile []byte

// clipVocabulary is CLIP's tokenizer of 49,408 tokens, read once.
var clipVocabulary = sync.OnceValues(func() (*Tokenizer, error) {
	text, err := unpack(bytes.NewReader(clipFile))
	if err != nil {
		return nil, err
	}
	return parseMerges(text)
})
