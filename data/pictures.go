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
	"sync"
	"time"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/internal/guard"
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
	if ledger == nil {
		ledger = NewLedger(nil, p.config)
	}
	processors := make([]*preprocess.Processor, p.config.decoders())
	for i := range processors {
		processors[i] = preprocess.NewProcessor(p.config.Preprocess, size)
	}
	pixels := 3 * size * size
	images, reasons := make([]float32, n*pixels), make([]error, n)
	for lo := p.start; lo < len(p.Files); lo += n {
		if err := ctx.Err(); err != nil {
			return err
		}
		files := p.Files[lo:min(len(p.Files), lo+n)]
		var wg sync.WaitGroup
		for worker, processor := range processors {
			wg.Go(func() {
				for i := worker; i < len(files); i += len(processors) {
					reasons[i] = picture(processor, images[i*pixels:][:pixels], files[i].Path)
				}
			})
		}
		wg.Wait()
		e := Examples{Images: images[:0], Next: int64(lo + len(files))}
		var bad []badRow
		for i, f := range files {
			ref := RowRef{Shard: f.Path}
			if reasons[i] != nil {
				bad = append(bad, badRow{ref, reasons[i].Error()})
				continue
			}
			e.Images = append(e.Images, images[i*pixels:][:pixels]...) // moves down over bad ones
			e.Labels, e.Captions, e.Rows = append(e.Labels, -1), append(e.Captions, nil), append(e.Rows, ref)
		}
		if err := ledger.add(len(files), bad); err != nil {
			return err
		}
		if len(e.Rows) > 0 {
			if err := visit(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// picture decodes a file for evaluation.
func picture(p *preprocess.Processor, dst []float32, path string) error {
	file, err := readPicture(path)
	if err != nil {
		return err
	}
	return guard.Call(func() error {
		m, err := p.Decode(file)
		if err == nil {
			p.Eval(dst, m)
		}
		return err
	})
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
