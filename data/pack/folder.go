package pack

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// extensions lists the extensions of files that may be images.
var extensions = map[string]bool{
	".jpg": true, ".jpeg": true, ".jfif": true, ".png": true, ".webp": true, ".gif": true, ".bmp": true,
	".tif": true, ".tiff": true,
}

func isImage(name string) bool { return extensions[strings.ToLower(filepath.Ext(name))] }

// openFolder finds the images of a folder, links being followed, and their captions.
// Other files are counted; those whose name begins with a dot are not of interest.
func openFolder(c Config) (source, error) {
	w := folderWalk{root: c.Source, texts: map[string]string{}, others: map[string]int64{}}
	if err := w.folder("", nil); err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	if len(w.images) == 0 {
		return nil, fmt.Errorf("pack: %s: no image in it; files by extension: %v", c.Source, w.others)
	}
	from, err := w.captionSource(c.CaptionsFrom)
	if err != nil {
		return nil, fmt.Errorf("pack: %s: %w", c.Source, err)
	}
	var l *list
	if from == "table" {
		l, err = w.readTable(c)
	} else {
		l = newList(c)
		f := folderCaptions{Config: c, list: l, folders: map[string]string{}, texts: map[string]bool{}}
		err = f.read(&w, from)
	}
	if err != nil {
		return nil, err
	}
	for extension, n := range w.others {
		if l.ignored == nil {
			l.ignored = map[string]int64{}
		}
		l.ignored[extension] += n
	}
	return l, l.finish()
}

// A folderWalk finds what is in a folder. Paths are relative to it.
type folderWalk struct {
	root   string
	images []folderImage
	texts  map[string]string // .txt files, by their path without the extension
	tables []string          // CSV, TSV and JSONL files in the folder itself
	others map[string]int64  // other files, by extension
}

// A folderImage is an image in a folder.
type folderImage struct {
	path string
	size int64 // of the file
}

// folder walks a folder, whose path is relative to the source, in the order of
// names. The folders above are given without links, which may lead back to one.
func (w *folderWalk) folder(relative string, above []string) error {
	path := filepath.Join(w.root, relative)
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
	above = append(slices.Clip(above), real)
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		name := filepath.Join(relative, entry.Name())
		info, err := os.Stat(filepath.Join(path, entry.Name()))
		switch {
		case err != nil && isImage(name): // a link to nothing, of interest when it is read
			w.images = append(w.images, folderImage{name, 0})
		case err != nil:
			return err
		case info.IsDir():
			if err := w.folder(name, above); err != nil {
				return err
			}
		case isImage(name):
			w.images = append(w.images, folderImage{name, info.Size()})
		default:
			w.file(name)
		}
	}
	return nil
}

// file notes a file that is no image.
func (w *folderWalk) file(name string) {
	extension := strings.ToLower(filepath.Ext(name))
	switch {
	case extension == ".txt":
		w.texts[strings.TrimSuffix(name, filepath.Ext(name))] = name
	case tableFormats[extension] != "" && filepath.Dir(name) == ".":
		w.tables = append(w.tables, name)
	}
	w.others[extension]++
}
