package embeddings

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/parquetfile"
	"github.com/goclip/goclip/internal/regular"
)

// The columns of a file of WriteParquet, in this order; those that the set keeps follow.
var ownColumns = []reflect.StructField{
	{Name: "Shard", Type: reflect.TypeFor[string](), Tag: `parquet:"shard,dict"`},
	{Name: "Row", Type: reflect.TypeFor[int64](), Tag: `parquet:"row"`},
	{Name: "Label", Type: reflect.TypeFor[int64](), Tag: `parquet:"label"`},
	{Name: "Embedding", Type: reflect.TypeFor[[]float32](), Tag: `parquet:"image_embedding,list"`},
	{Name: "Captions", Type: reflect.TypeFor[[]string](), Tag: `parquet:"captions,list"`},
	{Name: "Texts", Type: reflect.TypeFor[[]float32](), Tag: `parquet:"text_embeddings,list"`}, // all, one after the other
}

var ownNames = []string{"shard", "row", "label", "image_embedding", "captions", "text_embeddings"}

// Names of what a file's metadata hold.
const (
	weightsKey = "goclip.weights_sha256" // Set.Weights
	stateKey   = "goclip.embed"          // of a part
)

// groupRows is the number of rows that are written or read at once.
const groupRows = 1000

// rowOf is the type of a row of a file with further columns.
func rowOf(names []string, types []reflect.Type) (reflect.Type, error) {
	fields := slices.Clone(ownColumns)
	for i, name := range names {
		if slices.Contains(ownNames, name) || name == "" || strings.ContainsAny(name, `,"`+"`\n") {
			return nil, fmt.Errorf("embeddings: column %q: the file has one of this name, or cannot have one; "+
				"want another name", name)
		}
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("Column%d", i), Type: reflect.PointerTo(types[i]),
			Tag: reflect.StructTag(fmt.Sprintf(`parquet:"%s,optional"`, name))})
	}
	return reflect.StructOf(fields), nil
}

// typesOf are the types of the columns of a set, text where all is null.
func (s *Set) typesOf() []reflect.Type {
	types := make([]reflect.Type, len(s.ColumnNames))
	for c := range s.ColumnNames {
		types[c] = reflect.TypeFor[string]()
		if first := slices.IndexFunc(s.Columns[c], func(v any) bool { return v != nil }); first >= 0 {
			types[c] = reflect.TypeOf(s.Columns[c][first])
		}
	}
	return types
}

// A rowWriter writes rows of sets that have the same columns.
type rowWriter struct {
	t      reflect.Type
	schema *parquet.Schema
	out    *parquet.GenericWriter[any]
	rows   []parquet.Row
}

func newRowWriter(w io.Writer, names []string, types []reflect.Type, metadata map[string]string) (*rowWriter, error) {
	t, err := rowOf(names, types)
	if err != nil {
		return nil, err
	}
	r := &rowWriter{t: t, schema: parquet.SchemaOf(reflect.New(t).Interface())}
	options := []parquet.WriterOption{r.schema, parquet.PageBufferSize(1 << 20), parquet.MaxRowsPerRowGroup(groupRows),
		parquet.CreatedBy("goclip", "", "")}
	for key, value := range metadata {
		options = append(options, parquet.KeyValueMetadata(key, value))
	}
	r.out = parquet.NewGenericWriter[any](w, options...)
	return r, nil
}

