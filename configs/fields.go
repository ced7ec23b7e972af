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

// fields are those of Run.
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

// unknown is the error of a key that is no leaf. It says which one is meant: the
// nearest of its section, or the one of that name in another, or the choice.
func (s schema) unknown(key string) error {
	if keys, ok := s.sections[key]; ok {
		return fmt.Errorf("%s is a section; want a key of it, such as %s", key, keys[0])
	}
	section := ""
	if dot := strings.LastIndexByte(key, '.'); dot >= 0 {
		section = key[:dot]
	}
	if text := suggest(key, s.sections[section]); text != "" {
		return fmt.Errorf("%s is unknown%s", key, text)
	}
	all := make([]string, 0, len(s.leaves))
	for leaf := range s.leaves {
		all = append(all, leaf)
	}
	slices.Sort(all)
	for _, leaf := range all {
		if strings.HasSuffix(leaf, "."+key[strings.LastIndexByte(key, '.')+1:]) {
			return fmt.Errorf("%s is unknown; did you mean %s?", key, leaf)
		}
	}
	if text := suggest(key, all); text != "" {
		return fmt.Errorf("%s is unknown%s", key, text)
	}
	if keys, ok := s.sections[section]; ok {
		return fmt.Errorf("%s is unknown; want one of %s", key, strings.Join(keys, ", "))
	}
	return fmt.Errorf("%s is unknown; want a key in one of %s", key, strings.Join(s.sections[""], ", "))
}

// suggest names the candidate nearest to name, if one is near.
func suggest(name string, candidates []string) string {
	if len(name) > 100 { // is no slip, and would take long to compare
		return ""
	}
	best, least := "", max(2, len(name[strings.LastIndexByte(name, '.')+1:])/3)+1
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := distance(name, c); d < least {
			best, least = c, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is the least number of letters to insert, remove or replace to make
// b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
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
