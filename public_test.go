package goclip_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// TestPublic holds that a program outside of this module can name all that it is
// given: nothing exported by a package that it can import mentions a type of an
// internal package, except by an alias such as model.Pool.
func TestPublic(t *testing.T) {
	for _, line := range internalMentions(t, module, ".") {
		t.Error(line)
	}
}

// TestPublicFinds holds that TestPublic sees each place where a type may stand.
func TestPublicFinds(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.com/m\n\ngo 1.26.0\n",
		"internal/hidden/in.go": `package hidden

type T struct{ F U }

func (*T) M(U) {}

type U int

type I[A any] interface{ Get() A }
`,
		"open/open.go": `package open

import "example.com/m/internal/hidden"

type Shown = hidden.T // may be named, and so may all below that say Shown

func Fine(*Shown) []map[string]Shown { return nil }

func Argument(*hidden.T)         {}
func Result() (_ []hidden.T)     { return nil }
func Generic[A hidden.I[int]](A) {}
func Made() holder               { return holder{} }

var Variable map[string]chan hidden.T

const Constant hidden.U = 1

type Struct struct {
	Field  func(hidden.U)
	hidden hidden.T
	inner
}

func (Struct) Method(hidden.U) {}
func (Struct) quiet(hidden.U)  {}

type inner struct{ Promoted *hidden.T }

type holder struct{ Kept hidden.U }

type Interface interface{ Do() hidden.U }

type Slice []hidden.T
`,
	} {
		file := dir + "/" + name
		if err := os.MkdirAll(path.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, line := range internalMentions(t, "example.com/m", dir) {
		where, _, _ := strings.Cut(line, " mentions ")
		got = append(got, where)
	}
	want := []string{"open.Argument", "open.Constant", "open.Generic", "open.Interface.Do",
		"open.Made: open.holder.Kept",
		"open.Result", "open.Slice", "open.Struct.Field", "open.Struct.Method",
		"open.Struct: open.inner.Promoted", "open.Variable"}
	if !slices.Equal(got, want) {
		t.Errorf("internal types are found in\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// internalMentions lists where the packages of a module, which lies in dir, mention
// a type of one of its internal packages. It reads what the compiler exports.
func internalMentions(t *testing.T, module, dir string) (lines []string) {
	t.Helper()
	const format = `{{.ImportPath}} {{.Export}} {{and .Module (eq .Name "main" | not) .Module.Path}}`
	list := exec.Command("go", "list", "-export", "-deps", "-f", format, "./...")
	list.Dir = dir
	var errs bytes.Buffer
	list.Stderr = &errs
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &errs)
	}
	files := map[string]string{} // of export data
	var public []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) != 3 { // unsafe has no file
			continue
		}
		files[f[0]] = f[1]
		if f[2] == module && !isInternal(module, f[0]) {
			public = append(public, f[0])
		}
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if files[path] == "" {
			return nil, errors.New("no export data")
		}
		return os.Open(files[path])
	})
	for _, path := range public {
		p, err := from.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		m := mentions{module: module, seen: map[types.Type]bool{}}
		for _, name := range p.Scope().Names() {
			if o := p.Scope().Lookup(name); o.Exported() {
				m.object(o)
			}
		}
		lines = append(lines, m.lines...)
	}
	slices.Sort(lines)
	return lines
}

func isInternal(module, path string) bool {
	return strings.HasPrefix(path, module+"/") && strings.Contains(path+"/", "/internal/")
}

// mentions collects the places that name an internal type.
type mentions struct {
	module string
	seen   map[types.Type]bool // declared types that were walked
	lines  []string
}

// object walks an exported object of a package.
func (m *mentions) object(o types.Object) {
	where := o.Pkg().Name() + "." + o.Name()
	name, isType := o.(*types.TypeName)
	switch {
	case !isType:
		m.walk(where, o.Type())
	case !name.IsAlias(): // an alias is what may be named
		m.declared(where, o.Type().(*types.Named))
	}
}

// declared walks the fields, the methods and what else makes up a type.
func (m *mentions) declared(where string, n *types.Named) {
	if m.seen[n] {
		return
	}
	m.seen[n] = true
	m.walk(where, n.Underlying())
	for f := range n.Methods() {
		if f.Exported() {
			m.walk(where+"."+f.Name(), f.Type())
		}
	}
	for p := range n.TypeParams().TypeParams() {
		m.walk(where, p.Constraint())
	}
}

// walk looks for internal types in t, where it stands.
func (m *mentions) walk(where string, t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		m.named(where, t.Obj(), t.TypeArgs())
	case *types.Named:
		o := t.Obj()
		m.named(where, o, t.TypeArgs())
		if !o.Exported() && m.public(o.Pkg()) { // what it has can be used all the same
			m.declared(where+": "+o.Pkg().Name()+"."+o.Name(), t.Origin())
		}
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				m.walk(where+"."+f.Name(), f.Type())
			} else if f.Embedded() {
				m.walk(where, f.Type())
			}
		}
	case *types.Interface:
		for f := range t.ExplicitMethods() {
			m.walk(where+"."+f.Name(), f.Type())
		}
		for e := range t.EmbeddedTypes() {
			m.walk(where, e)
		}
	case *types.Signature:
		for p := range t.TypeParams().TypeParams() {
			m.walk(where, p.Constraint())
		}
		m.walk(where, t.Params())
		m.walk(where, t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			m.walk(where, v.Type())
		}
	case *types.Map:
		m.walk(where, t.Key())
		m.walk(where, t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		m.walk(where, t.Elem())
	case *types.Union:
		for term := range t.Terms() {
			m.walk(where, term.Type())
		}
	}
}

// public says whether p is a package of the module that all can import.
func (m *mentions) public(p *types.Package) bool {
	return p != nil && strings.HasPrefix(p.Path()+"/", m.module+"/") && !isInternal(m.module, p.Path())
}

// named notes a name if it is internal, and walks its type arguments.
func (m *mentions) named(where string, o *types.TypeName, args *types.TypeList) {
	if o.Pkg() != nil && isInternal(m.module, o.Pkg().Path()) {
		hidden := strings.TrimPrefix(o.Pkg().Path(), m.module+"/") + "." + o.Name()
		m.lines = append(m.lines, fmt.Sprintf("%s mentions %s; want no internal type", where, hidden))
	}
	for t := range args.Types() {
		m.walk(where, t)
	}
}
