package configs

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fields are the keys of Run.
var fields = fieldsOf(reflect.TypeFor[Run]())

// A schema knows the keys of a struct by their yaml tags: leaves with their
// types, such as optim.warmup, and sections with the keys in them, "" first.
type schema struct {
	leaves   map[string]reflect.Type
	sections map[string][]string
}

func fieldsOf(t reflect.Type) schema {
	s := schema{map[string]reflect.Type{}, map[string][]string{}}
	s.add(t, "")
	return s
}

func (s schema) add(t reflect.Type, section string) {
	for i := range t.NumField() {
		f := t.Field(i)
		key := join(section, f.Tag.Get("yaml"))
		s.sections[section] = append(s.sections[section], key)
		if f.Type.Kind() == reflect.Struct {
			s.add(f.Type, key)
			continue
		}
		s.leaves[key] = f.Type
	}
}

func join(section, name string) string {
	if section == "" {
		return name
	}
	return section + "." + name
}

// decode reads a value of type t. YAML alone would cut 2.5 to 2 for an int, and
// take 010 for 8.
func decode(node *yaml.Node, t reflect.Type) (any, error) {
	switch t.Kind() {
	case reflect.Slice:
		return decodeList(node, t)
	case reflect.Struct:
		return decodeStruct(node, t)
	}
	want, tags := "", []string(nil)
	switch t.Kind() {
	case reflect.String:
		if node.Kind == yaml.ScalarNode {
			return node.Value, nil
		}
		want = "text"
	case reflect.Int:
		want, tags = "a whole number", []string{"!!int"}
	case reflect.Uint64:
		want, tags = "a whole number, 0 or more", []string{"!!int"}
	case reflect.Float64:
		want, tags = "a number", []string{"!!int", "!!float"}
	case reflect.Bool:
		want, tags = "true or false", []string{"!!bool"}
	}
	bad := fmt.Errorf("have %s; want %s", describe(node), want)
	if node.Kind != yaml.ScalarNode || !slices.Contains(tags, node.ShortTag()) {
		return nil, bad
	}
	if octal.MatchString(node.Value) {
		return nil, fmt.Errorf("have %s, which YAML takes for octal; want a number without leading zeros", node.Value)
	}
	value := reflect.New(t)
	if err := node.Decode(value.Interface()); err != nil {
		return nil, bad
	}
	if f, ok := value.Elem().Interface().(float64); ok && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return nil, bad
	}
	return value.Elem().Interface(), nil
}

var octal = regexp.MustCompile(`^[-+]?0[0-9_]+$`)

func decodeList(node *yaml.Node, t reflect.Type) (any, error) {
	if node.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("have %s; want a list in [ ]", describe(node))
	}
	list := reflect.Zero(t)
	for i, n := range node.Content {
		v, err := decode(target(n), t.Elem())
		if err != nil {
			return nil, at(n, fmt.Errorf("[%d]: %w", i, err))
		}
		list = reflect.Append(list, reflect.ValueOf(v))
	}
	return list.Interface(), nil
}

// decodeStruct reads one element of a list, such as {name: seen, data: a.parquet}.
func decodeStruct(node *yaml.Node, t reflect.Type) (any, error) {
	keys := fieldsOf(t)
	if node.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("have %s; want {%s: ...}", describe(node), strings.Join(keys.sections[""], ": ..., "))
	}
	value, set := reflect.New(t).Elem(), map[string]bool{}
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i].Value
		j := slices.Index(keys.sections[""], key)
		switch {
		case j < 0:
			return nil, at(node.Content[i], keys.unknown(key))
		case set[key]:
			return nil, at(node.Content[i], fmt.Errorf("%s occurs twice", key))
		}
		set[key] = true
		v, err := decode(target(node.Content[i+1]), t.Field(j).Type)
		if err != nil {
			return nil, at(node.Content[i+1], fmt.Errorf("%s: %w", key, err))
		}
		value.Field(j).Set(reflect.ValueOf(v))
	}
	return value.Interface(), nil
}

// decodeText reads a value of --set or the environment. Text is taken as it is,
// since *.parquet would be an alias in YAML; a list may do without brackets.
func decodeText(text string, t reflect.Type) (any, error) {
	if t.Kind() == reflect.String {
		return text, nil
	}
	if t.Kind() == reflect.Slice && !strings.HasPrefix(strings.TrimSpace(text), "[") {
		text = "[" + text + "]"
	}
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil || len(document.Content) == 0 {
		document.Content = []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}}
	}
	return decode(document.Content[0], t)
}

func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "keys"
	case yaml.SequenceNode:
		return "a list"
	}
	return fmt.Sprintf("%q", node.Value)
}
