package configs

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// harmless are the keys, and sections with a dot at their end, that a run may
// change while it goes on: its steps are the same. Whether the training data and
// the vocabulary are the same is seen by comparing them, wherever they lie now.
var harmless = []string{
	"data.train", "data.val", "data.decoders", "data.bad_row_budget", "data.stall_seconds",
	"data.read_ahead", "data.cache", "data.cache_size",
	"tokenizer.path", "train.threads", "train.rematerialize", "train.log_every", "train.eval_every",
	"train.cache_frozen", "train.cache_dir", "train.cache_size",
	"checkpoint.", "eval.", "world.",
}

// Difference names the keys, with both values, whose change would make a run go
// on other than it began; it is empty where there are none. A key that is 0 or
// empty is equal to its default.
func Difference(began, now *Run) string { return difference(began, now, harmless) }

// difference names the keys in which two runs differ, apart from some.
func difference(a, b *Run, except []string) string {
	var all []string
	for _, c := range Changes(a, b) {
		in := func(e string) bool { return c.Key == e || strings.HasSuffix(e, ".") && strings.HasPrefix(c.Key, e) }
		if !slices.ContainsFunc(except, in) {
			all = append(all, fmt.Sprintf("%s was %s, is %s", c.Key, show(c.Was), show(c.Is)))
		}
	}
	return strings.Join(all, "; ")
}

// A Change is a key that has other values in two runs.
type Change struct {
	Key     string
	Was, Is any
}

// Changes lists the keys in which b differs from a, sorted. A key that is 0 or empty is
// equal to its default.
func Changes(a, b *Run) (all []Change) {
	was, is := map[string]any{}, map[string]any{}
	before, after := a.redacted(), b.redacted()
	before.SetDefaults()
	after.SetDefaults()
	values(was, reflect.ValueOf(*before), "")
	values(is, reflect.ValueOf(*after), "")
	for _, key := range slices.Sorted(maps.Keys(was)) {
		if show(was[key]) != show(is[key]) {
			all = append(all, Change{key, was[key], is[key]})
		}
	}
	return all
}

// show writes a value; texts of a list are quoted, as each may have spaces.
func show(v any) string {
	if texts, ok := v.([]string); ok {
		return fmt.Sprintf("%q", texts)
	}
	return fmt.Sprint(v)
}

// A Differing is a key in which runs differ, with the value of each run.
type Differing struct {
	Key    string
	Values []string
}

// DifferingKeys are the keys that not all runs have the same value of, in alphabetical
// order. Of a run that is nil, all values are empty.
func DifferingKeys(runs []*Run) (all []Differing) {
	leaves := make([]map[string]any, len(runs))
	keys := map[string]bool{}
	for i, r := range runs {
		leaves[i] = map[string]any{}
		if r == nil {
			continue
		}
		shown := r.redacted()
		shown.SetDefaults()
		values(leaves[i], reflect.ValueOf(*shown), "")
		for key := range leaves[i] {
			keys[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		d, same := Differing{Key: key}, true
		for i := range runs {
			text := ""
			if v, ok := leaves[i][key]; ok {
				text = fmt.Sprint(v)
			}
			d.Values = append(d.Values, text)
			same = same && text == d.Values[0]
		}
		if !same {
			all = append(all, d)
		}
	}
	return all
}

// values collects the leaves of a struct by their keys.
func values(into map[string]any, v reflect.Value, section string) {
	for i := range v.NumField() {
		key := join(section, v.Type().Field(i).Tag.Get("yaml"))
		if v.Field(i).Kind() == reflect.Struct {
			values(into, v.Field(i), key)
			continue
		}
		into[key] = v.Field(i).Interface()
	}
}
