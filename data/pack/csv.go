package pack

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/goclip/goclip/internal/regular"
)

// openLists reads the rows of files that name an image each, relative to the
// folder of the file.
func openLists(c Config, paths []string, read listReader) (source, error) {
	l, err := readLists(c, paths, read)
	if err != nil {
		return nil, err
	}
	return l, l.finish()
}

// A listReader adds the rows of a file.
type listReader func(l *list, c Config, path string, f io.Reader) error

// readLists reads the rows of files, but for what all rows settle.
func readLists(c Config, paths []string, read listReader) (*list, error) {
	l := newList(c)
	for _, path := range paths {
		f, err := regular.Open(path)
		if err != nil {
			return nil, fmt.Errorf("pack: %w", err)
		}
		fmt.Fprintf(l.hash, "%s\n", filepath.Base(path))
		err = read(l, c, path, c.decoded(io.TeeReader(f, l.hash)))
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	if c.Format != "jsonl" { // which has types of its own
		l.parseNumbers()
	}
	return l, nil
}

// beside is the path of an image named in a list.
func beside(list, image string) string {
	image = strings.TrimPrefix(image, "file://")
	if filepath.IsAbs(image) {
		return image
	}
	return filepath.Join(filepath.Dir(list), filepath.FromSlash(image))
}

// readCSV adds the rows of a CSV or TSV file, whose first line names columns.
// A column of whole numbers, or of numbers, becomes one of that type, and an
// empty field null. What is not UTF-8 is an error.
func readCSV(l *list, c Config, path string, f io.Reader) error {
	open := newCSV
	if c.Format == "tsv" {
		open = newTSV
	}
	next := open(f)
	record, _, err := next()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("pack: %s: is empty; want a line of names, then rows", path)
	}
	if err != nil {
		return fmt.Errorf("pack: %s: %w", path, err)
	}
	header := slices.Clone(record)
	has := func(name string) bool { return slices.Contains(header, name) }
	image, caption, label := named(has, c.Image, imageNames...), named(has, c.Caption, captionNames...),
		named(has, "", labelNames...)
	switch {
	case !has(image):
		return fmt.Errorf("pack: %s:1: no column of images: have %s; want one of %s, or the name of another",
			path, strings.Join(header, ", "), strings.Join(imageNames, ", "))
	case !has(caption) && (caption != "" || label == ""):
		return fmt.Errorf("pack: %s:1: no column of captions: have %s; want one of %s, or the name of another",
			path, strings.Join(header, ", "), strings.Join(captionNames, ", "))
	}
	for i, name := range header {
		if name == "" || slices.Contains(header[:i], name) {
			return fmt.Errorf("pack: %s:1: column %d is %q; want a name of its own", path, i+1, name)
		}
		if err := checkUTF8(fmt.Sprintf("column %d", i+1), name); err != nil {
			return fmt.Errorf("pack: %s:1: %w", path, err)
		}
	}
	for {
		record, line, err := next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("pack: %s: %w", path, err)
		}
		p := pair{where: fmt.Sprintf("%s:%d", path, line)}
		for i, v := range record {
			switch v = strings.Clone(v); header[i] {
			case image:
				if v == "" {
					return fmt.Errorf("pack: %s: no image", p.where)
				}
				p.image.path = beside(path, v)
			case caption:
				p.caption = v
			case label:
				p.label = v
			default:
				if v == "" {
					l.set(&p, header[i], nil)
				} else {
					l.set(&p, header[i], v)
				}
			}
		}
		if err := l.add(p); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
	}
}

// newCSV returns what reads the next row of a CSV file and the number of its line.
func newCSV(f io.Reader) func() (record []string, line int, err error) {
	text := bufio.NewReader(f)
	skipByteOrderMark(text)
	r := csv.NewReader(text)
	r.ReuseRecord = true
	return func() ([]string, int, error) {
		record, err := r.Read()
		if err != nil {
			return nil, 0, err
		}
		line, _ := r.FieldPos(0)
		return record, line, nil
	}
}

