package data

import (
	"fmt"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goclip/goclip/data/parquetfile"
)

// The columns of known layouts, the first that is there being taken.
var (
	imageColumns   = []string{"image.bytes", "jpg", "png", "webp", "image"}
	captionColumns = []string{"caption", "txt", "text"}
	labelColumns   = []string{"label", "cls"}
)

// recognize finds the columns that c names, or the columns of a known layout.
func (s *shard) recognize(p *parquetfile.File, c Config, need Need) error {
	image, err := wanted(p, "image", c.Image, imageColumns)
	if err != nil {
		return err
	}
	if k := image.Node.Type().Kind(); k != parquet.ByteArray && k != parquet.FixedLenByteArray {
		return fmt.Errorf("image column %s: holds no bytes; want image files", strings.Join(image.Path, "."))
	}
	s.image, s.caption, s.captions, s.label, s.status = image.ColumnIndex, -1, -1, -1, -1
	s.see("image", image)
	if s.noCaption = s.recognizeCaptions(p, c); s.noCaption != nil && (need.Caption || c.Caption != "") {
		return s.noCaption
	}
	if s.noLabel = s.recognizeLabel(p, c, need); s.noLabel != nil && (need.Label || c.Label != "") {
		return s.noLabel
	}
	if status, ok := p.Column("status"); ok {
		s.status = status.ColumnIndex
		s.see("status", status)
	}
	return nil
}

// see adds a column to the layout.
func (s *shard) see(what string, leaf parquet.LeafColumn) {
	if s.layout != "" {
		s.layout += ", "
	}
	s.layout += what + " = " + strings.Join(leaf.Path, ".")
}

// recognizeCaptions finds the columns of captions, which may be lists.
func (s *shard) recognizeCaptions(p *parquetfile.File, c Config) error {
	if len(c.Captions) > 0 {
		return s.findCaptions(p, c.Captions)
	}
	if list, err := wanted(p, "captions", "", []string{"captions"}); err == nil && c.Caption == "" && isText(list) {
		s.captions = list.ColumnIndex
		s.see("captions", list)
	}
	caption, err := wanted(p, "caption", c.Caption, captionColumns)
	switch {
	case err != nil && s.captions >= 0:
		return nil
	case err != nil:
		return err
	case !isText(caption):
		return fmt.Errorf("caption column %s: holds %v; want text, or lists of it", strings.Join(caption.Path, "."),
			caption.Node.Type())
	}
	s.caption = caption.ColumnIndex
	s.see("caption", caption)
	return nil
}

// recognizeLabel finds the column of labels: whole numbers, or names of classes.
func (s *shard) recognizeLabel(p *parquetfile.File, c Config, need Need) error {
	label, err := wanted(p, "label", c.Label, labelColumns)
	if err != nil {
		return err
	}
	name := strings.Join(label.Path, ".")
	switch {
	case label.MaxRepetitionLevel > 0:
		return fmt.Errorf("label column %s: holds lists; want one label a row", name)
	case need.Label && need.classes == nil && labelOfText(label) != nil:
		return labelOfText(label)
	case !isText(label) && !isWhole(label):
		return fmt.Errorf("label column %s: holds %v; want whole numbers from 0, or the names of classes", name,
			label.Node.Type())
	}
	if s.names, err = p.ClassNames(name); err != nil {
		return err
	}
	s.label, s.classes = label.ColumnIndex, need.classes
	s.see("label", label)
	return nil
}

// labelOfText is an error where labels are text, which wants a list of classes.
func labelOfText(label parquet.LeafColumn) error {
	if !isText(label) {
		return nil
	}
	return fmt.Errorf("label column %s: holds text; want whole numbers from 0, "+
		"or a list of classes in which the text is looked up", strings.Join(label.Path, "."))
}

// wanted finds a column by the name that a user gave, or else by the first of known
// ones. A list is found by its own name.
func wanted(p *parquetfile.File, what, given string, known []string) (parquet.LeafColumn, error) {
	if given != "" {
		known = []string{given}
	}
	for _, name := range known {
		if leaf, ok := p.Column(name); ok {
			return leaf, nil
		}
		if leaf, ok := p.Elements(name); ok && what != "image" {
			return leaf, nil
		}
	}
	return parquet.LeafColumn{}, fmt.Errorf("no %s column: have %s; want %s", what, strings.Join(p.Columns(), ", "),
		strings.Join(known, " or "))
}

// isText says whether a column holds text, or bytes that may be text.
func isText(leaf parquet.LeafColumn) bool {
	t := leaf.Node.Type()
	if t.LogicalType() != nil {
		if _, decimal := t.LogicalType().Value.(*format.DecimalType); decimal {
			return false
		}
	}
	return t.Kind() == parquet.ByteArray
}

// isWhole says whether a column holds whole numbers that count.
func isWhole(leaf parquet.LeafColumn) bool {
	t := leaf.Node.Type()
	if k := t.Kind(); k != parquet.Int32 && k != parquet.Int64 {
		return false
	}
	if t.LogicalType() == nil || t.LogicalType().Value == nil {
		return true
	}
	_, number := t.LogicalType().Value.(*format.IntType)
	return number
}
