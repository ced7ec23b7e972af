package pack

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// openTars lists the samples of tar files as WebDataset has them: neighbors
// whose names are equal up to the first dot of the last part. An image, .txt
// with the caption, .cls with the label and .json with columns make a row.
func openTars(c Config, paths []string) (source, error) {
	l := newList()
	for _, path := range paths {
		if err := l.addTar(c, path); err != nil {
			return nil, err
		}
	}
	return l, l.finish()
}

func (l *list) addTar(c Config, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	fmt.Fprintf(l.hash, "%s %d\n", filepath.Base(name), info.Size())
	var p *pair
	key := ""
	var keys map[string]any
	end := func() error { // of a sample
		if p == nil {
			return nil
		}
		if p.image.path == "" {
			return fmt.Errorf("pack: %s: no image; want one of jpg, png, webp", p.where)
		}
		if err := l.addKeys(p, keys, c.Caption); err != nil {
			return fmt.Errorf("pack: %s.json: %w", p.where, err)
		}
		l.pairs = append(l.pairs, *p)
		return nil
	}
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return end()
		}
		if err != nil {
			return fmt.Errorf("pack: %s: after %s: %w", name, key, err)
		}
		if h.Typeflag != tar.TypeReg || strings.HasPrefix(path.Base(h.Name), ".") {
			continue
		}
		dir, base := path.Split(h.Name)
		stem, ext, ok := strings.Cut(base, ".")
		if !ok {
			continue
		}
		if sample := dir + stem; p == nil || sample != key {
			if err := end(); err != nil {
				return err
			}
			key, keys, p = sample, nil, &pair{where: name + ": " + sample}
		}
		if err := l.addMember(p, &keys, f, r, name, h, strings.ToLower(ext)); err != nil {
			return fmt.Errorf("pack: %s: %s: %w", name, h.Name, err)
		}
	}
}

// addMember takes one file of a sample.
func (l *list) addMember(p *pair, keys *map[string]any, f *os.File, r io.Reader, name string,
	h *tar.Header, ext string) error {
	if isImage("." + ext) {
		if p.image.path != "" {
			return errors.New("a second image of its sample")
		}
		offset, err := f.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		if h.Size == 0 {
			offset, h.Size = 0, -1
		}
		p.image = place{path: name, offset: offset, size: h.Size, name: path.Base(h.Name)}
		return nil
	}
	if ext != "txt" && ext != "cls" && ext != "json" {
		return nil // of no use here
	}
	if h.Size > maxLine {
		return fmt.Errorf("%d bytes; want at most %d", h.Size, maxLine)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l.hash.Write(text)
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	switch ext {
	case "txt":
		p.caption = strings.TrimSuffix(string(text), "\n")
	case "cls":
		p.label = strings.TrimSpace(string(text))
	default:
		*keys, err = decodeObject(text)
	}
	return err
}
