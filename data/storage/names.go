package storage

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// maxNames bounds a list of files.
const maxNames = 1_000_000

// A Name says where a file is.
type Name struct {
	scheme string // "" on disk
	full   string // the path or the address, with its query
	shown  string

	bucket, key string // in an object store; the bucket is an address with options
}

// String is the path or the address without what may be a secret.
func (n Name) String() string { return n.shown }

// NameOf is the name of one file, whose path or address is as String gives it.
func NameOf(shown string) Name {
	scheme, rest, remote := strings.Cut(shown, "://")
	if !remote {
		return Name{full: shown, shown: shown}
	}
	n := Name{scheme: scheme, full: shown, shown: shown}
	if scheme != "https" && scheme != "http" {
		bucket, key, _ := strings.Cut(rest, "/")
		n.bucket, n.key = scheme+"://"+bucket, key
	}
	return n
}

// Remote says whether the file is not on disk.
func (n Name) Remote() bool { return n.scheme != "" }

var (
	addresses = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://[^\s"']+`) // a list of them
	another   = regexp.MustCompile(`(?i),\s*[a-z][a-z0-9+.-]*://`)
	user      = regexp.MustCompile(`://[^/?#,\s]*@`)
	bucket    = regexp.MustCompile(`(?i)^(s3|gs|azblob)://`)
)

// Redact leaves out of a text what may be a secret in the addresses in it: the
// user of each, and the query, unless that is the one of a bucket.
func Redact(text string) string {
	return addresses.ReplaceAllStringFunc(text, func(list string) string {
		list = user.ReplaceAllString(list, "://")
		shown := ""
		for list != "" {
			one := list
			if next := another.FindStringIndex(list); next != nil {
				one = list[:max(1, next[0])] // what a list goes on with begins with its comma
			}
			list = list[len(one):]
			if i := strings.IndexAny(one, "?#"); i >= 0 && !bucket.MatchString(strings.TrimPrefix(one, ",")) {
				one = one[:i] // a bucket's says where the service is
			}
			shown += one
		}
		return shown
	})
}

// List returns the files that patterns match, several with commas between: paths
// with * ? [ ], a first ~ and, for folders of any depth, **; folders, whose .parquet files
// are meant; the same in a bucket, where a folder ends in / and ? begins the options; and
// addresses of https. {000..099} and {a,b} stand for each of what they name. A file that is
// there as it is written is that file, whatever its name holds. A pattern that matches
// nothing is an error, and so is one whose service does not let us look.
func (s *Store) List(ctx context.Context, patterns string) ([]Name, error) {
	var names []Name
	seen, shown := map[string]bool{}, map[string]int{}
	for _, pattern := range split(patterns) {
		all, err := expand(pattern, nil)
		if err != nil {
			return nil, err
		}
		for _, one := range all {
			found, err := s.match(ctx, one)
			if err != nil {
				return nil, err
			}
			for _, n := range found {
				if seen[n.full] {
					continue
				}
				seen[n.full] = true
				if shown[n.shown]++; shown[n.shown] > 1 { // addresses that differ in their query alone
					n.shown += "#" + strconv.Itoa(shown[n.shown])
				}
				names = append(names, n)
			}
		}
		if len(names) > maxNames {
			return nil, fmt.Errorf("pattern %q: more than %d files", Redact(pattern), maxNames)
		}
	}
	return names, nil
}

