package pack

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// encodings are the encodings of text beside UTF-8.
var encodings = map[string]*charmap.Charmap{"latin1": charmap.ISO8859_1, "windows-1252": charmap.Windows1252}

// encodingNames are their names, for people.
var encodingNames = strings.Join(slices.Sorted(maps.Keys(encodings)), " or ")

// checkUTF8 is an error where the text of a name is not UTF-8.
func checkUTF8(name, text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	return fmt.Errorf("%s is %q; want UTF-8, or that the encoding is %s", name, text, encodingNames)
}

// decoded reads text in UTF-8. A byte that the encoding lacks becomes U+FFFD.
func (c Config) decoded(r io.Reader) io.Reader {
	if m, ok := encodings[c.Encoding]; ok {
		return m.NewDecoder().Reader(r)
	}
	return r
}
