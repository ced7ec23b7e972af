package data

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/goclip/goclip/data/parquetfile"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/internal/guard"
)

// CaptionColumn is one of several columns of captions.
type CaptionColumn struct {
	// Column is its name; a column of lists is one whose rows have several.
	Column string `yaml:"column"`

	// Weight is how often it is drawn beside the others; the sum is of no
	// importance.
	Weight float64 `yaml:"weight"`
}

func validateCaptions(columns []CaptionColumn) error {
	seen := map[string]bool{}
	for i, c := range columns {
		switch {
		case c.Column == "" || seen[c.Column]:
			return fmt.Errorf("data: captions[%d]: column %q; want a name of its own", i, c.Column)
		case !(c.Weight > 0) || math.IsInf(c.Weight, 0):
			return fmt.Errorf("data: captions[%d]: weight %g of %s; want a positive number", i, c.Weight, c.Column)
		}
		seen[c.Column] = true
	}
	return nil
}

// findCaptions finds the columns of captions that have weights. The name of a
// column of lists stands for its elements.
func (s *shard) findCaptions(p *parquetfile.File, columns []CaptionColumn) error {
	for _, c := range columns {
		leaf, ok := p.Column(c.Column)
		if !ok {
			leaf, ok = p.Elements(c.Column)
		}
		if !ok || !isText(leaf) {
			return fmt.Errorf("no column %s of captions: have %s", c.Column, strings.Join(p.Columns(), ", "))
		}
		s.weighted = append(s.weighted, leaf.ColumnIndex)
	}
	return nil
}

// chooseColumn draws one of the columns that have a caption, by their weights,
// and returns its captions.
func (s *Stream) chooseColumn(captions [][]string, position int64) []string {
	columns := s.d.config.Captions
	var sum float64
	for i, c := range captions {
		if len(c) > 0 {
			sum += columns[i].Weight
		}
	}
	at := keyed(s.c.Seed, purposeCaptionColumn, 0, uint64(position)).Float64() * sum
	var last []string
	for i, c := range captions {
		if len(c) == 0 {
			continue
		}
		if last = c; at < columns[i].Weight {
			break
		}
		at -= columns[i].Weight
	}
	return last
}

var (
	tag     = regexp.MustCompile(`</?[A-Za-z!][^<>]*>`)
	address = regexp.MustCompile(`(?i)\b(?:https?://|www\.)\S+`)
)

// CleanCaption takes tags, addresses of web pages and repeated spaces out.
func CleanCaption(caption string) string {
	if strings.ContainsRune(caption, '<') {
		caption = tag.ReplaceAllString(caption, " ")
	}
	if strings.ContainsAny(caption, "/.") {
		caption = address.ReplaceAllString(caption, " ")
	}
	return strings.Join(strings.Fields(caption), " ")
}

// choicesOf are the choices of each of the columns with weights.
func (c Config) choicesOf(r *row) [][]string {
	columns := make([][]string, len(r.weighted))
	for i, captions := range r.weighted {
		columns[i] = c.choices(captions)
	}
	return columns
}

// seen are the captions of a row that training may see.
func (c Config) seen(r *row) []string {
	if len(c.Captions) == 0 {
		return c.choices(r.captions)
	}
	return slices.Concat(c.choicesOf(r)...)
}

// unfit says whether min_size or max_aspect leaves an image out. One whose header
// cannot be read is for the decoder to refuse.
func (c Config) unfit(file []byte) bool {
	if c.MinSize == 0 && c.MaxAspect == 0 {
		return false
	}
	var w, h int
	err := guard.Call(func() (err error) {
		_, w, h, err = preprocess.Size(file)
		return err
	})
	if err != nil {
		return false
	}
	short, long := min(w, h), max(w, h)
	return short < c.MinSize || c.MaxAspect != 0 && float64(long) > c.MaxAspect*float64(short)
}