// match lists the files of a pattern without braces.
func (s *Store) match(ctx context.Context, pattern string) (names []Name, err error) {
	shown := Redact(pattern)
	scheme, rest, remote := strings.Cut(pattern, "://")
	if !remote {
		if pattern, err = Home(pattern); err != nil {
			return nil, err
		}
		paths, folder, err := shardsOf(pattern)
		if err != nil {
			return nil, err
		}
		if !folder {
			if paths, err = glob(pattern); err != nil {
				return nil, fmt.Errorf("pattern %q: %w", shown, err)
			}
		}
		for _, p := range paths {
			names = append(names, Name{full: p, shown: p})
		}
	} else {
		u, err := url.Parse(pattern)
		switch {
		case err != nil: // whose text holds the address
			return nil, fmt.Errorf("pattern %q: no address that can be read", shown)
		case u.User != nil:
			return nil,
				fmt.Errorf("pattern %q: has a user before the host; "+
					"want one without: credentials come from the environment", shown)
		case u.Host == "":
			return nil, fmt.Errorf("pattern %q: no host or bucket", shown)
		}
		switch scheme {
		case "http", "https":
			if strings.ContainsAny(strings.TrimSuffix(rest, "?"+u.RawQuery), "*[") {
				return nil,
					fmt.Errorf("pattern %q: %s has no lists of files; want names, such as {00000..00099}.parquet",
						shown, scheme)
			}
			return []Name{{scheme: scheme, full: pattern, shown: shown}}, nil
		default:
			place, options, _ := strings.Cut(rest, "?")
			bucket, keys, _ := strings.Cut(place, "/")
			if strings.HasSuffix(keys, "/") {
				keys += "*.parquet"
			}
			if options != "" {
				bucket += "?" + options
			}
			if names, err = s.buckets.match(ctx, scheme, scheme+"://"+bucket, keys); err != nil {
				return nil, fmt.Errorf("pattern %q: %w", shown, err)
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("pattern %q matches no file", shown)
	}
	return names, nil
}

// isThere says whether a file on disk has exactly this name.
func isThere(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// glob lists the files on disk that a pattern without braces matches, by their names.
// ** follows links to folders, and of names for one file it gives the first.
func glob(pattern string) ([]string, error) {
	if isThere(pattern) {
		return []string{pattern}, nil
	}
	if !strings.Contains(pattern, "**") {
		paths, err := doublestar.FilepathGlob(pattern, doublestar.WithFailOnIOErrors())
		slices.Sort(paths)
		return paths, err
	}
	paths, err := doublestar.FilepathGlob(pattern, doublestar.WithFailOnIOErrors(), doublestar.WithFilesOnly())
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	seen := map[string]bool{}
	return slices.DeleteFunc(paths, func(p string) bool {
		real, err := filepath.Abs(p)
		if err == nil {
			real, err = filepath.EvalSymlinks(real)
		}
		again := err == nil && seen[real]
		seen[real] = true
		return again
	}), nil
}

// Glob is List of files on disk alone.
func Glob(patterns string) (paths []string, err error) {
	for _, pattern := range split(patterns) {
		all, err := expand(pattern, nil)
		if err != nil {
			return nil, err
		}
		for _, one := range all {
			found, err := glob(one)
			if err != nil {
				return nil, fmt.Errorf("pattern %q: %w", one, err)
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("pattern %q matches no file", one)
			}
			for _, p := range found {
				if !slices.Contains(paths, p) {
					paths = append(paths, p)
				}
			}
		}
	}
	return paths, nil
}

// split divides a list at the commas that are not within braces, unless it is the name
// of a file.
func split(patterns string) (parts []string) {
	if isThere(patterns) {
		return []string{patterns}
	}
	depth, start := 0, 0
	for i, c := range patterns + "," {
		switch {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == ',' && (depth <= 0 || i == len(patterns)):
			parts = append(parts, strings.TrimSpace(patterns[start:i]))
			start = i + 1
		}
	}
	return parts
}

var braces = regexp.MustCompile(`\{(?:(\d+)\.\.(\d+)|([^{}]*,[^{}]*))\}`)

// expand appends what a pattern stands for, its braces written out.
func expand(pattern string, to []string) (_ []string, err error) {
	m := braces.FindStringSubmatchIndex(pattern)
	if m == nil || isThere(pattern) {
		if len(to) == maxNames {
			return nil, fmt.Errorf("pattern with braces: more than %d files", maxNames)
		}
		return append(to, pattern), nil
	}
	before, after := pattern[:m[0]], pattern[m[1]:]
	if m[2] < 0 {
		for choice := range strings.SplitSeq(pattern[m[6]:m[7]], ",") {
			if to, err = expand(before+choice+after, to); err != nil {
				return nil, err
			}
		}
		return to, nil
	}
	low, high := pattern[m[2]:m[3]], pattern[m[4]:m[5]]
	first, err := strconv.ParseUint(low, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: {%s..%s}: want numbers below 2^32", Redact(pattern), low, high)
	}
	last, err := strconv.ParseUint(high, 10, 32)
	if err != nil || last < first {
		return nil, fmt.Errorf("pattern %q: {%s..%s}: want two numbers, the second not less",
			Redact(pattern), low, high)
	}
	for i := first; i <= last; i++ { // as many digits as the first has
		if to, err = expand(fmt.Sprintf("%s%0*d%s", before, len(low), i, after), to); err != nil {
			return nil, err
		}
	}
	return to, nil
}
