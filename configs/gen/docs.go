package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/goclip/goclip/"

// A doc is the comment of a key or section. Fields are the keys that it calls by
// the names of Go fields.
type doc struct {
	text   string
	fields map[string]string // names of keys by names of fields
}

// reader collects the comments of structs, package by package.
type reader struct {
	root     string
	packages map[string]map[string]*ast.File // by folder and file name
	docs     map[string]doc
}

// readDocs returns the comments of all keys and sections of configs.Run.
func readDocs(root string) (map[string]doc, error) {
	r := &reader{root, map[string]map[string]*ast.File{}, map[string]doc{}}
	return r.docs, r.read("configs", "Run", "")
}

// read adds what the type of a name says of its fields, if it is a struct, in a section.
func (r *reader) read(folder, name, section string) error {
	file, spec, comment, err := r.find(folder, name)
	if err != nil {
		return err
	}
	structure, ok := spec.Type.(*ast.StructType)
	if !ok {
		return nil // such as a string with a name
	}
	keys := map[string]string{}
	for _, f := range structure.Fields.List {
		keys[f.Names[0].Name] = reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("yaml")
	}
	if section != "" && !strings.HasSuffix(section, "[]") {
		r.docs[section] = doc{sentence(comment, name), map[string]string{name: last(section)}}
	}
	for _, f := range structure.Fields.List {
		key := keys[f.Names[0].Name]
		if section != "" {
			key = section + "." + key
		}
		text := f.Doc.Text()
		if text == "" {
			text = f.Comment.Text()
		}
		if text != "" {
			r.docs[key] = doc{sentence(text, f.Names[0].Name), keys}
		}
		if err := r.readType(folder, file, f.Type, key); err != nil {
			return err
		}
	}
	return nil
}

// sentence is a comment without the name at its begin, and without "is" or "are"
// after it, since it stands beside the name of the key. The name of several keys
// stays.
func sentence(comment, name string) string {
	text, ok := strings.CutPrefix(comment, name+" ")
	if !ok || strings.HasPrefix(text, "and ") {
		return comment
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "is "), "are ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// readType reads on where the type of a field is a struct, or a list of them.
func (r *reader) readType(folder string, file *ast.File, t ast.Expr, key string) error {
	if list, ok := t.(*ast.ArrayType); ok {
		t, key = list.Elt, key+"[]"
	}
	switch t := t.(type) {
	case *ast.Ident:
		if t.Name != strings.ToLower(t.Name) { // else a basic type
			return r.read(folder, t.Name, key)
		}
	case *ast.SelectorExpr:
		name := t.X.(*ast.Ident).Name
		for _, i := range file.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			if inner, ours := strings.CutPrefix(path, module); ours && last(strings.ReplaceAll(inner, "/", ".")) == name {
				return r.read(inner, t.Sel.Name, key)
			}
		}
		return fmt.Errorf("gen: %s: %s is not a package of this module", key, name)
	}
	return nil
}

// find returns the declaration of a type and its comment.
func (r *reader) find(folder, name string) (*ast.File, *ast.TypeSpec, string, error) {
	files, err := r.parse(folder)
	if err != nil {
		return nil, nil, "", err
	}
	for _, file := range files {
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, spec := range g.Specs {
				if spec := spec.(*ast.TypeSpec); spec.Name.Name == name {
					return file, spec, g.Doc.Text(), nil
				}
			}
		}
	}
	return nil, nil, "", fmt.Errorf("gen: %s has no type %s", folder, name)
}

func (r *reader) parse(folder string) (map[string]*ast.File, error) {
	if files, ok := r.packages[folder]; ok {
		return files, nil
	}
	paths, err := filepath.Glob(filepath.Join(r.root, folder, "*.go"))
	if err != nil {
		return nil, err
	}
	files := map[string]*ast.File{}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_gen.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("gen: %w", err)
		}
		files[path] = file
	}
	r.packages[folder] = files
	return files, nil
}

func last(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// A word that may be the name of a field or of a struct, or a link to one in brackets.
var word = regexp.MustCompile(`\[?\b[A-Z][A-Za-z0-9]*\b\]?`)

// plain is the comment as text that calls keys by their names; key says how a
// name of a key is written.
func (d doc) plain(key func(string) string) string {
	text := word.ReplaceAllStringFunc(d.text, func(w string) string {
		name := strings.Trim(w, "[]")
		if k, ok := d.fields[name]; ok {
			return key(k)
		}
		if strings.HasPrefix(w, "[") && strings.HasSuffix(w, "]") {
			return name
		}
		return w
	})
	var paragraphs []string
	for p := range strings.SplitSeq(text, "\n\n") {
		paragraphs = append(paragraphs, strings.Join(strings.Fields(p), " "))
	}
	return strings.Join(paragraphs, "\n")
}

// table is the Go file with the comments.
func table(docs map[string]doc) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("// Code generated by go generate ./configs; DO NOT EDIT.\n\npackage configs\n\n")
	b.WriteString("// docs are the comments of keys and sections.\nvar docs = map[string]string{\n")
	for _, key := range slices.Sorted(maps.Keys(docs)) {
		fmt.Fprintf(&b, "\t%q: %q,\n", key, docs[key].plain(func(k string) string { return k }))
	}
	b.WriteString("}\n")
	return format.Source(b.Bytes())
}
