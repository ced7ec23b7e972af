package tokenizer

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxContent is the number of bytes of the longest text that a normalizer puts
// in.
const maxContent = 256

// normalizers makes functions of a tokenizer.json's normalizer, in their order.
func normalizers(part json.RawMessage) (steps []func(string) string, err error) {
	all, err := components(part, "normalizers")
	for _, c := range all {
		step, err := normalizer(c.name, c.text)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, err
}

// normalizer makes a function of one normalizer.
func normalizer(name string, part json.RawMessage) (func(string) string, error) {
	forms := map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}
	if form, ok := forms[name]; ok {
		return form.String, fields(part, name, &typed{})
	}
	switch name {
	case "BertNormalizer":
		return newBertNormalizer(name, part)
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
		if err := fields(part, name, &x); err != nil {
			return nil, err
		}
		return func(s string) string { return x.Prepend + s }, short(name, x.Prepend) // s is not empty
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
		return func(s string) string { return replace(s, find(s), x.Content) }, short(name, x.Content)
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
	return nil, fmt.Errorf("%q; want NFC, NFD, NFKC, NFKD, Lowercase, Strip, Prepend, Replace, "+
		"Precompiled, BertNormalizer or a Sequence", name)
}

// short refuses a text that would make others too long.
func short(name, text string) error {
	if len(text) > maxContent {
		return fmt.Errorf("%s: a text of %d bytes; want at most %d", name, len(text), maxContent)
	}
	return nil
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