// add writes a set. Without embeddings, all else of its rows.
func (w *rowWriter) add(s *Set, embeddings bool) error {
	next := 0 // caption
	for i, ref := range s.Rows {
		v := reflect.New(w.t).Elem()
		v.Field(0).SetString(ref.Shard)
		v.Field(1).SetInt(ref.Row)
		v.Field(2).SetInt(int64(s.Labels[i]))
		first := next
		for next < len(s.ImageOf) && s.ImageOf[next] == i {
			next++
		}
		v.Field(4).Set(reflect.ValueOf(s.Captions[first:next:next]))
		if embeddings {
			v.Field(3).Set(reflect.ValueOf(s.Image(i)))
			if len(s.Texts) > 0 {
				v.Field(5).Set(reflect.ValueOf(s.Texts[first*s.Width : next*s.Width]))
			}
		}
		for c := range s.ColumnNames {
			value, to := s.Columns[c][i], v.Field(len(ownColumns)+c)
			if value == nil {
				continue
			}
			if have := reflect.TypeOf(value); have != to.Type().Elem() {
				return fmt.Errorf("embeddings: %v: column %s is %v, and was %v before; want one type", ref,
					s.ColumnNames[c], have, to.Type().Elem())
			}
			p := reflect.New(to.Type().Elem())
			p.Elem().Set(reflect.ValueOf(value))
			to.Set(p)
		}
		w.rows = append(w.rows, w.schema.Deconstruct(nil, v.Interface()))
		if len(w.rows) == groupRows {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *rowWriter) flush() error {
	if _, err := w.out.WriteRows(w.rows); err != nil {
		return fmt.Errorf("embeddings: %w", err)
	}
	w.rows = w.rows[:0]
	return nil
}

func (w *rowWriter) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.out.Close(); err != nil {
		return fmt.Errorf("embeddings: %w", err)
	}
	return nil
}

// WriteParquet writes the set, one row an image.
func (s *Set) WriteParquet(w io.Writer) error {
	return s.writeParquet(w, map[string]string{weightsKey: s.Weights})
}

func (s *Set) writeParquet(w io.Writer, metadata map[string]string) error {
	out, err := newRowWriter(w, s.ColumnNames, s.typesOf(), metadata)
	if err != nil {
		return err
	}
	if err := out.add(s, true); err != nil {
		return err
	}
	return out.close()
}

func readParquet(path string) (*Set, error) {
	s := &Set{}
	err := withParquet(path, func(p *parquetfile.File) error { return s.read(p, 0, p.NumRows()) })
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ReadNames reads what a file of Save says of its images beside embeddings and captions:
// Labels, Rows, Columns and Weights.
func ReadNames(path string) (*Set, error) {
	s := &Set{}
	err := withParquet(path, func(p *parquetfile.File) error {
		var err error
		if s.ColumnNames, _, err = columnsOf(p); err != nil {
			return err
		}
		s.Columns = make([][]any, len(s.ColumnNames))
		return s.readNames(p)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Set) readNames(p *parquetfile.File) error {
	names, types, err := columnsOf(p)
	if err != nil {
		return err
	}
	whole, err := rowOf(names, types)
	if err != nil {
		return err
	}
	var fields []reflect.StructField
	for i := range whole.NumField() {
		if f := whole.Field(i); f.Type.Kind() != reflect.Slice {
			f.Index, f.Offset = nil, 0
			fields = append(fields, f)
		}
	}
	few := reflect.StructOf(fields)
	s.Weights, _ = p.Lookup(weightsKey)
	return eachRow(p, 0, p.NumRows(), few, func(row reflect.Value) error {
		all := reflect.New(whole).Elem()
		for _, f := range fields {
			all.FieldByName(f.Name).Set(row.FieldByName(f.Name))
		}
		return s.add(all)
	})
}

// withParquet opens a file of embeddings.
func withParquet(path string, use func(*parquetfile.File) error) (err error) {
	defer func() { // the Parquet reader may panic on a damaged file
		if r := recover(); r != nil {
			err = fmt.Errorf("embeddings: %s: damaged: %v", path, r)
		}
	}()
	f, err := regular.Open(path)
	if err != nil {
		return fmt.Errorf("embeddings: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("embeddings: %w", err)
	}
	p, err := parquetfile.Open(f, info.Size(), nil)
	if err != nil {
		return fmt.Errorf("embeddings: %s: not a whole Parquet file: %w", path, err)
	}
	if _, ok := p.Schema().Lookup("image_embedding", "list", "element"); !ok {
		return fmt.Errorf("embeddings: %s holds no embeddings; want a column image_embedding of lists", path)
	}
	if err := use(p); err != nil {
		return fmt.Errorf("embeddings: %s: %w", path, err)
	}
	return nil
}

// columnsOf are the columns of a file that are not own ones.
func columnsOf(p *parquetfile.File) (names []string, types []reflect.Type, err error) {
	for _, f := range p.Schema().Fields() {
		name := f.Name()
		if slices.Contains(ownNames, name) {
			continue
		}
		if !f.Leaf() || f.Repeated() {
			return nil, nil, fmt.Errorf("column %s: holds lists or parts; want one value in a row", name)
		}
		t := reflect.TypeFor[string]()
		switch f.Type().Kind() {
		case parquet.Boolean:
			t = reflect.TypeFor[bool]()
		case parquet.Int32, parquet.Int64:
			t = reflect.TypeFor[int64]()
		case parquet.Float, parquet.Double:
			t = reflect.TypeFor[float64]()
		}
		names, types = append(names, name), append(types, t)
	}
	return names, types, nil
}

// read appends rows lo to hi of a file, whose columns become those of the set.
func (s *Set) read(p *parquetfile.File, lo, hi int64) error {
	names, types, err := columnsOf(p)
	if err != nil {
		return err
	}
	t, err := rowOf(names, types)
	if err != nil {
		return err
	}
	if s.ColumnNames == nil && len(names) > 0 {
		s.ColumnNames, s.Columns = names, make([][]any, len(names))
	}
	s.Weights, _ = p.Lookup(weightsKey)
	return eachRow(p, lo, hi, t, s.add)
}

// eachRow visits rows lo to hi of a file as values of a type.
func eachRow(p *parquetfile.File, lo, hi int64, t reflect.Type, visit func(reflect.Value) error) error {
	base := int64(0)
	for i, g := range p.RowGroups() {
		from, to := max(lo, base), min(hi, base+g.NumRows())
		if from < to {
			if err := rowsOf(p.Group(i), from-base, to-base, t, visit); err != nil {
				return fmt.Errorf("row group %d: %w", i, err)
			}
		}
		base += g.NumRows()
	}
	return nil
}

func rowsOf(group parquet.RowGroup, lo, hi int64, t reflect.Type, visit func(reflect.Value) error) error {
	r := parquet.NewRowGroupReader(group, parquet.SchemaOf(reflect.New(t).Interface()))
	defer func() { _ = r.Close() }() // it was only read
	if err := r.SeekToRow(lo); err != nil {
		return err
	}
	for i := lo; i < hi; i++ {
		row := reflect.New(t)
		if err := r.Read(row.Interface()); err != nil && !errors.Is(err, io.EOF) {
			return err
		} else if err != nil {
			return io.ErrUnexpectedEOF
		}
		if err := visit(row.Elem()); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
	}
	return nil
}

// add appends an image, with copies of the strings, whose memory is the reader's.
func (s *Set) add(r reflect.Value) error {
	embedding, _ := r.Field(3).Interface().([]float32)
	captions, _ := r.Field(4).Interface().([]string)
	texts, _ := r.Field(5).Interface().([]float32)
	if s.Width == 0 {
		s.Width = len(embedding)
	}
	if len(embedding) != s.Width || len(texts) != len(captions)*s.Width {
		return fmt.Errorf("%d numbers for an image and %d for %d captions; want %d each",
			len(embedding), len(texts), len(captions), s.Width)
	}
	for _, c := range captions {
		s.Captions, s.ImageOf = append(s.Captions, strings.Clone(c)), append(s.ImageOf, len(s.Rows))
	}
	s.Images, s.Texts = append(s.Images, embedding...), append(s.Texts, texts...)
	s.Labels = append(s.Labels, int(r.Field(2).Int()))
	s.Rows = append(s.Rows, data.RowRef{Shard: strings.Clone(r.Field(0).String()), Row: r.Field(1).Int()})
	for c := range s.ColumnNames {
		var value any
		switch v := r.Field(len(ownColumns) + c); {
		case v.IsNil():
		case v.Elem().Kind() == reflect.String:
			value = strings.Clone(v.Elem().String())
		default:
			value = v.Elem().Interface()
		}
		s.Columns[c] = append(s.Columns[c], value)
	}
	return nil
}
