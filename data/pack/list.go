package pack

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/internal/regular"
)

// A list is a source in memory but for its images: a few hundred bytes a row,
// and its captions.
type list struct {
	pairs   []pair
	columns []column
	index   map[string]int // of columns
	classes []string       // names of labels; nil where labels are numbers
	given   []string       // Config.Classes
	hash    hash.Hash      // of all that the rows are made of

	ignored      map[string]int64 // files that are no images, by extension
	skipped      int64            // images without a caption
	several      bool             // whether a text file has several captions
	captionsFrom string           // where they were found

	hasCaption, hasCaptions, hasLabel bool

	leaves *parquet.Schema
}

// A pair is one row.
type pair struct {
	where    string
	image    place
	caption  string
	captions []string
	label    string // "" means none
	number   int64  // of the label
	extras   []any  // by column; nil beyond the end
}

// A place is where an image is: a file, or a part of one where size is not 0.
type place struct {
	path         string
	offset, size int64  // size -1 stands for a part of no bytes
	name         string // of a part
}

// fileName is the name of the file, without folders.
func (p place) fileName() string {
	if p.name != "" {
		return p.name
	}
	return filepath.Base(p.path)
}

// read reads it, and refuses what no image is as large as.
func (p place) read() ([]byte, error) {
	if p.size < 0 {
		return nil, nil
	}
	f, err := regular.Open(p.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if p.size == 0 {
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		p.size = info.Size()
	}
	if p.size > maxImage {
		return nil, fmt.Errorf("%s: image of %d bytes; want at most %d", p.path, p.size, maxImage)
	}
	file := make([]byte, p.size)
	_, err = io.ReadFull(io.NewSectionReader(f, p.offset, p.size), file)
	return file, err
}

const maxImage = 1 << 30

// A column is one beside the image, the captions and the label.
type column struct {
	name string
	kind kind
}

// A kind is the type of a column: the least that holds all values.
type kind int

const (
	null kind = iota
	boolean
	integer
	number
	text
)

func newList(c Config) *list {
	l := &list{index: map[string]int{}, hash: sha256.New(), given: c.Classes}
	if len(c.Classes) > 0 {
		fmt.Fprintf(l.hash, "%q\n", c.Classes)
	}
	if c.Encoding != "" {
		fmt.Fprintf(l.hash, "%s\n", c.Encoding)
	}
	return l
}

// setLines takes the captions of a text file, one a line.
func (l *list) setLines(p *pair, text string) {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	switch len(lines) {
	case 0:
	case 1:
		p.caption = lines[0]
	default:
		p.captions, l.several = lines, true
		l.captionsFrom = "each line of a .txt is a caption"
	}
}

// kindOf is the kind of a value: nil, bool, int64, float64 or string.
func kindOf(v any) kind {
	switch v.(type) {
	case nil:
		return null
	case bool:
		return boolean
	case int64:
		return integer
	case float64:
		return number
	}
	return text
}

// set gives a pair a value in a column.
func (l *list) set(p *pair, name string, v any) {
	i, ok := l.index[name]
	if !ok {
		i = len(l.columns)
		l.index[name] = i
		l.columns = append(l.columns, column{name: name})
	}
	for len(p.extras) <= i {
		p.extras = append(p.extras, nil)
	}
	p.extras[i] = v
	switch have, k := l.columns[i].kind, kindOf(v); {
	case k == null || k == have:
	case have == null, have == integer && k == number:
		l.columns[i].kind = k
	case have == number && k == integer:
	default:
		l.columns[i].kind = text
	}
}

// add adds a pair. Every text must be UTF-8, which columns of text promise.
func (l *list) add(p pair) error {
	err := cmp.Or(checkUTF8("name of the image", p.image.fileName()), checkUTF8("caption", p.caption),
		checkUTF8("label", p.label))
	for _, c := range p.captions {
		err = cmp.Or(err, checkUTF8("caption", c))
	}
	for i, v := range p.extras {
		if s, ok := v.(string); ok && err == nil {
			err = checkUTF8(l.columns[i].name, s)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.where, err)
	}
	l.pairs = append(l.pairs, p)
	return nil
}

// finish settles labels and the schema, when all pairs are there.
func (l *list) finish() error {
	for _, name := range []string{"image", "caption", "captions", "label"} {
		if _, ok := l.index[name]; ok {
			return fmt.Errorf("pack: a column %s beside the one that is packed under that name; want another name", name)
		}
	}
	for i := range l.pairs {
		p := &l.pairs[i]
		if l.several && p.caption != "" { // as a list, which the others have
			p.captions, p.caption = append([]string{p.caption}, p.captions...), ""
		}
		l.hasCaption = l.hasCaption || p.caption != ""
		l.hasCaptions = l.hasCaptions || len(p.captions) > 0
		l.hasLabel = l.hasLabel || p.label != ""
	}
	if !l.hasCaption && !l.hasCaptions && !l.hasLabel {
		return fmt.Errorf("pack: no row has a caption or a label")
	}
	if err := l.numberLabels(); err != nil {
		return err
	}
	l.leaves = l.newSchema()
	return nil
}

func (l *list) newSchema() *parquet.Schema {
	packed := func(n parquet.Node) parquet.Node {
		return parquet.Optional(parquet.Compressed(n, &parquet.Snappy))
	}
	root := parquet.Group{"image": parquet.Optional(parquet.Group{
		"bytes": parquet.Optional(parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), &parquet.Plain)),
		"path":  packed(parquet.String()),
	})}
	if l.hasCaption {
		root["caption"] = packed(parquet.String())
	}
	if l.hasCaptions {
		root["captions"] = parquet.List(parquet.Compressed(parquet.String(), &parquet.Snappy))
	}
	if l.hasLabel {
		root["label"] = packed(parquet.Leaf(parquet.Int64Type))
	}
	for _, c := range l.columns {
		switch c.kind {
		case boolean:
			root[c.name] = packed(parquet.Leaf(parquet.BooleanType))
		case integer:
			root[c.name] = packed(parquet.Leaf(parquet.Int64Type))
		case number:
			root[c.name] = packed(parquet.Leaf(parquet.DoubleType))
		default:
			root[c.name] = packed(parquet.String())
		}
	}
	return parquet.NewSchema("pairs", root)
}

