package data

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/text/unicode/norm"
)

// What one row may hold; more makes it a bad row.
const (
	maxImageBytes   = 64 << 20
	maxCaptionBytes = 1 << 20
	maxCaptions     = 1000
)

// A RowRef says where a row is: the shard, and the row in it, from 0.
type RowRef struct {
	Shard string
	Row   int64
}

func (r RowRef) String() string { return fmt.Sprintf("%s: row %d", r.Shard, r.Row) }

// FormatRows writes rows in one line, the rows of a shard together.
func FormatRows(rows []RowRef) string {
	var s strings.Builder
	last := ""
	for _, r := range slices.SortedStableFunc(slices.Values(rows),
		func(a, b RowRef) int { return strings.Compare(a.Shard, b.Shard) }) {
		switch {
		case r.Shard == last:
			s.WriteString(", ")
		case last == "":
			s.WriteString(r.Shard + ": rows ")
		default:
			s.WriteString("; " + r.Shard + ": rows ")
		}
		last = r.Shard
		fmt.Fprint(&s, r.Row)
	}
	return s.String()
}

// A row is one pair before it is decoded.
type row struct {
	ref      RowRef
	group    int // the row group
	image    []byte
	captions []string
	label    int64  // -1 without one
	unknown  string // the label, where it is the name of no class
	status   string
	weighted [][]string // captions of each column of Config.Captions
	dropped  bool       // by a condition, so that its image is not read
	excess   string     // what there is too much of, or ""
}

// setImage keeps a copy of an image file.
func (r *row) setImage(v parquet.Value) {
	file := text(v)
	if r.dropped {
		return
	}
	if len(file) > maxImageBytes {
		r.excess = fmt.Sprintf("image of %d bytes; want at most %d", len(file), maxImageBytes)
		return
	}
	r.image = append([]byte(nil), file...)
}

// addCaption adds a caption, unless a list repeats the one of the caption column.
func (r *row) addCaption(v parquet.Value) { r.captions = r.with(r.captions, v) }

// addWeighted adds a caption of a column of Config.Captions.
func (r *row) addWeighted(column int, v parquet.Value) {
	for len(r.weighted) <= column {
		r.weighted = append(r.weighted, nil)
	}
	r.weighted[column] = r.with(r.weighted[column], v)
}

// with adds a caption to others, unless it is one of them.
func (r *row) with(captions []string, v parquet.Value) []string {
	caption := text(v)
	switch {
	case len(caption) > maxCaptionBytes:
		r.excess = fmt.Sprintf("caption of %d bytes; want at most %d", len(caption), maxCaptionBytes)
		return captions
	case len(captions) == maxCaptions:
		r.excess = fmt.Sprintf("more than %d captions", maxCaptions)
		return captions
	}
	for _, c := range captions {
		if c == string(caption) {
			return captions
		}
	}
	return append(captions, string(caption))
}

// text is the bytes of a value; a number has none.
func text(v parquet.Value) []byte {
	if k := v.Kind(); k != parquet.ByteArray && k != parquet.FixedLenByteArray {
		return nil
	}
	return v.ByteArray()
}

// brief copies text that should be a word.
func brief(text []byte) string { return string(text[:min(len(text), 100)]) }

// setLabel takes a label: a whole number or, with classes, the name of one.
func (r *row) setLabel(v parquet.Value, classes map[string]int64) {
	switch v.Kind() {
	case parquet.Int32:
		r.label = int64(v.Int32())
	case parquet.Int64:
		r.label = v.Int64()
	default:
		name := labelName(string(text(v)))
		if label, ok := classes[name]; ok {
			r.label = label
			return
		}
		r.unknown = brief([]byte(name))
	}
}

// labelName is the name of a class as it is compared.
func labelName(name string) string { return norm.NFC.String(strings.TrimSpace(name)) }

// notText says which of some captions is not UTF-8, or "".
func notText(captions []string) string {
	for _, c := range captions {
		if !utf8.ValidString(c) {
			return fmt.Sprintf("caption %q is not UTF-8", brief([]byte(c)))
		}
	}
	return ""
}

// problem says why a row cannot be used whatever its caption, or "".
func (r *row) problem() string {
	switch {
	case r.status != "" && r.status != "success":
		return "status " + r.status
	case r.excess != "":
		return r.excess
	case len(r.image) == 0:
		return "no image"
	}
	return ""
}
