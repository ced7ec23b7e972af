package configs

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Key describes one key of a run, such as optim.warmup, for readers.
type Key struct {
	Name string

	// Type is text, whole number, number, true or false, or a list of them.
	Type string

	// Default is the value in YAML that a run has whose recipe does not name the
	// key. Required says that such a run is refused.
	Default  string
	Required bool

	// Doc is the meaning with its unit, in plain text: the doc comment of the
	// field. Keys that share a comment have it at the first, and "" at the others.
	Doc string
}

// Keys lists all keys in the order of the fields of Run. The keys of the elements
// of a list follow it, such as eval.sets[].name.
func Keys() []Key {
	keys := keysOf(nil, reflect.ValueOf(Default()), "")
	whole := example()
	whole.Data.Train = "shards/*.parquet"
	for i, key := range keys {
		keys[i].Required = !withoutKey(whole, key.Name)
		keys[i].Doc = docs[key.Name]
	}
	return keys
}

func keysOf(keys []Key, v reflect.Value, section string) []Key {
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		name := join(section, f.Tag.Get("yaml"))
		if f.Type.Kind() == reflect.Struct {
			keys = keysOf(keys, value, name)
			continue
		}
		keys = append(keys, Key{Name: name, Type: typeName(f.Type), Default: flow(value)})
		if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
			for _, element := range keysOf(nil, reflect.Zero(f.Type.Elem()), name+"[]") {
				element.Default = ""
				keys = append(keys, element)
			}
		}
	}
	return keys
}

// typeName is the type of a value in the words of Key.Type.
func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Uint64:
		return "whole number"
	case reflect.Float64:
		return "number"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			var names []string
			for i := range t.Elem().NumField() {
				names = append(names, t.Elem().Field(i).Tag.Get("yaml"))
			}
			return "list of {" + strings.Join(names, ", ") + "}"
		}
		return "list of " + typeName(t.Elem()) + "s"
	}
	return "text"
}

// flow is a value in one line of YAML.
func flow(v reflect.Value) string {
	var node yaml.Node
	if err := node.Encode(v.Interface()); err != nil {
		panic(err) // every type of a field can be written
	}
	flowStyle(&node)
	text, err := yaml.Marshal(&node)
	if err != nil {
		panic(err)
	}
	return strings.TrimSuffix(string(text), "\n")
}

func flowStyle(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		n.Style = yaml.FlowStyle
	}
	for _, child := range n.Content {
		flowStyle(child)
	}
}

// example is a run that is whole but for its data: the defaults, and what has
// none as in the quickstart.
func example() Run {
	quickstart, err := load(Default(), []string{"embedded:quickstart.yaml"}, nil, nil)
	if err != nil {
		panic(fmt.Sprintf("configs: the embedded quickstart: %v", err)) // a test loads it
	}
	r := Default()
	r.Model, r.Train.Steps, r.Train.Batch = quickstart.Model, quickstart.Train.Steps, quickstart.Train.Batch
	return r
}

// withoutKey says whether a run that is whole stays so without a key.
func withoutKey(r Run, key string) bool {
	if field := fieldOf(reflect.ValueOf(&r).Elem(), key); field.IsValid() {
		field.SetZero()
	}
	r.SetDefaults()
	return r.Validate() == nil
}

// fieldOf is the field of a key, which is not valid for keys of the elements of a list.
func fieldOf(v reflect.Value, key string) reflect.Value {
	name, rest, deeper := strings.Cut(key, ".")
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") != name {
			continue
		}
		if deeper {
			return fieldOf(v.Field(i), rest)
		}
		return v.Field(i)
	}
	return reflect.Value{}
}
