package pack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

// lines reads the lines of a text, of any length up to maxLine.
type lines struct {
	r      *bufio.Reader
	text   []byte
	number int // from 1
	err    error
}

const maxLine = 64 << 20

func newLines(r io.Reader) *lines {
	l := &lines{r: bufio.NewReaderSize(r, 1<<16)}
	skipByteOrderMark(l.r)
	return l
}

// byteOrderMark is what spreadsheets and some editors begin a text with.
const byteOrderMark = "\ufeff"

func skipByteOrderMark(r *bufio.Reader) {
	if start, _ := r.Peek(len(byteOrderMark)); string(start) == byteOrderMark { // an error comes again
		r.Discard(len(byteOrderMark)) //nolint:errcheck // it is in the buffer
	}
}

func (l *lines) next() bool {
	l.text = l.text[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		l.text = append(l.text, part...)
		switch {
		case len(l.text) > maxLine:
			l.err = fmt.Errorf("a line of more than %d bytes", maxLine)
			return false
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			l.err = err
			return false
		case err != nil && len(l.text) == 0:
			return false
		}
		l.number++
		return true
	}
}

// decodeObject reads a JSON object in UTF-8; its numbers keep their digits.
func decodeObject(text []byte) (keys map[string]any, err error) {
	if !utf8.Valid(text) { // which Decode would replace
		return nil, fmt.Errorf("text is not UTF-8; want that, or that the encoding is %s", encodingNames)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&keys); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one object in a line")
	}
	if keys == nil {
		return nil, errors.New("null; want an object")
	}
	return keys, nil
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
