package configs

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// harmless are the keys, and sections with a dot at their end, that a run may
// change while it goes on: its steps are the same. Whether the training data
// are the same is seen by their fingerprint, wherever they lie now.
var harmless = []string{
	"data.train", "data.val", "data.decoders", "data.bad_row_budget",
	"train.threads", "train.log_every", "train.eval_every",
	"checkpoint.", "eval.", "world.",
}

// Difference names the keys that would make a run go on other than it began,
// with both values; it is empty where there are none.
func Difference(began, now *Run) string {
	a, b := map[string]any{}, map[string]any{}
	values(a, reflect.ValueOf(*began), "")
	values(b, reflect.ValueOf(*now), "")
	var all []string
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if !isHarmless(key) && fmt.Sprint(a[key]) != fmt.Sprint(b[key]) {
			all = append(all, fmt.Sprintf("%s was %v, is %v", key, a[key], b[key]))
		}
	}
	return strings.Join(all, "; ")
}

func isHarmless(key string) bool {
	return slices.ContainsFunc(harmless, func(h string) bool {
		return key == h || strings.HasSuffix(h, ".") && strings.HasPrefix(key, h)
	})
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
