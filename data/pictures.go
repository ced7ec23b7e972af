package data

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// pictureNames are the ends of names of image files.
var pictureNames = []string{".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}

// IsPicture says whether a file may be an image, by its name.
func IsPicture(name string) bool {
	return slices.Contains(pictureNames, strings.ToLower(filepath.Ext(name)))
}

// A Picture is an image file.
type Picture struct {
	Path    string
	Size    int64 // bytes
	ModTime time.Time
}

// Pictures are image files in the order of their paths. In the place of a shard, they
// have one row each.
type Pictures struct {
	Files  []Picture
	config Config
	start  int
}

// OpenPictures finds the image files among paths, and in the folders among them and all
// below; what begins with a dot is passed over. A path that is not there, a file that
// is no regular one, a link to a folder above it, and no picture at all are errors.
func OpenPictures(paths []string, c Config) (*Pictures, error) {
	c.SetDefaults()
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p := &Pictures{config: c}
	for _, path := range paths {
		if err := p.find(path, nil); err != nil {
			return nil, fmt.Errorf("data: %w", err)
		}
	}
	slices.SortFunc(p.Files, func(a, b Picture) int { return strings.Compare(a.Path, b.Path) })
	p.Files = slices.CompactFunc(p.Files, func(a, b Picture) bool { return a.Path == b.Path })
	if len(p.Files) == 0 {
		return nil, fmt.Errorf("data: %s: no picture; want files that end in %s", strings.Join(paths, ", "),
			strings.Join(pictureNames, " "))
	}
	return p, nil
}

// find adds a file, or the pictures of a folder. The folders above are given without
// links, which may lead back to one.
func (p *Pictures) find(path string, above []string) error {
	info, err := os.Stat(path)
	if err != nil {
		if above != nil && errors.Is(err, fs.ErrNotExist) { // a link to nothing, which has its row
			p.Files = append(p.Files, Picture{Path: path})
			return nil
		}
		return err
	}
	if !info.IsDir() {
		p.Files = append(p.Files, Picture{path, info.Size(), info.ModTime()})
		return nil
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if slices.Contains(above, real) {
		return fmt.Errorf("%s is a link to %s, a folder above it; want no loop", path, real)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := filepath.Join(path, entry.Name())
		folder := entry.IsDir()
		if entry.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(name)
			folder = err == nil && info.IsDir()
		}
		if strings.HasPrefix(entry.Name(), ".") || !folder && !IsPicture(name) {
			continue
		}
		if err := p.find(name, append(slices.Clip(above), real)); err != nil {
			return err
		}
	}
	return nil
}

// From is the pictures without the first ones, for [Pictures.Scan].
func (p *Pictures) From(row int64) *Pictures {
	rest := *p
	rest.start = int(row)
	return &rest
}

// Len is the number of files.
func (p *Pictures) Len() int64 { return int64(len(p.Files)) }

// Scan is as [Dataset.Scan].
func (p *Pictures) Scan(ctx context.Context, size, n int, ledger *Ledger, visit func(Examples) error) error {
	at := p.start
	return scanFiles(ctx, p.config, size, n, ledger, int64(at), func() (fileRow, bool, error) {
		if at >= len(p.Files) {
			return fileRow{}, false, nil
		}
		path := p.Files[at].Path
		at++
		return fileRow{ref: RowRef{Shard: path}, label: -1, load: func() ([]byte, error) { return readPicture(path) }},
			true, nil
	}, visit)
}

// readPicture reads an image file, which must be a regular one.
func readPicture(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("data: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("data: %s: %v; want a regular file", path, info.Mode().Type())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	defer f.Close()
	file, err := io.ReadAll(io.LimitReader(f, maxImageBytes+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("data: %w", err)
	case len(file) > maxImageBytes:
		return nil, fmt.Errorf("data: %s: more than %d bytes; want an image file", path, maxImageBytes)
	}
	return file, nil
}
