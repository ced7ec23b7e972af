package tokenizer

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// normalizers makes functions of a tokenizer.json's normalizer, in their order.
func normalizers(part json.RawMessage) (steps []func(string) string, err error) {
	if absent(part) {
		return nil, nil
	}
	name, err := kind(part)
	if err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	if name != "Sequence" {
		step, err := normalizer(name, part)
		if err != nil {
			return nil, fmt.Errorf("normalizer %w", err)
		}
		return []func(string) string{step}, nil
	}
	var sequence struct {
		typed
		Parts []json.RawMessage `json:"normalizers"`
	}
	if err := fields(part, "normalizer Sequence", &sequence); err != nil {
		return nil, err
	}
	for _, part := range sequence.Parts {
		more, err := normalizers(part)
		if err != nil {
			return nil, err
		}
		steps = append(steps, more...)
	}
	return steps, nil
}

// normalizer makes a function of one normalizer.
func normalizer(name string, part json.RawMessage) (func(string) string, error) {
	forms := map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}
	if form, ok := forms[name]; ok {
		return form.String, fields(part, name, &typed{})
	}
	switch name {
	case "Lowercase":
		return lowerEach, fields(part, name, &typed{})
	case "Strip":
		x := struct {
			typed
			Left  bool `json:"strip_left"`
			Right bool `json:"strip_right"`
		}{}
		err := fields(part, name, &x)
		return func(s string) string { return strip(s, x.Left, x.Right) }, err
	case "Prepend":
		x := struct {
			typed
			Prepend string `json:"prepend"`
		}{}
		err := fields(part, name, &x)
		return func(s string) string { return x.Prepend + s }, err // s is not empty
	case "Replace":
		x := struct {
			typed
			Pattern hfPattern `json:"pattern"`
			Content string    `json:"content"`
		}{}
		if err := fields(part, name, &x); err != nil {
			return nil, err
		}
		find, err := x.Pattern.compile()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return func(s string) string { return replace(s, find(s), x.Content) }, nil
	case "Precompiled":
		x := struct {
			typed
			Map []byte `json:"precompiled_charsmap"` // in base64
		}{}
		if err := fields(part, name, &x); err != nil {
			return nil, err
		}
		m, err := newCharsMap(x.Map)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return m.apply, nil
	}
	return nil, fmt.Errorf("%q; want NFC, NFD, NFKC, NFKD, Lowercase, Strip, Prepend, Replace, Precompiled or a Sequence", name)
}

// lowerEach lowers each character by itself, unlike lower: no sigma is final.
func lowerEach(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, "İ", "i\u0307")) // of two characters
}

func strip(s string, left, right bool) string {
	if left {
		s = strings.TrimLeftFunc(s, unicode.IsSpace)
	}
	if right {
		s = strings.TrimRightFunc(s, unicode.IsSpace)
	}
	return s
}

// replace puts content at each of the places.
func replace(s string, places [][]int, content string) string {
	if len(places) == 0 {
		return s
	}
	var out strings.Builder
	at := 0
	for _, p := range places {
		out.WriteString(s[at:p[0]])
		out.WriteString(content)
		at = p[1]
	}
	out.WriteString(s[at:])
	return out.String()
}