// parseNumbers makes numbers of the columns that hold nothing else.
func (l *list) parseNumbers() {
	for i := range l.columns {
		all, found := integer, false
		for _, p := range l.pairs {
			if i < len(p.extras) && p.extras[i] != nil {
				_, k := parseNumber(p.extras[i].(string))
				all, found = max(all, k), true
			}
		}
		if !found || all == text {
			continue
		}
		l.columns[i].kind = all
		for j := range l.pairs {
			if extras := l.pairs[j].extras; i < len(extras) && extras[i] != nil {
				extras[i], _ = parseNumber(extras[i].(string))
			}
		}
	}
}

// parseNumber reads a field that is written as a number would be: 007 is text.
func parseNumber(s string) (any, kind) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && strconv.FormatInt(n, 10) == s {
		return n, integer
	}
	if strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789.eE+-", r) }) < 0 && !padded(s) {
		if x, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(x, 0) {
			return x, number
		}
	}
	return s, text
}

// padded finds zeros before a number, which belong to a name such as 00012.
func padded(s string) bool {
	s = strings.TrimLeft(s, "+-")
	return len(s) > 1 && s[0] == '0' && s[1] != '.'
}

// readJSONL adds the rows of a file with an object a line. Keys beside those
// of the image, the caption and the label become columns; what is no number,
// text, true or false becomes JSON text. A list under captions stays one.
func readJSONL(l *list, c Config, path string, f io.Reader) error {
	lines := newLines(f)
	for lines.next() {
		if len(strings.TrimSpace(string(lines.text))) == 0 {
			continue
		}
		p := pair{where: fmt.Sprintf("%s:%d", path, lines.number)}
		keys, err := decodeObject(lines.text)
		if err != nil {
			return fmt.Errorf("pack: %s: %w", p.where, err)
		}
		has := func(name string) bool { _, ok := keys[name]; return ok }
		key := named(has, c.Image, imageNames...)
		image, ok := keys[key].(string)
		if !ok || image == "" {
			return fmt.Errorf("pack: %s: no path of an image; want one of %s, or the name of another", p.where,
				strings.Join(imageNames, ", "))
		}
		p.image.path = beside(path, image)
		delete(keys, key)
		if err := l.addKeys(&p, keys, c.Caption); err != nil {
			return fmt.Errorf("pack: %s: %w", p.where, err)
		}
		if err := l.add(p); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
	}
	if lines.err != nil {
		return fmt.Errorf("pack: %s:%d: %w", path, lines.number+1, lines.err)
	}
	return nil
}

// addKeys takes the captions, the label and the extra columns of an object.
func (l *list) addKeys(p *pair, keys map[string]any, given string) error {
	has := func(name string) bool { _, ok := keys[name]; return ok }
	caption := named(has, given, captionNames...)
	label := named(has, "", labelNames...)
	for _, name := range sortedKeys(keys) {
		v := keys[name]
		switch items, isList := v.([]any); {
		case isList && (name == "captions" || name == caption):
			for _, item := range items {
				s, ok := item.(string)
				if !ok {
					return fmt.Errorf("%s: have %v in the list; want text", name, item)
				}
				p.captions = append(p.captions, s)
			}
		case name == caption && v == nil, name == label && v == nil:
		case name == caption && p.caption == "" && len(p.captions) == 0:
			s, ok := v.(string)
			if !ok {
				return fmt.Errorf("%s: have %v; want text", name, v)
			}
			p.caption = s
		case name == label && p.label == "":
			p.label = fmt.Sprint(v)
		case name == caption || name == label: // given by a file beside
		default:
			l.set(p, name, plain(v))
		}
	}
	return nil
}

// plain makes JSON text of what is no plain value.
func plain(v any) any {
	switch v := v.(type) {
	case nil, bool, string:
		return v
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if x, err := v.Float64(); err == nil {
			return x
		}
		return v.String()
	}
	text, err := json.Marshal(v)
	if err != nil { // of what was JSON
		panic(err)
	}
	return string(text)
}
