package doctor

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/internal/guard"
)

// An exam is what one row shows.
type exam struct {
	ref    data.RowRef
	group  int
	kind   string // of what makes the row unusable, or ""
	reason string // the same in full
	format string
	w, h   int // pixels; 0 where the picture cannot be decoded
	bytes  int // of the image file
	picture
	label    int64 // -1 without one
	captions []captionExam
	texts    []string // of the row's captions
}

// A captionExam is what one caption shows.
type captionExam struct {
	hash   uint64
	tokens int
	script string
	untidy bool // tags or addresses of pages
	broken bool // not UTF-8
}

// A picture is what is kept of each row: that it is the same file as another,
// the same pair, or looks alike.
type picture struct {
	file uint64 // hash of the file
	text uint64 // hash of its captions
	look look
	flags
}

// flags say what a row is good for.
type flags uint8

const (
	decoded flags = 1 << iota // the picture can be decoded
	usable                    // training takes it, or evaluation if it is of val
	blank                     // it shows next to nothing
)

func (f flags) is(flag flags) bool { return f&flag != 0 }

// An examiner keeps memory from one row to the next.
type examiner struct {
	decoder   *preprocess.Processor
	looker    *looker
	tokenizer *tokenizer.Tokenizer
	need      data.Need
}

func newExaminer(c Config, s *data.Survey) *examiner {
	return &examiner{preprocess.NewProcessor(s.Config.Preprocess, 1), newLooker(), c.Tokenizer, s.Need}
}

// examine looks at a row as training would: at its status, its caption, and its
// image.
func (e *examiner) examine(r *data.Row) exam {
	x := exam{ref: r.RowRef, group: r.Group, bytes: len(r.Image), label: r.Label, texts: r.Captions}
	h := sha256.New()
	for _, text := range r.Captions {
		x.captions = append(x.captions, e.caption(text))
		fmt.Fprintf(h, "%d %s", len(text), text)
	}
	x.text = binary.LittleEndian.Uint64(h.Sum(nil))
	if x.reason = r.Problem; x.reason == "" {
		// A decoder that panics has met a file that it should have refused.
		if err := guard.Call(func() error { return e.picture(&x, r.Image) }); err != nil {
			x.reason = strings.TrimPrefix(err.Error(), "preprocess: ")
		}
	}
	if x.reason == "" && e.need.Caption && len(r.Captions) == 0 {
		x.reason = noCaption
	}
	if x.reason == "" {
		x.flags |= usable
	}
	x.kind = kind(x.reason)
	return x
}

const (
	noCaption     = "no caption"
	unknownFormat = "unknown"
)

// picture decodes an image file.
func (e *examiner) picture(x *exam, file []byte) error {
	x.format = format(file)
	m, err := e.decoder.Decode(file)
	if err != nil && x.format != unknownFormat && strings.Contains(err.Error(), "unknown format") {
		return fmt.Errorf("no image that goclip reads: %s", x.format)
	}
	if err != nil {
		return err
	}
	x.w, x.h = m.W, m.H
	x.file = hash(file)
	var clear bool
	if x.look, clear = e.looker.look(m); !clear {
		x.flags |= blank
	}
	x.flags |= decoded
	return nil
}

func (e *examiner) caption(text string) captionExam {
	return captionExam{
		hash:   hash([]byte(text)),
		tokens: len(e.tokenizer.Encode(text)) + 2, // with start and end
		script: script(text),
		untidy: strings.ContainsAny(text, "</.") && data.CleanCaption(text) != strings.Join(strings.Fields(text), " "),
		broken: !utf8.ValidString(text),
	}
}

// hash is the first 64 bits of SHA-256: among ten million files, the chance
// that two share one is 3 in a million.
func hash(b []byte) uint64 {
	sum := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(sum[:])
}

var digits = regexp.MustCompile(`\b[0-9]+\b`)

// kind is a reason without its numbers, so that like ones are counted together.
func kind(reason string) string { return digits.ReplaceAllString(reason, "N") }

// signatures are what files begin with, at an offset.
var signatures = []struct {
	at         int
	text, name string
}{
	{0, "\xff\xd8", "JPEG"}, {0, "\x89PNG", "PNG"}, {0, "GIF8", "GIF"}, {8, "WEBP", "WebP"}, {0, "BM", "BMP"},
	{0, "II*\x00", "TIFF"}, {0, "MM\x00*", "TIFF"}, {4, "ftypavi", "AVIF"},
	{4, "ftyphei", "HEIC"}, {4, "ftypmif", "HEIC"},
	{0, "\x00\x00\x00\x0cjP", "JP2"}, {0, "\x00\x00\x01\x00", "icon"}, {0, "%PDF", "PDF"}, {0, "\x1f\x8b", "gzip"},
	{0, "<svg", "SVG"}, {0, "<?xml", "XML or SVG"}, {0, "<!doctype html", "HTML page"},
	{0, "<html", "HTML page"}, {0, "{", "JSON"},
}

// format names what a file is by what it begins with.
func format(file []byte) string {
	for _, s := range signatures {
		if len(file) >= s.at+len(s.text) && bytes.EqualFold(file[s.at:][:len(s.text)], []byte(s.text)) {
			return s.name
		}
	}
	return unknownFormat
}
