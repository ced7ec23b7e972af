package pack

import (
	"fmt"
	"io"
	"strings"
)

// A tsv reads rows of fields with tabs between, a row a line. A field in double
// quotes that ends on its line, with "" for each quote inside, is read as CSV
// has it; in any other field a quote is a character as every other, so that a
// caption may begin with one.
type tsv struct {
	lines  *lines
	fields int // of the line of names
}

// newTSV returns what reads the next row of a TSV file and the number of its line.
func newTSV(f io.Reader) func() (record []string, line int, err error) {
	return (&tsv{lines: newLines(f)}).read
}

// read returns the next row and the number of its line. Empty lines are no
// rows; io.EOF is the end.
func (t *tsv) read() (record []string, line int, err error) {
	for t.lines.next() {
		text := strings.TrimSuffix(strings.TrimSuffix(string(t.lines.text), "\n"), "\r")
		if text == "" {
			continue
		}
		record = splitTSV(text)
		if t.fields == 0 {
			t.fields = len(record)
		}
		if len(record) != t.fields {
			return nil, 0, fmt.Errorf("line %d: fields: have %d; want %d, one for each name", t.lines.number,
				len(record), t.fields)
		}
		return record, t.lines.number, nil
	}
	if t.lines.err != nil {
		return nil, 0, fmt.Errorf("line %d: %w", t.lines.number+1, t.lines.err)
	}
	return nil, 0, io.EOF
}

// splitTSV splits a line into its fields.
func splitTSV(line string) (record []string) {
	for {
		field, rest, ok := cutQuoted(line)
		if !ok {
			end := strings.IndexByte(line, '\t')
			if end < 0 {
				end = len(line)
			}
			field, rest = line[:end], line[end:]
		}
		record = append(record, field)
		if rest == "" {
			return record
		}
		line = rest[1:]
	}
}

// cutQuoted takes a field in quotes from the start of a line. It is false where
// there is none: no quote, no end, or characters between its end and the tab.
func cutQuoted(line string) (field, rest string, ok bool) {
	if !strings.HasPrefix(line, `"`) {
		return "", "", false
	}
	for i := 1; i < len(line); i++ {
		if line[i] != '"' {
			continue
		}
		rest = line[i+1:]
		switch {
		case rest == "" || rest[0] == '\t':
			return strings.ReplaceAll(line[1:i], `""`, `"`), rest, true
		case rest[0] != '"':
			return "", "", false
		}
		i++ // a quote for each two
	}
	return "", "", false
}