func (l *list) rows() int64             { return int64(len(l.pairs)) }
func (l *list) schema() *parquet.Schema { return l.leaves }
func (l *list) imageColumn() []string   { return []string{"image", "bytes"} }
func (l *list) identity() string        { return fmt.Sprintf("%x", l.hash.Sum(nil)) }
func (l *list) classNames() []string    { return l.classes }
func (l *list) close()                  {}

// metadata describes the columns to the datasets library of Hugging Face.
func (l *list) metadata() map[string]string {
	type value map[string]any
	plain := func(dtype string) value { return value{"_type": "Value", "dtype": dtype} }
	features := value{"image": value{"_type": "Image"}}
	if l.hasCaption {
		features["caption"] = plain("string")
	}
	if l.hasCaptions {
		features["captions"] = value{"_type": "Sequence", "feature": plain("string")}
	}
	if l.hasLabel {
		features["label"] = plain("int64")
	}
	if len(l.classes) > 0 {
		features["label"] = value{"_type": "ClassLabel", "names": l.classes}
	}
	for _, c := range l.columns {
		features[c.name] = plain(map[kind]string{null: "string", boolean: "bool", integer: "int64",
			number: "float64", text: "string"}[c.kind])
	}
	text, err := json.Marshal(value{"info": value{"features": features}})
	if err != nil { // of maps of strings
		panic(err)
	}
	return map[string]string{"huggingface": string(text)}
}

func (l *list) read(lo, hi int64) (records []record, err error) {
	for i := lo; i < hi; i++ {
		p := &l.pairs[i]
		records = append(records, record{where: p.where, row: l.row(p), load: p.image.read})
	}
	return records, nil
}

// row makes the values of a pair, in the order of the columns.
func (l *list) row(p *pair) (row parquet.Row) {
	for i, path := range l.leaves.Columns() {
		optional := func(there bool, v func() parquet.Value) {
			if there {
				row = append(row, v().Level(0, 1, i))
			} else {
				row = append(row, parquet.NullValue().Level(0, 0, i))
			}
		}
		switch path[0] {
		case "image":
			name := ""
			if path[1] == "path" {
				name = p.image.fileName()
			}
			row = append(row, parquet.ByteArrayValue([]byte(name)).Level(0, 2, i))
		case "caption":
			optional(p.caption != "", func() parquet.Value { return parquet.ByteArrayValue([]byte(p.caption)) })
		case "captions":
			optional(len(p.captions) > 0, func() parquet.Value { return parquet.ByteArrayValue([]byte(p.captions[0])) })
			for j := 1; j < len(p.captions); j++ {
				row = append(row, parquet.ByteArrayValue([]byte(p.captions[j])).Level(1, 1, i))
			}
		case "label":
			optional(p.label != "", func() parquet.Value { return parquet.Int64Value(p.number) })
		default:
			at := l.index[path[0]]
			var v any
			if at < len(p.extras) {
				v = p.extras[at]
			}
			optional(v != nil, func() parquet.Value { return l.columns[at].value(v) })
		}
	}
	return row
}

// value is v as the column has it.
func (c column) value(v any) parquet.Value {
	switch v := v.(type) {
	case bool:
		if c.kind == boolean {
			return parquet.BooleanValue(v)
		}
	case int64:
		switch c.kind {
		case integer:
			return parquet.Int64Value(v)
		case number:
			return parquet.DoubleValue(float64(v))
		}
	case float64:
		if c.kind == number {
			return parquet.DoubleValue(v)
		}
	}
	return parquet.ByteArrayValue([]byte(fmt.Sprint(v)))
}

// named gives the value of the first name that a row has.
func named(has func(string) bool, given string, known ...string) string {
	if given != "" {
		return given
	}
	for _, name := range known {
		if has(name) {
			return name
		}
	}
	return ""
}

var (
	imageNames   = []string{"image", "path", "filepath", "file_name", "filename", "file", "image_path"}
	captionNames = []string{"caption", "text", "txt", "title"}
	labelNames   = []string{"label", "cls"}
)
