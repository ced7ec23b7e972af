package tokenizer

import (
	"slices"
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"A  Photo\n\tof \x1c it ":         "a photo of it",
		"&amp;lt;b&amp;gt; &#233; x":      "<b> é x",
		"&#x41;&#1;&#0;&#150;&#5":         "a\ufffd–",
		"&notit; & &;":                    "¬it; & &;",
		"&nGt;&nGtv;":                     "≫\u20d2≫\u0338",
		"ΟΔΟΣ İ":                          "οδος i̇",
		"Cafe\u0301 A\u030a &#101;&#769;": "café å é",
	} {
		if got := CleanLower.apply(text); got != want {
			t.Errorf("lower: %q is %q, want %q", text, got, want)
		}
	}
	for clean, want := range map[Clean]string{
		CleanNone:         " A_cafe\u0301,  &amp; “B”-c's ",
		CleanWhitespace:   "A_café, & “B”-c's",
		CleanLower:        "a_café, & “b”-c's",
		CleanCanonicalize: "a café “b”cs",
	} {
		if got := clean.apply(" A_cafe\u0301,  &amp; “B”-c's "); got != want {
			t.Errorf("%s: %q, want %q", clean, got, want)
		}
	}
}

// TestNFC: a text in NFD has the tokens of the same in NFC, for a vocabulary
// that is trained as for CLIP's, and is counted with it in training.
func TestNFC(t *testing.T) {
	clip, err := Load(CLIP)
	if err != nil {
		t.Fatal(err)
	}
	for _, tok := range []*Tokenizer{trained(t), clip, rewritten(t, trained(t))} {
		if a, b := tok.Encode("cafe\u0301 cre\u0300me"), tok.Encode("café crème"); !slices.Equal(a, b) {
			t.Errorf("in NFD %d, in NFC %d", a, b)
		}
	}
	decomposed := slices.Clone(captions)
	for i, s := range decomposed {
		decomposed[i] = strings.NewReplacer("é", "e\u0301", "è", "e\u0300").Replace(s)
	}
	tok, err := Train(all(decomposed), 560)
	if err != nil || !slices.Equal(merges(tok), merges(trained(t))) {
		t.Errorf("trained on NFD: %v, other merges", err)
	}
}

// TestWithClean: the way of cleaning is kept in a file, and steers the ids.
func TestWithClean(t *testing.T) {
	for _, dir := range []string{"testdata/foreign/siglip", "testdata/foreign/clip", CLIP} {
		tok, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, clean := range cleans {
			cleaned, err := tok.WithClean(clean)
			if err != nil {
				t.Fatal(err)
			}
			again := rewritten(t, cleaned)
			if again.Clean() != clean || !equal(again, cleaned) {
				t.Errorf("%s, %s: written and read again, cleaned by %s, or other ids", dir, clean, again.Clean())
			}
			other := clean.apply("A_b, &amp; C.")
			if plain, _ := tok.WithClean(CleanNone); !slices.Equal(cleaned.Encode("A_b, &amp; C."),
				plain.Encode(other)) {
				t.Errorf("%s, %s: other ids than of %q", dir, clean, other)
			}
		}
	}
	if _, err := trained(t).WithClean("shiny"); err == nil ||
		!strings.Contains(err.Error(), `clean "shiny"; want none`) {
		t.Errorf("an unknown way: %v", err)
	}
}
