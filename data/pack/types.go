package pack

import (
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"

	"github.com/goclip/goclip/data/parquetfile"
)

// packedSchema has the columns of a file as they are written here: their types
// stay; compression is ours, images being compressed already. Values are written
// plainly, because pyarrow and polars read columns that Arrow's schema says to be
// dictionaries in no other encoding but a dictionary.
func packedSchema(f *parquetfile.File, image []string) *parquet.Schema {
	schema := f.Schema()
	p := &packing{image: pathOf(image), logical: map[string]format.LogicalType{}}
	leaves := slices.DeleteFunc(slices.Clone(f.Metadata().Schema),
		func(e format.SchemaElement) bool { return !e.Type.Valid })
	for i, path := range schema.Columns() {
		switch leaves[i].LogicalType.Value.(type) {
		case *format.Float16Type, *format.NullType:
			p.logical[pathOf(path)] = leaves[i].LogicalType
		}
	}
	return parquet.NewSchema(schema.Name(), packedNode{Node: schema, packing: p})
}

func pathOf(names []string) string { return strings.Join(names, "\x00") }

// packing is what the columns of a packedSchema have in common.
type packing struct {
	image   string
	logical map[string]format.LogicalType // of columns whose type parquet-go does not write as it was
}

// packedNode is a column of another file, or a group of them, as it is written here.
type packedNode struct {
	parquet.Node
	*packing
	path string
}

// Type is the one of the other file. Of half floats parquet-go would write the
// bytes, and of nulls no physical type.
func (n packedNode) Type() parquet.Type {
	t := n.Node.Type()
	logical, ok := n.logical[n.path]
	if !ok {
		return t
	}
	if _, null := logical.Value.(*format.NullType); null {
		t = parquet.Int32Type
	}
	return logicalType{t, logical}
}

// logicalType is a physical type with a logical one.
type logicalType struct {
	parquet.Type
	logical format.LogicalType
}

func (t logicalType) LogicalType() *format.LogicalType { return &t.logical }

func (n packedNode) Encoding() encoding.Encoding {
	if n.Leaf() {
		return &parquet.Plain
	}
	return nil
}

func (n packedNode) Compression() compress.Codec {
	if n.Leaf() && n.path != n.image {
		return &parquet.Snappy
	}
	return nil
}

func (n packedNode) Fields() (fields []parquet.Field) {
	for _, f := range n.Node.Fields() {
		path := f.Name()
		if n.path != "" {
			path = n.path + "\x00" + path
		}
		fields = append(fields, packedField{f, packedNode{f, n.packing, path}})
	}
	return fields
}

// packedField is a packedNode with its name.
type packedField struct {
	parquet.Field
	packed packedNode
}

func (f packedField) Type() parquet.Type          { return f.packed.Type() }
func (f packedField) Encoding() encoding.Encoding { return f.packed.Encoding() }
func (f packedField) Compression() compress.Codec { return f.packed.Compression() }
func (f packedField) Fields() []parquet.Field     { return f.packed.Fields() }
