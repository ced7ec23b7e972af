package pack

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/goclip/goclip/internal/prompt"
	"github.com/goclip/goclip/internal/regular"
)

// captionSources are the values of Config.CaptionsFrom.
var captionSources = []string{"table", "txt", "classes", "names"}

// tableFormats are the formats of lists by extension.
var tableFormats = map[string]string{".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}

// captionSource settles where captions are.
func (w *folderWalk) captionSource(given string) (string, error) {
	loose, nested := "", ""
	for _, m := range w.images {
		if filepath.Dir(m.path) == "." {
			loose = cmp.Or(loose, m.path)
		} else {
			nested = cmp.Or(nested, m.path)
		}
	}
	hasText := slices.ContainsFunc(w.images, func(m folderImage) bool { return w.texts[stem(m.path)] != "" })
	switch {
	case given != "":
		return given, nil
	case len(w.tables) > 0:
		return "table", nil
	case hasText:
		return "txt", nil
	case nested == "":
		return "names", nil
	case loose != "":
		return "", fmt.Errorf("%s is in no folder of a class, and %s is; want all in folders, or captions from "+
			"the names of files (names)", loose, nested)
	}
	return "classes", nil
}

func stem(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) }

// readTable reads the table in a folder. Images that it does not name are counted.
func (w *folderWalk) readTable(c Config) (*list, error) {
	if len(w.tables) != 1 {
		return nil, fmt.Errorf("pack: %s: have the tables %q; want one, or captions from txt, classes or names",
			c.Source, w.tables)
	}
	name, extension := w.tables[0], strings.ToLower(filepath.Ext(w.tables[0]))
	w.others[extension]--
	if w.others[extension] == 0 {
		delete(w.others, extension)
	}
	c.Format = tableFormats[extension]
	read := readCSV
	if c.Format == "jsonl" {
		read = readJSONL
	}
	l, err := readLists(c, []string{filepath.Join(c.Source, name)}, read)
	if err != nil {
		return nil, fmt.Errorf("%w (the table in the folder; captions from txt, classes or names are read without it)", err)
	}
	named := map[string]bool{}
	for _, p := range l.pairs {
		named[filepath.Clean(p.image.path)] = true
	}
	for _, m := range w.images {
		if !named[filepath.Join(c.Source, m.path)] {
			w.others[strings.ToLower(filepath.Ext(m.path))]++
		}
	}
	l.captionsFrom = "the table " + name
	return l, nil
}

// folderCaptions adds the images of a folder to a list, with captions.
type folderCaptions struct {
	Config
	list    *list
	folders map[string]string // by the name of their class
	texts   map[string]bool   // that were read
}

func (f *folderCaptions) read(w *folderWalk, from string) error {
	add, found := f.class, "the names of the folders, which are classes"
	switch from {
	case "classes":
		f.list.classes = []string{} // names, even where they look like numbers
	case "names":
		add, found = f.name, "the names of the files"
	default:
		add = func(p *pair, relative string) error { return f.text(w, p, relative) }
		found = "the .txt beside each image"
	}
	for _, m := range w.images {
		fmt.Fprintf(f.list.hash, "%s %d\n", filepath.ToSlash(m.path), m.size)
		path := filepath.Join(f.Source, m.path)
		p := pair{where: path, image: place{path: path}}
		err := add(&p, m.path)
		if errors.Is(err, errNoCaption) && f.SkipBad {
			f.list.skipped++
			if f.Skipped != nil {
				f.Skipped(fmt.Errorf("pack: %w", err))
			}
			continue
		}
		if err == nil {
			err = f.list.add(p)
		}
		if err != nil {
			return fmt.Errorf("pack: %w", err)
		}
	}
	if w.others[".txt"] -= int64(len(f.texts)); w.others[".txt"] == 0 {
		delete(w.others, ".txt")
	}
	if f.list.captionsFrom != "" { // of several lines
		found += "; " + f.list.captionsFrom
	}
	f.list.captionsFrom = found
	return nil
}

var errNoCaption = errors.New("no caption")

// class takes the name of the folder for a class, with spaces for _ and -; two folders of
// one name are an error.
func (f *folderCaptions) class(p *pair, relative string) error {
	class, _, ok := strings.Cut(filepath.ToSlash(relative), "/")
	if !ok {
		return fmt.Errorf("%s is in no folder of a class; want %s", p.where, filepath.Join(f.Source, "CLASS", relative))
	}
	class = norm.NFC.String(class)
	name := words(class)
	if other := cmp.Or(f.folders[name], class); other != class {
		return fmt.Errorf("%s: folders %q and %q are both the class %q; want a name for each", f.Source, other, class, name)
	}
	f.folders[name] = class
	p.caption, p.label = prompt.Fill(f.Template, name), name
	return nil
}

func words(name string) string { return strings.NewReplacer("_", " ", "-", " ").Replace(name) }

// name takes the name of the file for its caption.
func (f *folderCaptions) name(p *pair, relative string) error {
	p.caption = strings.Join(strings.Fields(words(norm.NFC.String(stem(filepath.Base(relative))))), " ")
	if !describes(p.caption) {
		return fmt.Errorf("%s: %w: its name describes nothing; want a .txt beside each image, a CSV in the folder, or "+
			"names such as a_red_car.jpg", p.where, errNoCaption)
	}
	return nil
}

// cameraWords begin the names that cameras and programs give.
var cameraWords = map[string]bool{"img": true, "dsc": true, "dscn": true, "dscf": true, "pxl": true, "mvimg": true,
	"image": true, "photo": true, "pic": true, "picture": true, "screenshot": true, "scan": true, "p": true}

// describes says whether a caption has a word that is not of a camera, of two letters or
// one that is not of ASCII.
func describes(caption string) bool {
	for word := range strings.FieldsFuncSeq(caption, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if len(word) > 1 && !cameraWords[strings.ToLower(word)] {
			return true
		}
	}
	return false
}

// text reads the captions in the .txt beside an image, one a line.
func (f *folderCaptions) text(w *folderWalk, p *pair, relative string) error {
	name, ok := w.texts[stem(relative)]
	if !ok {
		return fmt.Errorf("%s: %w: no %s beside it; want one for each image, or captions from classes or names", p.where,
			errNoCaption, filepath.Base(stem(relative))+".txt")
	}
	f.texts[name] = true
	text, err := regular.ReadFile(filepath.Join(f.Source, name), maxLine)
	if err != nil {
		return err
	}
	f.list.hash.Write(text)
	if text, err = io.ReadAll(f.decoded(bytes.NewReader(text))); err != nil {
		return err
	}
	f.list.setLines(p, strings.TrimPrefix(string(text), byteOrderMark))
	if p.caption == "" && len(p.captions) == 0 {
		return fmt.Errorf("%s: %w: %s is empty", p.where, errNoCaption, name)
	}
	return nil
}
