package storage

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a1", "a2", "b7", "c,d"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, test := range []struct {
		patterns string
		want     []string // the names, or an error
	}{
		{"a*, b7, a1", []string{"a1", "a2", "b7"}},
		{"{b7,a{2..2}}", []string{"b7", "a2"}},
		{"https://h/{08..11}.parquet", []string{"https://h/08.parquet", "https://h/09.parquet",
			"https://h/10.parquet", "https://h/11.parquet"}},
		{"https://h/{x,y}.parquet?X-Amz-Signature=s,a1", []string{"https://h/x.parquet", "https://h/y.parquet", "a1"}},
		{"https://h/get?n=1,https://h/get?n=2", []string{"https://h/get", "https://h/get#2"}},
		{"none*", []string{`error: pattern "none*" matches no file`}},
		{"[", []string{`error: pattern "[": syntax error in pattern`}},
		{"{3..1}", []string{"error: pattern \"{3..1}\": {3..1}: want two numbers, the second not less"}},
		{"https://h/{0..99999999}", []string{"error: pattern with braces: more than 1000000 files"}},
		{"https://h/*.parquet?sig=s",
			[]string{`error: pattern "https://h/*.parquet": https has no lists of files; want names, such as {00000..00099}.parquet`}},
		{"https://me:word@h/a",
			[]string{`error: pattern "https://h/a": has a user before the host; want one without: credentials come from the environment`}},
		{"https:///a", []string{`error: pattern "https:///a": no host or bucket`}},
		{"ftp://h/a", []string{`error: pattern "ftp://h/a": scheme ftp; want https, s3, gs, azblob or a path`}},
	} {
		s, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		names, err := s.List(context.Background(), test.patterns)
		var got []string
		for _, n := range names {
			got = append(got, n.String())
		}
		if err != nil {
			got = []string{"error: " + err.Error()}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("List(%q): %s", test.patterns, diff)
		}
	}
}

// TestFolder holds what a folder and ~ stand for.
func TestFolder(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // of Windows
	for _, name := range []string{"s[1]/b.parquet", "s[1]/a.parquet", "s[1]/.x.parquet", "s[1]/ledger.jsonl",
		"s[1]/below/c.parquet", "photos/a.jpg"} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(home)
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string]string{
		"s[1]":              "s[1]/a.parquet s[1]/b.parquet",
		"s[1]/":             "s[1]/a.parquet s[1]/b.parquet",
		"~/s*/b.parquet":    home + "/s[1]/b.parquet",
		"~":                 "error: folder " + home + ": no file of it is .parquet",
		"photos":            "error: folder photos: no file of it is .parquet",
		"s[1],~/s[1]":       "s[1]/a.parquet s[1]/b.parquet " + home + "/s[1]/a.parquet " + home + "/s[1]/b.parquet",
		"~nobody/a.parquet": `error: pattern "~nobody/a.parquet" matches no file`,
	} {
		names, err := s.List(t.Context(), pattern)
		var all []string
		for _, n := range names {
			all = append(all, filepath.ToSlash(n.String()))
		}
		got := strings.Join(all, " ")
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want && (!strings.HasPrefix(want, "error: ") || !strings.HasPrefix(got, want)) {
			t.Errorf("List(%q) = %s; want %s", pattern, got, want)
		}
	}
}

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"shards/*.parquet": "shards/*.parquet",
		"https://h/a.parquet?X-Amz-Signature=secret&x=1":    "https://h/a.parquet",
		"https://me:secret@h/{a,b}.parquet?sig=secret":      "https://h/{a,b}.parquet",
		"https://h/a?k=secret,https://me:secret@g/b#secret": "https://h/a,https://g/b",
		"https://h/a?k=secret, x/*.parquet":                 "https://h/a x/*.parquet",
		`Get "https://h/a?k=secret": EOF`:                   `Get "https://h/a": EOF`,
		"s3://b/k*?region=eu&endpoint=http://me:secret@h":   "s3://b/k*?region=eu&endpoint=http://h",
		"HTTPS://h/a?k=secret":                              "HTTPS://h/a",
	} {
		if got := Redact(text); got != want || strings.Contains(got, "secret") {
			t.Errorf("Redact(%q) = %q; want %q", text, got, want)
		}
	}
}
