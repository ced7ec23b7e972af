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

	"github.com/goclip/goclip/internal/regular"
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

// addTar adds the samples of a tar file, or of several that were joined into one.
func (l *list) addTar(c Config, name string) error {
	f, err := regular.Open(name)
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	fmt.Fprintf(l.hash, "%s %d\n", filepath.Base(name), info.Size())
	before, blocks := len(l.pairs), &tarBlocks{f: f, size: info.Size()}
	for more := true; more; {
		err := l.addArchive(c, name, blocks)
		if errors.Is(err, errTarCut) {
			return fmt.Errorf("%w (pairs read: %d)", err, len(l.pairs)-before)
		}
		if err != nil {
			return err
		}
		if more, err = blocks.next(); err != nil {
			return fmt.Errorf("pack: %s: %w", name, err)
		}
	}
	return nil
}

// addArchive adds the samples up to an end of archive.
func (l *list) addArchive(c Config, name string, blocks *tarBlocks) error {
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
		if err := l.add(*p); err != nil {
			return fmt.Errorf("pack: %w", err)
		}
		return nil
	}
	for r := tar.NewReader(blocks); ; {
		blocks.zeros = 0
		h, err := r.Next()
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF) && blocks.zeros == 0:
			if p != nil && p.image.path != "" && p.image.offset+p.image.size <= blocks.size {
				l.pairs = append(l.pairs, *p) // to be counted
			}
			return fmt.Errorf("pack: %s: after %s: %w", name, key, errTarCut)
		case errors.Is(err, io.EOF):
			return end()
		case err != nil:
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
		if err := l.addMember(p, &keys, blocks.f, r, name, h, strings.ToLower(ext)); err != nil {
			return fmt.Errorf("pack: %s: %s: %w", name, h.Name, err)
		}
	}
}

// errTarCut is the end of a file before the end of its archive.
var errTarCut = errors.New("the file ends before a block of zeros, the end of an archive; want a whole tar")

// tarBlocks is a tar file that counts the blocks of zeros that are read: two of
// them are an end of archive, one is taken for it.
type tarBlocks struct {
	f     *os.File
	size  int64
	zeros int
}

const tarBlock = 512

var zeroBlock [tarBlock]byte

func (b *tarBlocks) Read(p []byte) (int, error) {
	n, err := b.f.Read(p)
	if n == tarBlock && bytes.Equal(p[:n], zeroBlock[:]) {
		b.zeros++
	}
	return n, err
}

func (b *tarBlocks) Seek(offset int64, whence int) (int64, error) { return b.f.Seek(offset, whence) }

// next goes on to the archive that follows, as where tars were joined, past
// zeros that fill up the one before. It is false at the end of the file.
func (b *tarBlocks) next() (bool, error) {
	block := make([]byte, tarBlock)
	for {
		n, err := io.ReadFull(b.f, block)
		switch {
		case !bytes.Equal(block[:n], zeroBlock[:n]):
			_, err = b.f.Seek(-int64(n), io.SeekCurrent)
			return true, err
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return false, nil
		case err != nil:
			return false, err
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
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errTarCut
	}
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
